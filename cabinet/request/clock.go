package request

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// clockBatch is how many requests one turn of the clock looks at; the rest waits
// for the next turn, a few seconds later.
const clockBatch = 500

// expireDue marks what has become overdue. Any number of nodes may run it at once:
// each request is locked and looked at again before it is touched, so each is
// marked, told and recorded once.
func (b *Inbox) expireDue(ctx context.Context) error {
	return b.eachDue(ctx, `SELECT organisation_id, id FROM requests WHERE expires_at > 0 AND expires_at <= $1
		ORDER BY expires_at LIMIT $2`, func(ctx context.Context, r *Request) error {
		// lock has let it happen when it was still to happen
		return nil
	})
}

// remindDue reminds of what is due in three days (row 219), once.
func (b *Inbox) remindDue(ctx context.Context) error {
	return b.eachDue(ctx, `SELECT organisation_id, id FROM requests WHERE remind_at > 0 AND remind_at <= $1
		ORDER BY remind_at LIMIT $2`, func(ctx context.Context, r *Request) error {
		if r.RemindAt == 0 || r.RemindAt > b.now() {
			return nil
		}
		r.RemindAt = 0
		if r.Late(b.now()) {
			return nil
		}
		if err := b.record(ctx, r, outside(""), "reminded", r.Status, nil); err != nil {
			return err
		}
		return b.tell(ctx, r, happening{what: "due", importance: important})
	})
}

// due is where a request is found.
type due struct {
	OrganisationID string `db:"organisation_id"`
	ID             string `db:"id"`
}

// eachDue runs fn on every request that the query finds, each in a transaction of
// its own. A request that fails does not keep the others waiting.
func (b *Inbox) eachDue(ctx context.Context, query string, fn func(ctx context.Context, r *Request) error) error {
	var found []due
	if err := b.DB.Select(ctx, &found, query, b.now(), clockBatch); err != nil {
		return fmt.Errorf("request: what is due: %w", err)
	}
	var failed error
	for _, one := range found {
		err := b.DB.Tx(ctx, func(ctx context.Context) error {
			r, err := b.lock(ctx, one.OrganisationID, one.ID)
			if err != nil {
				return err
			}
			if err := fn(ctx, &r); err != nil {
				return err
			}
			return b.update(ctx, &r)
		})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("request %s: %w", one.ID, err))
		}
	}
	return failed
}

// expire lets the due date take effect: the status changes by itself, the breach is
// marked for good, and the organisation is told (rows 210, 263).
func (b *Inbox) expire(ctx context.Context, r *Request) error {
	to, ok := Next(r.Type, r.Status, EventExpire)
	if !ok {
		r.ExpiresAt = 0
		return nil
	}
	before := r.Status
	if r.OverdueAt == 0 {
		r.OverdueAt = r.DueAt
	}
	r.enter(to, r.DueAt)
	details := map[string]string{"due_at": text(r.DueAt)}
	if err := b.record(ctx, r, outside(""), "overdue", before, details); err != nil {
		return err
	}
	return b.tell(ctx, r, happening{what: "overdue", importance: important})
}

// text is a time as the journal and the history write it.
func text(t storage.Time) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format("2006-01-02T15:04:05Z07:00")
}
