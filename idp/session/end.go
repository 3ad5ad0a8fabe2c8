package session

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// Drop ends a session and what applications got from it. It is no error that
// there is none.
func (st *Store) Drop(ctx context.Context, id string) error {
	return st.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := st.db.Exec(ctx, `delete from sessions where id = $1`, id); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return st.end(ctx, id)
	})
}

// DropOfPerson ends the person's sessions but for the one with id except ("" =
// all of them), with what applications got from them, and says how many.
func (st *Store) DropOfPerson(ctx context.Context, personID, except string) (n int, err error) {
	err = st.db.Tx(ctx, func(ctx context.Context) error {
		var ids []string
		err := st.db.Select(ctx, &ids, `delete from sessions where person_id = $1 and id <> $2 returning id`, personID, except)
		if err != nil {
			return fmt.Errorf("end sessions of person: %w", err)
		}
		for _, id := range ids {
			if err := st.end(ctx, id); err != nil {
				return err
			}
		}
		n = len(ids)
		return nil
	})
	return n, err
}

// sweepBatch is how many sessions a sweep lists at a time.
const sweepBatch = 500

// Sweep drops the sessions that are past their absolute end, each in its own
// transaction. Where one fails, the rest of its batch is still tried.
func (st *Store) Sweep(ctx context.Context, now storage.Time) error {
	for {
		var ids []string
		err := st.db.Select(ctx, &ids, `select id from sessions where expires_at <= $1 order by expires_at limit $2`, now, sweepBatch)
		if err != nil {
			return fmt.Errorf("list sessions past their end: %w", err)
		}
		var failed error
		for _, id := range ids {
			failed = errors.Join(failed, st.dropEnded(ctx, id, now))
		}
		if failed != nil || len(ids) < sweepBatch {
			return failed
		}
	}
}

// dropEnded is Drop for a session that has not been prolonged since it was listed.
func (st *Store) dropEnded(ctx context.Context, id string, now storage.Time) error {
	return st.db.Tx(ctx, func(ctx context.Context) error {
		deleted, err := st.db.Exec(ctx, `delete from sessions where id = $1 and expires_at <= $2`, id, now)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if deleted == 0 {
			return nil
		}
		return st.end(ctx, id)
	})
}
