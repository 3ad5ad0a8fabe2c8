package client

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

// Term is how long a secret is good. Its zero value is that of a secret without end.
type Term struct {
	CreatedAt storage.Time `json:"created_at,omitempty"`
	ExpiresAt storage.Time `json:"expires_at,omitempty"` // 0 = never
}

// Over reports whether the term has ended.
func (t Term) Over(now storage.Time) bool { return t.ExpiresAt != 0 && t.ExpiresAt <= now }

// Rotation is how a secret or a key is changed. Its zero value makes a secret without
// end and leaves the one before good until the next rotation.
type Rotation struct {
	// Overlap is how long the one before stays good; 0 = until the next rotation,
	// negative = not at all.
	Overlap time.Duration
	// Lifetime is how long the new one is good; 0 = for ever.
	Lifetime time.Duration
}

// Secrets are the terms of the live secrets, the newest first.
func (c *Client) Secrets(now storage.Time) []Term {
	var live []Term
	for _, hash := range c.SecretHashes {
		if term := c.SecretTerms[hash]; !term.Over(now) {
			live = append(live, term)
		}
	}
	return live
}

// newTerm gives the client a secret and ends the one before as the rotation says.
func (c *Client) newTerm(secret string, how Rotation, now storage.Time) {
	terms := make(map[string]Term)
	hashes := []string{hashSecret(secret)}
	terms[hashes[0]] = how.term(now)
	if len(c.SecretHashes) > 0 && how.Overlap >= 0 {
		before := c.SecretHashes[0]
		hashes, terms[before] = append(hashes, before), ended(c.SecretTerms[before], how.Overlap, now)
	}
	c.SecretHashes, c.SecretTerms = hashes, terms
}

func (how Rotation) term(now storage.Time) Term {
	t := Term{CreatedAt: now}
	if how.Lifetime > 0 {
		t.ExpiresAt = storage.Of(now.Time().Add(how.Lifetime))
	}
	return t
}

// ended is a term that is over after the overlap, if not sooner.
func ended(t Term, overlap time.Duration, now storage.Time) Term {
	if overlap == 0 {
		return t
	}
	if end := storage.Of(now.Time().Add(overlap)); t.ExpiresAt == 0 || end < t.ExpiresAt {
		t.ExpiresAt = end
	}
	return t
}

// Rotate makes a new secret and returns it this once.
// Errors: ErrInvalid for a client without secrets, storage.ErrNotFound.
func (s *Store) Rotate(ctx context.Context, id string, how Rotation) (Client, string, error) {
	secret := newSecret()
	c, err := s.change(ctx, id, "client.secret_rotated", func(c *Client) error {
		if !c.KeepsSecret() {
			return fmt.Errorf("%w: a client of the method %s has no secret", ErrInvalid, c.TokenEndpointAuthMethod)
		}
		c.newTerm(secret, how, s.now())
		return nil
	})
	if err != nil {
		return Client{}, "", fmt.Errorf("rotate the secret of the client %s: %w", id, err)
	}
	return c, secret, nil
}

// EndPrevious makes every secret but the newest worthless at once.
func (s *Store) EndPrevious(ctx context.Context, id string) (Client, error) {
	c, err := s.change(ctx, id, "client.secret_ended", func(c *Client) error {
		if len(c.SecretHashes) > 1 {
			newest := c.SecretHashes[0]
			c.SecretHashes, c.SecretTerms = []string{newest}, map[string]Term{newest: c.SecretTerms[newest]}
		}
		return nil
	})
	if err != nil {
		return Client{}, fmt.Errorf("end the secrets of the client %s: %w", id, err)
	}
	return c, nil
}
