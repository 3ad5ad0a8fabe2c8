package authority

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
)

const (
	// patience is how long a submission is tried before it is given up: a body may be
	// away over a long holiday.
	patience    = 14 * 24 * time.Hour
	longestWait = 5 * time.Minute
	// turnWait is how long a worker waits for its turn at a busy body.
	turnWait = 300 * time.Millisecond
)

// The states of a submission beside Sent and Dead.
const (
	queued    = "queued"
	withdrawn = "withdrawn"
)

// submission is a row of authority_submissions.
type submission struct {
	ID             string       `db:"id"`
	Kind           string       `db:"kind"`
	OrganisationID string       `db:"organisation_id"`
	Body           string       `db:"body"`
	State          string       `db:"state"`
	Attempts       int          `db:"attempts"`
	NextSeq        int          `db:"next_seq"`
	CreatedAt      storage.Time `db:"created_at"`
}

// Submit asks, in the transaction of the act, that what load names be sent: once,
// whatever happens, or given up before the eyes of operators. The kind's loader
// makes the Submission when it is sent, so that nothing large waits in a queue. To
// ask a second time for the same load is to ask once.
func (g *Gateway) Submit(ctx context.Context, load Load) error {
	if load.ID == "" || g.loaders[load.Kind] == nil {
		return fmt.Errorf("authority: submit %q of kind %q: it has no id, or nobody loads the kind", load.ID, load.Kind)
	}
	err := g.DB.Tx(ctx, func(ctx context.Context) error {
		now := storage.Of(g.Now())
		n, err := g.DB.Exec(ctx, `
			INSERT INTO authority_submissions (id, kind, organisation_id, recipient, body, state, number, receipt, attempts, fault, next_seq, created_at, next_at, sent_at)
			VALUES ($1, $2, '', '', '', 'queued', '', '', 0, '', 1, $3, $3, 0) ON CONFLICT (id) DO NOTHING`, load.ID, load.Kind, now)
		if err != nil || n == 0 {
			return err
		}
		return enqueueSubmit(ctx, g.DB, load.ID, 0, 0)
	})
	if err != nil {
		return fmt.Errorf("authority: submit: %w", err)
	}
	return nil
}

// enqueueSubmit asks for the attempt after so many. Each has a key of its own, since
// the job of the one before is still there while it asks for the next.
func enqueueSubmit(ctx context.Context, db *storage.DB, id string, attempts int, at storage.Time) error {
	return jobs.Enqueue(ctx, db, jobSubmit, Load{ID: id}, jobs.Options{RunAt: at.Time(), Unique: fmt.Sprintf("%s/%d", id, attempts)})
}

// deliver makes one attempt to send the submission. What went wrong over there is
// recorded in its row; an error is our own trouble, which the job's own retries mend.
func (g *Gateway) deliver(ctx context.Context, id string) error {
	row, err := g.submission(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || (err == nil && row.State != queued) {
		return nil
	}
	if err != nil {
		return err
	}
	if again := g.leftAlone(row.Body); !again.IsZero() { // before anything large is loaded
		return g.putOff(ctx, row, again, faultLeftAlone)
	}
	s, p, err := g.load(ctx, row)
	if err != nil {
		return g.failed(ctx, row, s, err)
	}
	if allowed, again := p.breaker.allow(); !allowed {
		return g.putOff(ctx, row, again, faultLeftAlone)
	}
	select {
	case p.turns <- struct{}{}:
	case <-time.After(turnWait):
		p.breaker.release()
		return g.putOff(ctx, row, g.Now().Add(turnWait), "")
	}
	defer func() { <-p.turns }()
	return g.send(ctx, row, s, p)
}

const faultLeftAlone = "the body does not answer; it is left alone for a while"

// leftAlone is until when this node does not ask the body, the zero time when it may.
func (g *Gateway) leftAlone(body string) time.Time {
	for _, p := range g.peers {
		if p.Name == body {
			return p.breaker.closedUntil()
		}
	}
	return time.Time{}
}

// send is the exchange itself. Why the body's name is written before: an answer may
// come back while the receipt is on its way, or after we were killed waiting for it.
func (g *Gateway) send(ctx context.Context, row submission, s Submission, p *peer) error {
	if err := g.address(ctx, row.ID, s, p.Name); err != nil {
		return err
	}
	began := time.Now()
	receipt, proof, err := p.send(ctx, s)
	t, troubled := errors.AsType[*trouble](err)
	if ctx.Err() != nil {
		p.breaker.release()
		return fmt.Errorf("authority: the sending was cut short: %w", ctx.Err())
	}
	p.breaker.report(!troubled || t.healthy)
	g.metrics.sent(p.Name, err, time.Since(began))
	if err != nil {
		return g.failed(ctx, row, s, err)
	}
	g.Log.InfoContext(ctx, "a submission was sent", "submission", row.ID, "kind", row.Kind, "body", p.Name, "number", receipt.Number, "repeated", receipt.Repeated)
	return g.finish(ctx, Delivery{
		Load: Load{row.Kind, row.ID}, OrganisationID: s.OrganisationID, State: Sent, Number: receipt.Number,
	}, proof)
}

// load makes the submission and finds who takes it.
func (g *Gateway) load(ctx context.Context, row submission) (Submission, *peer, error) {
	loader := g.loaders[row.Kind]
	if loader == nil {
		return Submission{}, nil, fmt.Errorf("authority: nobody loads the kind %q on this node", row.Kind)
	}
	s, err := loader(ctx, row.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s, nil, jobs.Permanent(fmt.Errorf("authority: load: %w", err))
	case err != nil:
		return s, nil, fmt.Errorf("authority: load: %w", err)
	case s.ID != "" && s.ID != row.ID:
		return s, nil, jobs.Permanent(fmt.Errorf("authority: the loader of %s gave %s", row.ID, s.ID))
	}
	s.ID, s.Kind = row.ID, row.Kind
	p, err := addressee(g.peers, s.Recipient)
	if err != nil {
		return s, nil, jobs.Permanent(err)
	}
	return s, p, nil
}

// failed decides what becomes of a submission that could not be loaded or sent.
func (g *Gateway) failed(ctx context.Context, row submission, s Submission, err error) error {
	d := Delivery{Load: Load{row.Kind, row.ID}, OrganisationID: cmp.Or(s.OrganisationID, row.OrganisationID), State: Dead, Reason: clip(err.Error())}
	t, troubled := errors.AsType[*trouble](err)
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, ErrWithdrawn):
		d.State = withdrawn
		return g.finish(ctx, d, nil)
	case jobs.IsPermanent(err), troubled && t.final, storage.Of(g.Now()).Sub(row.CreatedAt) > patience:
		g.Log.WarnContext(ctx, "a submission was given up", "submission", row.ID, "kind", row.Kind, "body", row.Body, "error", err)
		return g.finish(ctx, d, nil)
	}
	wait := backoff(row.Attempts + 1)
	if troubled {
		wait = max(wait, t.after)
	}
	g.Log.InfoContext(ctx, "a submission was not sent and will be tried again", "submission", row.ID, "kind", row.Kind, "attempt", row.Attempts+1, "after", wait, "error", err)
	return g.putOff(ctx, row, g.Now().Add(wait), d.Reason)
}

