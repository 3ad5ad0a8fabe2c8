package oauth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ory/fosite"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// clientsTopic is where nodes tell each other which client has changed.
const clientsTopic = "oauth.clients"

// ErrInvalidClient wraps what is wrong with a client's registration.
var ErrInvalidClient = errors.New("oauth: invalid client")

// registration is a client as the hot path wants it: worked out once, read by
// many requests, never changed.
type registration struct {
	Client
	view      *clientView
	ownScopes []string // what it gets for itself when it asks for nothing
	keys      keySet   // of Client.JWKS
}

// clientView is a client as fosite wants to see it.
type clientView struct {
	registration *registration
	scopes       fosite.Arguments
	grants       fosite.Arguments
	responses    fosite.Arguments
}

var (
	_ fosite.Client             = (*clientView)(nil)
	_ fosite.ResponseModeClient = (*clientView)(nil)
)

func (v *clientView) GetID() string                      { return v.registration.ID }
func (v *clientView) GetHashedSecret() []byte            { return nil } // authenticate is ours
func (v *clientView) GetRedirectURIs() []string          { return v.registration.RedirectURIs }
func (v *clientView) GetGrantTypes() fosite.Arguments    { return v.grants }
func (v *clientView) GetResponseTypes() fosite.Arguments { return v.responses }
func (v *clientView) GetScopes() fosite.Arguments        { return v.scopes }
func (v *clientView) IsPublic() bool                     { return v.registration.Public() }
func (v *clientView) GetAudience() fosite.Arguments      { return nil }
func (v *clientView) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery}
}

func newRegistration(c Client) *registration {
	r := &registration{Client: c}
	r.view = &clientView{registration: r, scopes: c.Scopes(), grants: c.GrantTypes, responses: c.ResponseTypes}
	for _, scope := range c.Scopes() {
		if c.OrganisationID != "" && wantOrganisation([]string{scope}) {
			r.ownScopes = append(r.ownScopes, scope)
		}
	}
	if len(c.JWKS) > 0 {
		r.keys, _ = parseKeySet(c.JWKS, false) // it was checked when it was registered
	}
	return r
}

// permissionsOf are the permissions among scopes, sorted.
func (r *registration) permissionsOf(scopes []string) []string {
	permissions := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !isPermission(s) })
	slices.Sort(permissions)
	return permissions
}

// client finds a client through the cache; storage.ErrNotFound.
func (p *Provider) client(ctx context.Context, id string) (*registration, error) {
	if cached, ok := p.clients.GetIfPresent(id); ok {
		return cached, nil
	}
	if !clientID.MatchString(id) {
		return nil, fmt.Errorf("find a client: %w", storage.ErrNotFound)
	}
	c, err := p.Client(ctx, id)
	if err != nil {
		return nil, err
	}
	r := newRegistration(c)
	p.clients.Set(id, r)
	return r, nil
}

// followClients drops clients that other nodes have changed.
func (p *Provider) followClients(changes <-chan []byte) {
	defer close(p.done)
	for id := range changes {
		p.clients.Invalidate(string(id))
	}
}

// changed makes every node forget a client once the transaction of ctx has
// committed. The event may be lost: cacheFor bounds the harm.
func (p *Provider) changed(ctx context.Context, id string) {
	p.deps.DB.AfterCommit(ctx, func() {
		p.clients.Invalidate(id)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := p.deps.Events.Publish(ctx, clientsTopic, []byte(id)); err != nil {
			p.deps.Log.WarnContext(ctx, "change of a client not announced", "client", id, "error", err)
		}
	})
}

// clientRow is a client as it is stored.
type clientRow struct {
	Metadata  storage.JSON[Client]   `db:"metadata"`
	Hashes    storage.JSON[[]string] `db:"secret_hashes"`
	CreatedAt storage.Time           `db:"created_at"`
	UpdatedAt storage.Time           `db:"updated_at"`
}

const clientColumns = `metadata, secret_hashes, created_at, updated_at`

