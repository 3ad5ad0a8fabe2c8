package oauth

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

var registeredURIs = []string{"https://app.example.org/cb?keep=1", "https://app.example.org/other", "http://127.0.0.1:8000/cb"}

// hostileURIs come close to registeredURIs, for some parser or some eye.
var hostileURIs = []string{
	// Less, more, or elsewhere on the same host.
	"", "https://app.example.org", "https://app.example.org/", "https://app.example.org/cb", "https://app.example.org/cb?", "https://app.example.org/cb?keep=1&",
	"https://app.example.org/cb?keep=1&x=2", "https://app.example.org/cb?x=2&keep=1", "https://app.example.org/cb?keep=2", "https://app.example.org/cb?keep=1#f",
	"https://app.example.org/other#", "https://app.example.org/other?", "https://app.example.org/other/", "https://app.example.org//other",
	"https://app.example.org/other/../other", "https://app.example.org/./other", "https://app.example.org/x/..;/other", "https://app.example.org/other;x",
	"https://app.example.org/OTHER", "https://app.example.org/%6fther", "https://app.example.org/other%00", "https://app.example.org/other%2f..",
	"https://app.example.org/other%23", "https://app.example.org/other%0d%0aLocation:%20https://evil.example",
	// Another spelling of the host, or another host.
	"https://APP.example.org/other", "https://app.example.org./other", "https://app.example.org:443/other", "https://app.example.org:8443/other",
	"https://app.example.org:/other", "https://app.example.org.evil.example/other", "https://app.example.orgevil.example/other", "https://evil.example/app.example.org/other",
	"https://evil.example/?https://app.example.org/other", "https://evil.example#https://app.example.org/other", "https://evil-app.example.org/other",
	"https://sub.app.example.org/other", "https://example.org/other", "https://аpp.example.org/other", "https://app。example.org/other", "https://xn--pp-6kc.example.org/other",
	// The host as a user, and what parsers disagree about.
	"https://app.example.org@evil.example/other", "https://app.example.org:x@evil.example/other", "https://evil.example\\@app.example.org/other",
	"https://app.example.org\\.evil.example/other", "https://evil.example;@app.example.org/other", "https://evil.example%2f@app.example.org/other",
	"https:\\\\app.example.org\\other", "https:/app.example.org/other", "https:app.example.org/other", "https:///app.example.org/other", "//app.example.org/other", "/other",
	// Other schemes.
	"http://app.example.org/other", "HTTPS://app.example.org/other", "httpss://app.example.org/other", "ftp://app.example.org/other", "javascript:alert(1)",
	"javascript://app.example.org/other%0aalert(1)", "data:text/html,<script>alert(1)</script>", "blob:https://app.example.org/other", "file:///etc/passwd",
	"view-source:https://app.example.org/other", "com.example.app:/other",
	// White space and controls around it and in it.
	" https://app.example.org/other", "https://app.example.org/other ", "https://app.example.org/other\r\nX: y", "https://app.example.org/\tother", "\u00a0https://app.example.org/other",
	"https://app.example.org/other\u200b", "https://app.example.org/other https://evil.example/",
	// This very machine, for a client that is not native.
	"http://127.0.0.1:9999/cb", "http://127.0.0.1/cb", "http://localhost:8000/cb", "http://127.1:8000/cb", "http://2130706433:8000/cb", "http://0x7f000001:8000/cb",
	"http://[::1]:8000/cb", "http://[::ffff:127.0.0.1]:8000/cb", "http://0.0.0.0:8000/cb",
}

// RFC 9700 §2.1, §4.1: compared as strings, whichever way the request comes; and
// nobody is sent anywhere but to the page that says so (§4.11).
func TestRedirectURIsAreExact(t *testing.T) {
	h := alone(t)
	ec := newKey(t)
	c := h.register(Client{Kind: Web, RedirectURIs: registeredURIs, Scope: "openid members:read", JWKS: keySetOf(t, jose.JSONWebKey{Key: ec.Public()})})
	by := signing{alg: jose.ES256, key: ec}
	if len(hostileURIs) < 60 {
		t.Errorf("the table has shrunk to %d", len(hostileURIs))
	}
	for _, trick := range hostileURIs {
		_, err := h.authorizing(asking(c, with{"redirect_uri": trick}))
		h.shown(trick, err, "invalid_request")
		a := h.push(c, with{"redirect_uri": trick})
		if a.status != http.StatusBadRequest || a.text("error") != "invalid_request" || a.text("request_uri") != "" {
			t.Errorf("%q, pushed: %d %v", trick, a.status, a.body)
		}
		_, err = h.authorizing(carrying(c, by.jwt(t, h.objecting(c, map[string]any{"redirect_uri": trick}))))
		w := httptest.NewRecorder()
		if page := h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err); page == nil || w.Header().Get("Location") != "" {
			t.Errorf("%q, signed: sent to %q", trick, w.Header().Get("Location"))
		}
	}
	for _, good := range registeredURIs {
		if _, err := h.authorizing(asking(c, with{"redirect_uri": good})); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
