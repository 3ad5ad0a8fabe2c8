package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// Letter is a submission or an answer that does not get on, as operators see it.
type Letter struct {
	ID           string       `json:"id" db:"id"`
	What         string       `json:"what" db:"what"` // submission, answer
	State        string       `json:"state" db:"state"`
	Kind         string       `json:"kind" db:"kind"` // of a submission; an answer's event
	Body         string       `json:"body" db:"body"`
	SubmissionID string       `json:"submission_id" db:"submission_id"`
	Seq          int          `json:"seq,omitempty" db:"seq"`
	Attempts     int          `json:"attempts" db:"attempts"`
	Fault        string       `json:"fault" db:"fault"`
	At           storage.Time `json:"at" db:"at"`
}

// Letters is the operators' view: what was given up, what waits, and the way to try
// again. It needs no gateway, so that a command can do it beside a running node.
type Letters struct {
	DB      *storage.DB
	Journal *journal.Journal
	Now     func() time.Time
}

// Dead lists the latest given up submissions and answers, at most limit of each.
func (l Letters) Dead(ctx context.Context, limit int) ([]Letter, error) {
	return l.list(ctx, Dead, Dead, limit)
}

// Waiting lists what is under way: submissions not yet taken by their body, answers
// that were not handled yet, such as those that came before their turn.
func (l Letters) Waiting(ctx context.Context, limit int) ([]Letter, error) {
	return l.list(ctx, queued, waiting, limit)
}

func (l Letters) list(ctx context.Context, submissions, answers string, limit int) ([]Letter, error) {
	var out, more []Letter
	err := l.DB.Select(ctx, &out, `
		SELECT id, 'submission' AS what, state, kind, body, id AS submission_id, 0 AS seq, attempts, fault, next_at AS at
		FROM authority_submissions WHERE state = $1 ORDER BY next_at DESC, id DESC LIMIT $2`, submissions, limit)
	if err == nil {
		err = l.DB.Select(ctx, &more, `
			SELECT id, 'answer' AS what, state, event AS kind, body, submission_id, seq, attempts, fault, next_at AS at
			FROM authority_answers WHERE state = $1 ORDER BY next_at DESC, id DESC LIMIT $2`, answers, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("authority: list what does not get on: %w", err)
	}
	out = append(out, more...)
	slices.SortStableFunc(out, func(a, b Letter) int { return int(b.At.Sub(a.At)) })
	return out, nil
}

// Proof is what shows that the body has taken the submission; storage.ErrNotFound
// when it has not, or when there is no such submission.
func (l Letters) Proof(ctx context.Context, id string) (*Proof, error) {
	var text string
	err := l.DB.Get(ctx, &text, `SELECT receipt FROM authority_submissions WHERE id = $1`, id)
	if err == nil && text == "" {
		err = storage.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("authority: proof: %w", err)
	}
	return parseProof(text)
}

// Retry gives a dead submission or answer all its attempts again, at once, by the
// operator's word, which goes to the system's journal. storage.ErrNotFound when
// nothing dead has the id.
func (l Letters) Retry(ctx context.Context, by, id string) error {
	err := l.DB.Tx(ctx, func(ctx context.Context) error {
		what, err := l.revive(ctx, id)
		if err != nil {
			return err
		}
		return l.Journal.Append(ctx, journal.Entry{
			Action: "authority.retried", Object: what + "/" + id, Outcome: "success", Details: map[string]string{"by": by},
		})
	})
	if err != nil {
		return fmt.Errorf("authority: try again: %w", err)
	}
	return nil
}

// revive puts the dead thing back in line. Why created_at moves: patience counts
// from it, and the operator asks for it anew.
func (l Letters) revive(ctx context.Context, id string) (what string, err error) {
	now := storage.Of(l.Now())
	var attempts int
	err = l.DB.Get(ctx, &attempts, `UPDATE authority_submissions SET state = 'queued', next_at = $1, created_at = $1, attempts = attempts + 1
		WHERE id = $2 AND state = 'dead' RETURNING attempts`, now, id)
	if err == nil {
		return "submission", enqueueSubmit(ctx, l.DB, id, attempts, 0)
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	err = l.DB.Get(ctx, &attempts, `UPDATE authority_answers SET state = 'waiting', next_at = $1, attempts = 0
		WHERE id = $2 AND state = 'dead' RETURNING attempts`, now, id)
	if err != nil {
		return "", err
	}
	return "answer", enqueueAnswer(ctx, l.DB, id, attempts, 0)
}
