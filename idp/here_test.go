package idp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
)

// A sign-in of our own leads to our own rooms and nowhere else.
func TestLocalPaths(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]bool{
		"/account": true, "/account/": true, "/account/security?saved=1": true, "/registration/confirm": true,
		"/recovery": true, "/signin/connect": true,
		"": false, "/": false, "account": false, "/accounts": false, "/signin": false, "/oauth2/logout": false,
		"//evil.example/account": false, "/\\evil.example/account": false, "https://evil.example/account": false,
		"/account/../oauth2/logout": false, "/account/%2e%2e/x": false, "/account//x": false, "/account/./x": false,
		"/account#x": false, "/account/x\r\nSet-Cookie: a=b": false, "/account/ы": false, "/account/ x": false,
		"/account/" + strings.Repeat("x", maxLocal): false, "javascript:alert(1)": false, "/account/%2f": false,
	} {
		if got := local(to); got != want {
			t.Errorf("local(%q) = %v", to, got)
		}
	}
}

func TestSignInHere(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		to := browser.SignInFirst("/account/security?tab=1", directory.ACRTwoFactors, 5*time.Minute)
		page := v.get(to).is("/signin/identify")
		got := v.signInElena(page)
		if got.status != http.StatusNotFound || got.at.RequestURI() != "/account/security?tab=1" {
			t.Fatalf("led to %s, %d", got.at, got.status)
		}
		// Again, at once: the session has it already.
		if got := v.do(http.MethodGet, to, nil); got.away == nil || got.away.RequestURI() != "/account/security?tab=1" {
			t.Errorf("a session that has it: %d %s", got.status, got.away)
		}
		// Six minutes later it is not fresh.
		h.clock.Advance(6 * time.Minute)
		v.get(to).is("/signin/identify").says("подтвердите, что это вы")
		// One factor, however old, is enough elsewhere.
		if got := v.do(http.MethodGet, browser.SignInFirst("/account", "", 0), nil); got.away == nil || got.away.Path != "/account" {
			t.Errorf("no demand: %d %s", got.status, got.away)
		}
	})
}

func TestSignInHereIsStrict(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	for name, q := range map[string]url.Values{
		"nowhere":           {},
		"another site":      {"to": {"//evil.example/account"}},
		"twice":             {"to": {"/account", "//evil.example"}},
		"an unknown level":  {"to": {"/account"}, "acr": {"high"}},
		"no number":         {"to": {"/account"}, "max_age": {"soon"}},
		"a negative number": {"to": {"/account"}, "max_age": {"-1"}},
	} {
		if got := v.do(http.MethodGet, "/signin/here?"+q.Encode(), nil); got.status != http.StatusBadRequest || got.away != nil {
			t.Errorf("%s: %d %s", name, got.status, got.away)
		}
	}
	// An organisation of others: there is no application to be told, so a page.
	q := url.Values{"to": {"/account"}, "organisation": {h.north.ID}}
	got := v.signInPavel(v.get("/signin/here?" + q.Encode()))
	if got.status != http.StatusForbidden {
		t.Errorf("an organisation of others: %d", got.status)
	}
	got.says("access_denied")
}
