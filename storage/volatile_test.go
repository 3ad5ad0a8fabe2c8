package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// movable are the bodies whose time a test can move. Real Redis tells its own
// time; a Redis in Go stands in for it where expiry is tested.
func movable(t *testing.T, test func(t *testing.T, v storage.Volatile, advance func(time.Duration))) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		clock := storagetest.NewClock()
		test(t, storagetest.Memory(t, clock.Now), clock.Advance)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		server := miniredis.RunT(t)
		r, err := storage.NewRedis(t.Context(), "redis://"+server.Addr()+"?prefix=p:")
		must(t, err)
		t.Cleanup(func() { r.Close() })
		test(t, r, server.FastForward)
	})
}

func eachVolatile(t *testing.T, test func(t *testing.T, ctx context.Context, v storage.Volatile)) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) { test(t, t.Context(), v) })
}

func TestValuesExpireByTheClock(t *testing.T) {
	movable(t, func(t *testing.T, v storage.Volatile, advance func(time.Duration)) {
		ctx := t.Context()
		must(t, v.Put(ctx, "put", []byte("1"), time.Minute))
		must(t, v.Add(ctx, "add", []byte("2"), time.Minute))
		must(t, v.Put(ctx, "long", []byte("3"), time.Hour))
		advance(59 * time.Second)
		if got, err := v.Get(ctx, "put"); err != nil || string(got) != "1" {
			t.Fatalf("a second early: %q, %v", got, err)
		}
		want(t, v.Add(ctx, "add", nil, time.Minute), storage.ErrExists)
		advance(time.Second)
		_, err := v.Get(ctx, "put")
		want(t, err, storage.ErrNotFound)
		_, err = v.Take(ctx, "put")
		want(t, err, storage.ErrNotFound)
		must(t, v.Add(ctx, "add", []byte("again"), time.Minute))
		if got, err := v.Get(ctx, "long"); err != nil || string(got) != "3" {
			t.Fatalf("the long one: %q, %v", got, err)
		}
	})
}

func TestWindowOfACounterBeginsWithTheFirst(t *testing.T) {
	movable(t, func(t *testing.T, v storage.Volatile, advance func(time.Duration)) {
		ctx := t.Context()
		check := func(wantN int64, wantLeft time.Duration) {
			t.Helper()
			n, left, err := v.Incr(ctx, "tries", time.Minute)
			if must(t, err); n != wantN || left != wantLeft {
				t.Fatalf("n %d, left %s, want %d, %s", n, left, wantN, wantLeft)
			}
		}
		check(1, time.Minute)
		advance(40 * time.Second)
		check(2, 20*time.Second) // not prolonged
		advance(19 * time.Second)
		check(3, time.Second)
		advance(time.Second)
		check(1, time.Minute) // a new window
	})
}

func TestEphemeralContract(t *testing.T) {
	eachVolatile(t, func(t *testing.T, ctx context.Context, v storage.Volatile) {
		_, err := v.Get(ctx, "k")
		want(t, err, storage.ErrNotFound)
		must(t, v.Put(ctx, "k", []byte("one"), time.Minute))
		want(t, v.Add(ctx, "k", []byte("two"), time.Minute), storage.ErrExists)
		must(t, v.Put(ctx, "k", []byte("three"), time.Minute))
		got, err := v.Take(ctx, "k")
		if must(t, err); string(got) != "three" {
			t.Fatalf("took %q", got)
		}
		_, err = v.Get(ctx, "k")
		want(t, err, storage.ErrNotFound)
		must(t, v.Add(ctx, "k", []byte{}, time.Minute))
		if got, err := v.Get(ctx, "k"); err != nil || len(got) != 0 {
			t.Fatalf("the empty value: %q, %v", got, err)
		}
		must(t, v.Delete(ctx, "k"))
		must(t, v.Delete(ctx, "k"))
		_, err = v.Get(ctx, "k")
		want(t, err, storage.ErrNotFound)
		for _, ttl := range []time.Duration{0, -time.Second} {
			_, _, err := v.Incr(ctx, "n", ttl)
			for _, err := range []error{v.Put(ctx, "k", nil, ttl), v.Add(ctx, "k", nil, ttl), err} {
				if err == nil {
					t.Fatalf("a time to live of %s is no error", ttl)
				}
			}
		}
		must(t, v.Ping(ctx))
	})
}

func TestEphemeralCopiesValues(t *testing.T) {
	eachVolatile(t, func(t *testing.T, ctx context.Context, v storage.Volatile) {
		value := []byte("mine")
		must(t, v.Put(ctx, "k", value, time.Minute))
		value[0] = 'X'
		got, err := v.Get(ctx, "k")
		must(t, err)
		got[0] = 'Y'
		if got, _ := v.Get(ctx, "k"); string(got) != "mine" {
			t.Fatalf("got %q", got)
		}
	})
}

func TestFortyTakersOneWinner(t *testing.T) {
	eachVolatile(t, func(t *testing.T, ctx context.Context, v storage.Volatile) {
		must(t, v.Put(ctx, "code", []byte("x"), time.Minute))
		var took, added, counted atomic.Int64
		var racers sync.WaitGroup
		for range 40 {
			racers.Go(func() {
				if _, err := v.Take(ctx, "code"); err == nil {
					took.Add(1)
				} else if !errors.Is(err, storage.ErrNotFound) {
					t.Error(err)
				}
				if err := v.Add(ctx, "jti", nil, time.Minute); err == nil {
					added.Add(1)
				} else if !errors.Is(err, storage.ErrExists) {
					t.Error(err)
				}
				n, left, err := v.Incr(ctx, "tries", time.Minute)
				if err != nil || left <= 0 || left > time.Minute {
					t.Errorf("left %s, %v", left, err)
				}
				counted.Add(n)
			})
		}
		racers.Wait()
		if took.Load() != 1 || added.Load() != 1 || counted.Load() != 40*41/2 {
			t.Fatalf("took %d, added %d, counted %d", took.Load(), added.Load(), counted.Load())
		}
	})
}