// putOff asks for another attempt. fault "" leaves the last one standing and counts
// no attempt.
func (g *Gateway) putOff(ctx context.Context, row submission, at time.Time, fault string) error {
	return g.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := g.DB.Exec(ctx, `
			UPDATE authority_submissions SET attempts = attempts + 1, fault = CASE WHEN $1 = '' THEN fault ELSE $1 END, next_at = $2
			WHERE id = $3 AND state = 'queued' AND attempts = $4`, fault, storage.Of(at), row.ID, row.Attempts)
		if err != nil || n == 0 {
			return err
		}
		return enqueueSubmit(ctx, g.DB, row.ID, row.Attempts+1, storage.Of(at))
	})
}

// finish records the end of a sending and tells the room, once. proof is that of
// one that was sent.
func (g *Gateway) finish(ctx context.Context, d Delivery, proof *Proof) error {
	d.At = storage.Of(g.Now())
	receipt, err := proof.text()
	if err != nil {
		return err
	}
	var sentAt storage.Time
	if d.State == Sent {
		sentAt = d.At
	}
	return g.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := g.DB.Exec(ctx, `
			UPDATE authority_submissions SET state = $1, number = $2, receipt = $3, fault = $4, next_at = $5, sent_at = $6, attempts = attempts + 1
			WHERE id = $7 AND state = 'queued'`, d.State, d.Number, receipt, d.Reason, d.At, sentAt, d.ID)
		if err != nil || n == 0 || d.State == withdrawn || g.watchers[d.Kind] == nil {
			return err
		}
		return g.watchers[d.Kind](ctx, d)
	})
}

// address records whom the submission goes to.
func (g *Gateway) address(ctx context.Context, id string, s Submission, body string) error {
	_, err := g.DB.Exec(ctx, `UPDATE authority_submissions SET organisation_id = $1, recipient = $2, body = $3 WHERE id = $4`,
		s.OrganisationID, s.Recipient, body, id)
	if err != nil {
		return fmt.Errorf("authority: address the submission: %w", err)
	}
	return nil
}

func (g *Gateway) submission(ctx context.Context, id string) (row submission, err error) {
	err = g.DB.Get(ctx, &row, `
		SELECT id, kind, organisation_id, body, state, attempts, next_seq, created_at FROM authority_submissions WHERE id = $1`, id)
	if err != nil {
		return row, fmt.Errorf("authority: read the submission: %w", err)
	}
	return row, nil
}

// backoff is how long to wait after so many attempts: one second doubled each time
// up to longestWait, of which the last quarter is chance.
func backoff(attempts int) time.Duration {
	full := min(time.Second<<min(max(attempts-1, 0), 20), longestWait)
	return full*3/4 + rand.N(full/4)
}

// clip bounds what an error leaves in the database.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 500 {
		return string(runes[:500]) + "…"
	}
	return text
}
