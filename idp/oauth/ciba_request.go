package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"propusk/idp/jws"
)

// Signed authentication requests (CIBA §7.1.1): every parameter is a claim of a
// JWT that the client signed, and none stands outside.

// signsCIBA reports whether the client must sign its authentication requests: by
// its registration, or because FAPI-CIBA §5.2.2 wants it.
func (c *registration) signsCIBA() bool { return c.CIBARequestAlg != "" || c.FAPI() }

// unpackCIBA returns the request's parameters: those of the signed object when
// there is one, and then no others.
func (p *Provider) unpackCIBA(ctx context.Context, client *registration, form url.Values) (url.Values, error) {
	switch {
	case form.Has("request_uri"):
		return nil, invalidRequest("request_uri is not supported at this endpoint")
	case !form.Has("request") && client.signsCIBA():
		return nil, invalidRequest("the client must sign its authentication requests (CIBA section 7.1.1)")
	case !form.Has("request"):
		return form, nil
	}
	payload, err := p.verifyClientJWT(ctx, client, form.Get("request"), client.CIBARequestAlg, cibaRequestTypes)
	if errors.Is(err, errClientJWT) {
		return nil, invalidRequest("the authentication request is not one that the client signed")
	}
	if err != nil {
		return nil, err
	}
	if err := p.checkCIBAObject(ctx, client, payload); err != nil {
		return nil, err
	}
	return cibaParameters(payload)
}

// cibaRequestTypes are what typ may say. One that says it is an authorization
// request is none of ours (RFC 8725 §3.11).
var cibaRequestTypes = []string{"", "jwt"}

// checkCIBAObject checks for whom, by whom and when, and that it is used once. All of
// these claims are required.
func (p *Provider) checkCIBAObject(ctx context.Context, client *registration, payload string) error {
	claims, ok := readAssertionClaims(payload)
	if !ok {
		return invalidRequest("the claims of the authentication request cannot be read")
	}
	now := float64(p.deps.Now().UnixMilli()) / 1000
	switch {
	case claims.Issuer != client.ID:
		return invalidRequest("iss of the authentication request must be the client_id").
			because("'"+client.ID+"'", shown(claims.Issuer))
	case claims.Subject == client.ID: // it would be a client assertion for who sees it (RFC 9101 §10.8)
		return invalidRequest("sub of the authentication request must not be the client_id")
	case !slices.Contains(claims.Audience.audience, p.deps.Issuer):
		return invalidRequest("aud of the authentication request must be the issuer (CIBA section 7.1.1)").
			because("'"+p.deps.Issuer+"'", shownAudience(claims.Audience))
	case claims.ExpiresAt == 0 || claims.IssuedAt == 0 || claims.NotBefore == 0:
		return invalidRequest("exp, iat and nbf of the authentication request must be there (CIBA section 7.1.1)")
	case now >= claims.ExpiresAt:
		return invalidRequest("the authentication request has expired").because("exp ahead of now", "exp "+ahead(claims.ExpiresAt, now))
	case claims.ExpiresAt > claims.NotBefore+objectLongest.Seconds():
		return invalidRequest("exp of the authentication request is more than an hour after nbf (FAPI-CIBA section 5.2.2)").
			because(fmt.Sprintf("at most %.0f s", objectLongest.Seconds()), fmt.Sprintf("%.0f s", claims.ExpiresAt-claims.NotBefore))
	case claims.NotBefore > now+clockAhead.Seconds(), claims.IssuedAt > now+clockAhead.Seconds():
		return invalidRequest("the authentication request is of the future: compare the clocks").
			because(fmt.Sprintf("iat and nbf at most %.0f s ahead", clockAhead.Seconds()), "iat "+ahead(claims.IssuedAt, now)+", nbf "+ahead(claims.NotBefore, now))
	case claims.ExpiresAt > now+objectLongest.Seconds():
		return invalidRequest("exp of the authentication request is more than an hour away").
			because(fmt.Sprintf("exp within %.0f s", objectLongest.Seconds()), ahead(claims.ExpiresAt, now))
	}
	err := p.useOnce(ctx, "ciba", client, claims.ID, claims.ExpiresAt, "the authentication request")
	if e := new(Error); errors.As(err, &e) {
		return invalidRequest("%s", e.Description)
	}
	return err
}

// cibaParameters turns claims into parameters. What belongs to another protocol's
// objects is refused: an authorization request must not do for this.
func cibaParameters(payload string) (url.Values, error) {
	form := make(url.Values)
	var bad error
	err := jws.Members(payload, func(name string, raw jws.Value) bool {
		if slices.Contains(noParameters, name) {
			return true
		}
		value, err := objectParameter(name, raw)
		switch {
		case err != nil:
			bad = invalidRequest("the parameter '%.40s' of the authentication request is neither text nor a number nor an object", name)
		case slices.Contains([]string{"request", "request_uri", "response_type", "redirect_uri", "code_challenge"}, name):
			bad = invalidRequest("an authentication request holds no %s", name)
		case value != "":
			form.Set(name, value)
		}
		return bad == nil
	})
	switch {
	case bad != nil:
		return nil, bad
	case err != nil:
		return nil, invalidRequest("the claims of the authentication request cannot be read")
	}
	return form, nil
}
