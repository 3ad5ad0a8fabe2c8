package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/idp/keys"
	"propusk/idp/keys/pkcs11"
	"propusk/idp/oauth"
	"propusk/idp/signals/status"
	guarded "propusk/storage/outside"
	"propusk/storage/revocation"
)

// issuer is the base with what issues tokens: signing keys, clients, grants.
type issuer struct {
	*base
	keys     *keys.Ring
	token    pkcs11.Token // that holds them; nil: the database does
	revoked  *revocation.List
	clients  *client.Store
	statuses *status.Lists // of tokens, for resource servers elsewhere
	logos    *logo.Logos   // pictures of applications
	provider *oauth.Provider
}

// openIssuer opens the keys, making those that are missing.
func openIssuer(ctx context.Context, b *base) (*issuer, error) {
	i := &issuer{base: b}
	if err := i.openKeys(ctx); err != nil {
		return nil, err
	}
	i.revoked = revocation.NewList(revocation.Deps{DB: b.db, Events: b.volatile, Now: b.now, Lifetime: b.cfg.Tokens.AccessToken, Log: b.log})
	b.revocations.Tell(i.revoked)
	if err := i.openStatuses(); err != nil {
		i.closeKeys()
		return nil, err
	}
	mutual, err := b.mutualTLS()
	if err != nil {
		i.closeKeys()
		return nil, err
	}
	outside := i.outside()
	if i.logos, err = logo.New(logo.Deps{DB: b.db, Outside: outside, Now: b.now, Log: b.log, Metrics: b.metrics}); err != nil {
		i.closeKeys()
		return nil, err
	}
	i.clients, err = client.New(client.Deps{
		DB: b.db, Events: b.volatile, Directory: b.directory, Revocations: b.revocations, Journal: b.journal, Now: b.now, Log: b.log,
		MutualTLS: client.MutualTLS{Host: mutual.URL != "", Authorities: mutual.Authorities != nil},
		Outside:   outside, Logo: i.logos.Want, Names: houseNames,
	})
	if err != nil {
		i.closeKeys()
		return nil, fmt.Errorf("open the records of clients: %w", err)
	}
	i.provider, err = oauth.New(oauth.Deps{
		DB: b.db, Clients: i.clients, Ephemeral: b.volatile, Keys: i.keys, Sealer: b.sealer, Directory: b.directory,
		Revocations: b.revocations, Revoked: i.revoked, Statuses: places{i.statuses}, Journal: b.journal, Now: b.now, Log: b.log,
		Issuer: b.cfg.Issuer, Audience: audience(b.cfg.Issuer), Jobs: b.jobs, Metrics: b.metrics,
		MutualTLS: mutual, Registration: b.cfg.Clients.Registration != "off", Reach: prefixes(b.cfg.Clients.Reach), Kinds: kindNames,
		Rates: oauth.Rates{Pushed: int64(b.cfg.Limits.PushedRequests), Backchannel: int64(b.cfg.Limits.BackchannelRequests)},
		Lifetimes: oauth.Lifetimes{
			Code:         b.cfg.Tokens.Code,
			AccessToken:  b.cfg.Tokens.AccessToken,
			IDToken:      b.cfg.Tokens.IDToken,
			RefreshToken: b.cfg.Tokens.RefreshToken,
			RefreshGrace: b.cfg.Tokens.RefreshGrace,
		},
	})
	if err != nil {
		i.closeKeys()
		return nil, fmt.Errorf("open the token issuer: %w", err)
	}
	return i, nil
}

func (i *issuer) close() {
	i.provider.Close()
	i.closeKeys()
}

// outside asks addresses that clients register when they do: those that the provider
// reaches.
func (i *issuer) outside() *http.Client {
	reach := prefixes(i.cfg.Clients.Reach)
	if u, err := url.Parse(i.cfg.Issuer); err == nil && client.Loopback(u.Hostname()) {
		reach = append(slices.Clone(reach), guarded.Loopback...)
	}
	return guarded.NewClient(guarded.Options{Reach: reach})
}

// audience is what access tokens are for: the cabinet's API (RFC 9068 §3).
func audience(issuer string) string { return issuer + "/v1" }
