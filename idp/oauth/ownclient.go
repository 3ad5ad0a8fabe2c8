package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
)

// leastOwnSecret is the shortest secret that PutOwnClient takes, in characters:
// 256 bits as base64.
const leastOwnSecret = 43

// PutOwnClient registers a client of the house itself, such as the cabinet in
// the browser, under a secret that every node derives alike, or brings the
// registered one up to c. It may run on many nodes at once; when nothing differs
// it writes nothing. A client that an operator has disabled stays disabled.
// Errors: ErrInvalidClient with every fault.
func (p *Provider) PutOwnClient(ctx context.Context, c Client, secret string) error {
	if len(secret) < leastOwnSecret {
		return fmt.Errorf("%w: the secret of an own client must have 256 bits", ErrInvalidClient)
	}
	c.FirstParty = true
	c.complete()
	if err := p.check(ctx, &c); err != nil {
		return err
	}
	c.SecretHashes = []string{hashSecret(secret)}
	err := p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		before, err := p.Client(ctx, c.ID)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			return p.insertOwnClient(ctx, c)
		case err != nil:
			return err
		}
		c.Status, c.CreatedAt, c.UpdatedAt = before.Status, before.CreatedAt, before.UpdatedAt
		if sameClient(before, c) {
			return nil
		}
		c.UpdatedAt = p.now()
		if err := p.replace(ctx, &c); err != nil {
			return err
		}
		return p.recordClient(ctx, &c, "client.updated")
	})
	if err != nil {
		return fmt.Errorf("put the own client %s: %w", c.ID, err)
	}
	return nil
}

// insertOwnClient leaves the row to another node that was quicker.
func (p *Provider) insertOwnClient(ctx context.Context, c Client) error {
	c.CreatedAt, c.UpdatedAt = p.now(), p.now()
	inserted, err := p.deps.DB.Exec(ctx, `INSERT INTO oauth_clients
		(id, organisation_id, metadata, secret_hashes, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO NOTHING`,
		c.ID, c.OrganisationID, storage.JSON[Client]{V: c}, storage.JSON[[]string]{V: c.SecretHashes}, c.CreatedAt, c.UpdatedAt)
	if err != nil || inserted == 0 {
		return err
	}
	return p.recordClient(ctx, &c, "client.created")
}

// sameClient compares what PutOwnClient decides about.
func sameClient(a, b Client) bool {
	return a.Name == b.Name && a.NameEN == b.NameEN && a.Kind == b.Kind && a.Scope == b.Scope &&
		a.FirstParty == b.FirstParty && a.TokenEndpointAuthMethod == b.TokenEndpointAuthMethod &&
		slices.Equal(a.SecretHashes, b.SecretHashes) && slices.Equal(a.RedirectURIs, b.RedirectURIs) &&
		slices.Equal(a.PostLogoutRedirectURIs, b.PostLogoutRedirectURIs) && slices.Equal(a.GrantTypes, b.GrantTypes) &&
		strings.Join(a.ResponseTypes, " ") == strings.Join(b.ResponseTypes, " ")
}
