package factor

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"propusk/idp/directory"
	"propusk/storage"
)

// lock counts the consecutive failures of one factor, for each subject of a
// Guess.
//
// A subject stands at a level, 0 at first, and each level has its attempts. The
// last one's failure puts a lock in place and raises the level, where the next
// attempts wait until the lock has gone; the lock after the last level does not
// go, and the directory keeps it. An attempt is counted before the credential
// is looked at, so of forty at the same moment no more are looked at than the
// level has, and a client that hangs up has still been counted. Success takes
// the subject back to level 0 with nothing counted.
type lock struct {
	LockDeps
	factor string
}

// endless further failures never lock for good.
const endless = 1 << 20

// subject is who is counted: a Guess since its locks were lifted.
type subject struct {
	Guess
	lifted storage.Time
}

// attempt is one that was counted, or refused.
type attempt struct {
	lock    *lock
	subject subject
	level   int
	last    bool         // its failure locks
	refused bool         // it is not to be looked at
	until   storage.Time // refused: when it may be tried again; 0 = not by waiting
}

func (l *lock) key(what string, s subject, level int) string {
	return "factor/" + what + "/" + l.factor + "/" + s.name() + "/" + strconv.FormatInt(int64(s.lifted), 36) + "/" + strconv.Itoa(level)
}

// levelKey has the place of a level that there is not.
func (l *lock) levelKey(s subject) string { return l.key("level", s, -1) }

func (l *lock) record(s subject, until storage.Time) directory.FactorLock {
	return directory.FactorLock{
		PersonID: s.PersonID, Factor: l.factor, Scope: s.Device,
		Reason: directory.LockedByFailures, At: storage.Of(l.Now()), Until: until,
	}
}

// try counts an attempt and has it looked at, unless it is refused. check
// returns nil, ErrWrong or an accident; try returns that, or a *Locked.
func (l *lock) try(ctx context.Context, g Guess, check func() error) error {
	a, err := l.begin(ctx, g)
	if err != nil {
		return err
	}
	if a.refused {
		return a.finish(ctx, nil)
	}
	return a.finish(ctx, check())
}

// begin counts an attempt, or refuses it.
func (l *lock) begin(ctx context.Context, g Guess) (attempt, error) {
	a := attempt{lock: l, subject: subject{Guess: g}}
	locked, lifted, err := l.Directory.LockState(ctx, g.PersonID, l.factor, g.Device)
	if err != nil {
		return a, err
	}
	a.subject.lifted = lifted
	if a.level, a.until, err = l.stand(ctx, a.subject); err != nil {
		return a, err
	}
	if locked {
		a.until = 0
	}
	over := l.Policy.tries(a.level) == 0
	if over {
		a.until = 0
	}
	if over && !locked && g.PersonID != "" { // whoever came to this did not get to say so
		err = l.Directory.RecordLock(ctx, l.record(a.subject, 0))
	}
	if a.refused = locked || over || a.until != 0; a.refused {
		return a, err
	}
	return a.count(ctx)
}

// stand reads the subject's level, and until when its lock lasts; 0 = there is
// none.
func (l *lock) stand(ctx context.Context, s subject) (level int, until storage.Time, err error) {
	level, err = l.number(ctx, l.levelKey(s))
	if err != nil || level == 0 {
		return level, 0, err
	}
	micros, err := l.number(ctx, l.key("lock", s, level))
	return level, storage.Time(micros), err
}

// pause is the lock that will end by itself, if there is one.
func (l *lock) pause(ctx context.Context, g Guess) ([]directory.FactorLock, error) {
	_, lifted, err := l.Directory.LockState(ctx, g.PersonID, l.factor, g.Device)
	if err != nil {
		return nil, err
	}
	s := subject{g, lifted}
	level, until, err := l.stand(ctx, s)
	if err != nil || until == 0 || l.Policy.tries(level) == 0 {
		return nil, err
	}
	paused := l.record(s, until)
	paused.At = until.Add(-l.Policy.length(level - 1))
	return []directory.FactorLock{paused}, nil
}

// number reads one; 0 when it is not there.
func (l *lock) number(ctx context.Context, key string) (int, error) {
	text, err := l.Ephemeral.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("factor: read lock: %w", err)
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return 0, fmt.Errorf("factor: read lock: %w", err)
	}
	return n, nil
}

// count takes one of the level's attempts.
func (a attempt) count(ctx context.Context) (attempt, error) {
	tries := int64(a.lock.Policy.tries(a.level))
	n, _, err := a.lock.Ephemeral.Incr(ctx, a.lock.key("tries", a.subject, a.level), a.lock.Policy.Forget)
	if err != nil {
		return a, fmt.Errorf("factor: count attempt: %w", err)
	}
	a.last = n == tries
	if a.refused = n > tries; a.refused {
		// The last attempt is being looked at, or its node died over it.
		a.until, err = a.raise(ctx)
	}
	return a, err
}

// raise locks, and tells until when; 0 = until a recovery. The lock stands
// before the level that waits for it: whoever sees the level sees the lock.
func (a attempt) raise(ctx context.Context) (storage.Time, error) {
	l, next := a.lock, a.level+1
	length := l.Policy.length(a.level)
	until := storage.Of(l.Now().Add(length))
	value := strconv.FormatInt(int64(until), 10)
	if l.Policy.tries(next) == 0 {
		until = 0
	}
	err := l.Ephemeral.Add(ctx, l.key("lock", a.subject, next), []byte(value), length)
	if errors.Is(err, storage.ErrExists) {
		return until, nil
	}
	if err != nil {
		return 0, fmt.Errorf("factor: lock: %w", err)
	}
	err = l.Ephemeral.Put(ctx, l.levelKey(a.subject), []byte(strconv.Itoa(next)), length+l.Policy.Forget)
	if err != nil {
		return 0, fmt.Errorf("factor: raise level: %w", err)
	}
	return until, l.Directory.RecordLock(ctx, l.record(a.subject, until))
}

// finish ends an attempt with what came of looking at it: a *Locked for one
// that was refused, else err or the accident that kept it from being recorded.
func (a attempt) finish(ctx context.Context, err error) error {
	switch {
	case a.refused:
		return &Locked{Until: a.until.Time(), Reason: directory.LockedByFailures}
	case err == nil:
		return a.forget(ctx)
	case errors.Is(err, ErrWrong) && a.last:
		if _, failed := a.raise(context.WithoutCancel(ctx)); failed != nil {
			return failed
		}
	}
	return err
}

// forget drops the failures before, those of the levels below too: their
// counters outlive the locks, and would refuse the next attempt at level 0.
func (a attempt) forget(ctx context.Context) error {
	keys := []string{a.lock.key("lock", a.subject, a.level+1), a.lock.levelKey(a.subject)}
	for level := range a.level + 1 {
		keys = append(keys, a.lock.key("tries", a.subject, level), a.lock.key("lock", a.subject, level))
	}
	for _, key := range keys {
		if err := a.lock.Ephemeral.Delete(ctx, key); err != nil {
			return fmt.Errorf("factor: forget failures: %w", err)
		}
	}
	return nil
}
