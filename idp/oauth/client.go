package oauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/ory/fosite"

	"propusk/idp/client"
	"propusk/storage"
)

// The record of clients is package client's; here it is called by the words that
// this package uses all the time.
type (
	// Client is an application known to the server.
	Client = client.Client
	// Profile is one word for everything that a client is held to.
	Profile = client.Profile
	// CertificateSubject is what the certificate of a tls_client_auth client must name.
	CertificateSubject = client.CertificateSubject

	keySet = client.KeySet
)

// The words of client metadata that this package looks at.
const (
	Web     = client.Web
	Native  = client.Native
	SPA     = client.SPA
	Service = client.Service

	ProfileOIDC                = client.ProfileOIDC
	ProfileFAPI2Security       = client.ProfileFAPI2Security
	ProfileFAPI2MessageSigning = client.ProfileFAPI2MessageSigning

	AuthBasic         = client.AuthBasic
	AuthPost          = client.AuthPost
	AuthPrivateKeyJWT = client.AuthPrivateKeyJWT
	AuthTLS           = client.AuthTLS
	AuthSelfSignedTLS = client.AuthSelfSignedTLS
	AuthNone          = client.AuthNone

	GrantAuthorizationCode = client.GrantAuthorizationCode
	GrantRefreshToken      = client.GrantRefreshToken
	GrantClientCredentials = client.GrantClientCredentials
)

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
		if ownScope(scope) || c.OrganisationID != "" && wantOrganisation([]string{scope}) {
			r.ownScopes = append(r.ownScopes, scope)
		}
	}
	if len(c.JWKS) > 0 {
		r.keys, _ = client.ParseKeySet(c.JWKS, false) // it was checked when it was registered
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
	if !client.ValidID(id) {
		return nil, fmt.Errorf("find a client: %w", storage.ErrNotFound)
	}
	c, err := p.deps.Clients.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	r := newRegistration(c)
	p.clients.Set(id, r)
	return r, nil
}

// Shown is what may be shown to people about a client (client.Client.Shown).
func (p *Provider) Shown(ctx context.Context, id string) (client.Shown, error) {
	c, err := p.client(ctx, id)
	if err != nil {
		return client.Shown{}, err
	}
	return c.Shown(), nil
}

// Clients is where the clients are kept.
func (p *Provider) Clients() *client.Store { return p.deps.Clients }
