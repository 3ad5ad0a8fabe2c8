package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/idp/veil"
)

// opaque is a web client whose access tokens say nothing to it.
func (h *house) opaqueClient() caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope: "openid organization members:read", TokenMetadata: client.TokenMetadata{AccessTokenFormat: client.FormatOpaque},
	})
}

func TestAnOpaqueTokenSaysNothingAndIsGoodWhereASignedOneIs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.opaqueClient()
		a := h.signedIn(c, nil)
		token := a.text("access_token")
		if !veil.Opaque(token) || strings.Count(token, ".") != 0 || strings.Contains(token, h.maria.ID) {
			t.Fatalf("the token is %q", token)
		}
		if got := h.claims(a); got.Subject != h.maria.ID || got.Organisation.ID != h.romashka.ID || got.ClientID != c.ID {
			t.Errorf("it means %+v", got)
		}
		if got := h.userinfo(bearer(token)); got.status != http.StatusOK || got.body["sub"] != h.maria.ID {
			t.Errorf("userinfo: %d %v", got.status, got.body)
		}
		told := h.post(h.Introspect, c, url.Values{"token": {token}}).body
		if told["active"] != true || told["sub"] != h.maria.ID || told["scope"] != "openid members:read" {
			t.Errorf("introspection: %v", told)
		}
		if h.active(h.web(), token) {
			t.Error("another client is told of it")
		}
		if got := h.post(h.Revoke, c, url.Values{"token": {token}}); got.status != http.StatusOK {
			t.Errorf("revocation: %d", got.status)
		}
		if h.active(c, token) {
			t.Error("revoked, it is active")
		}
		if again := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil)); !veil.Opaque(again.text("access_token")) {
			t.Errorf("refreshed, it is %q", again.text("access_token"))
		}
	})
}

func TestAnOpaqueTokenExpiresAndCannotBeMade(t *testing.T) {
	h := alone(t)
	c := h.opaqueClient()
	token := h.signedIn(c, nil).text("access_token")
	forged := []byte(token)
	forged[len(forged)-1] ^= 1
	for name, other := range map[string]string{
		"changed": string(forged), "of claims that anybody can write": "po_eyJzdWIiOiJhIn0", "of another issuer": h.opaque.Seal([]byte(`{"iss":"https://other.example"}`)),
	} {
		if h.active(c, other) {
			t.Errorf("a token %s is active", name)
		}
	}
	h.clock.Advance(h.deps.Lifetimes.AccessToken)
	if h.active(c, token) {
		t.Error("expired, it is active")
	}
}
