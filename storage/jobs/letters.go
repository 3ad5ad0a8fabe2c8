package jobs

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

// Dead returns the dead letters, the latest first.
func (r *Runner) Dead(ctx context.Context, limit int) ([]Job, error) {
	var letters []Job
	err := r.DB.Select(ctx, &letters, `SELECT `+columns+` FROM jobs WHERE state = 'dead' ORDER BY run_at DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("jobs: dead letters: %w", err)
	}
	return letters, nil
}

// Retry gives a dead letter all its attempts again, at once. ErrNotFound when
// there is no such dead letter.
func (r *Runner) Retry(ctx context.Context, id string) error {
	n, err := r.DB.Exec(ctx, `UPDATE jobs SET state = 'ready', run_at = 0, attempt = 0 WHERE id = $1 AND state = 'dead'`, id)
	if err != nil {
		return fmt.Errorf("jobs: retry: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("jobs: retry: %w", storage.ErrNotFound)
	}
	r.DB.AfterCommit(ctx, func() { r.DB.Ring(bell) })
	return nil
}

// Depth is how much there is to do.
type Depth struct {
	Due     int64         // could run now
	Delayed int64         // wait for their time or their next attempt
	Running int64         // on a lease, on any node
	Dead    int64         // dead letters
	Lag     time.Duration // how long the earliest due job has been waiting
}

// Depth counts the jobs of all kinds.
func (r *Runner) Depth(ctx context.Context) (Depth, error) {
	now := storage.Of(r.Now())
	var d struct {
		Due, Delayed, Running, Dead int64
		Earliest                    storage.Time
	}
	err := r.DB.Get(ctx, &d, `SELECT
			COALESCE(SUM(CASE WHEN state = 'ready' AND run_at <= $1 THEN 1 ELSE 0 END), 0) AS due,
			COALESCE(SUM(CASE WHEN state = 'ready' AND run_at > $1 AND lease = '' THEN 1 ELSE 0 END), 0) AS delayed,
			COALESCE(SUM(CASE WHEN state = 'ready' AND run_at > $1 AND lease <> '' THEN 1 ELSE 0 END), 0) AS running,
			COALESCE(SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), 0) AS dead,
			COALESCE(MIN(CASE WHEN state = 'ready' AND run_at <= $1
				THEN CASE WHEN run_at = 0 THEN created_at ELSE run_at END END), 0) AS earliest
		FROM jobs`, now)
	if err != nil {
		return Depth{}, fmt.Errorf("jobs: depth: %w", err)
	}
	depth := Depth{Due: d.Due, Delayed: d.Delayed, Running: d.Running, Dead: d.Dead}
	if d.Earliest != 0 {
		depth.Lag = max(0, now.Sub(d.Earliest))
	}
	return depth, nil
}
