package factor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func newLock(t *testing.T) (*lock, *storagetest.Clock) {
	clock := storagetest.NewClock()
	return &lock{storagetest.Memory(t, clock.Now), Policy{}.withDefaults(), "password"}, clock
}

// looked tries n times without success and counts the attempts that were looked
// at.
func looked(t *testing.T, l *lock, subject string, n int) (count int) {
	t.Helper()
	for range n {
		a, err := l.begin(context.Background(), subject)
		must(t, err)
		if a.refused {
			continue
		}
		count++
		if err := a.failed(context.Background()); err != ErrWrong {
			t.Fatal(err)
		}
	}
	return count
}

func TestThreeFailuresLockForAQuarterOfAnHourDoubling(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	for _, length := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
		if got := looked(t, l, "s", 10); got != 3 {
			t.Fatalf("before the lock of %s: %d attempts were looked at", length, got)
		}
		clock.Advance(length - time.Second)
		if got := looked(t, l, "s", 5); got != 0 {
			t.Fatalf("a second before the end of %s: %d attempts were looked at", length, got)
		}
		clock.Advance(time.Second)
	}
	if got := looked(t, l, "other", 10); got != 3 {
		t.Errorf("another subject: %d", got)
	}
}

func TestLockHasALongestLength(t *testing.T) {
	t.Parallel()
	p := Policy{}.withDefaults()
	if got := p.length(0); got != 15*time.Minute {
		t.Error(got)
	}
	for _, level := range []int{7, 60, 1 << 20} {
		if got := p.length(level); got != 24*time.Hour {
			t.Errorf("level %d: %s", level, got)
		}
	}
}

func TestSuccessForgetsFailures(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l, clock := newLock(t)
	for range 3 {
		if got := looked(t, l, "s", 2); got != 2 {
			t.Fatalf("%d looked at", got)
		}
		a, err := l.begin(ctx, "s")
		must(t, err)
		must(t, a.succeeded(ctx))
	}
	// Also from a higher level: the next lock is a first one again.
	looked(t, l, "s", 3)
	clock.Advance(15 * time.Minute)
	a, err := l.begin(ctx, "s")
	must(t, err)
	must(t, a.succeeded(ctx))
	looked(t, l, "s", 3)
	clock.Advance(15 * time.Minute)
	if got := looked(t, l, "s", 3); got != 3 {
		t.Errorf("the lock after a success lasted longer: %d looked at", got)
	}
}

// Whoever signs in after a lock is not locked out again at the next sign-in.
func TestSuccessAfterLocksForgetsEveryLevel(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for locks := 1; locks <= 3; locks++ {
		l, clock := newLock(t)
		for level := range locks {
			looked(t, l, "s", 3)
			clock.Advance(l.policy.length(level))
		}
		for attempt := range 5 {
			a, err := l.begin(ctx, "s")
			must(t, err)
			if a.refused {
				t.Fatalf("after %d locks and %d successes: refused", locks, attempt)
			}
			must(t, a.succeeded(ctx))
		}
		if got := looked(t, l, "s", 10); got != 3 {
			t.Errorf("after %d locks and a success: %d looked at", locks, got)
		}
	}
}

func TestFailuresAreForgottenInTime(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	looked(t, l, "s", 2)
	clock.Advance(24 * time.Hour)
	if got := looked(t, l, "s", 2); got != 2 {
		t.Errorf("%d looked at", got)
	}
}

// Of forty at the same moment three are looked at, on either body.
func TestConcurrentAttemptsAreNoMoreGuesses(t *testing.T) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		l := &lock{v, Policy{}.withDefaults(), "password"}
		for round := range 5 {
			var count atomic.Int64
			var done sync.WaitGroup
			for range 40 {
				done.Go(func() {
					a, err := l.begin(context.Background(), string(rune('a'+round)))
					if err != nil {
						t.Error(err)
					} else if !a.refused {
						count.Add(1)
						a.failed(context.Background())
					}
				})
			}
			done.Wait()
			if count.Load() != 3 {
				t.Fatalf("round %d: %d attempts were looked at", round, count.Load())
			}
		}
	})
}

// A node dies over the last attempt: the next one locks in its place.
func TestLockDoesNotHangOnADeadNode(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	looked(t, l, "s", 2)
	a, err := l.begin(context.Background(), "s")
	must(t, err)
	if a.refused || !a.last {
		t.Fatalf("%+v", a)
	}
	if got := looked(t, l, "s", 5); got != 0 {
		t.Errorf("%d looked at meanwhile", got)
	}
	clock.Advance(15 * time.Minute)
	if got := looked(t, l, "s", 5); got != 3 {
		t.Errorf("%d looked at after the lock", got)
	}
}

// A client that hangs up has been counted, and locks.
func TestHangingUpIsNoWayAround(t *testing.T) {
	t.Parallel()
	l, _ := newLock(t)
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		a, err := l.begin(ctx, "s")
		must(t, err)
		cancel()
		if err := a.failed(ctx); err != ErrWrong {
			t.Fatal(err)
		}
	}
	if got := looked(t, l, "s", 1); got != 0 {
		t.Error("not locked")
	}
}

func TestCounterThatCannotCountLetsNobodyIn(t *testing.T) {
	t.Parallel()
	l := &lock{down{}, Policy{}.withDefaults(), "password"}
	if _, err := l.begin(context.Background(), "s"); !errors.Is(err, errDown) || errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}
