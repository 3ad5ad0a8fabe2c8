package factor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"propusk/storage"
)

// Policy says when a factor locks. The zero value is the default.
type Policy struct {
	Failures int           // consecutive ones that lock; default 3
	First    time.Duration // the first lock; each further one is twice as long; default 15 minutes
	Longest  time.Duration // default 24 hours
	Forget   time.Duration // after which a failure or a lock no longer counts; default 24 hours
}

func (p Policy) withDefaults() Policy {
	if p.Failures <= 0 {
		p.Failures = 3
	}
	if p.First <= 0 {
		p.First = 15 * time.Minute
	}
	if p.Longest <= 0 {
		p.Longest = 24 * time.Hour
	}
	if p.Forget <= 0 {
		p.Forget = 24 * time.Hour
	}
	return p
}

// length of the lock that ends a level; levels count from 0.
func (p Policy) length(level int) time.Duration {
	d := p.First
	for range level {
		if d >= p.Longest {
			break
		}
		d *= 2
	}
	return min(d, p.Longest)
}

// lock counts the consecutive failures of one factor, for each subject.
//
// A subject stands at a level, 0 at first. At each level it has Failures
// attempts; the last one's failure puts a lock in place and raises the level,
// where the next attempts wait until the lock has gone. An attempt is counted
// before the credential is looked at, so of forty at the same moment no more
// than Failures are looked at, and a client that hangs up has still been
// counted. Success takes the subject back to level 0 with nothing counted.
type lock struct {
	ephemeral storage.Ephemeral
	policy    Policy
	factor    string
}

// attempt is one that was counted, or refused.
type attempt struct {
	lock    *lock
	subject string
	level   int
	last    bool // its failure locks
	refused bool
}

func (l *lock) key(what, subject string, level int) string {
	return "factor/" + what + "/" + l.factor + "/" + subject + "/" + strconv.Itoa(level)
}

func (l *lock) levelKey(subject string) string { return "factor/level/" + l.factor + "/" + subject }

// begin counts an attempt. One that is refused must still take as long as any.
func (l *lock) begin(ctx context.Context, subject string) (attempt, error) {
	level, err := l.level(ctx, subject)
	if err != nil {
		return attempt{}, err
	}
	a := attempt{lock: l, subject: subject, level: level}
	if level > 0 {
		_, err := l.ephemeral.Get(ctx, l.key("lock", subject, level))
		if err == nil {
			a.refused = true
			return a, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return attempt{}, fmt.Errorf("factor: read lock: %w", err)
		}
	}
	n, _, err := l.ephemeral.Incr(ctx, l.key("tries", subject, level), l.policy.Forget)
	if err != nil {
		return attempt{}, fmt.Errorf("factor: count attempt: %w", err)
	}
	a.last = n == int64(l.policy.Failures)
	if a.refused = n > int64(l.policy.Failures); a.refused {
		// The last attempt is being looked at, or its node died over it.
		return a, a.raise(ctx)
	}
	return a, nil
}

func (l *lock) level(ctx context.Context, subject string) (int, error) {
	text, err := l.ephemeral.Get(ctx, l.levelKey(subject))
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("factor: read level: %w", err)
	}
	level, err := strconv.Atoi(string(text))
	if err != nil {
		return 0, fmt.Errorf("factor: read level: %w", err)
	}
	return level, nil
}

// raise locks. The lock stands before the level that waits for it: whoever sees
// the level sees the lock.
func (a attempt) raise(ctx context.Context) error {
	length, next := a.lock.policy.length(a.level), a.level+1
	err := a.lock.ephemeral.Add(ctx, a.lock.key("lock", a.subject, next), []byte{1}, length)
	if errors.Is(err, storage.ErrExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("factor: lock: %w", err)
	}
	err = a.lock.ephemeral.Put(ctx, a.lock.levelKey(a.subject), []byte(strconv.Itoa(next)), length+a.lock.policy.Forget)
	if err != nil {
		return fmt.Errorf("factor: raise level: %w", err)
	}
	return nil
}

// failed ends an attempt that was looked at and did not fit; it returns
// ErrWrong, or the accident that kept it from being recorded.
func (a attempt) failed(ctx context.Context) error {
	if a.last {
		if err := a.raise(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return ErrWrong
}

// succeeded forgets the failures before, those of the levels below too: their
// counters outlive the locks, and would refuse the next attempt at level 0.
func (a attempt) succeeded(ctx context.Context) error {
	keys := []string{a.lock.key("lock", a.subject, a.level+1), a.lock.levelKey(a.subject)}
	for level := range a.level + 1 {
		keys = append(keys, a.lock.key("tries", a.subject, level))
	}
	for _, key := range keys {
		if err := a.lock.ephemeral.Delete(ctx, key); err != nil {
			return fmt.Errorf("factor: forget failures: %w", err)
		}
	}
	return nil
}
