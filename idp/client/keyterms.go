package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/possession"
	"propusk/storage"
)

// RotateKeys registers a key set in the place of the one before, whose keys go on
// counting for the overlap: both stand in the set until then.
// Errors: ErrInvalid with every fault, storage.ErrNotFound.
func (s *Store) RotateKeys(ctx context.Context, id string, jwks []byte, how Rotation) (Client, error) {
	c, err := s.change(ctx, id, "client.keys_rotated", func(c *Client) error {
		if len(c.JWKS) == 0 {
			return fmt.Errorf("%w: %w", ErrInvalid, &Fault{"jwks", errors.New("the client has no keys of its own here")})
		}
		before, ends := c.JWKS, c.KeyEnds
		if c.JWKS = jwks; len(jwks) == 0 {
			return fmt.Errorf("%w: %w", ErrInvalid, &Fault{"jwks", errors.New("it is missing")})
		}
		if _, err := ParseKeySet(jwks, true); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, &Fault{"jwks", err})
		}
		return c.joinKeys(before, ends, how, s.now())
	})
	if err != nil {
		return Client{}, fmt.Errorf("rotate the keys of the client %s: %w", id, err)
	}
	return c, nil
}

// joinKeys puts the live keys of the set before behind the new ones, with their end.
func (c *Client) joinKeys(before []byte, ends map[string]storage.Time, how Rotation, now storage.Time) error {
	joined, err := namedKeys(c.JWKS)
	if err != nil {
		return err
	}
	c.KeyEnds = make(map[string]storage.Time)
	for name := range joined.byName {
		if how.Lifetime > 0 {
			c.KeyEnds[name] = how.term(now).ExpiresAt
		}
	}
	old, err := namedKeys(before)
	if err != nil {
		return err
	}
	for _, key := range old.all {
		term := ended(Term{ExpiresAt: ends[key.name]}, how.Overlap, now)
		if joined.byName[key.name] || how.Overlap < 0 || term.Over(now) {
			continue
		}
		if joined.all = append(joined.all, key); term.ExpiresAt != 0 {
			c.KeyEnds[key.name] = term.ExpiresAt
		}
	}
	c.JWKS, err = joined.write()
	return err
}

// namedKey is a key of a set as it is written there.
type namedKey struct {
	name string // its thumbprint (RFC 7638), or its certificate's
	raw  json.RawMessage
	key  jose.JSONWebKey
}

type namedSet struct {
	all    []namedKey
	byName map[string]bool
}

// namedKeys reads a registered set key by key; those that cannot be used are passed
// over.
func namedKeys(jwks []byte) (set namedSet, err error) {
	var wire struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(jwks) == 0 {
		return set, nil
	}
	if err := json.Unmarshal(jwks, &wire); err != nil {
		return set, fmt.Errorf("read a key set: %w", err)
	}
	set.byName = make(map[string]bool)
	for _, raw := range wire.Keys {
		key, err := parseKey(raw)
		if err != nil {
			continue
		}
		name := nameOfKey(key)
		set.all, set.byName[name] = append(set.all, namedKey{name, raw, key}), true
	}
	return set, nil
}

func (s namedSet) write() ([]byte, error) {
	keys := make([]json.RawMessage, len(s.all))
	for i, key := range s.all {
		keys[i] = key.raw
	}
	return json.Marshal(map[string]any{"keys": keys})
}

// nameOfKey tells keys of a set apart: a certificate that was renewed for the same
// key is another.
func nameOfKey(key jose.JSONWebKey) string {
	if len(key.Certificates) > 0 {
		return possession.CertificateThumbprint(key.Certificates[0])
	}
	digest, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(digest)
}

// Key is a registered key as its owner sees it.
type Key struct {
	Name      string       // what KeyEnds calls it
	KeyID     string       // kid, "" = none
	Type      string       // EC, RSA, OKP
	ExpiresAt storage.Time // when it stops counting, or its certificate ends; 0 = never
}

// Keys are the registered keys that have not ended.
func (c *Client) Keys(now storage.Time) []Key {
	set, err := namedKeys(c.JWKS)
	if err != nil {
		return nil // it was checked when it was registered
	}
	var live []Key
	for _, key := range set.all {
		end := c.endOfKey(key)
		if !(Term{ExpiresAt: end}).Over(now) {
			live = append(live, Key{key.name, key.key.KeyID, keyType(key.key.Key), end})
		}
	}
	return live
}

func (c *Client) endOfKey(key namedKey) storage.Time {
	end := c.KeyEnds[key.name]
	if len(key.key.Certificates) > 0 {
		if after := storage.Of(key.key.Certificates[0].NotAfter); end == 0 || after < end {
			end = after
		}
	}
	return end
}

func keyType(key any) string {
	switch key.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "EC"
	}
	return "OKP"
}

// LiveKeys is the registered key set without the keys that have been ended. How old
// a certificate may be is for whoever looks at the connection.
func (c *Client) LiveKeys(now storage.Time) KeySet {
	named, err := namedKeys(c.JWKS)
	var set KeySet
	if err != nil {
		return set
	}
	for _, key := range named.all {
		if !(Term{ExpiresAt: c.KeyEnds[key.name]}).Over(now) {
			set.add(key.key)
		}
	}
	return set
}
