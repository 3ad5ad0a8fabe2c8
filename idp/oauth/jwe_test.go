package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

// Keys of applications for all tests, since RSA keys take long to make.
var (
	readerRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	readerEC  = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func setOfKeys(keys ...jose.JSONWebKey) json.RawMessage {
	return must(json.Marshal(jose.JSONWebKeySet{Keys: keys}))
}

// encryptionSet has a key for each family of algorithms.
func encryptionSet() json.RawMessage {
	return setOfKeys(
		jose.JSONWebKey{Key: readerRSA().Public(), KeyID: "rsa", Use: "enc"},
		jose.JSONWebKey{Key: readerEC().Public(), KeyID: "ec", Use: "enc"},
	)
}

// decrypted opens a JWE as the application would and returns what is in it.
func decrypted(t testing.TB, token, alg, enc, contentType string) []byte {
	t.Helper()
	jwe, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.ContentEncryption(enc)})
	if err != nil {
		t.Fatalf("%s %s: %v in %.60q", alg, enc, err, token)
	}
	var key any = readerEC()
	if jwe.Header.KeyID == "rsa" {
		key = readerRSA()
	}
	if got, _ := jwe.Header.ExtraHeaders[jose.HeaderContentType].(string); got != contentType {
		t.Errorf("%s: cty is %q, want %q", alg, got, contentType)
	}
	content, err := jwe.Decrypt(key)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// OpenID Connect Core §10.2, §5.3.2; Registration §2.
func TestAnIDTokenAndUserInfoAreSignedThenEncryptedForTheApplication(t *testing.T) {
	h := alone(t)
	for _, alg := range client.EncryptionAlgorithms() {
		for _, enc := range client.ContentEncryptions() {
			c := h.register(Client{
				Kind: Web, RedirectURIs: []string{callback}, Scope: "openid profile", JWKS: encryptionSet(),
				TokenMetadata: client.TokenMetadata{
					IDTokenEncryptionAlg: alg, IDTokenEncryptionEnc: enc,
					UserInfoSignedAlg: "RS256", UserInfoEncryptionAlg: alg, UserInfoEncryptionEnc: enc,
				},
			})
			a := h.signedIn(c, with{"scope": "openid profile"})
			var id idToken
			if err := h.verify(string(decrypted(t, a.text("id_token"), alg, enc, "JWT")), "JWT", &id); err != nil || id.Subject != h.maria.ID || id.Audience[0] != c.ID {
				t.Errorf("%s %s: the ID token is %+v, %v", alg, enc, id, err)
			}
			w := h.userinfoRaw(a.text("access_token"))
			var info struct {
				Issuer   string   `json:"iss"`
				Audience audience `json:"aud"`
				Subject  string   `json:"sub"`
				Name     string   `json:"given_name"`
			}
			err := h.verify(string(decrypted(t, w.Body.String(), alg, enc, "JWT")), "JWT", &info)
			if err != nil || info.Issuer != issuer || info.Audience[0] != c.ID || info.Subject != id.Subject || info.Name != "Мария" ||
				w.Header().Get("Content-Type") != "application/jwt" {
				t.Errorf("%s %s: userinfo is %+v, %v", alg, enc, info, err)
			}
		}
	}
}

func (h *house) userinfoRaw(token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil).WithContext(h.t.Context())
	bearer(token)(r)
	w := httptest.NewRecorder()
	if err := h.UserInfo(w, r); err != nil {
		h.t.Errorf("userinfo: %v", err)
	}
	return w
}

func TestUserInfoIsSignedAloneOrEncryptedAlone(t *testing.T) {
	h := alone(t)
	register := func(m client.TokenMetadata) caller {
		return h.register(Client{Kind: Web, RedirectURIs: []string{callback}, Scope: "openid", JWKS: encryptionSet(), TokenMetadata: m})
	}
	signed := register(client.TokenMetadata{UserInfoSignedAlg: "ES256"})
	var info userInfo
	if err := h.verify(h.userinfoRaw(h.signedIn(signed, with{"scope": "openid"}).text("access_token")).Body.String(), "JWT", &info); err != nil || info.Subject != h.maria.ID {
		t.Errorf("signed: %+v, %v", info, err)
	}
	sealed := register(client.TokenMetadata{UserInfoEncryptionAlg: "ECDH-ES"})
	body := h.userinfoRaw(h.signedIn(sealed, with{"scope": "openid"}).text("access_token")).Body.String()
	if err := json.Unmarshal(decrypted(t, body, "ECDH-ES", "A128CBC-HS256", ""), &info); err != nil || info.Subject != h.maria.ID {
		t.Errorf("encrypted: %+v, %v", info, err)
	}
}

