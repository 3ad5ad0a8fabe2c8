package factor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func newLock(t *testing.T) (*lock, *storagetest.Clock) {
	clock := storagetest.NewClock()
	return newLocks(t, newRecords(), clock).of("password"), clock
}

// looked tries n times without success and counts the attempts that were looked
// at.
func looked(t *testing.T, l *lock, person string, n int) (count int) {
	t.Helper()
	for range n {
		err := l.try(context.Background(), Guess{PersonID: person}, func() error { count++; return ErrWrong })
		if !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
	}
	return count
}

func right(t *testing.T, l *lock, person string) {
	t.Helper()
	must(t, l.try(context.Background(), Guess{PersonID: person}, func() error { return nil }))
}

// Decision A23.2: three failures lock for a quarter of an hour, doubling; after
// five further ones the factor is locked until a recovery.
func TestThreeFailuresLockForAQuarterOfAnHourDoublingAndFiveFurtherForGood(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	records := l.Directory.(*records)
	for _, step := range []struct {
		looked int
		length time.Duration
	}{{3, 15 * time.Minute}, {3, 30 * time.Minute}} {
		if got := looked(t, l, "s", 10); got != step.looked {
			t.Fatalf("before the lock of %s: %d attempts were looked at", step.length, got)
		}
		last := records.notices[len(records.notices)-1]
		if last.Until.Time() != clock.Now().Add(step.length) || last.Factor != "password" || last.Reason != directory.LockedByFailures {
			t.Fatalf("%+v", last)
		}
		clock.Advance(step.length - time.Second)
		if got := looked(t, l, "s", 5); got != 0 {
			t.Fatalf("a second before the end of %s: %d attempts were looked at", step.length, got)
		}
		clock.Advance(time.Second)
	}
	if got := looked(t, l, "s", 10); got != 2 {
		t.Fatalf("of the five further ones %d were left", got)
	}
	if len(records.notices) != 3 || len(records.locks) != 1 || records.locks[0].Until != 0 {
		t.Fatalf("%+v", records.notices)
	}
	clock.Advance(365 * 24 * time.Hour)
	if got := looked(t, l, "s", 10); got != 0 {
		t.Errorf("a year later %d were looked at", got)
	}
	if got := looked(t, l, "other", 10); got != 3 {
		t.Errorf("another subject: %d", got)
	}
}

// The counters are short-lived state, the lock is not.
func TestLockForGoodOutlivesTheCounters(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	for range 3 {
		looked(t, l, "s", 3)
		clock.Advance(time.Hour)
	}
	l.Ephemeral = storagetest.Memory(t, clock.Now)
	if got := looked(t, l, "s", 3); got != 0 {
		t.Errorf("%d looked at", got)
	}
}

// The database is away at the very failure that locks for good: the lock is
// recorded at the next attempt.
func TestLockForGoodIsNotLostWithItsRecord(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	records := l.Directory.(*records)
	for range 2 {
		looked(t, l, "s", 3)
		clock.Advance(time.Hour)
	}
	looked(t, l, "s", 1)
	records.fail = errDown
	if err := l.try(context.Background(), Guess{PersonID: "s"}, func() error { return ErrWrong }); !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	records.fail, records.locks = nil, nil
	if got := looked(t, l, "s", 2); got != 0 || len(records.locks) != 1 {
		t.Errorf("%d looked at, %+v", got, records.locks)
	}
}

func TestLockedSaysUntilWhenAndWhy(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	looked(t, l, "s", 3)
	var locked *Locked
	err := l.try(context.Background(), Guess{PersonID: "s"}, func() error { return nil })
	if !errors.As(err, &locked) || !errors.Is(err, ErrLocked) || !errors.Is(err, ErrWrong) {
		t.Fatal(err)
	}
	if !locked.Until.Equal(clock.Now().Add(15*time.Minute)) || locked.Reason != directory.LockedByFailures {
		t.Errorf("%+v", locked)
	}
	clock.Advance(15 * time.Minute)
	looked(t, l, "s", 3)
	clock.Advance(30 * time.Minute)
	looked(t, l, "s", 2)
	err = l.try(context.Background(), Guess{PersonID: "s"}, func() error { return nil })
	if !errors.As(err, &locked) || !locked.Until.IsZero() || err.Error() != "factor: wrong: locked until a recovery" {
		t.Errorf("%v", err)
	}
}

// A stranger who only knows a login cannot keep its owner out.
func TestStrangersCannotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	ctx := context.Background()
	stranger, laptop, phone := Guess{PersonID: "s"}, Guess{PersonID: "s", Device: "laptop"}, Guess{PersonID: "s", Device: "phone"}
	for range 5 {
		looked(t, l, "s", 10)
		clock.Advance(24*time.Hour - time.Second)
		must(t, l.try(ctx, laptop, func() error { return nil }))
	}
	if err := l.try(ctx, stranger, func() error { return nil }); !errors.Is(err, ErrLocked) {
		t.Errorf("the stranger: %v", err)
	}
	// The device has a counter of its own, which is no wider.
	n := 0
	for range 10 {
		l.try(ctx, phone, func() error { n++; return ErrWrong })
	}
	if n != 3 {
		t.Errorf("%d were looked at on the phone", n)
	}
	must(t, l.try(ctx, laptop, func() error { return nil }))
}

