package jobs

import (
	"context"
	"time"

	"propusk/storage"
)

// schedule is a periodic job as this runner knows it.
type schedule struct {
	every time.Duration
	next  storage.Time // not due before, whatever other nodes do
}

func (r *Runner) isPeriodic(kind string) bool {
	return len(kind) > len(periodicKind("")) && r.periodic[kind[len(periodicKind("")):]] != nil
}

// hangSchedules makes the missing schedules, due at once, and brings those
// nearer that an earlier configuration put further away than one period.
func (r *Runner) hangSchedules(ctx context.Context) error {
	for name, s := range r.periodic {
		now := r.Now()
		_, err := r.DB.Exec(ctx, `INSERT INTO job_schedules (name, next_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
			name, storage.Of(now))
		if err != nil {
			return err
		}
		latest := storage.Of(now.Add(s.every))
		if _, err := r.DB.Exec(ctx, `UPDATE job_schedules SET next_at = $1 WHERE name = $2 AND next_at > $1`, latest, name); err != nil {
			return err
		}
	}
	return nil
}

// enqueuePeriodic enqueues the periodic jobs whose time has come, unless another
// node has.
func (r *Runner) enqueuePeriodic(ctx context.Context) error {
	for name, s := range r.periodic {
		if storage.Of(r.Now()) < s.next {
			continue
		}
		if err := r.enqueueTurn(ctx, name, s); err != nil {
			return err
		}
	}
	return nil
}

// enqueueTurn moves the schedule on and enqueues the job in one transaction, so
// that exactly one node does.
func (r *Runner) enqueueTurn(ctx context.Context, name string, s *schedule) error {
	now := r.Now()
	var next storage.Time
	if err := r.DB.Get(ctx, &next, `SELECT next_at FROM job_schedules WHERE name = $1`, name); err != nil {
		return err
	}
	if next > storage.Of(now) { // another node was first
		s.next = next
		return nil
	}
	return r.DB.Tx(ctx, func(ctx context.Context) error {
		after := storage.Of(now.Add(s.every))
		n, err := r.DB.Exec(ctx, `UPDATE job_schedules SET next_at = $1 WHERE name = $2 AND next_at <= $3`, after, name, storage.Of(now))
		if err != nil || n == 0 {
			return err
		}
		r.DB.AfterCommit(ctx, func() { s.next = after })
		return Enqueue(ctx, r.DB, periodicKind(name), struct{}{}, Options{Unique: name, MaxAttempts: 3})
	})
}
