package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// Job is one piece of work.
type Job struct {
	ID          string       `db:"id"`
	Kind        string       `db:"kind"`
	Unique      string       `db:"unique_key"`
	Payload     []byte       `db:"payload"`      // JSON
	RunAt       storage.Time `db:"run_at"`       // not before; the end of the lease while it is worked on
	Attempt     int          `db:"attempt"`      // 1 the first time
	MaxAttempts int          `db:"max_attempts"` // a dead letter after as many
	LastError   string       `db:"last_error"`
	CreatedAt   storage.Time `db:"created_at"`

	lease string
}

// Decode reads the payload into v.
func (j Job) Decode(v any) error {
	if err := json.Unmarshal(j.Payload, v); err != nil {
		return Permanent(fmt.Errorf("jobs: payload of %s: %w", j.Kind, err))
	}
	return nil
}

// Options say more about a job. The zero value: at once, 12 attempts (about two
// hours), not unique.
type Options struct {
	RunAt       time.Time // not before; zero is at once
	Unique      string    // while a job of this kind and key waits or runs, another is not added
	MaxAttempts int
}

const defaultAttempts = 12

// Enqueue adds a job in the transaction of ctx (in none when there is none) and
// wakes this process's runner after the commit. payload becomes JSON; no secret
// belongs in it, for it is stored as it is.
func Enqueue(ctx context.Context, db *storage.DB, kind string, payload any, opts ...Options) error {
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = defaultAttempts
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("jobs: payload of %s: %w", kind, err)
	}
	var unique *string
	if o.Unique != "" {
		unique = &o.Unique
	}
	_, err = db.Exec(ctx, `
		INSERT INTO jobs (id, kind, unique_key, payload, state, run_at, lease, attempt, max_attempts, last_error, created_at)
		VALUES ($1, $2, $3, $4, 'ready', $5, '', 0, $6, '', $7)
		ON CONFLICT (kind, unique_key) DO NOTHING`,
		storage.NewID(), kind, unique, string(text), storage.Of(o.RunAt), o.MaxAttempts, storage.Of(time.Now()))
	if err != nil {
		return fmt.Errorf("jobs: enqueue %s: %w", kind, err)
	}
	db.AfterCommit(ctx, func() { db.Ring(bell) })
	return nil
}

// bell is what Enqueue rings.
const bell = "jobs"

// permanent marks an error that no further attempt can mend.
type permanent struct{ err error }

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }

// Permanent wraps an error that no further attempt can mend: the job becomes a
// dead letter at once.
func Permanent(err error) error { return permanent{err} }

// IsPermanent reports whether err is, or wraps, a Permanent one.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}
