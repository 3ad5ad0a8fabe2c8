package oauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/possession"
	"propusk/storage"
	"propusk/storage/storagetest"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// signing is a key of a client, with the header that it signs with.
type signing struct {
	alg    jose.SignatureAlgorithm
	key    any
	header map[jose.HeaderKey]any
}

func (s signing) jwt(t testing.TB, claims any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: s.header}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// keySetOf is the public half of keys, which may be of any kind.
func keySetOf(t testing.TB, keys ...jose.JSONWebKey) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signer is a service client of romashka that authenticates by key.
func (h *house) signer(jwks json.RawMessage) caller {
	return h.register(Client{
		Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: jwks, OrganisationID: h.romashka.ID, Scope: "members:read",
	})
}

// asserting are good claims of an assertion, changed; nil takes one away.
func (h *house) asserting(c caller, changes map[string]any) map[string]any {
	now := h.clock.Now().Unix()
	claims := map[string]any{"iss": c.ID, "sub": c.ID, "aud": issuer, "iat": now, "exp": now + 60, "jti": storage.NewID()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// assert asks for a token by the assertion.
func (h *house) assert(assertion string, changes with) answer {
	return h.send(h.Token, h.request(caller{}, parameters(flat(ownGrant), with{
		"client_assertion": assertion, "client_assertion_type": assertionType,
	}, changes)))
}

// RFC 7523 §3, OpenID Connect Core §9.
func TestAClientAuthenticatesByItsKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := newKey(t)
	c := h.signer(keySetOf(t,
		jose.JSONWebKey{Key: ec.Public(), KeyID: "ec", Algorithm: "ES256", Use: "sig"}, jose.JSONWebKey{Key: ed.Public(), KeyID: "ed"}, jose.JSONWebKey{Key: rsaKey().Public()},
	))
	for name, test := range map[string]struct {
		by      signing
		changes map[string]any
		form    with
	}{
		"ES256":             {by: signing{jose.ES256, ec, map[jose.HeaderKey]any{"kid": "ec", "typ": "JWT"}}},
		"EdDSA":             {by: signing{jose.EdDSA, ed, map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}}},
		"PS256":             {by: signing{jose.PS256, rsaKey(), nil}},
		"RS256":             {by: signing{jose.RS256, rsaKey(), nil}},
		"aud in a list":     {by: signing{jose.ES256, ec, nil}, changes: map[string]any{"aud": []string{issuer}}},
		"client_id beside":  {by: signing{jose.ES256, ec, nil}, form: with{"client_id": c.ID}},
		"without iat":       {by: signing{jose.ES256, ec, nil}, changes: map[string]any{"iat": nil}},
		"a clock 10s ahead": {by: signing{jose.ES256, ec, nil}, changes: map[string]any{"iat": h.clock.Now().Unix() + 10}},
		"for an hour":       {by: signing{jose.ES256, ec, nil}, changes: map[string]any{"exp": h.clock.Now().Unix() + 3600}},
	} {
		if got := h.assert(test.by.jwt(t, h.asserting(c, test.changes)), test.form); got.status != http.StatusOK || h.claims(got).ClientID != c.ID {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
}

func TestForgedAssertionsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	ec, other := newKey(t), newKey(t)
	c := h.signer(keySetOf(t, jose.JSONWebKey{Key: ec.Public(), KeyID: "ec"}))
	second := h.signer(keySetOf(t, jose.JSONWebKey{Key: other.Public(), KeyID: "ec"}))
	byPassword := h.service()
	good := signing{alg: jose.ES256, key: ec}
	used := good.jwt(t, h.asserting(c, nil))
	if got := h.assert(used, nil); got.status != http.StatusOK {
		t.Fatalf("%d %v", got.status, got.body)
	}
	now := h.clock.Now().Unix()
	parts := strings.Split(used, ".")
	public, _ := json.Marshal(jose.JSONWebKey{Key: ec.Public()})
	said := func(changes map[string]any) string { return good.jwt(t, h.asserting(c, changes)) }
	typed := func(header map[jose.HeaderKey]any) string {
		return signing{jose.ES256, ec, header}.jwt(t, h.asserting(c, nil))
	}
	for name, assertion := range map[string]string{
		"used before (jti)":                  used,
		"without signature":                  parts[0] + "." + parts[1] + ".",
		"alg none":                           "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"HS256 by the public key":            signing{jose.HS256, public, nil}.jwt(t, h.asserting(c, nil)),
		"another key":                        signing{jose.ES256, other, nil}.jwt(t, h.asserting(c, nil)),
		"its key in the header":              embedded(t, other, h.asserting(c, nil)),
		"the key of another kid":             signing{jose.ES256, ec, map[jose.HeaderKey]any{"kid": "x"}}.jwt(t, h.asserting(c, nil)),
		"jku":                                typed(map[jose.HeaderKey]any{"jku": "https://evil.example/jwks"}),
		"x5u":                                typed(map[jose.HeaderKey]any{"x5u": "https://evil.example/cert"}),
		"made as a DPoP proof":               typed(map[jose.HeaderKey]any{"typ": "dpop+jwt"}),
		"made as a request object":           typed(map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}),
		"of another client for this one":     signing{jose.ES256, other, nil}.jwt(t, h.asserting(c, map[string]any{"iss": second.ID})),
		"iss another":                        said(map[string]any{"iss": "x"}),
		"sub another":                        said(map[string]any{"sub": second.ID}),
		"for another server":                 said(map[string]any{"aud": "https://evil.example"}),
		"for another server too":             said(map[string]any{"aud": []string{issuer, "https://evil.example"}}),
		"for the token endpoint":             said(map[string]any{"aud": issuer + "/oauth2/token"}),
		"aud missing":                        said(map[string]any{"aud": nil}),
		"aud a number":                       said(map[string]any{"aud": 1}),
		"exp missing":                        said(map[string]any{"exp": nil}),
		"expired this second":                said(map[string]any{"exp": now}),
		"for more than an hour":              said(map[string]any{"exp": now + 3601}),
		"for ever":                           said(map[string]any{"exp": 1e300}),
		"not before later":                   said(map[string]any{"nbf": now + 11}),
		"of the future":                      said(map[string]any{"iat": now + 11}),
		"jti missing":                        said(map[string]any{"jti": nil}),
		"jti long":                           said(map[string]any{"jti": strings.Repeat("x", 257)}),
		"oversized":                          said(map[string]any{"x": strings.Repeat("x", maxJWT)}),
		"rubbish":                            "a.b.c",
		"an ID token of this server":         h.signedIn(h.web(), nil).text("id_token"),
		"of a client that has a password":    good.jwt(t, h.asserting(byPassword, nil)),
		"of nobody":                          good.jwt(t, h.asserting(caller{Client: Client{ID: "nobody"}}, nil)),
		"its claims a list instead of a map": signing{jose.ES256, ec, nil}.jwt(t, []string{c.ID}),
	} {
		h.refused(name, h.assert(assertion, nil), http.StatusUnauthorized, "invalid_client")
		if name != "used before (jti)" {
			h.refused(name+", client_id beside", h.assert(assertion, with{"client_id": c.ID}), http.StatusUnauthorized, "invalid_client")
		}
	}
	fresh := func() string { return said(nil) }
	h.refused("for another client_id", h.assert(fresh(), with{"client_id": second.ID}), http.StatusUnauthorized, "invalid_client")
	h.refused("another type", h.assert(fresh(), with{"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}), http.StatusUnauthorized, "invalid_client")
	h.refused("a secret beside it", h.assert(fresh(), with{"client_secret": "x"}), http.StatusBadRequest, "invalid_request")
	h.refused("no assertion, the id alone", h.send(h.Token, h.named(c, ownGrant)), http.StatusUnauthorized, "invalid_client")
	basic := h.request(caller{}, parameters(flat(ownGrant), with{"client_assertion": fresh(), "client_assertion_type": assertionType}))
	basic.SetBasicAuth(c.ID, "x")
	h.refused("HTTP Basic beside it", h.send(h.Token, basic), http.StatusBadRequest, "invalid_request")
}

// embedded signs with a key that it carries in its header.
func embedded(t testing.TB, key *ecdsa.PrivateKey, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	jws, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, _ := jws.CompactSerialize()
	return compact
}

// RFC 7523 §3, jti: of many who bring one assertion at once, one is served.
func TestOneAssertionServesOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	ec := newKey(t)
	c := h.signer(keySetOf(t, jose.JSONWebKey{Key: ec.Public()}))
	assertion := signing{alg: jose.ES256, key: ec}.jwt(t, h.asserting(c, nil))
	var served atomic.Int32
	var racers sync.WaitGroup
	for range 16 {
		racers.Go(func() {
			if h.assert(assertion, nil).status == http.StatusOK {
				served.Add(1)
			}
		})
	}
	racers.Wait()
	if served.Load() != 1 {
		t.Errorf("%d were served", served.Load())
	}
}

func TestTheRegisteredAlgorithmIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	c := h.register(Client{
		Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, AuthSigningAlg: "PS256", Scope: "",
		JWKS: keySetOf(t, jose.JSONWebKey{Key: rsaKey().Public()}),
	})
	h.refused("RS256", h.assert(signing{jose.RS256, rsaKey(), nil}.jwt(t, h.asserting(c, nil)), nil), http.StatusUnauthorized, "invalid_client")
	if got := h.assert(signing{jose.PS256, rsaKey(), nil}.jwt(t, h.asserting(c, nil)), nil); got.status != http.StatusOK {
		t.Errorf("PS256: %d %v", got.status, got.body)
	}
}

func TestKeySetsAreChecked(t *testing.T) {
	h := alone(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	many := slices.Repeat([]jose.JSONWebKey{{Key: key.Public()}}, 17)
	for name, jwks := range map[string]json.RawMessage{
		"a private key": keySetOf(t, jose.JSONWebKey{Key: key}),
		"a shared key":  keySetOf(t, jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef")}),
		"P-384":         keySetOf(t, jose.JSONWebKey{Key: p384.Public()}),
		"RSA-1024":      keySetOf(t, jose.JSONWebKey{Key: weak.Public()}),
		"too many":      keySetOf(t, many...),
		"none":          json.RawMessage(`{"keys":[]}`),
		"no set":        json.RawMessage(`[]`),
		"rubbish":       json.RawMessage(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`),
		"huge":          json.RawMessage(`{"keys":[],"x":"` + strings.Repeat("x", client.MaxKeySet) + `"}`),
		"nothing":       nil,
	} {
		_, _, err := h.Clients().Create(t.Context(), Client{Name: "Обмен", Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: jwks})
		if err == nil || !strings.Contains(err.Error(), "jwks") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Client){
		"HS256":     func(c *Client) { c.AuthSigningAlg = "HS256" },
		"none":      func(c *Client) { c.AuthSigningAlg = "none" },
		"plain URI": func(c *Client) { c.JWKS, c.JWKSURI = nil, "http://app.example.org/jwks" },
		"an SPA":    func(c *Client) { c.Kind, c.RedirectURIs, c.GrantTypes = SPA, []string{callback}, nil },
	} {
		c := Client{Name: "Обмен", Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: keySetOf(t, jose.JSONWebKey{Key: key.Public()})}
		change(&c)
		if _, _, err := h.Clients().Create(t.Context(), c); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}

// keyServer serves a client's key set and counts how often it is asked.
type keyServer struct {
	*httptest.Server
	asked atomic.Int32
	body  atomic.Pointer[[]byte]
}

func serveKeys(t testing.TB, jwks []byte) *keyServer {
	k := &keyServer{}
	k.body.Store(&jwks)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.asked.Add(1)
		if body := *k.body.Load(); body != nil {
			_, _ = w.Write(body)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(k.Close)
	return k
}

// RFC 7591 §2 jwks_uri: asked seldom, asked again for a key that is new, and
// never by a stranger as often as he likes.
func TestKeysAreFetchedWithinBounds(t *testing.T) {
	h := alone(t)
	first, second := newKey(t), newKey(t)
	public := func(kid string, key *ecdsa.PrivateKey) jose.JSONWebKey {
		return jose.JSONWebKey{Key: key.Public(), KeyID: kid}
	}
	odd := json.RawMessage(`{"keys":[{"kty":"future"},{"kty":"oct","k":"AAAA"},` + strings.TrimPrefix(string(keySetOf(t, public("1", first))), `{"keys":[`))
	server := serveKeys(t, odd)
	c := h.register(Client{Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKSURI: server.URL + "/jwks", Scope: ""})
	by := func(kid string, key *ecdsa.PrivateKey) int {
		return h.assert(signing{jose.ES256, key, map[jose.HeaderKey]any{"kid": kid}}.jwt(t, h.asserting(c, nil)), nil).status
	}
	expect := func(what string, status, want int, asked int32) {
		t.Helper()
		if status != want || server.asked.Load() != asked {
			t.Errorf("%s: %d, asked %d times", what, status, server.asked.Load())
		}
	}
	for range 3 {
		expect("the first key", by("1", first), 200, 1)
		expect("an unknown key at once", by("2", second), 401, 1)
	}
	both := []byte(keySetOf(t, public("1", first), public("2", second)))
	server.body.Store(&both)
	h.clock.Advance(keysPause)
	expect("the new key", by("2", second), 200, 2)
	h.clock.Advance(keysFresh)
	var broken []byte
	server.body.Store(&broken)
	expect("the address fails", by("2", second), 200, 3)
	expect("and is left in peace", by("2", second), 200, 3)
	h.clock.Advance(keysPause)
	server.Close()
	expect("the address is gone", by("1", first), 200, 3)
	h.clock.Advance(keysKept)
	expect("the address is gone for an hour", by("1", first), 401, 3)
	never := h.register(Client{Kind: Service, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKSURI: server.URL + "/never", Scope: ""})
	got := h.assert(signing{jose.ES256, first, nil}.jwt(t, h.asserting(never, nil)), nil)
	h.refused("it never answered", got, http.StatusUnauthorized, "invalid_client")
	if strings.Contains(got.text("error_description"), "refused") {
		t.Errorf("the answer tells what is inside: %v", got.body)
	}
}

// FuzzClientAssertion: whatever comes, no token for it.
func FuzzClientAssertion(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f))
	ec := newKey(f)
	c := h.signer(keySetOf(f, jose.JSONWebKey{Key: ec.Public()}))
	good := signing{alg: jose.ES256, key: ec}.jwt(f, h.asserting(c, map[string]any{"exp": 1}))
	parts := strings.Split(good, ".")
	for _, seed := range []string{good, "", "..", parts[0] + "." + parts[1] + ".", "eyJhbGciOiJub25lIn0." + parts[1] + ".", fmt.Sprintf("{\"payload\":%q}", parts[1])} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, assertion string) {
		form := url.Values{"grant_type": {GrantClientCredentials}, "client_assertion": {assertion}, "client_assertion_type": {assertionType}}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", formType)
		err := h.Token(w, r)
		if err == nil || w.Code >= 500 || w.Code < 400 {
			t.Errorf("%q: %d, %v", assertion, w.Code, err)
		}
	})
}

func TestKeySetsAreReadFromPEM(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	certificate := selfSigned(t, h.clock.Now())
	public, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	jwks, err := client.ReadKeySet(slices.Concat([]byte("Обмен\n"), block("CERTIFICATE", certificate.Raw), block("PUBLIC KEY", public)))
	if err != nil {
		t.Fatal(err)
	}
	set, err := client.ParseKeySet(jwks, true)
	if err != nil || len(set.Keys) != 2 || !slices.Equal(set.Certificates, []string{possession.CertificateThumbprint(certificate.Certificate)}) {
		t.Errorf("%s: %+v, %v", jwks, set, err)
	}
	again, err := client.ReadKeySet(jwks)
	if err != nil || string(again) != string(jwks) {
		t.Errorf("a key set became %s, %v", again, err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(certificate.key)
	for name, text := range map[string][]byte{
		"a private key": block("PRIVATE KEY", private), "half a certificate": block("CERTIFICATE", certificate.Raw[:99]),
		"half a key": block("PUBLIC KEY", public[:9]), "rubbish": []byte("x"), "nothing": nil,
	} {
		if _, err := client.ReadKeySet(text); err == nil {
			t.Errorf("%s is a key set", name)
		}
	}
}