func (row clientRow) client() Client {
	c := row.Metadata.V
	c.SecretHashes, c.CreatedAt, c.UpdatedAt = row.Hashes.V, row.CreatedAt, row.UpdatedAt
	return c
}

// Client returns a client as it is stored, or storage.ErrNotFound.
func (p *Provider) Client(ctx context.Context, id string) (Client, error) {
	var row clientRow
	if err := p.deps.DB.Get(ctx, &row, `SELECT `+clientColumns+` FROM oauth_clients WHERE id = $1`, id); err != nil {
		return Client{}, fmt.Errorf("find a client: %w", err)
	}
	return row.client(), nil
}

// ListClients returns every client by id; of one organisation when it is not "".
func (p *Provider) ListClients(ctx context.Context, organisationID string) ([]Client, error) {
	var rows []clientRow
	err := p.deps.DB.Select(ctx, &rows, `SELECT `+clientColumns+` FROM oauth_clients
		WHERE organisation_id = $1 OR $1 = '' ORDER BY id`, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	clients := make([]Client, len(rows))
	for i, row := range rows {
		clients[i] = row.client()
	}
	return clients, nil
}

// CreateClient registers a client. What is left out is filled in (RFC 7591 §2);
// the secret, 256 random bits, is returned this once, "" for a client that
// authenticates without one or not at all.
// Errors: ErrInvalidClient with every fault, storage.ErrExists.
func (p *Provider) CreateClient(ctx context.Context, c Client) (Client, string, error) {
	if c.ID == "" {
		c.ID = storage.NewID()
	}
	c.complete()
	if err := p.check(ctx, &c); err != nil {
		return Client{}, "", err
	}
	secret := ""
	c.SecretHashes = nil
	if c.keepsSecret() {
		secret = newSecret()
		c.SecretHashes = []string{hashSecret(secret)}
	}
	c.CreatedAt, c.UpdatedAt = p.now(), p.now()
	err := p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := p.deps.DB.Exec(ctx, `INSERT INTO oauth_clients
			(id, organisation_id, metadata, secret_hashes, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.ID, c.OrganisationID, storage.JSON[Client]{V: c}, storage.JSON[[]string]{V: c.SecretHashes}, c.CreatedAt, c.UpdatedAt)
		if err != nil {
			return err
		}
		return p.recordClient(ctx, &c, "client.created")
	})
	if err != nil {
		return Client{}, "", fmt.Errorf("create the client %s: %w", c.ID, err)
	}
	return c, secret, nil
}

// check validates a client, its owner included.
func (p *Provider) check(ctx context.Context, c *Client) error {
	err := errors.Join(c.validate(), p.checkMutualTLS(c))
	if c.OrganisationID != "" {
		_, lost := p.deps.Directory.Organisation(ctx, c.OrganisationID)
		if lost != nil && !errors.Is(lost, storage.ErrNotFound) {
			return lost
		}
		if lost != nil {
			err = errors.Join(err, fmt.Errorf("organization %q is unknown", c.OrganisationID))
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidClient, err)
	}
	return nil
}

// checkMutualTLS refuses a client that could never prove what it registers for.
func (p *Provider) checkMutualTLS(c *Client) error {
	tls := p.deps.MutualTLS
	byCertificate := c.TokenEndpointAuthMethod == AuthTLS || c.TokenEndpointAuthMethod == AuthSelfSignedTLS
	switch {
	case (byCertificate || c.CertificateBound) && tls.URL == "":
		return errors.New("client certificates need a mutual-TLS host, and this server has none")
	case c.TokenEndpointAuthMethod == AuthTLS && tls.Authorities == nil:
		return errors.New("tls_client_auth needs certification authorities, and this server has none")
	}
	return nil
}

// UpdateClient replaces a client's metadata; id, secrets and creation time stay.
// Disabling a client revokes its live tokens; enabling it again lets them count.
// A client that begins to need a secret has none until RotateClientSecret.
func (p *Provider) UpdateClient(ctx context.Context, c Client) (Client, error) {
	c.complete()
	if err := p.check(ctx, &c); err != nil {
		return Client{}, err
	}
	err := p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		before, err := p.Client(ctx, c.ID)
		if err != nil {
			return err
		}
		c.SecretHashes, c.CreatedAt, c.UpdatedAt = before.SecretHashes, before.CreatedAt, p.now()
		if !c.keepsSecret() {
			c.SecretHashes = nil
		}
		if err := p.replace(ctx, &c); err != nil {
			return err
		}
		if err := p.suspend(ctx, before.Status, &c); err != nil {
			return err
		}
		return p.recordClient(ctx, &c, "client.updated")
	})
	if err != nil {
		return Client{}, fmt.Errorf("update the client %s: %w", c.ID, err)
	}
	return c, nil
}

// suspend revokes the live tokens of a client that has been disabled.
func (p *Provider) suspend(ctx context.Context, before ClientStatus, c *Client) error {
	switch {
	case before == c.Status:
		return nil
	case c.Active():
		return p.deps.Revocations.Clear(ctx, revocation.KindClient, c.ID)
	default:
		return p.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindClient, Key: c.ID})
	}
}

func (p *Provider) replace(ctx context.Context, c *Client) error {
	changed, err := p.deps.DB.Exec(ctx, `UPDATE oauth_clients
		SET organisation_id = $1, metadata = $2, secret_hashes = $3, updated_at = $4 WHERE id = $5`,
		c.OrganisationID, storage.JSON[Client]{V: *c}, storage.JSON[[]string]{V: c.SecretHashes}, c.UpdatedAt, c.ID)
	if err == nil && changed == 0 {
		return storage.ErrNotFound
	}
	return err
}

// RotateClientSecret makes a new secret and returns it this once. The one before
// stays good until the next rotation, so that a client can change over without
// an outage; to make a lost secret worthless, rotate twice.
func (p *Provider) RotateClientSecret(ctx context.Context, id string) (secret string, err error) {
	secret = newSecret()
	err = p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		c, err := p.Client(ctx, id)
		if err != nil {
			return err
		}
		if !c.keepsSecret() {
			return fmt.Errorf("%w: a client of the method %s has no secret", ErrInvalidClient, c.TokenEndpointAuthMethod)
		}
		hashes := append([]string{hashSecret(secret)}, c.SecretHashes...)
		c.SecretHashes, c.UpdatedAt = hashes[:min(len(hashes), maxSecrets)], p.now()
		if err := p.replace(ctx, &c); err != nil {
			return err
		}
		return p.recordClient(ctx, &c, "client.secret_rotated")
	})
	if err != nil {
		return "", fmt.Errorf("rotate the secret of the client %s: %w", id, err)
	}
	return secret, nil
}

// DeleteClient removes a client with its grants, codes and consents, and revokes
// its live tokens. It returns storage.ErrNotFound for an unknown one.
func (p *Provider) DeleteClient(ctx context.Context, id string) error {
	err := p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		c, err := p.Client(ctx, id)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM oauth_codes WHERE client_id = $1`,
			`DELETE FROM oauth_grants WHERE client_id = $1`,
			`DELETE FROM oauth_consents WHERE client_id = $1`,
			`DELETE FROM oauth_logins WHERE client_id = $1`,
			`DELETE FROM oauth_clients WHERE id = $1`,
		} {
			if _, err := p.deps.DB.Exec(ctx, statement, id); err != nil {
				return err
			}
		}
		if err := p.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindClient, Key: id}); err != nil {
			return err
		}
		return p.recordClient(ctx, &c, "client.deleted")
	})
	if err != nil {
		return fmt.Errorf("delete the client %s: %w", id, err)
	}
	return nil
}

// recordClient writes a change of a client to the journal of its owner and has
// every node forget what it knew.
func (p *Provider) recordClient(ctx context.Context, c *Client, action string) error {
	p.changed(ctx, c.ID)
	return p.deps.Journal.Append(ctx, journal.Entry{
		Organisation: c.OrganisationID, Action: action, Object: c.ID, Outcome: "success",
		Details: map[string]string{"name": c.Name, "kind": string(c.Kind), "status": string(c.Status)},
	})
}

func newSecret() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(random)
}
