package passkey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"propusk/storage"
)

// The ceremonies; an answer to one is no answer to the other.
const (
	signIn = "signin"
	enrol  = "enrol"
)

func challengeKey(ceremony, key string) string {
	sum := sha256.Sum256([]byte(key))
	return "passkey/" + ceremony + "/" + hex.EncodeToString(sum[:])
}

// wait keeps a challenge for its answer. Another one of the same ceremony and
// key takes its place: a page drawn anew is the one that counts.
func (p *Passkeys) wait(ctx context.Context, ceremony, key string, session *webauthn.SessionData) error {
	value, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("passkey: keep challenge: %w", err)
	}
	if err := p.ephemeral.Put(ctx, challengeKey(ceremony, key), value, p.lifetime); err != nil {
		return fmt.Errorf("passkey: keep challenge: %w", err)
	}
	return nil
}

// take uses the challenge up, whatever comes of the answer: of many answers one
// is looked at. ErrStale when none waits.
func (p *Passkeys) take(ctx context.Context, ceremony, key string) (session webauthn.SessionData, err error) {
	value, err := p.ephemeral.Take(ctx, challengeKey(ceremony, key))
	if errors.Is(err, storage.ErrNotFound) {
		return session, ErrStale
	}
	if err != nil {
		return session, fmt.Errorf("passkey: take challenge: %w", err)
	}
	if err := json.Unmarshal(value, &session); err != nil {
		return session, fmt.Errorf("passkey: read challenge: %w", err)
	}
	return session, nil
}
