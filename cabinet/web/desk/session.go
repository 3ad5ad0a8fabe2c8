package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"propusk/storage"
)

const (
	seenPause   = 30 * time.Second // how exactly its last use is known
	attemptLife = 30 * time.Minute // for a sign-in, enrolment of a second step included
	noticeLife  = 5 * time.Minute  // until what was done is told
	draftLife   = 30 * time.Minute // of a form that a sign-in interrupted
)

// session is what the desk holds for one browser. It is written when the person
// signs in and when the tokens are renewed, never by an ordinary request, so that
// two requests at once cannot bring spent tokens back.
type session struct {
	Tokens   tokens
	Key      []byte // the private key that the tokens are bound to, see proofKey
	Subject  string
	SignedIn time.Time     // when the tokens came from a sign-in, not from a refresh
	Until    time.Time     // the session's end
	Idle     time.Duration // how long it may go unused: the organisation may demand less than we
	Several  bool          // the person has more than one organisation
	Newcomer bool          // the tokens open no organisation: see newcomer.go
}

// tokens of one grant.
type tokens struct {
	Access, Refresh, ID string
	Scope               string    // that was granted
	Expiry              time.Time // of the access token
}

// draft is a form that a sign-in interrupted.
type draft struct {
	Page string // the path of the page that the form stands on
	Form url.Values
}

// attempt is a sign-in under way. It is found by its state and used once.
type attempt struct {
	Nonce, Verifier string
	Key             []byte     // see session.Key
	Browser         string     // digest of the cookie of the browser that began it
	Return          string     // path to come back to
	Form            url.Values // an interrupted form
	Newcomer        bool       // see session.Newcomer
}

func (d *Desk) sessionKey(cookie string) string {
	return d.deps.House.Store + ":session:" + digest(cookie)
}

func (d *Desk) attemptKey(state string) string {
	return d.deps.House.Store + ":attempt:" + digest(state)
}

// What belongs to a session and lives apart from it.
func seenKey(session string) string   { return session + ":seen" }
func noticeKey(session string) string { return session + ":notice" }
func draftKey(session string) string  { return session + ":draft" }

// put seals value under key.
func (d *Desk) put(ctx context.Context, key string, value any, life time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %T: %w", value, err)
	}
	if err := d.deps.Ephemeral.Put(ctx, key, d.deps.Sealer.Seal(plain, key), life); err != nil {
		return fmt.Errorf("keep %T: %w", value, err)
	}
	return nil
}

// get reads what put sealed; storage.ErrNotFound also for what was not sealed by
// us.
func (d *Desk) get(ctx context.Context, key string, value any) error {
	sealed, err := d.deps.Ephemeral.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("find %T: %w", value, err)
	}
	return d.unseal(key, sealed, value)
}

// take is get that leaves nothing behind: one caller gets the value.
func (d *Desk) take(ctx context.Context, key string, value any) error {
	sealed, err := d.deps.Ephemeral.Take(ctx, key)
	if err != nil {
		return fmt.Errorf("take %T: %w", value, err)
	}
	return d.unseal(key, sealed, value)
}

func (d *Desk) unseal(key string, sealed []byte, value any) error {
	plain, err := d.deps.Sealer.Open(sealed, key)
	if err != nil {
		return errors.Join(storage.ErrNotFound, err)
	}
	if err := json.Unmarshal(plain, value); err != nil {
		return fmt.Errorf("decode %T: %w", value, err)
	}
	return nil
}

// session finds the session of a key and its last use; storage.ErrNotFound when it
// is over.
func (d *Desk) session(ctx context.Context, key string) (found *session, seen time.Time, err error) {
	found = new(session)
	if err := d.get(ctx, key, found); err != nil {
		return nil, seen, err
	}
	if err := d.get(ctx, seenKey(key), &seen); err != nil {
		return nil, seen, err
	}
	if now := d.deps.Now(); !now.Before(found.Until) || !now.Before(seen.Add(found.Idle)) {
		return nil, seen, storage.ErrNotFound
	}
	return found, seen, nil
}

// keep stores the session until its end.
func (d *Desk) keep(ctx context.Context, key string, kept *session) error {
	return d.put(ctx, key, kept, kept.Until.Sub(d.deps.Now()))
}

// seen notes a use of the session.
func (d *Desk) seen(ctx context.Context, key string, used *session) error {
	return d.put(ctx, seenKey(key), d.deps.Now(), used.Idle)
}

// forget ends a session.
func (d *Desk) forget(ctx context.Context, key string) error {
	for _, one := range []string{key, seenKey(key), noticeKey(key), draftKey(key)} {
		if err := d.deps.Ephemeral.Delete(ctx, one); err != nil {
			return fmt.Errorf("end the session: %w", err)
		}
	}
	return nil
}