func TestEphemeralHeedsACancelledContext(t *testing.T) {
	eachVolatile(t, func(t *testing.T, ctx context.Context, v storage.Volatile) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, getErr := v.Get(ctx, "k")
		_, takeErr := v.Take(ctx, "k")
		_, _, incrErr := v.Incr(ctx, "k", time.Minute)
		_, subErr := v.Subscribe(ctx, "topic")
		for _, err := range []error{
			v.Put(ctx, "k", nil, time.Minute), v.Add(ctx, "k", nil, time.Minute), v.Delete(ctx, "k"),
			getErr, takeErr, incrErr, subErr, v.Publish(ctx, "topic", nil), v.Ping(ctx),
		} {
			want(t, err, context.Canceled)
		}
	})
}

func TestEventsReachEverySubscriberOfTheirTopic(t *testing.T) {
	eachVolatile(t, func(t *testing.T, ctx context.Context, v storage.Volatile) {
		over, cancel := context.WithCancel(ctx)
		one, err := v.Subscribe(ctx, "topic")
		must(t, err)
		two, err := v.Subscribe(over, "topic")
		must(t, err)
		other, err := v.Subscribe(over, "other")
		must(t, err)
		payload := []byte("hello")
		must(t, v.Publish(ctx, "topic", payload))
		payload[0] = 'X'
		for _, sub := range []<-chan []byte{one, two} {
			if got := <-sub; string(got) != "hello" {
				t.Fatalf("heard %q", got)
			}
		}
		cancel()
		for _, sub := range []<-chan []byte{two, other} {
			if got, open := <-sub; open {
				t.Fatalf("heard %q, want the end", got)
			}
		}
		must(t, v.Publish(ctx, "topic", []byte("more")))
		if got := <-one; string(got) != "more" {
			t.Fatalf("heard %q", got)
		}
	})
}

func TestSlowReaderNeverStopsThePublisher(t *testing.T) {
	eachVolatile(t, func(t *testing.T, ctx context.Context, v storage.Volatile) {
		slow, err := v.Subscribe(ctx, "topic")
		must(t, err)
		for i := range 2000 {
			must(t, v.Publish(ctx, "topic", fmt.Append(nil, i)))
		}
		if got := <-slow; string(got) != "0" {
			t.Fatalf("heard %q first", got)
		}
	})
}

func TestTwoRedisClientsAreOneStore(t *testing.T) {
	t.Parallel()
	url := storagetest.RedisURL(t)
	ctx := t.Context()
	one, err := storage.NewRedis(ctx, url)
	must(t, err)
	two, err := storage.NewRedis(ctx, url)
	must(t, err)
	defer one.Close()
	defer two.Close()
	events, err := two.Subscribe(ctx, "topic")
	must(t, err)
	must(t, one.Put(ctx, "k", []byte("v"), time.Minute))
	must(t, one.Publish(ctx, "topic", []byte("e")))
	if got, err := two.Take(ctx, "k"); err != nil || string(got) != "v" || string(<-events) != "e" {
		t.Fatalf("took %q, %v", got, err)
	}
	strangers := storagetest.Redis(t) // another prefix
	must(t, one.Put(ctx, "k", []byte("v"), time.Minute))
	_, err = strangers.Get(ctx, "k")
	want(t, err, storage.ErrNotFound)
}

// A real server says how full it is; what is made of its words is fair_internal_test's.
func TestRedisSaysHowFullItIs(t *testing.T) {
	t.Parallel()
	r, err := storage.NewRedis(t.Context(), storagetest.RedisURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	for range 2 {
		if full := r.Fullness(t.Context()); full < 0 || full > 1 {
			t.Errorf("full to %v", full)
		}
	}
}

func TestRedisRefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"http://localhost", "redis://localhost?nonsense=1", "redis://user:pass@%zz", "redis://user:pass@127.0.0.1:1?dial_timeout=100ms&max_retries=-1",
	} {
		r, err := storage.NewRedis(t.Context(), url)
		if err == nil {
			r.Close()
			t.Errorf("%s was opened", url)
		} else if s := err.Error(); len(s) == 0 || contains(s, "pass") {
			t.Errorf("the password shows: %s", s)
		}
	}
}

// A Redis that breaks the connection: what was published meanwhile is lost, the
// subscription is not.
func TestSubscriptionOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	r, err := storage.NewRedis(t.Context(), "redis://"+server.Addr()+"?max_retries=5")
	must(t, err)
	defer r.Close()
	events, err := r.Subscribe(t.Context(), "topic")
	must(t, err)
	server.Close()
	must(t, server.Restart())
	deadline := time.After(time.Minute)
	for {
		_ = r.Publish(t.Context(), "topic", []byte("e"))
		select {
		case <-events:
			return
		case <-deadline:
			t.Fatal("nothing was heard after the restart")
		case <-time.After(20 * time.Millisecond):
		}
	}
}
