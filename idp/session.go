package idp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"propusk/storage"
)

// Session says how long a browser stays signed in.
type Session struct {
	Idle     time.Duration // without use; 0 = 30 minutes
	Absolute time.Duration // since the last password; 0 = 12 hours
}

// session is one browser's sign-in: who, and what was proved when.
type session struct {
	ID             string                `db:"id"` // sid in tokens; stays while the cookie's value changes
	PersonID       string                `db:"person_id"`
	Proofs         storage.JSON[[]proof] `db:"proofs"`          // at most one a factor, the latest
	OrganisationID string                `db:"organisation_id"` // chosen last, marked first next time
	CreatedAt      storage.Time          `db:"created_at"`
	SeenAt         storage.Time          `db:"seen_at"`    // last use, to the minute
	ExpiresAt      storage.Time          `db:"expires_at"` // absolute end
}

// proven is what the session amounts to, by the proofs given at since or later.
func (s *session) proven(since storage.Time) assurance {
	return weigh(s.Proofs.V, since)
}

// provedAt is when factor was proved last; 0 = never.
func (s *session) provedAt(factor Factor) storage.Time {
	for _, p := range s.Proofs.V {
		if p.Factor == factor {
			return p.At
		}
	}
	return 0
}

// prove records that factor was proved at now.
func (s *session) prove(factor Factor, now storage.Time) {
	s.Proofs.V = slices.DeleteFunc(s.Proofs.V, func(p proof) bool { return p.Factor == factor })
	s.Proofs.V = append(s.Proofs.V, proof{Factor: factor, At: now})
}

// ended is told of each session that is over, in the transaction that ends it.
type ended func(ctx context.Context, sessionID string) error

// sessions keeps them in SQL.
//
// Idle and absolute end differ: an idle session no longer signs anybody in,
// but what applications got from it goes on, since people work in them without
// coming back here. At the absolute end, at sign-out, and when another person
// takes the browser over, the session's grants end too.
type sessions struct {
	db             *storage.DB
	idle, absolute time.Duration
	end            ended
}

const sessionColumns = `id, person_id, proofs, organisation_id, created_at, seen_at, expires_at`

// find is the live session of a cookie's value. ErrNotFound: unknown, idle for
// too long, or past its end.
func (ss *sessions) find(ctx context.Context, secret string, now storage.Time) (*session, error) {
	s, err := ss.any(ctx, secret)
	if err != nil {
		return nil, err
	}
	if now >= s.ExpiresAt || now >= s.SeenAt.Add(ss.idle) {
		return nil, fmt.Errorf("session has ended: %w", storage.ErrNotFound)
	}
	return s, ss.touch(ctx, s, now)
}

// any is the session of a cookie's value even when it is idle, for signing out.
func (ss *sessions) any(ctx context.Context, secret string) (*session, error) {
	if secret == "" {
		return nil, storage.ErrNotFound
	}
	var s session
	err := ss.db.Get(ctx, &s, `select `+sessionColumns+` from sessions where secret_hash = $1`, hashed(secret))
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	return &s, nil
}

// touch notes the use, at most once a minute, so that reading a page does not
// cost a write.
func (ss *sessions) touch(ctx context.Context, s *session, now storage.Time) error {
	if now < s.SeenAt.Add(time.Minute) {
		return nil
	}
	s.SeenAt = now
	_, err := ss.db.Exec(ctx, `update sessions set seen_at = $1 where id = $2`, now, s.ID)
	if err != nil {
		return fmt.Errorf("note the session's use: %w", err)
	}
	return nil
}

// forget takes back what the session had proved, before a password revives one
// that no longer signed anybody in: its second factor ended with it.
func (ss *sessions) forget(ctx context.Context, s *session) error {
	s.Proofs.V = nil
	if _, err := ss.db.Exec(ctx, `update sessions set proofs = $1 where id = $2`, s.Proofs, s.ID); err != nil {
		return fmt.Errorf("forget the session's proofs: %w", err)
	}
	return nil
}

