package oauth

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Clauses of RFC 9700 and of FAPI 2.0 that no other file is about. docs/conformance.md
// leads from each clause to its test.

// RFC 9700 §2.4, §2.1.2: nobody gives a program a password, and no token comes through a
// browser.
func TestPasswordAndImplicitGrantsAreRefused(t *testing.T) {
	h := alone(t)
	c := h.web()
	h.refused("a password", h.post(h.Token, c, parameters(with{"grant_type": "password", "username": "maria", "password": "x"})), http.StatusBadRequest, "unsupported_grant_type")
	for _, kind := range []string{"token", "id_token", "code token", "code id_token", "id_token token", "none"} {
		_, err := h.authorizing(asking(c, with{"response_type": kind}))
		h.redirected(kind, err, "unsupported_response_type", "st")
	}
	for _, grant := range []string{"password", "implicit"} {
		if _, _, err := h.Clients().Create(t.Context(), Client{
			Name: "Старое", Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, grant}, Scope: "openid",
		}); err == nil {
			t.Errorf("%s: registered", grant)
		}
	}
}

// FAPI 2.0 Security Profile §5.4.1 clause 4, RFC 6749 §10.10: what programs hold has 128
// random bits at least, and no two are alike.
func TestCredentialsHaveEnoughRandomBits(t *testing.T) {
	h := alone(t)
	c := h.web()
	seen := map[string]bool{}
	for range 3 {
		code := h.code(c, nil)
		tokens := h.post(h.Token, c, redeeming(code, nil))
		made, secret, err := h.Clients().Create(t.Context(), Client{Name: "Обмен", Kind: Service, OrganisationID: h.romashka.ID, Scope: "members:read"})
		if err != nil || !made.KeepsSecret() {
			t.Fatal(err)
		}
		for what, credential := range map[string]string{
			"a code": code, "a refresh token": tokens.text("refresh_token"), "a pushed request": h.push(c, nil).text("request_uri")[len(requestURIPrefix):],
			"a secret": secret,
		} {
			least := 22 // BASE64URL letters that 128 bits take
			if len(credential) < least || seen[credential] {
				t.Errorf("%s: %q", what, credential)
			}
			seen[credential] = true
		}
	}
}

// FAPI 2.0 Security Profile §5.4.3: keys of one name are told apart by what they are, and
// each is tried.
func TestKeysOfOneNameAreToldApart(t *testing.T) {
	h := alone(t)
	first, second := newKey(t), newKey(t)
	c := h.signer(keySetOf(t,
		jose.JSONWebKey{Key: rsaKey().Public(), KeyID: "k", Use: "sig"}, jose.JSONWebKey{Key: first.Public(), KeyID: "k", Use: "sig"},
		jose.JSONWebKey{Key: second.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"},
	))
	named := map[jose.HeaderKey]any{"kid": "k"}
	for name, by := range map[string]signing{
		"RSA": {jose.PS256, rsaKey(), named}, "the first": {jose.ES256, first, named}, "the second": {jose.ES256, second, named},
	} {
		if a := h.assert(by.jwt(t, h.asserting(c, nil)), nil); a.status != http.StatusOK {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	h.refused("a stranger's of that name", h.assert(signing{jose.ES256, newKey(t), named}.jwt(t, h.asserting(c, nil)), nil), http.StatusUnauthorized, "invalid_client")
}

// RFC 8725 §3.7: what is no UTF-8, and what says something twice, is no JSON to anybody.
func TestClaimsAreUTF8AndSaidOnce(t *testing.T) {
	h := alone(t)
	key := newKey(t)
	c := h.signer(keySetOf(t, jose.JSONWebKey{Key: key.Public()}))
	sign := func(payload string) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		object, err := signer.Sign([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		text, err := object.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := signing{alg: jose.ES256, key: key}.jwt(t, h.asserting(c, nil))
	payload := string(payloadOf(t, good))
	for name, claims := range map[string]string{
		"Latin-1":        payload[:len(payload)-1] + ",\"x\":\"\xe9\"}",
		"UTF-16":         "\xff\xfe" + payload,
		"sub twice":      payload[:len(payload)-1] + `,"sub":"` + c.ID + `"}`,
		"something else": payload + "{}",
	} {
		h.refused(name, h.assert(sign(claims), nil), http.StatusUnauthorized, "invalid_client")
	}
	if a := h.assert(sign(payload), nil); a.status != http.StatusOK {
		t.Errorf("as it was: %d %v", a.status, a.body)
	}
}

// payloadOf is what a JWT says, whoever signed it.
func payloadOf(t *testing.T, token string) []byte {
	t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	return signed.UnsafePayloadWithoutVerification()
}

// RFC 8725 §3.4: a key whose point is on no curve of ours, or is none, is no key.
func TestPointsOffTheCurveAreNoKeys(t *testing.T) {
	h := alone(t)
	key := newKey(t)
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := point[1:33], point[33:]
	shifted := append([]byte(nil), y...)
	shifted[31] ^= 1
	for name, coordinates := range map[string][2][]byte{
		"off the curve": {x, shifted}, "the point at infinity": {make([]byte, 32), make([]byte, 32)}, "coordinates swapped": {y, x}, "a short one": {x[:31], y},
	} {
		jwks := `{"keys":[{"kty":"EC","crv":"P-256","x":"` + base64.RawURLEncoding.EncodeToString(coordinates[0]) + `","y":"` + base64.RawURLEncoding.EncodeToString(coordinates[1]) + `"}]}`
		_, _, err := h.Clients().Create(t.Context(), Client{Name: "Обмен", Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: []byte(jwks)})
		if err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}