// RFC 9701 §5, §6.
func TestAnIntrospectionAnswerIsSignedAndEncryptedAsRegistered(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Service, GrantTypes: []string{GrantClientCredentials}, OrganisationID: h.romashka.ID, Scope: "members:read", JWKS: encryptionSet(),
		TokenMetadata: client.TokenMetadata{IntrospectionSignedAlg: "PS256", IntrospectionEncryptionAlg: "RSA-OAEP-256", IntrospectionEncryptionEnc: "A256GCM"},
	})
	token := h.post(h.Token, c, url.Values{"grant_type": {GrantClientCredentials}}).text("access_token")
	r := h.request(c, url.Values{"token": {token}})
	r.Header.Set("Accept", "application/token-introspection+jwt")
	w := httptest.NewRecorder()
	if err := h.Introspect(w, r); err != nil {
		t.Fatal(err)
	}
	inner := string(decrypted(t, w.Body.String(), "RSA-OAEP-256", "A256GCM", "JWT"))
	var answer struct {
		Audience audience      `json:"aud"`
		Told     introspection `json:"token_introspection"`
	}
	jws, err := jose.ParseSignedCompact(inner, []jose.SignatureAlgorithm{jose.PS256})
	if err != nil || h.verify(inner, typeIntrospection, &answer) != nil || answer.Audience[0] != c.ID || !answer.Told.Active {
		t.Errorf("the answer is %+v, %v of %v", answer, err, jws)
	}
}

// RFC 8725 §3.2, RFC 7516 §11: which keys and algorithms are refused.
func TestWhatNobodyShouldEncryptWithIsRefusedAtRegistration(t *testing.T) {
	h := alone(t)
	sign := jose.JSONWebKey{Key: readerEC().Public(), KeyID: "s", Use: "sig"}
	for name, c := range map[string]Client{
		"RSA1_5":                        {JWKS: encryptionSet(), TokenMetadata: client.TokenMetadata{IDTokenEncryptionAlg: "RSA1_5"}},
		"RSA-OAEP with SHA-1":           {JWKS: encryptionSet(), TokenMetadata: client.TokenMetadata{IDTokenEncryptionAlg: "RSA-OAEP"}},
		"dir":                           {JWKS: encryptionSet(), TokenMetadata: client.TokenMetadata{IDTokenEncryptionAlg: "dir"}},
		"a password":                    {JWKS: encryptionSet(), TokenMetadata: client.TokenMetadata{UserInfoEncryptionAlg: "PBES2-HS256+A128KW"}},
		"an unknown encryption":         {JWKS: encryptionSet(), TokenMetadata: client.TokenMetadata{UserInfoEncryptionAlg: "ECDH-ES", UserInfoEncryptionEnc: "A192GCM"}},
		"enc without alg":               {JWKS: encryptionSet(), TokenMetadata: client.TokenMetadata{IDTokenEncryptionEnc: "A128GCM"}},
		"no key":                        {TokenMetadata: client.TokenMetadata{IDTokenEncryptionAlg: "ECDH-ES"}},
		"a key that signs":              {JWKS: setOfKeys(sign), TokenMetadata: client.TokenMetadata{IDTokenEncryptionAlg: "ECDH-ES"}},
		"a key of the other family":     {JWKS: setOfKeys(jose.JSONWebKey{Key: readerEC().Public(), Use: "enc"}), TokenMetadata: client.TokenMetadata{IDTokenEncryptionAlg: "RSA-OAEP-256"}},
		"an algorithm that is unsigned": {TokenMetadata: client.TokenMetadata{UserInfoSignedAlg: "none"}},
		"another format":                {TokenMetadata: client.TokenMetadata{AccessTokenFormat: "paseto"}},
		"an unknown type of details":    {TokenMetadata: client.TokenMetadata{DetailTypes: []directory.DetailType{"x"}}},
		"an unknown subject type":       {TokenMetadata: client.TokenMetadata{SubjectType: "hidden"}},
	} {
		c.Name, c.Kind, c.RedirectURIs, c.Scope = name, Web, []string{callback}, "openid"
		if _, _, err := h.Clients().Create(t.Context(), c); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}

// signer makes request objects, signed and nested.
type objectMaker struct {
	h *house
	c caller
}

func (h *house) objectMaker(changes ...func(*Client)) objectMaker {
	c := Client{
		Kind: Web, RedirectURIs: []string{callback}, Scope: "openid members:read",
		JWKS: setOfKeys(jose.JSONWebKey{Key: readerEC().Public(), KeyID: "s"}),
	}
	for _, change := range changes {
		change(&c)
	}
	return objectMaker{h, h.register(c)}
}

func (m objectMaker) signed() string {
	claims := map[string]any{"iss": m.c.ID, "aud": issuer, "exp": m.h.clock.Now().Add(time.Minute).Unix()}
	for name, value := range asking(m.c, nil) {
		claims[name] = value[0]
	}
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: readerEC(), KeyID: "s"}},
		new(jose.SignerOptions).WithType("oauth-authz-req+jwt")))
	return must(must(signer.Sign(must(json.Marshal(claims)))).CompactSerialize())
}

