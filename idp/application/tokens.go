package application

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// InitialToken lets its bearer register clients (RFC 7591 §3), within bounds.
type InitialToken struct {
	ID             string               `db:"id" json:"id"`
	Name           string               `db:"name" json:"name"` // whom it was given to, for operators
	OrganisationID string               `db:"organisation_id" json:"organisation,omitempty"`
	Bounds         storage.JSON[Bounds] `db:"bounds" json:"bounds"`
	UsesLeft       int64                `db:"uses_left" json:"uses_left"` // -1 = any number
	CreatedAt      storage.Time         `db:"created_at" json:"created_at"`
	ExpiresAt      storage.Time         `db:"expires_at" json:"expires_at"`
	UsedAt         storage.Time         `db:"used_at" json:"used_at"` // 0 = never
}

// TokenDeps is what Tokens work with.
type TokenDeps struct {
	DB      *storage.DB
	Journal *journal.Journal
	Now     func() time.Time
}

// Tokens keeps initial access tokens, by their hash.
type Tokens struct{ deps TokenDeps }

// NewTokens checks the dependencies.
func NewTokens(deps TokenDeps) (*Tokens, error) {
	if deps.DB == nil || deps.Journal == nil || deps.Now == nil {
		return nil, errors.New("application: a dependency of the tokens is missing")
	}
	return &Tokens{deps}, nil
}

// The bounds of an initial access token.
const (
	anyUses      = -1
	longestToken = 366 * 24 * time.Hour
)

const initialColumns = `id, name, organisation_id, bounds, uses_left, created_at, expires_at, used_at`

// Create makes an initial access token and returns it this once. uses is how many
// clients it registers, 0 = any number; lifetime is a year at most.
func (t *Tokens) Create(ctx context.Context, made InitialToken, uses int64, lifetime time.Duration) (InitialToken, string, error) {
	switch {
	case strings.TrimSpace(made.Name) == "":
		return made, "", errors.New("an initial access token needs a name: whom it is for")
	case uses < 0:
		return made, "", errors.New("the number of clients is 0 (any) or more")
	case lifetime <= 0 || lifetime > longestToken:
		return made, "", errors.New("an initial access token lives a year at most")
	}
	if err := made.Bounds.V.check(); err != nil {
		return made, "", err
	}
	if made.UsesLeft = uses; uses == 0 {
		made.UsesLeft = anyUses
	}
	now := t.deps.Now()
	made.ID, made.CreatedAt, made.ExpiresAt = storage.NewID(), storage.Of(now), storage.Of(now.Add(lifetime))
	token := newToken()
	return made, token, t.keep(ctx, made, token)
}

// Put keeps a token that is known already, such as the demo's, or brings it up to
// date. Its text must have 256 random bits.
func (t *Tokens) Put(ctx context.Context, made InitialToken, token string) error {
	if len(token) < 43 {
		return errors.New("application: an initial access token must have 256 bits")
	}
	_, err := t.deps.DB.Exec(ctx, `DELETE FROM initial_access_tokens WHERE token_hash = $1`, hashOf(token))
	if err != nil {
		return fmt.Errorf("keep an initial access token: %w", err)
	}
	made.ID, made.CreatedAt, made.UsesLeft = storage.NewID(), storage.Of(t.deps.Now()), anyUses
	return t.keep(ctx, made, token)
}

