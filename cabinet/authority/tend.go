package authority

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// overdue is how long after its time something waits before its job is taken for
// lost.
const overdue = 5 * time.Minute

// tend asks again for what is overdue: a job that failed for our own reasons until
// it was a dead letter, or that an operator deleted, must not take the submission
// with it.
func (g *Gateway) tend(ctx context.Context) error {
	before := storage.Of(g.Now().Add(-overdue))
	var rows []struct {
		ID       string `db:"id"`
		Attempts int    `db:"attempts"`
	}
	err := g.DB.Select(ctx, &rows, `SELECT id, attempts FROM authority_submissions WHERE state = 'queued' AND next_at < $1 ORDER BY next_at, id LIMIT 500`, before)
	if err != nil {
		return fmt.Errorf("authority: overdue submissions: %w", err)
	}
	for _, row := range rows {
		if err := enqueueSubmit(ctx, g.DB, row.ID, row.Attempts, 0); err != nil {
			return err
		}
	}
	return g.tendAnswers(ctx, before)
}

// tendAnswers does the same for answers. Those that wait for one before them are
// looked at as well, and put to the end of the line.
func (g *Gateway) tendAnswers(ctx context.Context, before storage.Time) error {
	var rows []struct {
		ID       string `db:"id"`
		Attempts int    `db:"attempts"`
	}
	err := g.DB.Select(ctx, &rows, `SELECT id, attempts FROM authority_answers WHERE state = 'waiting' AND next_at < $1 ORDER BY next_at, id LIMIT 500`, before)
	if err != nil {
		return fmt.Errorf("authority: overdue answers: %w", err)
	}
	for _, row := range rows {
		err := g.DB.Tx(ctx, func(ctx context.Context) error {
			_, err := g.DB.Exec(ctx, `UPDATE authority_answers SET next_at = $1 WHERE id = $2 AND state = 'waiting'`, storage.Of(g.Now()), row.ID)
			return errors.Join(err, enqueueAnswer(ctx, g.DB, row.ID, row.Attempts, 0))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Work does now what the jobs would do one after another: it sends every queued
// submission whose time has come and handles every answer whose turn has. It is
// for tests and for operators who do not want to wait.
func (g *Gateway) Work(ctx context.Context) error {
	var ids []string
	now := storage.Of(g.Now())
	if err := g.DB.Select(ctx, &ids, `SELECT id FROM authority_submissions WHERE state = 'queued' AND next_at <= $1 ORDER BY next_at, id`, now); err != nil {
		return fmt.Errorf("authority: what is queued: %w", err)
	}
	for _, id := range ids {
		if err := g.deliver(ctx, id); err != nil {
			return err
		}
	}
	ids = nil
	if err := g.DB.Select(ctx, &ids, `SELECT id FROM authority_answers WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id`, now); err != nil {
		return fmt.Errorf("authority: what waits: %w", err)
	}
	for _, id := range ids {
		if err := g.process(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
