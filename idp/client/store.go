package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/outside"
	"propusk/storage/revocation"
)

// topic is where nodes tell each other which client has changed.
const topic = "oauth.clients"

// Deps is what a Store works with. All but Now, Log and MutualTLS are needed.
type Deps struct {
	DB          *storage.DB
	Events      storage.Events // tells the other nodes of changed clients
	Directory   *directory.Directory
	Revocations *revocation.Log // told of clients whose tokens no longer count
	Journal     *journal.Journal
	Now         func() time.Time
	Log         *slog.Logger
	MutualTLS   MutualTLS
	// Outside asks addresses that clients register; nil: one that reaches public
	// addresses only (package storage/outside).
	Outside *http.Client
}

// MutualTLS says which client certificates the server can look at (RFC 8705); a
// client that could never prove what it registers for is refused.
type MutualTLS struct {
	Host        bool // there is a host where clients present certificates
	Authorities bool // and there are authorities whose certificates count
}

// Store keeps the clients. It is safe for concurrent use.
type Store struct {
	deps Deps

	mu       sync.Mutex
	watchers map[int]func(id string)
	next     int
}

// New makes a Store.
func New(deps Deps) (*Store, error) {
	if deps.DB == nil || deps.Events == nil || deps.Directory == nil || deps.Revocations == nil || deps.Journal == nil {
		return nil, errors.New("client: a dependency is missing")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Outside == nil {
		deps.Outside = outside.NewClient(outside.Options{})
	}
	return &Store{deps: deps, watchers: make(map[int]func(string))}, nil
}

func (s *Store) now() storage.Time { return storage.Of(s.deps.Now()) }

// Create registers a client. What is left out is filled in (RFC 7591 §2); the
// secret, 256 random bits, is returned this once, "" for a client that
// authenticates without one or not at all.
// Errors: ErrInvalid with every fault, storage.ErrExists.
func (s *Store) Create(ctx context.Context, c Client) (Client, string, error) {
	if c.ID == "" {
		c.ID = storage.NewID()
	}
	c.complete()
	if err := s.check(ctx, &c); err != nil {
		return Client{}, "", err
	}
	secret := ""
	c.SecretHashes = nil
	if c.KeepsSecret() {
		secret = newSecret()
		c.SecretHashes = []string{hashSecret(secret)}
	}
	c.CreatedAt, c.UpdatedAt = s.now(), s.now()
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.insert(ctx, &c); err != nil {
			return err
		}
		return s.record(ctx, &c, "client.created")
	})
	if err != nil {
		return Client{}, "", fmt.Errorf("create the client %s: %w", c.ID, err)
	}
	return c, secret, nil
}

// check validates a client, its owner included.
func (s *Store) check(ctx context.Context, c *Client) error {
	var f faults
	s.checkMutualTLS(c, &f)
	s.checkSector(ctx, c, &f)
	if c.OrganisationID != "" {
		_, err := s.deps.Directory.Organisation(ctx, c.OrganisationID)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			f.add("organization", "%q is unknown", c.OrganisationID)
		case err != nil:
			return err
		}
	}
	if err := errors.Join(c.validate(), errors.Join(f...)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// checkMutualTLS refuses a client that could never prove what it registers for.
func (s *Store) checkMutualTLS(c *Client, f *faults) {
	tls := s.deps.MutualTLS
	byCertificate := c.TokenEndpointAuthMethod == AuthTLS || c.TokenEndpointAuthMethod == AuthSelfSignedTLS
	switch {
	case byCertificate && !tls.Host:
		f.add("token_endpoint_auth_method", "client certificates need a mutual-TLS host, and this server has none")
	case c.CertificateBound && !tls.Host:
		f.add("tls_client_certificate_bound_access_tokens", "client certificates need a mutual-TLS host, and this server has none")
	case c.TokenEndpointAuthMethod == AuthTLS && !tls.Authorities:
		f.add("token_endpoint_auth_method", "tls_client_auth needs certification authorities, and this server has none")
	}
}

// Update replaces a client's metadata; id, secrets and creation time stay.
// Disabling a client revokes its live tokens; enabling it again lets them count.
// A client that begins to need a secret has none until RotateSecret.
// Errors: ErrInvalid with every fault, storage.ErrNotFound.
func (s *Store) Update(ctx context.Context, c Client) (Client, error) {
	c.complete()
	if err := s.check(ctx, &c); err != nil {
		return Client{}, err
	}
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		before, err := s.Find(ctx, c.ID)
		if err != nil {
			return err
		}
		c.SecretHashes, c.CreatedAt, c.UpdatedAt = before.SecretHashes, before.CreatedAt, s.now()
		if !c.KeepsSecret() {
			c.SecretHashes = nil
		}
		if err := s.replace(ctx, &c); err != nil {
			return err
		}
		if err := s.suspend(ctx, before.Status, &c); err != nil {
			return err
		}
		return s.record(ctx, &c, "client.updated")
	})
	if err != nil {
		return Client{}, fmt.Errorf("update the client %s: %w", c.ID, err)
	}
	return c, nil
}

// suspend revokes the live tokens of a client that has been disabled.
func (s *Store) suspend(ctx context.Context, before Status, c *Client) error {
	switch {
	case before == c.Status:
		return nil
	case c.Active():
		return s.deps.Revocations.Clear(ctx, revocation.KindClient, c.ID)
	default:
		return s.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindClient, Key: c.ID})
	}
}

// RotateSecret makes a new secret and returns it this once. The one before stays
// good until the next rotation, so that a client can change over without an
// outage; to make a lost secret worthless, rotate twice.
func (s *Store) RotateSecret(ctx context.Context, id string) (secret string, err error) {
	secret = newSecret()
	err = s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		c, err := s.Find(ctx, id)
		if err != nil {
			return err
		}
		if !c.KeepsSecret() {
			return fmt.Errorf("%w: a client of the method %s has no secret", ErrInvalid, c.TokenEndpointAuthMethod)
		}
		hashes := append([]string{hashSecret(secret)}, c.SecretHashes...)
		c.SecretHashes, c.UpdatedAt = hashes[:min(len(hashes), maxSecrets)], s.now()
		if err := s.replace(ctx, &c); err != nil {
			return err
		}
		return s.record(ctx, &c, "client.secret_rotated")
	})
	if err != nil {
		return "", fmt.Errorf("rotate the secret of the client %s: %w", id, err)
	}
	return secret, nil
}

// Delete removes a client with its grants, codes and consents, and revokes its
// live tokens. It returns storage.ErrNotFound for an unknown one.
func (s *Store) Delete(ctx context.Context, id string) error {
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		c, err := s.Find(ctx, id)
		if err != nil {
			return err
		}
		if err := s.remove(ctx, id); err != nil {
			return err
		}
		if err := s.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindClient, Key: id}); err != nil {
			return err
		}
		return s.record(ctx, &c, "client.deleted")
	})
	if err != nil {
		return fmt.Errorf("delete the client %s: %w", id, err)
	}
	return nil
}

// record writes a change of a client to the journal of its owner and has every
// node forget what it knew.
func (s *Store) record(ctx context.Context, c *Client, action string) error {
	s.changed(ctx, c.ID)
	return s.deps.Journal.Append(ctx, journal.Entry{
		Organisation: c.OrganisationID, Action: action, Object: c.ID, Outcome: "success",
		Details: map[string]string{"name": c.Name, "kind": string(c.Kind), "status": string(c.Status)},
	})
}
