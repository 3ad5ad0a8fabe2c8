package jobs

import (
	"context"
	"fmt"

	"propusk/storage"
)

// DeadFilter chooses dead letters: of a kind ("" = of all), those behind the one of At
// and ID, at most Limit.
type DeadFilter struct {
	Kind  string
	At    storage.Time // Job.RunAt of the last one seen; 0 = from the latest
	ID    string
	Limit int
}

// DeadPage returns dead letters, the latest first. The RunAt of one is when it died.
func (r *Runner) DeadPage(ctx context.Context, f DeadFilter) ([]Job, error) {
	text, args := `SELECT `+columns+` FROM jobs WHERE state = 'dead'`, []any{}
	if f.Kind != "" {
		args = append(args, f.Kind)
		text += ` AND kind = $1`
	}
	if f.At != 0 {
		n := len(args)
		text += fmt.Sprintf(` AND (run_at, id) < ($%d, $%d)`, n+1, n+2)
		args = append(args, f.At, f.ID)
	}
	var letters []Job
	err := r.DB.Select(ctx, &letters, text+fmt.Sprintf(` ORDER BY run_at DESC, id DESC LIMIT $%d`, len(args)+1), append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("jobs: dead letters: %w", err)
	}
	return letters, nil
}

// Drop forgets a dead letter; its work is never done. ErrNotFound when there is no such
// dead letter.
func (r *Runner) Drop(ctx context.Context, id string) error {
	n, err := r.DB.Exec(ctx, `DELETE FROM jobs WHERE id = $1 AND state = 'dead'`, id)
	if err != nil {
		return fmt.Errorf("jobs: drop: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("jobs: drop: %w", storage.ErrNotFound)
	}
	return nil
}

// KindDepth is how much there is of one kind of work.
type KindDepth struct {
	Kind     string       `db:"kind"`
	Ready    int64        `db:"ready"`
	Dead     int64        `db:"dead"`
	OldestAt storage.Time `db:"oldest_at"` // when the earliest of them was asked for
}

// Kinds counts the jobs that are there by kind, in the order of their names.
func (r *Runner) Kinds(ctx context.Context) ([]KindDepth, error) {
	var list []KindDepth
	err := r.DB.Select(ctx, &list, `SELECT kind, SUM(CASE WHEN state = 'ready' THEN 1 ELSE 0 END) AS ready,
		SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END) AS dead, MIN(created_at) AS oldest_at FROM jobs GROUP BY kind ORDER BY kind`)
	if err != nil {
		return nil, fmt.Errorf("jobs: kinds: %w", err)
	}
	return list, nil
}
