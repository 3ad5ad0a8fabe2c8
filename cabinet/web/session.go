package web

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
	sessionLife = 12 * time.Hour   // a session ends then, however busy
	idleLife    = 30 * time.Minute // and then, when it is not used; see Deps.Idle
	seenPause   = 30 * time.Second // how exactly its last use is known
	attemptLife = 30 * time.Minute // for a sign-in, enrolment of a second step included
)

// session is what the cabinet holds for one browser.
type session struct {
	Tokens   tokens
	Subject  string
	SignedIn time.Time     // when the tokens came from a sign-in, not from a refresh
	Until    time.Time     // the session's end
	Seen     time.Time     // its last use, as exactly as seenPause
	Idle     time.Duration // how long it may go unused: the organisation may demand less than we
	Several  bool          // the person has more than one organisation
	Draft    *draft        `json:",omitempty"`
}

// tokens of one grant.
type tokens struct {
	Access, Refresh, ID string
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
	Browser         string     // digest of the cookie of the browser that began it
	Return          string     // path to come back to
	Form            url.Values // an interrupted form
}

// put seals value under key.
func (s *Server) put(ctx context.Context, key string, value any, life time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %T: %w", value, err)
	}
	if err := s.deps.Ephemeral.Put(ctx, key, s.deps.Sealer.Seal(plain, key), life); err != nil {
		return fmt.Errorf("keep %T: %w", value, err)
	}
	return nil
}

// open unseals what put sealed; storage.ErrNotFound also for what was not
// sealed by us.
func (s *Server) unseal(key string, sealed []byte, value any) error {
	plain, err := s.deps.Sealer.Open(sealed, key)
	if err != nil {
		return errors.Join(storage.ErrNotFound, err)
	}
	if err := json.Unmarshal(plain, value); err != nil {
		return fmt.Errorf("decode %T: %w", value, err)
	}
	return nil
}

func sessionKey(cookie string) string { return "cabinet:session:" + digest(cookie) }

func attemptKey(state string) string { return "cabinet:attempt:" + digest(state) }

// session finds the session of a key; storage.ErrNotFound when it is over.
func (s *Server) session(ctx context.Context, key string) (*session, error) {
	sealed, err := s.deps.Ephemeral.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("find the session: %w", err)
	}
	found := new(session)
	if err := s.unseal(key, sealed, found); err != nil {
		return nil, err
	}
	if now := s.deps.Now(); !now.Before(found.Until) || !now.Before(found.idleEnd()) {
		return nil, storage.ErrNotFound
	}
	return found, nil
}

// idleEnd is when the session ends if it is not used again.
func (k *session) idleEnd() time.Time { return k.Seen.Add(k.Idle) }

// keep stores the session until its end.
func (s *Server) keep(ctx context.Context, key string, kept *session) error {
	return s.put(ctx, key, kept, kept.Until.Sub(s.deps.Now()))
}

// takeAttempt finds the attempt of a state, once.
func (s *Server) takeAttempt(ctx context.Context, state string) (*attempt, error) {
	key := attemptKey(state)
	sealed, err := s.deps.Ephemeral.Take(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("find the sign-in: %w", err)
	}
	found := new(attempt)
	return found, s.unseal(key, sealed, found)
}
