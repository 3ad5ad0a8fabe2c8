package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// attempts bounds how often a transaction is tried when others keep winning.
const attempts = 10

// tx is the transaction that a context carries.
type tx struct {
	on     transaction
	ended  bool
	doomed error // the first failure inside; the transaction can only roll back
	before []lastly
	after  []func()
}

// txKey is the context key of a database's transaction; of one database, so
// that two of them do not meet in one context.
type txKey struct{ db *DB }

func (db *DB) current(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{db}).(*tx)
	return t
}

// Tx runs fn in a transaction that travels in the context: Exec, Get, Select
// and the packages above use it when given that context.
//
// A Tx inside another joins it. An error or a panic of fn rolls back. So does a
// statement or a joined Tx that failed, even if fn keeps the error to itself:
// half of something is never committed, and SQLite is held to what PostgreSQL
// cannot do otherwise (ErrNotFound is an answer, not a failure).
//
// The outermost is tried again as a whole when the database reports a
// serialization failure (40001, 40P01, SQLITE_BUSY), so fn must have no effects
// but in the database; what else is to happen belongs in AfterCommit.
//
// Keep it short, and never wait in it for the network: on SQLite it holds the
// only writer (BEGIN IMMEDIATE).
func (db *DB) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := db.current(ctx); outer != nil {
		return outer.join(ctx, fn)
	}
	return db.retry(ctx, func() error { return db.attempt(ctx, fn) })
}

// AfterCommit runs fn once the outermost transaction of ctx has committed, in
// the goroutine of its Tx, in the order given; at once when there is none;
// never after a rollback. fn must not use ctx's transaction: it is over.
func (db *DB) AfterCommit(ctx context.Context, fn func()) {
	t := db.current(ctx)
	if t == nil {
		fn()
		return
	}
	t.after = append(t.after, fn)
}

// lastly is something to do at the end of a transaction.
type lastly struct {
	order string
	fn    func(context.Context) error
}

// BeforeCommit runs fn as the last thing inside the outermost transaction of
// ctx, which rolls back when fn fails; at once, in a transaction of its own,
// when there is none. It is for rows that many transactions contend for: what
// is locked last is locked for the shortest time, and those who lock in the one
// order (of the texts given, then of the calls) never lock each other out.
func (db *DB) BeforeCommit(ctx context.Context, order string, fn func(ctx context.Context) error) error {
	t := db.current(ctx)
	switch {
	case t == nil:
		return db.Tx(ctx, fn)
	case t.ended:
		return ErrEnded
	}
	t.before = append(t.before, lastly{order, fn})
	return nil
}

// opening is what the first transaction under a context has to do before its own
// work. It is done once that transaction has committed.
type opening struct {
	fn   func(context.Context) error
	done atomic.Bool
}

type openingKey struct{}

// Opening returns a context whose first outermost transaction that commits begins
// with fn; a transaction in which fn fails rolls back with its error. It ties a
// request's own record (its idempotency key) to whatever the request changes
// first, without holding a transaction while the request is read and checked.
func Opening(ctx context.Context, fn func(ctx context.Context) error) context.Context {
	return context.WithValue(ctx, openingKey{}, &opening{fn: fn})
}

// opens puts what the context wants done first before fn.
func opens(ctx context.Context, fn func(context.Context) error) (func(context.Context) error, *opening) {
	o, _ := ctx.Value(openingKey{}).(*opening)
	if o == nil || o.done.Load() {
		return fn, nil
	}
	return func(ctx context.Context) error {
		if err := o.fn(ctx); err != nil {
			return err
		}
		return fn(ctx)
	}, o
}

// attempt is one try of an outermost transaction.
func (db *DB) attempt(ctx context.Context, fn func(ctx context.Context) error) error {
	fn, first := opens(ctx, fn)
	on, err := db.engine.begin(ctx)
	if err != nil {
		return db.means(err)
	}
	t := &tx{on: on}
	committed := false
	defer func() {
		t.ended = true
		if !committed {
			on.rollback()
			db.counts.rolledBack.Add(1)
		}
	}()
	if err := t.inside(context.WithValue(ctx, txKey{db}, t), fn); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storage: not committed: %w", err)
	}
	committed = true // or failed to: either way there is nothing left to roll back
	if err := on.commit(); err != nil {
		db.counts.rolledBack.Add(1)
		return fmt.Errorf("storage: commit: %w", db.means(err))
	}
	t.ended = true
	if first != nil {
		first.done.Store(true)
	}
	db.counts.committed.Add(1)
	for _, fn := range t.after {
		fn()
	}
	return nil
}

// inside runs fn and then what was left for the end.
func (t *tx) inside(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := t.verdict(fn(ctx)); err != nil {
		return err
	}
	for len(t.before) > 0 { // one may add another
		last := t.before
		t.before = nil
		slices.SortStableFunc(last, func(a, b lastly) int { return strings.Compare(a.order, b.order) })
		for _, l := range last {
			if err := t.verdict(l.fn(ctx)); err != nil {
				return err
			}
		}
	}
	return nil
}

// verdict is what came of fn: its error, or the failure that it kept to itself.
// The failure is shown beside the error, for an error translated on the way
// would hide that a retry can help.
func (t *tx) verdict(err error) error {
	switch {
	case t.doomed == nil || errors.Is(err, t.doomed):
		return err
	case err == nil:
		return fmt.Errorf("storage: rolled back, a part of the transaction failed: %w", t.doomed)
	case retryable(t.doomed):
		return fmt.Errorf("%w (%w)", err, t.doomed)
	default:
		return err
	}
}

// join runs fn inside t.
func (t *tx) join(ctx context.Context, fn func(ctx context.Context) error) error {
	if t.ended {
		return ErrEnded
	}
	err := fn(ctx)
	if err != nil {
		t.doom(err)
	}
	return err
}

// run gives a statement to the transaction.
func (t *tx) run(ctx context.Context, do func(session) error) error {
	switch {
	case t.ended:
		return ErrEnded
	case t.doomed != nil:
		return fmt.Errorf("storage: the transaction has failed already: %w", t.doomed)
	}
	err := do(t.on)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.doom(err)
	}
	return err
}

func (t *tx) doom(err error) {
	if t.doomed == nil {
		t.doomed = err
	}
}

// retry runs do until it succeeds, fails for good, or has failed too often.
func (db *DB) retry(ctx context.Context, do func() error) error {
	for n := 1; ; n++ {
		err := do()
		if err == nil || !retryable(err) {
			return err
		}
		if n == attempts {
			return fmt.Errorf("storage: gave up after %d attempts: %w", n, err)
		}
		db.counts.retried.Add(1)
		if !pause(ctx, n) {
			return fmt.Errorf("storage: %w while retrying: %w", context.Cause(ctx), err)
		}
	}
}

// pause waits before attempt n+1: 2 ms doubled each time up to 256 ms, of which
// the upper half is chance, so that those who collided do not meet again.
func pause(ctx context.Context, n int) bool {
	full := time.Millisecond << min(n, 8)
	timer := time.NewTimer(full/2 + rand.N(full/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
