package conformance

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/oauth"
	"propusk/storage"
)

const (
	callback = "https://rp.example/callback?suite=1"
	goodbye  = "https://rp.example/goodbye"
	// verifier is the code verifier of every request (RFC 7636 §4.1).
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// variant is what a plan leaves open: how the client authenticates, what its
// tokens are bound to, and how it asks and is answered.
type variant struct {
	name      string
	auth      string        // token_endpoint_auth_method
	constrain string        // "", "dpop" or "mtls"
	profile   oauth.Profile // "" = none
	mode      string        // response_mode; "" = the default
	signed    bool          // requests are signed (RFC 9101)
	itself    bool          // the client acts for itself (RFC 6749 §4.4)
}

func (v variant) dpop() bool { return v.constrain == "dpop" }
func (v variant) fapi() bool { return v.profile != "" }

// byCertificate tells that the client comes with its certificate, to whichever
// endpoint.
func (v variant) byCertificate() bool { return v.auth == oauth.AuthTLS || v.constrain == "mtls" }

// party is a relying party with a registered client, its keys and a browser in
// which somebody uses it.
type party struct {
	*world
	*testing.T
	variant
	client      oauth.Client
	secret      string
	key         *ecdsa.PrivateKey // of its assertions and signed requests
	proofKey    *ecdsa.PrivateKey // of its DPoP proofs
	certificate *tls.Certificate
	browser     *browser
	plain, tls  *http.Client
	address     string
	nonce       string // the newest DPoP-Nonce
}

// party registers a client as the variant has it; change may alter it before.
func (w *world) party(t *testing.T, v variant, change ...func(*oauth.Client)) *party {
	t.Helper()
	p := &party{
		world: w, T: t, variant: v, key: newKey(), proofKey: newKey(), browser: w.browser(t),
		plain: w.client(t, nil), address: w.address(),
	}
	c := oauth.Client{
		ID: storage.NewID(), Name: "Проверка", Kind: oauth.Web, FirstParty: true, Profile: v.profile, TokenEndpointAuthMethod: v.auth,
		RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{goodbye},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		Scope:      "openid profile email phone offline_access",
	}
	if v.auth == oauth.AuthPrivateKeyJWT || v.signed {
		c.JWKS = keySet(t, p.key)
	}
	if v.byCertificate() {
		host := c.ID + ".rp.example"
		p.certificate = w.authority.client(host)
		p.tls = w.client(t, p.certificate)
		c.CertificateBound = v.constrain == "mtls"
		if v.auth == oauth.AuthTLS {
			c.SANDNS = host
		}
	}
	if v.itself {
		c.Kind, c.FirstParty, c.GrantTypes, c.Scope = oauth.Service, false, []string{oauth.GrantClientCredentials}, ""
		c.RedirectURIs, c.PostLogoutRedirectURIs = nil, nil
	}
	for _, f := range change {
		f(&c)
	}
	var err error
	if p.client, p.secret, err = w.clients.Create(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return p
}

// another is a second client of the same variant, used in the same browser.
func (p *party) another() *party {
	p.Helper()
	other := p.party(p.T, p.variant)
	other.browser = p.browser
	return other
}

func keySet(t *testing.T, key *ecdsa.PrivateKey) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Use: "sig", Algorithm: "ES256"}}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// with are parameters; "" takes one away.
type with = map[string]string

func merge(form url.Values, changes with) url.Values {
	form = maps.Clone(form)
	for name, value := range changes {
		form.Set(name, value)
		if value == "" {
			form.Del(name)
		}
	}
	return form
}

