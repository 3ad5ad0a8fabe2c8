package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestSinglePageApplication: oidc-client-ts in Chromium, on an origin of its own, so
// that the token endpoint, userinfo and the API answer it across origins (CORS); with
// Bearer tokens, and with DPoP, where the code and the refresh token are bound to the
// page's key.
func TestSinglePageApplication(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, ...string) *site{"sqlite and process": single, "postgres and redis": cluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			for _, dpop := range []bool{false, true} {
				t.Run(fmt.Sprintf("dpop=%t", dpop), func(t *testing.T) { singlePageApplication(t, s, dpop) })
			}
		})
	}
}

// spaResult is what spa.js shows.
type spaResult struct {
	foreignResult
	Name    string `json:"name"`
	Type    string `json:"type"`
	Rotated bool   `json:"rotated"`
	Error   string `json:"error"`
}

func singlePageApplication(t *testing.T, s *site, dpop bool) {
	u := s.memberOfTwo(t)
	o := u.Organisations[0].organisation
	home := serveSPA(t, s, dpop)
	e := openEyes(t, "spa")
	e.open(home + "/")
	e.click("#signin:enabled")
	e.do("wait for the sign-in", chromedp.WaitVisible(chromedp.CSS(`input[name=password]`)))
	e.enterPassword(u)
	e.do("wait for the code", chromedp.WaitVisible(chromedp.CSS(`input[name=code]`)))
	e.enterCode(u.code(t))
	e.do("wait for the organisations", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.chooseOrganisation(o.ID)
	e.do("wait for the consent", chromedp.WaitVisible(chromedp.CSS(`button[name=decision][value=accept]`)))
	e.click(`button[name=decision][value=accept]`)
	e.arrives(home + "/callback")
	e.do("wait for the result", chromedp.Poll[chromedp.Void](`document.getElementById('result').textContent !== ''`))
	said := ask(e, "read the result", chromedp.Evaluate[string](`document.getElementById('result').textContent`))
	var got spaResult
	if err := json.Unmarshal([]byte(said), &got); err != nil || got.Error != "" {
		t.Fatalf("%v: %s", err, said)
	}
	kind := "Bearer"
	if dpop {
		kind = "DPoP"
	}
	if got.Subject != u.ID || got.Type != kind || !got.Rotated || organisation(got.Organization) != o || organisation(got.Refreshed) != o || got.Members == 0 ||
		!dpop && got.Name == "" {
		t.Errorf("oidc-client-ts ends with %+v, want %s in %+v", got, u, o)
	}
}

// serveSPA serves the page on an origin of its own, registered as a client without a
// secret.
func serveSPA(t *testing.T, s *site, dpop bool) string {
	t.Helper()
	const library = "node/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
	_, missing := os.Stat(library)
	need(t, missing == nil, "oidc-client-ts")
	mux := http.NewServeMux()
	for path, file := range map[string]string{
		"/{$}": "node/spa.html", "/callback": "node/spa.html", "/spa.js": "node/spa.js", "/oidc-client-ts.min.js": library,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	home := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // where a page has crypto.subtle
	args := []string{
		"--name", "Страница", "--kind", "spa", "--redirect-uri", home + "/callback",
		"--scope", "openid profile organization organization:read members:read",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token",
	}
	if dpop {
		args = append(args, "--dpop-bound")
	}
	c := s.createClient(t, args...)
	settings, err := json.Marshal(map[string]any{
		"issuer": s.Issuer, "api": s.API, "client_id": c.ID, "redirect_uri": home + "/callback", "scope": c.Scope, "dpop": dpop,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(settings)
	})
	return home
}
