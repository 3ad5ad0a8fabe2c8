package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
)

// leastOwnSecret is the shortest secret that PutOwn takes, in characters: 256
// bits as base64.
const leastOwnSecret = 43

// PutOwn registers a client of the house itself, such as the cabinet in the
// browser, under a secret or a key that every node derives alike, or brings the
// registered one up to c. The secret is "" for a client with keys. It may run on
// many nodes at once; when nothing differs it writes nothing. A client that an
// operator has disabled stays disabled.
// Errors: ErrInvalid with every fault.
func (s *Store) PutOwn(ctx context.Context, c Client, secret string) error {
	c.FirstParty = true
	c.complete()
	if c.KeepsSecret() && len(secret) < leastOwnSecret {
		return fmt.Errorf("%w: the secret of an own client must have 256 bits", ErrInvalid)
	}
	c.SecretHashes = nil
	if err := s.check(ctx, &c, true); err != nil {
		return err
	}
	if c.KeepsSecret() {
		c.SecretHashes = []string{hashSecret(secret)}
	}
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		before, err := s.Find(ctx, c.ID)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			return s.insertOwn(ctx, c)
		case err != nil:
			return err
		}
		c.Status, c.CreatedAt, c.UpdatedAt = before.Status, before.CreatedAt, before.UpdatedAt
		if sameOwn(before, c) {
			return nil
		}
		c.UpdatedAt = s.now()
		if err := s.replace(ctx, &c); err != nil {
			return err
		}
		return s.record(ctx, &c, "client.updated")
	})
	if err != nil {
		return fmt.Errorf("put the own client %s: %w", c.ID, err)
	}
	return nil
}

// insertOwn leaves the row to another node that was quicker.
func (s *Store) insertOwn(ctx context.Context, c Client) error {
	c.CreatedAt, c.UpdatedAt = s.now(), s.now()
	inserted, err := s.insert(ctx, &c)
	if err != nil || inserted == 0 {
		return err
	}
	return s.record(ctx, &c, "client.created")
}

// sameOwn compares what PutOwn decides about.
func sameOwn(a, b Client) bool {
	return a.Name == b.Name && a.NameEN == b.NameEN && a.Kind == b.Kind && a.Scope == b.Scope &&
		a.FirstParty == b.FirstParty && a.Profile == b.Profile && bytes.Equal(a.JWKS, b.JWKS) &&
		a.TokenEndpointAuthMethod == b.TokenEndpointAuthMethod &&
		slices.Equal(a.SecretHashes, b.SecretHashes) && slices.Equal(a.RedirectURIs, b.RedirectURIs) &&
		slices.Equal(a.PostLogoutRedirectURIs, b.PostLogoutRedirectURIs) && slices.Equal(a.GrantTypes, b.GrantTypes) &&
		strings.Join(a.ResponseTypes, " ") == strings.Join(b.ResponseTypes, " ")
}