func (t *Tokens) keep(ctx context.Context, made InitialToken, token string) error {
	err := t.deps.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := t.deps.DB.Exec(ctx, `INSERT INTO initial_access_tokens
			(id, token_hash, name, organisation_id, bounds, uses_left, created_at, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			made.ID, hashOf(token), made.Name, made.OrganisationID, made.Bounds, made.UsesLeft, made.CreatedAt, made.ExpiresAt)
		if err != nil {
			return err
		}
		return t.record(ctx, made, "client.token_created")
	})
	if err != nil {
		return fmt.Errorf("make an initial access token: %w", err)
	}
	return nil
}

// List returns the tokens that have not expired, the newest first.
func (t *Tokens) List(ctx context.Context) ([]InitialToken, error) {
	var list []InitialToken
	err := t.deps.DB.Select(ctx, &list, `SELECT `+initialColumns+` FROM initial_access_tokens
		WHERE expires_at > $1 ORDER BY created_at DESC, id LIMIT 1000`, storage.Of(t.deps.Now()))
	if err != nil {
		return nil, fmt.Errorf("list initial access tokens: %w", err)
	}
	return list, nil
}

// Revoke ends a token by its id; what was registered with it stays.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	return t.deps.DB.Tx(ctx, func(ctx context.Context) error {
		var found InitialToken
		if err := t.deps.DB.Get(ctx, &found, `SELECT `+initialColumns+` FROM initial_access_tokens WHERE id = $1`, id); err != nil {
			return fmt.Errorf("find the initial access token %s: %w", id, err)
		}
		if _, err := t.deps.DB.Exec(ctx, `DELETE FROM initial_access_tokens WHERE id = $1`, id); err != nil {
			return fmt.Errorf("revoke the initial access token %s: %w", id, err)
		}
		return t.record(ctx, found, "client.token_revoked")
	})
}

// Purge forgets tokens that have expired.
func (t *Tokens) Purge(ctx context.Context) error {
	if _, err := t.deps.DB.Exec(ctx, `DELETE FROM initial_access_tokens WHERE expires_at <= $1`, storage.Of(t.deps.Now())); err != nil {
		return fmt.Errorf("forget initial access tokens: %w", err)
	}
	return nil
}

// find returns a token that could be used now; storage.ErrNotFound.
func (t *Tokens) find(ctx context.Context, token string) (InitialToken, error) {
	var found InitialToken
	err := t.deps.DB.Get(ctx, &found, `SELECT `+initialColumns+` FROM initial_access_tokens
		WHERE token_hash = $1 AND expires_at > $2 AND uses_left <> 0`, hashOf(token), storage.Of(t.deps.Now()))
	if err != nil {
		return found, fmt.Errorf("find an initial access token: %w", err)
	}
	return found, nil
}

// take uses a token up by one, in the transaction of ctx; storage.ErrNotFound for one
// that is unknown, expired or used up. Of many callers the last use has one.
func (t *Tokens) take(ctx context.Context, token string) (InitialToken, error) {
	var taken InitialToken
	now := storage.Of(t.deps.Now())
	err := t.deps.DB.Get(ctx, &taken, `UPDATE initial_access_tokens
		SET used_at = $1, uses_left = CASE WHEN uses_left > 0 THEN uses_left - 1 ELSE uses_left END
		WHERE token_hash = $2 AND expires_at > $1 AND uses_left <> 0 RETURNING `+initialColumns, now, hashOf(token))
	if err != nil {
		return taken, fmt.Errorf("use an initial access token: %w", err)
	}
	return taken, nil
}

func (t *Tokens) record(ctx context.Context, about InitialToken, action string) error {
	return t.deps.Journal.Append(ctx, journal.Entry{
		Organisation: about.OrganisationID, Action: action, Object: about.ID, Outcome: "success",
		Details: map[string]string{"name": about.Name},
	})
}

// registrationRow is what is kept of a client's registration.
type registrationRow struct {
	TokenHash string               `db:"token_hash"`
	Bounds    storage.JSON[Bounds] `db:"bounds"`
}

// remember keeps the registration access token of a client in the place of any
// before, and returns it this once (RFC 7592 §3).
func (a *Applications) remember(ctx context.Context, clientID string, bounds Bounds) (string, error) {
	token := newToken()
	_, err := a.deps.DB.Exec(ctx, `INSERT INTO client_registrations (client_id, token_hash, bounds, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (client_id) DO UPDATE SET token_hash = $2, bounds = $3`,
		clientID, hashOf(token), storage.JSON[Bounds]{V: bounds}, storage.Of(a.deps.Now()))
	if err != nil {
		return "", fmt.Errorf("keep a registration access token: %w", err)
	}
	return token, nil
}

// admitted returns the bounds of a client whose registration access token this is,
// or badToken: also for a client that is unknown or did not register itself.
func (a *Applications) admitted(ctx context.Context, clientID, token string) (Bounds, error) {
	var row registrationRow
	err := a.deps.DB.Get(ctx, &row, `SELECT token_hash, bounds FROM client_registrations WHERE client_id = $1`, clientID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Bounds{}, fmt.Errorf("find a registration: %w", err)
	}
	// The comparison is made for unknown clients too.
	if subtle.ConstantTimeCompare([]byte(hashOf(token)), []byte(row.TokenHash)) != 1 {
		return Bounds{}, badToken
	}
	return row.Bounds.V, nil
}

// newToken is a bearer token of 256 random bits.
func newToken() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(random)
}

func hashOf(token string) string {
	digest := sha256.Sum256([]byte(token))
	return hex.EncodeToString(digest[:])
}
