package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// TestASignOutIsToldToTheApplication: OpenID Connect Back-Channel Logout 1.0, with
// an application that fails the first time; coreos/go-oidc verifies what it is
// told.
func TestASignOutIsToldToTheApplication(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, ...string) *site{"sqlite and process": single, "postgres and redis": cluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signOutIsTold(t, open(t))
		})
	}
}

func signOutIsTold(t *testing.T, s *site) {
	t.Helper()
	told := make(chan string, 8)
	var asked atomic.Int32
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		told <- r.PostFormValue("logout_token")
	}))
	defer application.Close()
	c := s.createClient(t, "--name", "Склад", "--kind", "web", "--redirect-uri", "http://127.0.0.1:5999/callback",
		"--scope", "openid organization organization:read", "--backchannel-logout-uri", application.URL+"/logout")
	u, v := s.memberOfTwo(t), newVisitor(t)
	got := s.grant(t, v, c, u, u.Organisations[0].ID)
	v.get(s.Issuer+"/oauth2/logout?"+url.Values{"id_token_hint": {got.IDToken}}.Encode(), "")

	next := func() (token string) {
		select {
		case token = <-told:
		case <-time.After(patience):
			t.Fatalf("the application was told %d times", asked.Load())
		}
		return token
	}
	first, again := next(), next()
	provider, err := oidc.NewProvider(t.Context(), s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, again} {
		verified, err := provider.Verifier(&oidc.Config{ClientID: c.ID}).Verify(t.Context(), token)
		if err != nil {
			t.Fatalf("%q: %v", token, err)
		}
		var claims struct {
			SessionID string         `json:"sid"`
			Events    map[string]any `json:"events"`
			Nonce     *string        `json:"nonce"`
		}
		if err := verified.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		if _, logout := claims.Events["http://schemas.openid.net/event/backchannel-logout"]; !logout || verified.Subject != u.ID || claims.SessionID == "" || claims.Nonce != nil {
			t.Errorf("told %+v of %s", claims, verified.Subject)
		}
	}
	if first == again {
		t.Error("the same token was sent twice")
	}
	if status := s.call(t, got.AccessToken, http.MethodGet, "/v1/organization", nil); status != http.StatusUnauthorized {
		t.Errorf("the token of the session that ended opens the API: %d", status)
	}
}