// What was counted before the locks were lifted counts no longer, on any node
// and whatever its short-lived state says.
func TestLiftedLocksBeginAnew(t *testing.T) {
	t.Parallel()
	l, clock := newLock(t)
	ctx, records := context.Background(), l.Directory.(*records)
	records.devices = []directory.Device{{ID: "laptop", PersonID: "s"}, {ID: "other", PersonID: "o"}}
	locks := &Locks{l.LockDeps}
	for round := range 3 {
		for range 3 {
			looked(t, l, "s", 3)
			clock.Advance(time.Hour)
		}
		for range 3 {
			l.try(ctx, Guess{PersonID: "s", Device: "laptop"}, func() error { return ErrWrong })
		}
		list, err := locks.Of(ctx, "s")
		if err != nil || len(list) != 2 || list[0].Until != 0 || list[0].Scope != "" || list[1].Scope != "laptop" ||
			list[1].At != storage.Of(clock.Now()) || list[1].Until != list[1].At.Add(15*time.Minute) {
			t.Fatalf("round %d: %+v, %v", round, list, err)
		}
		records.unlock(clock.Now())
		if list, err := locks.Of(ctx, "s"); err != nil || len(list) != 0 {
			t.Errorf("round %d: %+v, %v", round, list, err)
		}
		right(t, l, "s")
		must(t, l.try(ctx, Guess{PersonID: "s", Device: "laptop"}, func() error { return nil }))
	}
	if got := looked(t, l, "s", 10); got != 3 {
		t.Errorf("%d looked at", got)
	}
}

// Ten thousand codes from everywhere against one account: no more than the
// eight of the rule are looked at, and the owner goes on.
func TestTenThousandGuessesAreEight(t *testing.T) {
	t.Parallel()
	w := newTOTPWorld(t)
	ctx := context.Background()
	owner := Guess{PersonID: "p1", Device: "laptop"}
	var looked atomic.Int64
	var done sync.WaitGroup
	guess := func(n int) {
		err := w.lock.try(ctx, p1, func() error {
			looked.Add(1)
			return w.use(ctx, "p1", not(w.code(0)), true)
		})
		if !errors.Is(err, ErrWrong) {
			t.Errorf("guess %d: %v", n, err)
		}
	}
	for batch := range 10 {
		for worker := range 10 {
			done.Go(func() {
				for n := range 100 {
					guess(batch*1000 + worker*100 + n)
				}
			})
		}
		done.Wait()
		must(t, w.Verify(ctx, owner, w.code(0)))
		w.clock.Advance(time.Hour)
	}
	if looked.Load() != 8 {
		t.Errorf("%d of 10,000 guesses were looked at", looked.Load())
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
	l, clock := newLock(t)
	for range 3 {
		if got := looked(t, l, "s", 2); got != 2 {
			t.Fatalf("%d looked at", got)
		}
		right(t, l, "s")
	}
	// Also from a higher level: the next lock is a first one again.
	looked(t, l, "s", 3)
	clock.Advance(15 * time.Minute)
	right(t, l, "s")
	looked(t, l, "s", 3)
	clock.Advance(15 * time.Minute)
	if got := looked(t, l, "s", 3); got != 3 {
		t.Errorf("the lock after a success lasted longer: %d looked at", got)
	}
}

// Whoever signs in after a lock is not locked out again at the next sign-in.
func TestSuccessAfterLocksForgetsEveryLevel(t *testing.T) {
	t.Parallel()
	for locks := 1; locks <= 2; locks++ {
		l, clock := newLock(t)
		for level := range locks {
			looked(t, l, "s", 3)
			clock.Advance(l.Policy.length(level))
		}
		for range 5 {
			right(t, l, "s")
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
		locks, err := NewLocks(LockDeps{Directory: newRecords(), Ephemeral: v, Now: time.Now})
		must(t, err)
		l := locks.of("password")
		for round := range 5 {
			var count atomic.Int64
			var done sync.WaitGroup
			for range 40 {
				done.Go(func() {
					err := l.try(context.Background(), Guess{PersonID: string(rune('a' + round))}, func() error {
						count.Add(1)
						return ErrWrong
					})
					if !errors.Is(err, ErrWrong) {
						t.Error(err)
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
	a, err := l.begin(context.Background(), Guess{PersonID: "s"})
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
		err := l.try(ctx, Guess{PersonID: "s"}, func() error { cancel(); return ErrWrong })
		if err != ErrWrong {
			t.Fatal(err)
		}
	}
	if got := looked(t, l, "s", 1); got != 0 {
		t.Error("not locked")
	}
}

func TestCounterThatCannotCountLetsNobodyIn(t *testing.T) {
	t.Parallel()
	locks, err := NewLocks(LockDeps{Directory: newRecords(), Ephemeral: down{}, Now: time.Now})
	must(t, err)
	if _, err := locks.of("password").begin(context.Background(), Guess{PersonID: "s"}); !errors.Is(err, errDown) || errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}
