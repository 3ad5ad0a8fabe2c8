package oauth

import (
	"errors"
	"net/http"
	"net/url"

	"propusk/storage"
)

// The JWT bearer grant (RFC 7523 §2.1): a client signs an assertion about itself
// with the keys that are registered for it, and gets what client credentials would
// give. The assertions of other issuers, about whomever, are not accepted: to trust
// one is to let it speak for every person here.

// bearerTypes are what typ of such an assertion may say. One that says that it
// authenticates a client does not do for this (RFC 8725 §3.11).
var bearerTypes = []string{"", "jwt", "authorization-grant+jwt"}

// authenticateFor finds the client of a token request. An assertion of a
// private_key_jwt client authenticates it by itself: the signature is by the very
// key (RFC 7523 §3.1 leaves client authentication open). Profiles of FAPI want it
// all the same.
func (p *Provider) authenticateFor(r *http.Request, x *exchange, form url.Values) (*registration, error) {
	named := r.Header.Get("Authorization") != "" || form.Has("client_assertion") || form.Has("client_secret")
	if x.grantType != GrantJWTBearer || named || !form.Has("assertion") {
		return p.authenticate(r, form)
	}
	assertion := p.clientJWT(form.Get("assertion"))
	client, err := p.client(r.Context(), subjectOf(assertion))
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return nil, err
	case err != nil, client.TokenEndpointAuthMethod != AuthPrivateKeyJWT, client.FAPI():
		return p.authenticate(r, form) // by its certificate, or not at all
	case !client.Active(), form.Has("client_id") && form.Get("client_id") != client.ID:
		return nil, errAuthentication
	}
	if _, err := p.verifySigned(r.Context(), client, assertion, client.AuthSigningAlg, bearerTypes); err != nil {
		if errors.Is(err, errClientJWT) {
			return nil, errAuthentication
		}
		return nil, err
	}
	if err := p.allowFrom(r.Context(), client); err != nil {
		return nil, err
	}
	p.deps.Clients.Used(client.ID)
	return client, nil
}

// bearer is the grant: the assertion is checked like one that authenticates, in a
// namespace of jti that both share, so that neither does for the other.
func (p *Provider) bearer(r *http.Request, x *exchange, form url.Values) (*tokenResponse, error) {
	ctx := r.Context()
	if x.client.Public() {
		return nil, unauthorizedClient("the JWT bearer grant is for clients with keys")
	}
	payload, err := p.verifyClientJWT(ctx, x.client, form.Get("assertion"), x.client.AuthSigningAlg, bearerTypes)
	if errors.Is(err, errClientJWT) {
		return nil, invalidGrant("the assertion is not one that the client signed with a registered key")
	}
	if err != nil {
		return nil, err
	}
	claims, ok := readAssertionClaims(payload)
	if !ok {
		return nil, invalidGrant("the claims of the assertion cannot be read")
	}
	if claims.Issuer != x.client.ID || claims.Subject != x.client.ID {
		return nil, invalidGrant("iss and sub of the assertion must be the client_id: no other issuer's assertions are accepted")
	}
	if err := p.checkAssertion(x.client, &claims); err != nil {
		return nil, asGrantFault(err)
	}
	if err := p.useOnce(ctx, "assertion", x.client, claims.ID, claims.ExpiresAt, "the assertion"); err != nil {
		return nil, asGrantFault(err)
	}
	return p.clientCredentials(ctx, x, form)
}

// asGrantFault says a fault of an assertion as one of the grant (RFC 7523 §3.1).
func asGrantFault(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == "invalid_client" {
		return invalidGrant("%s", e.Description)
	}
	return err
}
