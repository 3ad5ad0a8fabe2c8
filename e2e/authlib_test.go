package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestPythonRelyingParty signs a person in to an application built on Authlib, by a
// password of the application's and by a key, on both engines.
func TestPythonRelyingParty(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs("python/.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	_, missing := os.Stat(python)
	need(t, missing == nil, "the Python packages of e2e/python")
	for name, open := range map[string]func(*testing.T, ...string) *site{"sqlite and process": single, "postgres and redis": cluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			for _, byKey := range []bool{false, true} {
				pythonRelyingParty(t, s, python, byKey)
			}
		})
	}
}

func pythonRelyingParty(t *testing.T, s *site, python string, byKey bool) {
	t.Helper()
	u := s.memberOfTwo(t)
	o := u.Organisations[0].organisation
	private, jwks := clientKey(t)
	args := []string{
		"--name", "Склад", "--kind", "web", "--redirect-uri", "http://127.0.0.1:5998/callback", "--scope", "openid organization organization:read members:read",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token",
	}
	if byKey {
		args = append(args, "--auth-method", "private_key_jwt", "--jwks", jwks)
	}
	c := s.createClient(t, args...)
	settings := map[string]any{"issuer": s.Issuer, "api": s.API, "client_id": c.ID, "redirect_uri": c.RedirectURIs[0], "scope": c.Scope}
	if settings["client_secret"] = c.Secret; byKey {
		settings["jwk"] = private
	}
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	got := foreignRelyingParty(t, python, "python/relying_party.py", text, func(ask string) string {
		return newVisitor(t).signIn(ask, c.RedirectURIs[0], u, o.ID).String()
	})
	if got.Subject != u.ID || organisation(got.Organization) != o || organisation(got.Refreshed) != o || got.Members == 0 {
		t.Errorf("Authlib ends with %+v, want %s in %+v", got, u, o)
	}
}