// ours is our published encryption key on the curve, as an application finds it.
func (h *house) ours() jose.JSONWebKey { return h.oursFor("ECDH-ES") }

// oursFor is the key for an algorithm.
func (h *house) oursFor(alg string) jose.JSONWebKey {
	h.t.Helper()
	body, _, err := h.JWKS(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		h.t.Fatal(err)
	}
	for _, key := range set.Keys {
		if !key.IsPublic() {
			h.t.Fatal("a private key is published")
		}
		if _, curved := key.Key.(*ecdsa.PublicKey); key.Use == "enc" && curved == (alg != "RSA-OAEP-256") {
			return key
		}
	}
	h.t.Fatal("no key with use=enc is published")
	return jose.JSONWebKey{}
}

type nesting struct {
	alg  jose.KeyAlgorithm
	enc  jose.ContentEncryption
	cty  string
	zip  jose.CompressionAlgorithm
	kid  string
	key  any
	more map[jose.HeaderKey]any
}

func nested(content string, key jose.JSONWebKey, n nesting) string {
	if n.alg == "" {
		n.alg = jose.ECDH_ES_A256KW
	}
	if n.enc == "" {
		n.enc = jose.A256GCM
	}
	if n.key == nil {
		n.key = key.Key
	}
	if n.kid == "" {
		n.kid = key.KeyID
	}
	options := &jose.EncrypterOptions{Compression: n.zip}
	if n.cty != "-" {
		options = options.WithContentType("JWT")
	}
	for name, value := range n.more {
		options = options.WithHeader(name, value)
	}
	encrypter := must(jose.NewEncrypter(n.enc, jose.Recipient{Algorithm: n.alg, Key: n.key, KeyID: n.kid}, options))
	return must(must(encrypter.Encrypt([]byte(content))).CompactSerialize())
}

func (m objectMaker) ask(object string) (*AuthorizationRequest, error) {
	return m.h.authorizing(url.Values{"client_id": {m.c.ID}, "request": {object}})
}

// RFC 9101 §6.1: decrypted first, then the signature of what was inside is verified.
func TestAnEncryptedRequestObjectIsOpenedAndItsSignatureVerified(t *testing.T) {
	h := alone(t)
	m := h.objectMaker()
	for _, alg := range client.RequestEncryptionAlgorithms() {
		for _, enc := range client.ContentEncryptions() {
			request, err := m.ask(nested(m.signed(), h.oursFor(alg), nesting{alg: jose.KeyAlgorithm(alg), enc: jose.ContentEncryption(enc)}))
			if err != nil || request.State != "st" || request.RedirectURI != callback {
				t.Errorf("%s %s: %+v, %v", alg, enc, request, err)
			}
		}
	}
	if _, err := m.ask(m.signed()); err != nil {
		t.Errorf("signed alone: %v", err)
	}
}

