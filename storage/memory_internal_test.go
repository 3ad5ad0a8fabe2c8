package storage

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// movingClock is a Now that tests move; storagetest has one too, but importing
// it here would be a circle.
type movingClock struct{ nanos atomic.Int64 }

func (c *movingClock) Now() time.Time { return time.Unix(0, c.nanos.Load()) }

func smallMemory(t *testing.T, limit int64) (*Memory, *movingClock) {
	clock := &movingClock{}
	clock.nanos.Store(1e18)
	m := newMemory(clock.Now, limit)
	t.Cleanup(func() { m.Close() })
	return m, clock
}

func TestFullMemoryRefusesAndForgetsNothing(t *testing.T) {
	t.Parallel()
	m, clock := smallMemory(t, 10*(overhead+8))
	ctx := t.Context()
	if _, _, err := m.Incr(ctx, "lockout1", time.Hour); err != nil {
		t.Fatal(err)
	}
	stored := 0
	for i := range 100 { // the flood
		err := m.Put(ctx, fmt.Sprintf("flood%03d", i), nil, time.Minute)
		if err == nil {
			stored++
		} else if !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
	}
	if stored != 9 || m.Bytes() != 10*(overhead+8) {
		t.Fatalf("%d stored, %d bytes", stored, m.Bytes())
	}
	if n, _, err := m.Incr(ctx, "lockout1", time.Hour); n != 2 || err != nil {
		t.Fatalf("the counter was pushed out: %d, %v", n, err)
	}
	if _, _, err := m.Incr(ctx, "lockout2", time.Hour); !errors.Is(err, ErrFull) {
		t.Fatalf("a new counter in a full memory: %v", err)
	}
	if err := m.Put(ctx, "flood000", []byte("longer"), time.Minute); !errors.Is(err, ErrFull) {
		t.Fatalf("growing in a full memory: %v", err)
	}
	clock.nanos.Add(int64(time.Minute)) // the flood expires, the counter does not
	if err := m.Put(ctx, "new", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if n, _, err := m.Incr(ctx, "lockout1", time.Hour); n != 3 || err != nil {
		t.Fatalf("the counter was swept away: %d, %v", n, err)
	}
}

func TestMemoryAccountsForEveryByte(t *testing.T) {
	t.Parallel()
	m, clock := smallMemory(t, MaxBytes)
	ctx := t.Context()
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 500 {
				key := fmt.Sprint("k", i%50)
				switch (i + g) % 5 {
				case 0:
					_ = m.Put(ctx, key, []byte(strings.Repeat("x", i%20)), time.Duration(1+i%3)*time.Second)
				case 1:
					_ = m.Add(ctx, key, []byte("add"), time.Second)
				case 2:
					_, _ = m.Take(ctx, key)
				case 3:
					_, _, _ = m.Incr(ctx, "n"+key, time.Second)
				case 4:
					_ = m.Delete(ctx, key)
					clock.nanos.Add(int64(time.Millisecond))
				}
			}
		})
	}
	all.Wait()
	clock.nanos.Add(int64(time.Hour))
	m.sweep()
	if m.Bytes() != 0 {
		t.Fatalf("%d bytes of nothing", m.Bytes())
	}
	for i := range m.shards {
		if n := len(m.shards[i].m); n != 0 {
			t.Fatalf("%d keys left", n)
		}
	}
}

func TestCounterReadsAsADecimal(t *testing.T) {
	t.Parallel()
	m, _ := smallMemory(t, MaxBytes)
	for range 12 {
		if _, _, err := m.Incr(t.Context(), "n", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := m.Get(t.Context(), "n"); string(got) != "12" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestClosedMemoryEndsSubscriptions(t *testing.T) {
	t.Parallel()
	m, _ := smallMemory(t, MaxBytes)
	before, err := m.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	after, err := m.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []<-chan []byte{before, after} {
		if _, open := <-sub; open {
			t.Fatal("a subscription to a closed memory is open")
		}
	}
}

func TestRedisURL(t *testing.T) {
	t.Parallel()
	o, prefix, err := parseRedis("rediss://u:p@one:6379/3?addr=two:1&addr=three:2&master=m&prefix=x:&pool_size=7")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintln(o.Addrs, o.MasterName, o.DB, o.Username, o.Password, o.PoolSize, o.TLSConfig != nil, prefix); got != "[one:6379 two:1 three:2] m 3 u p 7 true x:\n" {
		t.Fatal(got)
	}
	if o, _, err := parseRedis("redis://one?cluster=true"); err != nil || !o.IsClusterMode || o.TLSConfig != nil {
		t.Fatalf("%+v, %v", o, err)
	}
	if whole(1500*time.Microsecond) != 2*time.Millisecond || whole(time.Nanosecond) != time.Millisecond {
		t.Fatal("a time to live is rounded down")
	}
}