// begin records a proved password: old goes on under a new secret when it is
// the same person's, and ends when it is not. old may be nil. The session and
// its cookie's new value are returned.
func (ss *sessions) begin(ctx context.Context, old *session, personID string, now storage.Time) (*session, string, error) {
	if old != nil && old.PersonID == personID {
		s, secret, err := ss.add(ctx, old, FactorPassword, now)
		if !errors.Is(err, storage.ErrNotFound) {
			return s, secret, err
		}
		old = nil // another tab ended it meanwhile
	}
	secret := random()
	s := &session{ID: storage.NewID(), PersonID: personID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(ss.absolute)}
	s.prove(FactorPassword, now)
	err := ss.db.Tx(ctx, func(ctx context.Context) error {
		if old != nil {
			if err := ss.drop(ctx, old.ID); err != nil {
				return err
			}
		}
		_, err := ss.db.Exec(ctx, `insert into sessions (`+sessionColumns+`, secret_hash)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			s.ID, s.PersonID, s.Proofs, s.OrganisationID, s.CreatedAt, s.SeenAt, s.ExpiresAt, hashed(secret))
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("begin session: %w", err)
	}
	return s, secret, nil
}

// add records one more proof and gives the session a new secret, so that a
// secret known before the proof is worth nothing after it. ErrNotFound: the
// session ended meanwhile. A password, which moves the absolute end, leaves
// behind what was proved longer ago than a session may last.
//
// Two tabs may prove two factors at once: the first update locks the row before
// it is read, so that neither proof is lost.
func (ss *sessions) add(ctx context.Context, s *session, factor Factor, now storage.Time) (*session, string, error) {
	var renewed session
	secret := random()
	err := ss.db.Tx(ctx, func(ctx context.Context) error {
		renewed = session{}
		err := ss.db.Get(ctx, &renewed, `update sessions set seen_at = $1 where id = $2 returning `+sessionColumns, now, s.ID)
		if err != nil {
			return err
		}
		renewed.prove(factor, now)
		if factor == FactorPassword {
			renewed.ExpiresAt = now.Add(ss.absolute)
			renewed.Proofs.V = slices.DeleteFunc(renewed.Proofs.V, func(p proof) bool { return p.At <= now.Add(-ss.absolute) })
		}
		_, err = ss.db.Exec(ctx, `update sessions set secret_hash = $1, proofs = $2, expires_at = $3 where id = $4`,
			hashed(secret), renewed.Proofs, renewed.ExpiresAt, renewed.ID)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("add %s to session: %w", factor, err)
	}
	return &renewed, secret, nil
}

// chose remembers the organisation, to mark it first next time.
func (ss *sessions) chose(ctx context.Context, s *session, organisationID string) error {
	_, err := ss.db.Exec(ctx, `update sessions set organisation_id = $1 where id = $2`, organisationID, s.ID)
	if err != nil {
		return fmt.Errorf("remember organisation: %w", err)
	}
	return nil
}

// drop ends a session and what applications got from it.
func (ss *sessions) drop(ctx context.Context, id string) error {
	return ss.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := ss.db.Exec(ctx, `delete from sessions where id = $1`, id); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return ss.end(ctx, id)
	})
}

// sweepBatch is how many sessions a sweep lists at a time.
const sweepBatch = 500

// sweep drops the sessions that are past their absolute end, each in its own
// transaction. Where one fails, the rest of its batch is still tried.
func (ss *sessions) sweep(ctx context.Context, now storage.Time) error {
	for {
		var ids []string
		err := ss.db.Select(ctx, &ids, `select id from sessions where expires_at <= $1 order by expires_at limit $2`, now, sweepBatch)
		if err != nil {
			return fmt.Errorf("list sessions past their end: %w", err)
		}
		var failed error
		for _, id := range ids {
			failed = errors.Join(failed, ss.dropEnded(ctx, id, now))
		}
		if failed != nil || len(ids) < sweepBatch {
			return failed
		}
	}
}

// dropEnded is drop for a session that has not been prolonged since it was listed.
func (ss *sessions) dropEnded(ctx context.Context, id string, now storage.Time) error {
	return ss.db.Tx(ctx, func(ctx context.Context) error {
		deleted, err := ss.db.Exec(ctx, `delete from sessions where id = $1 and expires_at <= $2`, id, now)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if deleted == 0 {
			return nil
		}
		return ss.end(ctx, id)
	})
}

// random is 256 bits as base64url: the value of a cookie or an id.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashed is what is kept of a random secret. It has 256 bits, so a fast hash does.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
