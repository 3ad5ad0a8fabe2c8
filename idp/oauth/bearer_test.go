package oauth

import (
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// bearing asks for a token by an assertion alone.
func (h *house) bearing(c caller, assertion string, changes with) answer {
	return h.send(h.Token, h.request(c, parameters(with{"grant_type": GrantJWTBearer, "assertion": assertion}, changes)))
}

func (h *house) bearer(jwks []byte, change func(*Client)) caller {
	c := Client{
		Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: jwks, OrganisationID: h.romashka.ID,
		Scope: "members:read filings:read", GrantTypes: []string{GrantClientCredentials, GrantJWTBearer},
	}
	if change != nil {
		change(&c)
	}
	return h.register(c)
}

// RFC 7523 §2.1: the assertion is the grant, and here the authentication.
func TestAClientsOwnAssertionGivesWhatItsCredentialsDo(t *testing.T) {
	h := alone(t)
	key := newKey(t)
	by := signing{jose.ES256, key, map[jose.HeaderKey]any{"typ": "JWT"}}
	c := h.bearer(keySetOf(t, jose.JSONWebKey{Key: key.Public()}), nil)
	got := h.bearing(caller{}, by.jwt(t, h.asserting(c, nil)), with{"scope": "members:read"})
	if token := h.claims(got); token.Subject != c.ID || token.ClientID != c.ID || token.Scope != "members:read" || token.Organisation.ID != h.romashka.ID {
		t.Errorf("%+v", token)
	}
	if got.text("refresh_token") != "" {
		t.Error("an assertion gave a refresh token (RFC 7521 section 4.1)")
	}
	prover := h.prover()
	bound := prover.proving(caller{}, parameters(with{"grant_type": GrantJWTBearer, "assertion": by.jwt(t, h.asserting(c, nil))}), nil)
	if bound.text("token_type") != "DPoP" || h.claims(bound).Confirmation.Key != prover.jkt() {
		t.Errorf("with a proof: %v", bound.body)
	}
	secret := h.bearer(keySetOf(t, jose.JSONWebKey{Key: key.Public()}), func(c *Client) { c.TokenEndpointAuthMethod = AuthBasic })
	if got := h.bearing(secret, by.jwt(t, h.asserting(secret, nil)), nil); got.status != http.StatusOK {
		t.Errorf("beside a secret: %d %v", got.status, got.body)
	}
}

// RFC 7523 §3, RFC 8725: whose assertions, for whom, when, and how often.
func TestAssertionsThatGiveNothing(t *testing.T) {
	h := alone(t)
	key, other := newKey(t), newKey(t)
	by := signing{jose.ES256, key, nil}
	jwks := keySetOf(t, jose.JSONWebKey{Key: key.Public()})
	c, second := h.bearer(jwks, nil), h.bearer(jwks, func(c *Client) { c.TokenEndpointAuthMethod = AuthBasic })
	now := h.clock.Now().Unix()
	for name, changes := range map[string]map[string]any{
		"of another issuer": {"iss": "https://idp.example", "sub": c.ID}, "about a person": {"sub": h.maria.ID}, "about another client": {"sub": c.ID},
	} {
		h.refused(name, h.bearing(second, by.jwt(t, h.asserting(second, changes)), nil), 400, "invalid_grant")
	}
	for name, changes := range map[string]map[string]any{
		"for another server": {"aud": "https://elsewhere.example"}, "for the token endpoint": {"aud": issuer + "/oauth2/token"},
		"for two servers": {"aud": []string{issuer, "https://elsewhere.example"}}, "expired": {"exp": now}, "without exp": {"exp": nil},
		"for a day": {"exp": now + 86400}, "of the future": {"nbf": now + 60}, "without jti": {"jti": nil},
	} {
		h.refused(name, h.bearing(caller{}, by.jwt(t, h.asserting(c, changes)), nil), 400, "invalid_grant")
	}
	good := h.asserting(c, nil)
	for name, assertion := range map[string]string{
		"another key":           signing{jose.ES256, other, nil}.jwt(t, good),
		"a key in the header":   signing{jose.ES256, other, map[jose.HeaderKey]any{"jwk": &jose.JSONWebKey{Key: other.Public()}}}.jwt(t, good),
		"jku":                   signing{jose.ES256, key, map[jose.HeaderKey]any{"jku": "https://elsewhere.example"}}.jwt(t, good),
		"alg none":              "eyJhbGciOiJub25lIn0." + "e30" + ".",
		"a client's credential": signing{jose.ES256, key, map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}}.jwt(t, good),
		"an access token":       h.own(h.service()),
		"nonsense":              "nonsense",
	} {
		h.refused(name, h.bearing(caller{}, assertion, nil), 401, "invalid_client")
	}
	h.refused("another client_id beside", h.bearing(caller{}, by.jwt(t, h.asserting(c, nil)), with{"client_id": second.ID}), 401, "invalid_client")
	h.refused("a client with a secret, without it", h.bearing(caller{}, by.jwt(t, h.asserting(second, nil)), nil), 401, "invalid_client")
	h.refused("another's assertion beside a secret", h.bearing(second, by.jwt(t, h.asserting(c, nil)), nil), 400, "invalid_grant")
	h.refused("none", h.bearing(second, "", with{"assertion": ""}), 400, "invalid_request")
	unfit := h.signer(jwks)
	h.refused("a client that may not", h.bearing(caller{}, by.jwt(t, h.asserting(unfit, nil)), nil), 400, "unauthorized_client")
}

// jti is used up by either use: what authenticates does not also grant.
func TestAnAssertionIsGoodOnceForEitherUse(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		key := newKey(t)
		by := signing{jose.ES256, key, nil}
		c := h.bearer(keySetOf(t, jose.JSONWebKey{Key: key.Public()}), nil)
		once := by.jwt(t, h.asserting(c, nil))
		if got := h.bearing(caller{}, once, nil); got.status != http.StatusOK {
			t.Fatalf("%d %v", got.status, got.body)
		}
		h.refused("again", h.bearing(caller{}, once, nil), 400, "invalid_grant")
		h.refused("to authenticate", h.assert(once, nil), 401, "invalid_client")
		both := by.jwt(t, h.asserting(c, nil))
		h.refused("for both at once", h.bearing(caller{}, both, with{"client_assertion": both, "client_assertion_type": assertionType}), 400, "invalid_grant")
	})
}

func TestAFAPIClientAuthenticatesBesideItsAssertion(t *testing.T) {
	h := alone(t)
	key, prover := newKey(t), h.prover()
	by := signing{jose.ES256, key, nil}
	c := h.bearer(keySetOf(t, jose.JSONWebKey{Key: key.Public()}), func(c *Client) { c.Profile = ProfileFAPI2Security })
	form := func() with { return with{"grant_type": GrantJWTBearer, "assertion": by.jwt(t, h.asserting(c, nil))} }
	h.refused("by the assertion alone", prover.proving(caller{}, parameters(form()), nil), 401, "invalid_client")
	got := prover.proving(caller{}, parameters(form(), with{
		"client_assertion": by.jwt(t, h.asserting(c, nil)), "client_assertion_type": assertionType,
	}), nil)
	if got.status != http.StatusOK || got.text("token_type") != "DPoP" {
		t.Errorf("authenticated: %d %v", got.status, got.body)
	}
}
