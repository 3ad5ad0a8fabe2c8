package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"propusk/storage/revocation"
)

// RFC 7009 §2.1: a token that was exchanged from another ends when that one does, also
// when it is revoked alone, and through any number of exchanges. The attack: a stolen
// token is exchanged before its owner revokes it.
func TestAnExchangedTokenEndsWithEveryTokenItCameFrom(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent, backend, web := h.agent(), h.backend(), h.exchanger()
		h.entrusted(nil)
		revoked := func(c caller, token string) {
			t.Helper()
			if got := h.post(h.Revoke, c, url.Values{"token": {token}}); got.status != http.StatusOK {
				t.Fatalf("revoke: %d %v", got.status, got.body)
			}
		}
		exchange := func(c caller, subject string, changes with) string {
			t.Helper()
			got := h.post(h.Token, c, exchanging(subject, changes))
			if got.status != http.StatusOK {
				t.Fatalf("exchange: %d %v", got.status, got.body)
			}
			return got.text("access_token")
		}

		mine := h.own(agent)
		byPower := exchange(agent, mine, with{"organization": h.vasilek.ID})
		other := exchange(agent, h.own(agent), with{"organization": h.vasilek.ID})
		revoked(agent, mine)
		if h.active(agent, byPower) || !h.active(agent, other) {
			t.Error("the token by power outlives the service's own, or another's does not")
		}

		theirs := h.signedIn(web, with{"scope": "openid organization members:read"}).text("access_token")
		narrow := exchange(web, theirs, with{"scope": "organization members:read"})
		narrower := exchange(web, narrow, with{"scope": "organization"})
		delegated := exchange(backend, narrow, acting(h.own(backend)))
		sibling := exchange(web, theirs, with{"scope": "openid"})
		revoked(web, narrow)
		for name, token := range map[string]string{"narrower": narrower, "delegated": delegated} {
			if h.active(backend, token) {
				t.Errorf("the %s one outlives what it came from", name)
			}
		}
		for name, token := range map[string]string{"what it came from": theirs, "its sibling": sibling} {
			if !h.active(backend, token) {
				t.Errorf("%s ends with it", name)
			}
		}
		revoked(web, theirs)
		if h.active(backend, sibling) {
			t.Error("the sibling outlives the person's")
		}
		h.refused("exchanged after its origin ended", h.post(h.Token, backend, exchanging(delegated, acting(h.own(backend)))), http.StatusBadRequest, "invalid_request")
	})
}

// exchanger is an application that may narrow its tokens.
func (h *house) exchanger() caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken, GrantTokenExchange},
		Scope: "openid organization members:read",
	})
}

// The jti of a token names all that it came from, and cannot grow without bound.
func TestExchangesOfOneTokenAreBounded(t *testing.T) {
	h := alone(t)
	web := h.exchanger()
	token := h.signedIn(web, with{"scope": "openid organization members:read"}).text("access_token")
	for range maxExchanges {
		got := h.post(h.Token, web, exchanging(token, nil))
		if got.status != http.StatusOK {
			t.Fatalf("%d %v", got.status, got.body)
		}
		token = got.text("access_token")
	}
	if n := strings.Count(h.claims(answer{body: map[string]any{"access_token": token}}).ID, revocation.Exchanged); n != maxExchanges {
		t.Errorf("%d tokens stand in its jti", n)
	}
	h.refused("once more", h.post(h.Token, web, exchanging(token, nil)), http.StatusBadRequest, "invalid_request")
}
