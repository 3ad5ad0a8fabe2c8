package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
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
	// Names are those of the house and of its applications, which nobody else's may have.
	Names []string
	// Logo is told where a client's picture is to be had, in the transaction that says so
	// (package logo); nil: nobody is.
	Logo func(ctx context.Context, clientID, uri string) error
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

	usesMu sync.Mutex
	uses   map[string]storage.Time // since the last Flush

	sectors sectors
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
	return &Store{deps: deps, watchers: make(map[int]func(string)), uses: make(map[string]storage.Time)}, nil
}

func (s *Store) now() storage.Time { return storage.Of(s.deps.Now()) }

// Create registers a client. What is left out is filled in (RFC 7591 §2); the
// secret, 256 random bits, is returned this once, "" for a client that
// authenticates without one or not at all.
// Errors: ErrInvalid with every fault, storage.ErrExists.
func (s *Store) Create(ctx context.Context, c Client) (Client, string, error) {
	return s.CreateFor(ctx, c, 0)
}

// CreateFor is Create with a secret that ends; 0 = never.
func (s *Store) CreateFor(ctx context.Context, c Client, lifetime time.Duration) (Client, string, error) {
	if c.ID == "" {
		c.ID = storage.NewID()
	}
	c.complete()
	if err := s.check(ctx, &c, true); err != nil {
		return Client{}, "", err
	}
	secret := ""
	c.SecretHashes, c.SecretTerms = nil, nil
	if c.KeepsSecret() {
		secret = newSecret()
		c.newTerm(secret, Rotation{Lifetime: lifetime}, s.now())
	}
	c.CreatedAt, c.UpdatedAt = s.now(), s.now()
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		switch inserted, err := s.insert(ctx, &c); {
		case err != nil:
			return err
		case inserted == 0:
			return storage.ErrExists
		}
		if err := s.wantLogo(ctx, &c); err != nil {
			return err
		}
		return s.record(ctx, &c, "client.created")
	})
	if err != nil {
		return Client{}, "", fmt.Errorf("create the client %s: %w", c.ID, err)
	}
	return c, secret, nil
}

// check validates a client, its owner included, and the file of its sector when that
// is asked for.
func (s *Store) check(ctx context.Context, c *Client, sector bool) error {
	var f faults
	s.checkMutualTLS(c, &f)
	s.checkName(c, &f)
	if sector {
		s.checkSector(ctx, c, &f)
	}
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
	updated, err := s.change(ctx, c.ID, "client.updated", func(before *Client) error {
		*before = c
		return nil
	})
	if err != nil {
		return Client{}, fmt.Errorf("update the client %s: %w", c.ID, err)
	}
	return updated, nil
}

// Change changes a client in one transaction with reading it; how may refuse by an
// error, which is returned. What it does to id, secrets, organisation and creation
// time does not count.
func (s *Store) Change(ctx context.Context, id string, how func(*Client) error) (Client, error) {
	changed, err := s.change(ctx, id, "client.updated", func(c *Client) error {
		owner := c.OrganisationID
		err := how(c)
		c.OrganisationID = owner
		return err
	})
	if err != nil {
		return Client{}, fmt.Errorf("change the client %s: %w", id, err)
	}
	return changed, nil
}

// change is every change of a client: read, changed, checked, written, its tokens
// revoked or let count again, and journalled under action.
func (s *Store) change(ctx context.Context, id, action string, how func(*Client) error) (c Client, err error) {
	if err := s.preview(ctx, id, how); err != nil {
		return Client{}, err
	}
	err = s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		// Of two changes at one time the second sees what the first did: an administrator
		// who disables a client is not undone by the client's own change.
		if err := s.Hold(ctx, id); err != nil {
			return err
		}
		before, err := s.Find(ctx, id)
		if err != nil {
			return err
		}
		c = before
		if err := how(&c); err != nil {
			return err
		}
		if action == "client.updated" {
			c.SecretHashes, c.SecretTerms = before.SecretHashes, before.SecretTerms
		}
		c.ID, c.CreatedAt, c.UpdatedAt = before.ID, before.CreatedAt, later(before.UpdatedAt, s.now())
		if c.complete(); !c.KeepsSecret() {
			c.SecretHashes, c.SecretTerms = nil, nil
		}
		if err := s.check(ctx, &c, newSector(before, c)); err != nil {
			return err
		}
		if newSector(before, c) { // read a moment ago, and found good
			c.SectorLeftAt = 0
		}
		if err := s.replace(ctx, &c); err != nil {
			return err
		}
		if err := s.suspend(ctx, before.Status, &c); err != nil {
			return err
		}
		if err := s.wantLogo(ctx, &c); err != nil {
			return err
		}
		return s.record(ctx, &c, action)
	})
	return c, err
}

// wantLogo has the picture fetched that people may be shown; nobody's server is asked for
// one of a client that anybody has registered.
func (s *Store) wantLogo(ctx context.Context, c *Client) error {
	uri := c.Shown().Logo
	if s.deps.Logo == nil || uri == "" {
		return nil
	}
	return s.deps.Logo(ctx, c.ID, uri)
}

// preview reads the file of a new sector before the transaction of the change.
func (s *Store) preview(ctx context.Context, id string, how func(*Client) error) error {
	before, err := s.Find(ctx, id)
	if err != nil {
		return err
	}
	after := before
	if err := how(&after); err != nil {
		return err
	}
	if !newSector(before, after) {
		return nil
	}
	return s.Prepare(ctx, after)
}

// newSector reports whether a change makes the file of the sector be read: it is read
// once, not whenever the client is disabled.
func newSector(before, after Client) bool {
	return before.SectorIdentifierURI != after.SectorIdentifierURI || !slices.Equal(before.RedirectURIs, after.RedirectURIs)
}

// later is now, or the moment after before: the time of a change is its version.
func later(before, now storage.Time) storage.Time { return max(before+1, now) }

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
	_, secret, err = s.Rotate(ctx, id, Rotation{})
	return secret, err
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
	author := authorOf(ctx)
	return s.deps.Journal.Append(ctx, journal.Entry{
		Organisation: c.OrganisationID, Actor: author.PersonID, Client: author.ClientID, Action: action, Object: c.ID, Outcome: "success",
		Details: map[string]string{"name": c.Name, "kind": string(c.Kind), "status": string(c.Status)},
	})
}
