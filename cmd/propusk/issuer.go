package main

import (
	"context"
	"fmt"

	"propusk/idp/keys"
	"propusk/idp/oauth"
	"propusk/storage/revocation"
)

// issuer is the base with what issues tokens: signing keys, clients, grants.
type issuer struct {
	*base
	keys     *keys.Ring
	revoked  *revocation.List
	provider *oauth.Provider
}

// openIssuer opens the keys, making those that are missing.
func openIssuer(ctx context.Context, b *base) (*issuer, error) {
	i := &issuer{base: b}
	var err error
	i.keys, err = keys.Open(ctx, keys.Deps{
		DB: b.db, Sealer: b.sealer, Events: b.volatile, Journal: b.journal, Now: b.now, Log: b.log,
		Overlap: b.cfg.Keys.Overlap, Metrics: b.metrics,
	})
	if err != nil {
		return nil, fmt.Errorf("open the signing keys: %w", err)
	}
	i.revoked = revocation.NewList(revocation.Deps{DB: b.db, Events: b.volatile, Now: b.now, Lifetime: b.cfg.Tokens.AccessToken, Log: b.log})
	b.revocations.Tell(i.revoked)
	mutual, err := b.mutualTLS()
	if err != nil {
		i.keys.Close()
		return nil, err
	}
	i.provider, err = oauth.New(oauth.Deps{
		DB: b.db, Events: b.volatile, Ephemeral: b.volatile, Keys: i.keys, Sealer: b.sealer, Directory: b.directory,
		Revocations: b.revocations, Revoked: i.revoked, Journal: b.journal, Now: b.now, Log: b.log,
		Issuer: b.cfg.Issuer, Audience: audience(b.cfg.Issuer), Jobs: b.jobs, Metrics: b.metrics,
		MutualTLS: mutual, Reach: prefixes(b.cfg.Clients.Reach),
		Lifetimes: oauth.Lifetimes{
			Code:         b.cfg.Tokens.Code,
			AccessToken:  b.cfg.Tokens.AccessToken,
			IDToken:      b.cfg.Tokens.IDToken,
			RefreshToken: b.cfg.Tokens.RefreshToken,
			RefreshGrace: b.cfg.Tokens.RefreshGrace,
		},
	})
	if err != nil {
		i.keys.Close()
		return nil, fmt.Errorf("open the token issuer: %w", err)
	}
	return i, nil
}

func (i *issuer) close() {
	i.provider.Close()
	i.keys.Close()
}

// audience is what access tokens are for: the cabinet's API (RFC 9068 §3).
func audience(issuer string) string { return issuer + "/v1" }