func TestHostileEncryptedRequestObjectsAreRefusedAlike(t *testing.T) {
	h := alone(t)
	m, ours := h.objectMaker(), h.ours()
	good := nested(m.signed(), ours, nesting{})
	foreign := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public()
	parts := strings.Split(good, ".")
	changed := func(part int, value string) string {
		all := append([]string{}, parts...)
		all[part] = value
		return strings.Join(all, ".")
	}
	unsigned := "eyJhbGciOiJub25lIn0." + strings.Split(m.signed(), ".")[1] + "."
	for name, object := range map[string]string{
		"to another's key":                nested(m.signed(), ours, nesting{key: foreign}),
		"under an unknown kid":            nested(m.signed(), ours, nesting{kid: "other"}),
		"with no content type":            nested(m.signed(), ours, nesting{cty: "-"}),
		"compressed":                      nested(m.signed(), ours, nesting{zip: jose.DEFLATE}),
		"with a key in its header":        nested(m.signed(), ours, nesting{more: map[jose.HeaderKey]any{"jwk": ours}}),
		"with jku":                        nested(m.signed(), ours, nesting{more: map[jose.HeaderKey]any{"jku": "https://evil.example"}}),
		"with x5u":                        nested(m.signed(), ours, nesting{more: map[jose.HeaderKey]any{"x5u": "https://evil.example"}}),
		"with crit":                       nested(m.signed(), ours, nesting{more: map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1}}),
		"unsigned inside":                 nested(unsigned, ours, nesting{}),
		"plain claims inside":             nested(`{"iss":"x"}`, ours, nesting{}),
		"nested twice":                    nested(good, ours, nesting{}),
		"by an algorithm not on offer":    nested(m.signed(), ours, nesting{alg: jose.ECDH_ES_A192KW}),
		"with an encryption not on offer": nested(m.signed(), ours, nesting{enc: jose.A192GCM}),
		"to an RSA key":                   nested(m.signed(), ours, nesting{alg: jose.RSA_OAEP_256, key: readerRSA().Public()}),
		"by a shared key":                 nested(m.signed(), ours, nesting{alg: jose.DIRECT, enc: jose.A128GCM, key: make([]byte, 16)}),
		"by a password":                   nested(m.signed(), ours, nesting{alg: jose.PBES2_HS256_A128KW, key: []byte("password")}),
		"changed in the text":             changed(3, "AAAA"+parts[3][4:]),
		"changed in the tag":              changed(4, "AAAAAAAAAAAAAAAAAAAAAA"),
		"without its key":                 changed(1, ""),
		"too long":                        nested(strings.Repeat("a", maxJWE), ours, nesting{}),
		"five empty parts":                "....",
	} {
		_, err := m.ask(object)
		if e := asError(err); err == nil || e.Code != "invalid_request_object" || e.to != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// RFC 8725 §3.2, invalid curve attack: a point of another curve is no key.
func TestAnEphemeralKeyOffTheCurveIsRefused(t *testing.T) {
	h := alone(t)
	m := h.objectMaker()
	good := strings.Split(nested(m.signed(), h.ours(), nesting{alg: jose.ECDH_ES}), ".")
	header := map[string]any{}
	raw := must(jsonOf(good[0]))
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	header["epk"].(map[string]any)["y"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
	good[0] = encoded(must(json.Marshal(header)))
	if _, err := m.ask(strings.Join(good, ".")); err == nil || asError(err).Code != "invalid_request_object" {
		t.Errorf("%v", err)
	}
}

func TestAClientThatRegisteredToEncryptMustAndAsRegistered(t *testing.T) {
	h := alone(t)
	m := h.objectMaker(func(c *Client) { c.RequestEncryptionAlg, c.RequestEncryptionEnc = "ECDH-ES", "A128GCM" })
	for name, test := range map[string]struct {
		object string
		ok     bool
	}{
		"as registered":      {nested(m.signed(), h.ours(), nesting{alg: jose.ECDH_ES, enc: jose.A128GCM}), true},
		"another algorithm":  {nested(m.signed(), h.ours(), nesting{alg: jose.ECDH_ES_A128KW, enc: jose.A128GCM}), false},
		"another encryption": {nested(m.signed(), h.ours(), nesting{alg: jose.ECDH_ES, enc: jose.A256GCM}), false},
		"signed alone":       {m.signed(), false},
	} {
		if _, err := m.ask(test.object); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key is published for a month and opens for another.
func TestEncryptionKeysChangeWithTimeAloneAndTheSameOnEveryNode(t *testing.T) {
	h := alone(t)
	m, first := h.objectMaker(), h.ours()
	object := func() string { return nested(m.signed(), first, nesting{}) }
	_, etag, err := h.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.restart()
	if again := h.ours(); again.KeyID != first.KeyID {
		t.Error("another process publishes another key")
	}
	if print, err := first.Thumbprint(crypto.SHA256); err != nil || encoded(print) != first.KeyID {
		t.Errorf("the key is called %q, %v", first.KeyID, err)
	}
	h.clock.Advance(encryptionPeriod)
	if next := h.ours(); next.KeyID == first.KeyID {
		t.Error("a month later it is the same key")
	}
	if _, tag, err := h.JWKS(t.Context()); err != nil || tag == etag {
		t.Errorf("the key set has the tag it had, %v", err)
	}
	if _, err := m.ask(object()); err != nil {
		t.Errorf("the key of before does not open: %v", err)
	}
	h.clock.Advance(encryptionPeriod)
	if _, err := m.ask(object()); err == nil {
		t.Error("a key of two months ago opens")
	}
}

func FuzzEncryptedRequestObject(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f))
	m := h.objectMaker()
	registered := newRegistration(m.c.Client)
	for _, seed := range []string{
		"....", "a.b.c.d.e", nested(m.signed(), h.ours(), nesting{}), nested("{}", h.ours(), nesting{alg: jose.ECDH_ES}),
		nested(m.signed(), h.oursFor("RSA-OAEP-256"), nesting{alg: jose.RSA_OAEP_256}),
		nested(m.signed(), h.ours(), nesting{zip: jose.DEFLATE}), m.signed(),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, object string) {
		inner, err := h.openObject(t.Context(), registered, object)
		if err != nil {
			if e := asError(err); e.Code != "invalid_request_object" {
				t.Errorf("%q: %v", object, err)
			}
			return
		}
		if encrypted(inner) || encrypted(object) && len(object) > maxJWE {
			t.Errorf("%q comes to %q", object, inner)
		}
	})
}

func encoded(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func jsonOf(part string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(part) }
