package authority

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
	"propusk/storage/jobs"
)

const (
	waiting = "waiting" // state of an answer: its turn has not come
	handled = "handled"
)

// answerAttempts bounds how often a handler may fail: about three hours.
const answerAttempts = 40

// letter is a row of authority_answers.
type letter struct {
	ID           string       `db:"id"`
	Body         string       `db:"body"`
	SubmissionID string       `db:"submission_id"`
	Seq          int          `db:"seq"`
	Event        string       `db:"event"`
	State        string       `db:"state"`
	Content      string       `db:"content"`
	Attempts     int          `db:"attempts"`
	ReceivedAt   storage.Time `db:"received_at"`
}

// errTurn: an answer before this one has not come, or another worker has this one.
var errTurn = errors.New("authority: not its turn")

// process handles the answer, and after it those of the same submission that had
// to wait for it. One that is handled already does not end it: the worker before
// may have died before it came to those.
func (g *Gateway) process(ctx context.Context, id string) error {
	for id != "" {
		l, err := g.letter(ctx, id)
		if errors.Is(err, storage.ErrNotFound) || (err == nil && l.State == Dead) {
			return nil
		}
		if err != nil {
			return err
		}
		if l.State == waiting {
			if done, err := g.one(ctx, l); err != nil || !done {
				return err
			}
		}
		if id, err = g.following(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// one handles one answer, or records why it could not.
func (g *Gateway) one(ctx context.Context, l letter) (done bool, err error) {
	err = g.DB.Tx(ctx, func(ctx context.Context) error { return g.hand(ctx, l) })
	switch {
	case err == nil:
		g.metrics.answered(l.Body, l.Event, handled)
		g.Log.InfoContext(ctx, "an answer was handled", "body", l.Body, "answer", l.ID, "submission", l.SubmissionID, "event", l.Event)
		return true, nil
	case errors.Is(err, errTurn):
		return false, nil
	case ctx.Err() != nil:
		return false, err
	}
	g.Log.WarnContext(ctx, "an answer was not handled", "body", l.Body, "answer", l.ID, "submission", l.SubmissionID, "event", l.Event, "error", err)
	return false, g.unhandled(ctx, l, err)
}

// hand gives the answer to its room, in the transaction that marks it as handled.
// The marks come first: they are what makes it once and in order, whoever else
// works on the same answer.
func (g *Gateway) hand(ctx context.Context, l letter) error {
	n, err := g.DB.Exec(ctx, `UPDATE authority_answers SET state = 'handled', content = '', fault = '', next_at = $1 WHERE id = $2 AND state = 'waiting'`,
		storage.Of(g.Now()), l.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return errTurn
	}
	var a Answer
	if err := json.Unmarshal([]byte(l.Content), &a); err != nil {
		return jobs.Permanent(fmt.Errorf("authority: read a stored answer: %w", err))
	}
	kind, err := g.turn(ctx, l, &a)
	if err != nil {
		return err
	}
	handle := g.handlers[kind]
	if handle == nil {
		return fmt.Errorf("authority: nobody handles answers of the kind %q on this node", kind)
	}
	return handle(ctx, a)
}

// turn takes the answer's turn, fills in whom it is for, and says whose handler
// takes it.
func (g *Gateway) turn(ctx context.Context, l letter, a *Answer) (kind string, err error) {
	if l.SubmissionID == "" {
		a.OrganisationID, err = g.Organisations(ctx, a.INN, a.OGRN)
		if errors.Is(err, storage.ErrNotFound) {
			return "", jobs.Permanent(fmt.Errorf("authority: no organisation here has ИНН %s and ОГРН %s", masked(a.INN), masked(a.OGRN)))
		}
		return a.Event, err
	}
	row, err := g.submission(ctx, l.SubmissionID)
	if err != nil {
		return "", err
	}
	if row.Body != l.Body { // a dead letter of another body does not become the right one's by a retry
		return "", jobs.Permanent(errors.New("authority: the submission went to another body"))
	}
	if l.Seq > 0 {
		n, err := g.DB.Exec(ctx, `UPDATE authority_submissions SET next_seq = next_seq + 1 WHERE id = $1 AND next_seq = $2`, l.SubmissionID, l.Seq)
		if err != nil {
			return "", err
		}
		if n == 0 {
			return "", g.early(ctx, l)
		}
	}
	a.OrganisationID = row.OrganisationID
	return row.Kind, nil
}

// early tells an answer that has to wait from one whose number is taken.
func (g *Gateway) early(ctx context.Context, l letter) error {
	row, err := g.submission(ctx, l.SubmissionID)
	if err == nil && l.Seq < row.NextSeq {
		return jobs.Permanent(fmt.Errorf("authority: another answer came as number %d", l.Seq))
	}
	return errors.Join(errTurn, err)
}

// following is the answer whose turn comes after this one, if it is there.
func (g *Gateway) following(ctx context.Context, l letter) (id string, err error) {
	if l.Seq == 0 {
		return "", nil
	}
	err = g.DB.Get(ctx, &id, `SELECT id FROM authority_answers WHERE submission_id = $1 AND state = 'waiting' AND seq = $2 ORDER BY id LIMIT 1`,
		l.SubmissionID, l.Seq+1)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// unhandled records a failure of the handler: tried again later, or given up.
func (g *Gateway) unhandled(ctx context.Context, l letter, failure error) error {
	fault := clip(failure.Error())
	if jobs.IsPermanent(failure) || l.Attempts+1 >= answerAttempts {
		g.metrics.answered(l.Body, l.Event, Dead)
		_, err := g.DB.Exec(ctx, `UPDATE authority_answers SET state = 'dead', fault = $1, attempts = attempts + 1, next_at = $2
			WHERE id = $3 AND state = 'waiting'`, fault, storage.Of(g.Now()), l.ID)
		return err
	}
	at := storage.Of(g.Now().Add(backoff(l.Attempts + 1)))
	return g.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := g.DB.Exec(ctx, `UPDATE authority_answers SET fault = $1, attempts = attempts + 1, next_at = $2
			WHERE id = $3 AND state = 'waiting' AND attempts = $4`, fault, at, l.ID, l.Attempts)
		if err != nil || n == 0 {
			return err
		}
		return enqueueAnswer(ctx, g.DB, l.ID, l.Attempts+1, at)
	})
}

func (g *Gateway) letter(ctx context.Context, id string) (l letter, err error) {
	err = g.DB.Get(ctx, &l, `
		SELECT id, body, submission_id, seq, event, state, content, attempts, received_at FROM authority_answers WHERE id = $1`, id)
	if err != nil {
		return l, fmt.Errorf("authority: read an answer: %w", err)
	}
	return l, nil
}

// masked leaves of a person's number what tells it from others in a log.
func masked(number string) string {
	if len(number) != 12 && len(number) != 15 {
		return number
	}
	return strings.Repeat("•", len(number)-4) + number[len(number)-4:]
}