// asking is a good authorization request, changed.
func (p *party) asking(changes with) url.Values {
	digest := sha256.Sum256([]byte(verifier))
	form := url.Values{
		"client_id": {p.client.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
		"state": {"state-1"}, "nonce": {"nonce-1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"},
	}
	if p.mode != "" {
		form.Set("response_mode", p.mode)
	}
	return merge(form, changes)
}

// answer is what an endpoint said.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) text(name string) string { s, _ := a.body[name].(string); return s }

// call is a request that a party makes to an endpoint, before it is sent. A test
// changes it to do wrong.
type call struct {
	endpoint string // path
	method   string
	form     url.Values
	header   http.Header
	// assertion makes the client assertion, nil = none; claims change a good one.
	assertion func(claims map[string]any) string
	claims    map[string]any
	// proof makes the DPoP proof, nil = none; proofClaims change a good one.
	proof       func(claims map[string]any) string
	proofClaims map[string]any
	token       string       // the access token that comes along
	over        *http.Client // the connection
	host        string
}

// send calls an endpoint with the client's authentication and proof, once more
// where a nonce is asked for (RFC 9449 §8).
func (p *party) send(endpoint string, form url.Values, changes ...func(*call)) answer {
	p.Helper()
	for range 2 {
		c := p.prepare(endpoint, form)
		for _, change := range changes {
			change(c)
		}
		got := p.transmit(c)
		if nonce := got.header.Get("DPoP-Nonce"); nonce != "" {
			p.nonce = nonce
		}
		if got.text("error") != "use_dpop_nonce" && !strings.Contains(strings.Join(got.header["Www-Authenticate"], ""), "use_dpop_nonce") {
			return got
		}
	}
	p.Fatal("asked for a nonce again and again")
	return answer{}
}

// prepare is a good call.
func (p *party) prepare(endpoint string, form url.Values) *call {
	c := &call{endpoint: endpoint, method: http.MethodPost, form: maps.Clone(form), header: http.Header{}, over: p.plain, host: issuer}
	if p.byCertificate() {
		c.over, c.host = p.tls, mutual
	}
	if p.dpop() && endpoint == "/oauth2/token" {
		c.proof = p.sign(p.proofKey, "dpop+jwt", true)
	}
	if endpoint == p.resource() {
		return c
	}
	switch p.auth {
	case oauth.AuthBasic:
		c.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(p.client.ID)+":"+url.QueryEscape(p.secret))))
	case oauth.AuthPost:
		c.form.Set("client_id", p.client.ID)
		c.form.Set("client_secret", p.secret)
	case oauth.AuthPrivateKeyJWT:
		c.form.Set("client_id", p.client.ID)
		c.form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		c.assertion = p.sign(p.key, "", false)
	default:
		c.form.Set("client_id", p.client.ID)
	}
	return c
}

func (p *party) transmit(c *call) answer {
	p.Helper()
	if c.assertion != nil {
		c.form.Set("client_assertion", c.assertion(p.asserting(c.claims)))
	}
	if c.proof != nil {
		c.header["DPoP"] = append(c.header["DPoP"], c.proof(p.proving(c)))
	}
	var body io.Reader
	if c.method == http.MethodPost {
		body = strings.NewReader(c.form.Encode())
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r, err := http.NewRequestWithContext(p.Context(), c.method, c.host+c.endpoint, body)
	if err != nil {
		p.Fatal(err)
	}
	r.Header = c.header
	r.Header.Set(addressHeader, p.address)
	response, err := c.over.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	got := answer{status: response.StatusCode, header: response.Header, raw: string(text)}
	_ = json.Unmarshal(text, &got.body) // not every answer is JSON; who needs it looks
	return got
}

// asserting are good claims of a client assertion, changed; nil takes one away.
func (p *party) asserting(changes map[string]any) map[string]any {
	now := p.clock.Now().Unix()
	return changed(map[string]any{
		"iss": p.client.ID, "sub": p.client.ID, "aud": issuer, "iat": now, "exp": now + 60, "jti": storage.NewID(),
	}, changes)
}

// proving are good claims of a DPoP proof for the call, changed.
func (p *party) proving(c *call) map[string]any {
	claims := map[string]any{"jti": storage.NewID(), "htm": c.method, "htu": c.host + c.endpoint, "iat": p.clock.Now().Unix()}
	if p.nonce != "" {
		claims["nonce"] = p.nonce
	}
	if c.token != "" {
		claims["ath"] = hashOf(c.token)
	}
	return changed(claims, c.proofClaims)
}

func changed(claims, changes map[string]any) map[string]any {
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

func hashOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// sign returns what makes JWTs with ES256 by the key.
func (p *party) sign(key *ecdsa.PrivateKey, typ string, embed bool) func(map[string]any) string {
	return func(claims map[string]any) string { return jws(p.T, jose.ES256, key, typ, embed, claims) }
}

func jws(t *testing.T, alg jose.SignatureAlgorithm, key any, typ string, embed bool, claims map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{EmbedJWK: embed}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// unsigned is a JWT of the algorithm none.
func unsigned(t *testing.T, header map[string]any, claims map[string]any) string {
	t.Helper()
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
}

func thumbprint(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	digest, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(digest)
}
