package journal

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

// Deps are what a Journal works with; all are needed.
type Deps struct {
	DB  *storage.DB
	Now func() time.Time
}

// Journal writes and reads the chains.
type Journal struct {
	db     *storage.DB
	now    func() time.Time
	follow func(ctx context.Context, e Entry) error
}

// New returns the journal kept in deps.DB.
func New(deps Deps) *Journal { return &Journal{db: deps.DB, now: deps.Now} }

// Follow has fn told of each entry, inside the transaction that appends it; fn's
// error rolls it back. It is for what must happen exactly when something is on
// record. Seq, At and the hashes are not known yet. Call it before j is used; the
// last call counts.
func (j *Journal) Follow(fn func(ctx context.Context, e Entry) error) { j.follow = fn }

// Append adds e to the end of its organisation's chain, in the ctx's
// transaction (in one of its own when there is none). IP, UserAgent and
// RequestID come from ctx when they are empty. It returns ErrSecret, and an
// error for an entry without action.
//
// The chain has one row that all who append must change, so they queue for it;
// Append therefore writes at the end of the transaction (storage.BeforeCommit),
// and an entry cannot be read inside the transaction that adds it. Its time is
// the time of that writing, so that times do not run backwards along a chain by
// more than the clocks of two nodes differ.
func (j *Journal) Append(ctx context.Context, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	c := From(ctx)
	e.IP, e.UserAgent, e.RequestID = or(e.IP, c.IP), or(e.UserAgent, c.UserAgent), or(e.RequestID, c.RequestID)
	e.clean()
	err := j.db.Tx(ctx, func(ctx context.Context) error {
		if j.follow != nil {
			if err := j.follow(ctx, e); err != nil {
				return err
			}
		}
		return j.db.BeforeCommit(ctx, "journal/"+e.Organisation, func(ctx context.Context) error { return j.write(ctx, e) })
	})
	if err != nil {
		return fmt.Errorf("journal: append: %w", err)
	}
	return nil
}

// write takes the next place in the chain, which locks the chain until the
// transaction ends, and puts e there.
func (j *Journal) write(ctx context.Context, e Entry) error {
	var head struct {
		Seq  int64
		Hash string
	}
	err := j.db.Get(ctx, &head, `
		INSERT INTO journal_chains (organisation, seq, hash) VALUES ($1, 1, '')
		ON CONFLICT (organisation) DO UPDATE SET seq = journal_chains.seq + 1
		RETURNING seq, hash`, e.Organisation)
	if err != nil {
		return err
	}
	e.Seq, e.Prev, e.At = head.Seq, head.Hash, storage.Of(j.now())
	e.Hash = e.digest()
	_, err = j.db.Exec(ctx, `
		INSERT INTO journal (organisation, seq, at, actor, client, action, object, outcome, details,
			ip, user_agent, request_id, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		e.Organisation, e.Seq, e.At, e.Actor, e.Client, e.Action, e.Object, e.Outcome,
		storage.JSON[map[string]string]{V: e.Details}, e.IP, e.UserAgent, e.RequestID, e.Prev, e.Hash)
	if err != nil {
		return err
	}
	_, err = j.db.Exec(ctx, `UPDATE journal_chains SET hash = $1 WHERE organisation = $2`, e.Hash, e.Organisation)
	return err
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Circumstances are of the request during which something was done.
type Circumstances struct{ RequestID, IP, UserAgent string }

type circumstancesKey struct{}

// With returns a context that carries c to Append.
func With(ctx context.Context, c Circumstances) context.Context {
	return context.WithValue(ctx, circumstancesKey{}, c)
}

// From returns what With gave, or nothing.
func From(ctx context.Context) Circumstances {
	c, _ := ctx.Value(circumstancesKey{}).(Circumstances)
	return c
}
