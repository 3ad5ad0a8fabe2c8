package conformance

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/oauth"
)

func TestDynamicOP(t *testing.T) { dynamicPlan().run(t) }

const whyRequestURI = "request_uri is for pushed requests alone: no address of a client's is asked for a request (RFC 9101 10.4), and discovery says so"

const noteKept = "kept, given back, and a link of the page of consent"

func dynamicPlan() plan {
	v := variant{name: "private_key_jwt", auth: oauth.AuthPrivateKeyJWT}
	return plan{"oidcc-dynamic-certification-test-plan", "TestDynamicOP", []variant{v}, []module{
		{name: "oidcc-idtoken-rs256", test: idTokenRS256},
		{name: "oidcc-idtoken-unsigned", why: whyUnsigned},
		{name: "oidcc-userinfo-rs256", test: userinfoRS256},
		{name: "oidcc-ensure-redirect-uri-in-authorization-request", test: redirectURIMissing},
		{name: "oidcc-redirect-uri-query-OK", test: plainly(nil), note: "the redirect URI of every test has a query"},
		{name: "oidcc-redirect-uri-query-mismatch", test: redirectURIShown("https://rp.example/callback?suite=2")},
		{name: "oidcc-redirect-uri-query-added", test: redirectURIShown(callback + "&added=1")},
		{name: "oidcc-redirect-uri-regfrag", test: registeredFragment},
		{name: "oidcc-discovery-endpoint-verification", test: registrationDiscovery},
		{name: "oidcc-server", test: dynamicServer, note: notePKCE},
		{name: "oidcc-registration-logo-uri", test: addressKept("logo_uri"), note: "kept and given back; the page of consent shows it as this server fetched it and drew it anew, never from its address: `TestTheConsentPageTellsOfTheApplication`"},
		{name: "oidcc-registration-policy-uri", test: addressKept("policy_uri"), note: noteKept},
		{name: "oidcc-registration-tos-uri", test: addressKept("tos_uri"), note: noteKept},
		{name: "oidcc-registration-jwks-uri", test: registeredKeysAddress},
		{name: "oidcc-registration-sector-uri", test: sectorGood},
		{name: "oidcc-registration-sector-bad", test: sectorBad},
		{name: "oidcc-server-rotate-keys", test: rotatedKeys},
		{name: "oidcc-refresh-token-rp-key-rotation", test: rotatedClientKeys},
		{name: "oidcc-request-uri-unsigned", why: whyRequestURI},
		{name: "oidcc-request-uri-signed-rs256", why: whyRequestURI},
		{name: "oidcc-ensure-request-object-with-redirect-uri", test: objectWithRedirectURI},
		{name: "oidcc-refresh-token", test: refreshTokenModule},
		{name: "oidcc-ensure-client-assertion-with-iss-aud-succeeds", test: plainly(nil), note: "the audience of every assertion is the issuer"},
	}}
}

// algorithmOf is alg of a JWT's header.
func algorithmOf(token string) string {
	part, _, _ := strings.Cut(token, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(part)
	var header struct {
		Alg string `json:"alg"`
	}
	_ = json.Unmarshal(raw, &header)
	return header.Alg
}

func idTokenRS256(p *party) {
	other := p.world.party(p.T, p.variant, func(c *oauth.Client) { c.IDTokenSignedResponseAlg = "RS256" })
	got := other.flow(nil)
	other.identity(got, "nonce-1")
	if alg := algorithmOf(got.text("id_token")); alg != "RS256" {
		p.Errorf("signed by %s", alg)
	}
}

// Core §5.3.2: signed userinfo has iss and aud.
func userinfoRS256(p *party) {
	other := p.world.party(p.T, p.variant, func(c *oauth.Client) { c.TokenMetadata = client.TokenMetadata{UserInfoSignedAlg: "RS256"} })
	got := other.userinfo(other.flow(nil).text("access_token"))
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/jwt" || algorithmOf(got.raw) != "RS256" {
		p.Fatalf("%d %v %s", got.status, got.header, got.raw)
	}
	if claims := other.verified(got.raw); claims["iss"] != issuer || audience(claims["aud"]) != other.client.ID || claims["sub"] != p.maria.ID {
		p.Errorf("userinfo says %v", claims)
	}
}

func redirectURIMissing(p *party) {
	p.shown(p.browser.open(p.link(with{"redirect_uri": ""})))
}

func redirectURIShown(uri string) func(*party) {
	return func(p *party) { p.shown(p.browser.open(p.link(with{"redirect_uri": uri}))) }
}

// keyAddress serves the key set of an application, which can be changed.
type keyAddress struct {
	*httptest.Server
	set atomic.Pointer[json.RawMessage]
}

func serveKeys(t *testing.T, key *ecdsa.PrivateKey) *keyAddress {
	k := &keyAddress{}
	k.use(t, key)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(*k.set.Load())
	}))
	t.Cleanup(k.Close)
	return k
}

func (k *keyAddress) use(t *testing.T, key *ecdsa.PrivateKey) {
	set := keySet(t, key)
	k.set.Store(&set)
}

// rotatedKeys: Core §10.1.1. A new key is published before it signs, and the old one
// stays published.
func rotatedKeys(p *party) {
	before := p.flow(nil)
	known := len(p.published().Keys)
	if _, err := p.keys.Rotate(p.Context(), "ES256"); err != nil {
		p.Fatal(err)
	}
	if got := len(p.published().Keys); got != known+1 {
		p.Errorf("%d keys are published, there were %d", got, known)
	}
	p.clock.Advance(11 * time.Minute)
	after := p.flow(nil)
	p.identity(after, "nonce-1")
	p.verified(before.text("id_token"))
	first, _, _ := strings.Cut(before.text("id_token"), ".")
	second, _, _ := strings.Cut(after.text("id_token"), ".")
	if first == second {
		p.Error("the new key does not sign")
	}
}

// rotatedClientKeys: Core §10.1.1, for the client's keys at jwks_uri.
func rotatedClientKeys(p *party) {
	at := serveKeys(p.T, p.key)
	other := p.world.party(p.T, p.variant, func(c *oauth.Client) { c.JWKS, c.JWKSURI = nil, at.URL+"/jwks" })
	other.key = p.key
	first := other.flow(with{"scope": "openid offline_access"})
	other.key = newKey()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: other.key.Public(), KeyID: "2", Use: "sig"}}})
	if err != nil {
		p.Fatal(err)
	}
	raw := json.RawMessage(set)
	at.set.Store(&raw)
	p.clock.Advance(time.Minute)
	other.granted(other.refresh(first.text("refresh_token"), func(c *call) {
		c.assertion = func(claims map[string]any) string { return jwsOf(p.T, other.key, "2", claims) }
	}))
}

// jwsOf signs with ES256 and names the key.
func jwsOf(t *testing.T, key *ecdsa.PrivateKey, kid string, claims map[string]any) string {
	t.Helper()
	return jws(t, jose.ES256, jose.JSONWebKey{Key: key, KeyID: kid}, "", false, claims)
}
