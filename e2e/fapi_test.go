package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestFAPIRelyingParty: openid-client and oauth4webapi with PAR, DPoP,
// private_key_jwt and JARM (FAPI 2.0 Security Profile), and with signed requests too
// (Message Signing), on both engines.
func TestFAPIRelyingParty(t *testing.T) {
	t.Parallel()
	node := needProgram(t, "node", "nodejs")
	for name, open := range map[string]func(*testing.T, ...string) *site{"sqlite and process": single, "postgres and redis": cluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			for _, script := range []string{"node/fapi.mjs", "node/oauth4webapi.mjs"} {
				for _, signs := range []bool{false, true} {
					fapiRelyingParty(t, s, node, script, signs)
				}
			}
		})
	}
}

func fapiRelyingParty(t *testing.T, s *site, node, script string, signs bool) {
	t.Helper()
	u := s.memberOfTwo(t)
	o := u.Organisations[0].organisation
	private, jwks := clientKey(t)
	profile := "fapi2-security"
	if signs {
		profile = "fapi2-message-signing"
	}
	c := s.createClient(t,
		"--name", "Банк", "--kind", "web", "--redirect-uri", "http://127.0.0.1:5999/callback", "--scope", "openid organization organization:read members:read",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token", "--auth-method", "private_key_jwt", "--jwks", jwks, "--profile", profile,
	)
	settings, err := json.Marshal(map[string]any{
		"issuer": s.Issuer, "api": s.API, "client_id": c.ID, "jwk": private, "redirect_uri": c.RedirectURIs[0], "scope": c.Scope, "sign": signs,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := foreignRelyingParty(t, node, script, settings, func(ask string) string {
		return newVisitor(t).signIn(ask, c.RedirectURIs[0], u, o.ID).String()
	})
	if got.Subject != u.ID || organisation(got.Organization) != o || organisation(got.Refreshed) != o || got.Members == 0 {
		t.Errorf("%s ends with %+v, want %s in %+v", script, got, u, o)
	}
}

// clientKey makes a client's key: the private half as a JWK, the public one as a
// file with a key set.
func clientKey(t *testing.T) (private jose.JSONWebKey, jwks string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private = jose.JSONWebKey{Key: key, KeyID: "1", Algorithm: "ES256", Use: "sig"}
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	jwks = filepath.Join(t.TempDir(), "jwks.json")
	write(t, jwks, text)
	return private, jwks
}
