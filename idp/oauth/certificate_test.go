package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/possession"
	"propusk/storage/storagetest"
)

const mutualHost = "https://mtls.localhost:8443"

// authority is a certification authority of the tests.
type authority struct {
	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

// pair is a certificate with its key, and those above it.
type pair struct {
	*x509.Certificate
	key   *ecdsa.PrivateKey
	above []*x509.Certificate
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t testing.TB, name string, at time.Time) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	a.certificate = a.make(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, a.key, a.key)
	return a
}

func (a *authority) make(template, parent *x509.Certificate, of, by *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of.Public(), by)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return certificate
}

// client is a certificate for client authentication at the time, changed.
func (a *authority) client(at time.Time, changes ...func(*x509.Certificate)) pair {
	a.t.Helper()
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Обмен", Organization: []string{"ООО «Ромашка», филиал"}, Country: []string{"RU"}},
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(100 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"exchange.example.org", "*.wild.example.org"}, EmailAddresses: []string{"exchange@example.org"},
		IPAddresses: []net.IP{net.ParseIP("192.0.2.7")}, URIs: []*url.URL{{Scheme: "urn", Opaque: "example:exchange"}},
	}
	for _, change := range changes {
		change(template)
	}
	key := newKey(a.t)
	return pair{a.make(template, a.certificate, key, a.key), key, nil}
}

// selfSigned is a certificate that nobody vouches for.
func selfSigned(t testing.TB, at time.Time) pair {
	t.Helper()
	a := newAuthority(t, "self", at)
	return pair{a.certificate, a.key, nil}
}

const exchangeDN = `CN=Обмен,O=ООО «Ромашка»\, филиал,C=RU`

// mutual is a house with a mutual-TLS host and an authority.
func mutual(t *testing.T) (*house, *authority) {
	t.Helper()
	h := newHouse(t, storagetest.SQLite(t))
	return h, h.mutual()
}

// mutual gives the house a mutual-TLS host and an authority.
func (h *house) mutual() *authority {
	h.t.Helper()
	a := newAuthority(h.t, "Удостоверяющий центр", h.clock.Now())
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	deps := h.deps
	deps.Metrics, deps.MutualTLS = nil, MutualTLS{URL: mutualHost, Authorities: pool}
	deps.Clients = h.openClients(client.MutualTLS{Host: true, Authorities: true})
	h.Provider = h.start(deps)
	return a
}

// over makes the request one that came over a connection with the certificate.
func over(r *http.Request, p pair) *http.Request {
	r.TLS = &tls.ConnectionState{PeerCertificates: append([]*x509.Certificate{p.Certificate}, p.above...)}
	return r
}

// named sends the client's id, as a client that authenticates by certificate does.
func (h *house) named(c caller, form url.Values) *http.Request {
	form = parameters(with{"client_id": c.ID}, flat(form))
	c.TokenEndpointAuthMethod = ""
	return h.request(c, form)
}

func flat(form url.Values) with {
	flat := with{}
	for name := range form {
		flat[name] = form.Get(name)
	}
	return flat
}

// exchange is a service client that authenticates by certificate.
func (h *house) exchange(subject CertificateSubject) caller {
	return h.register(Client{
		Kind: Service, TokenEndpointAuthMethod: AuthTLS, CertificateSubject: subject, OrganisationID: h.romashka.ID,
		Scope: "members:read", CertificateBound: true,
	})
}

// RFC 8705 §2.1.2: each way to name a certificate, and what comes close to it.
func TestATLSClientIsWhomItsCertificateNames(t *testing.T) {
	t.Parallel()
	h, a := mutual(t)
	good := a.client(h.clock.Now())
	for name, test := range map[string]struct {
		subject CertificateSubject
		taken   bool
	}{
		"its DN":                 {CertificateSubject{SubjectDN: exchangeDN}, true},
		"its DN with spaces":     {CertificateSubject{SubjectDN: `CN=Обмен, O=ООО «Ромашка»\, филиал, C=RU`}, true},
		"its DN in OIDs":         {CertificateSubject{SubjectDN: `2.5.4.3=\D0\9E\D0\B1мен,2.5.4.10=ООО «Ромашка»\2C филиал,2.5.4.6=RU`}, true},
		"another order":          {CertificateSubject{SubjectDN: `C=RU,O=ООО «Ромашка»\, филиал,CN=Обмен`}, false},
		"less than its DN":       {CertificateSubject{SubjectDN: `CN=Обмен`}, false},
		"more than its DN":       {CertificateSubject{SubjectDN: exchangeDN + ",C=RU"}, false},
		"another case":           {CertificateSubject{SubjectDN: strings.ToLower(exchangeDN[:3]) + exchangeDN[3:len(exchangeDN)-2] + "ru"}, false},
		"its host":               {CertificateSubject{SANDNS: "Exchange.example.org"}, true},
		"another host":           {CertificateSubject{SANDNS: "evil.example.org"}, false},
		"a host of its wildcard": {CertificateSubject{SANDNS: "a.wild.example.org"}, false},
		"its URI":                {CertificateSubject{SANURI: "urn:example:exchange"}, true},
		"another URI":            {CertificateSubject{SANURI: "urn:example:exchange2"}, false},
		"its address":            {CertificateSubject{SANIP: "::ffff:192.0.2.7"}, true},
		"another address":        {CertificateSubject{SANIP: "192.0.2.8"}, false},
		"its mailbox":            {CertificateSubject{SANEmail: "exchange@example.org"}, true},
		"another mailbox":        {CertificateSubject{SANEmail: "Exchange@example.org"}, false},
	} {
		c := h.exchange(test.subject)
		got := h.send(h.Token, over(h.named(c, ownGrant), good))
		if test.taken && got.status != http.StatusOK {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
		if !test.taken {
			h.refused(name, got, http.StatusUnauthorized, "invalid_client")
		}
	}
}

// RFC 8705 §2.1: the name alone is worth nothing without an authority of ours.
func TestATLSClientNeedsAChainToAnAuthorityOfOurs(t *testing.T) {
	t.Parallel()
	h, a := mutual(t)
	c := h.exchange(CertificateSubject{SubjectDN: exchangeDN})
	now := h.clock.Now()
	stranger := newAuthority(t, "Удостоверяющий центр", now) // of the same name
	between := a.make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "between"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.certificate, a.key, a.key)
	below := &authority{t: t, certificate: between, key: a.key}
	chained := below.client(now)
	chained.above = []*x509.Certificate{between}
	crowd := a.client(now)
	crowd.above = slices.Repeat([]*x509.Certificate{between}, maxChain)
	for name, test := range map[string]struct {
		pair
		taken bool
	}{
		"through an intermediate":    {chained, true},
		"the intermediate held back": {pair{chained.Certificate, nil, nil}, false},
		"an authority of its name":   {stranger.client(now), false},
		"self-signed":                {selfSigned(t, now), false},
		"expired":                    {a.client(now, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }), false},
		"not valid yet":              {a.client(now, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) }), false},
		"for servers only":           {a.client(now, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), false},
		"with a crowd":               {crowd, false},
	} {
		got := h.send(h.Token, over(h.named(c, ownGrant), test.pair))
		if test.taken != (got.status == http.StatusOK) {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	h.refused("no certificate", h.send(h.Token, h.named(c, ownGrant)), http.StatusUnauthorized, "invalid_client")
	secret := h.named(c, parameters(flat(ownGrant), with{"client_secret": "x"}))
	h.refused("a secret beside the certificate", h.send(h.Token, over(secret, a.client(now))), http.StatusUnauthorized, "invalid_client")
}

// keysWith is a key set with the certificate.
func keysWith(t testing.TB, certificates ...*x509.Certificate) json.RawMessage {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, certificate := range certificates {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: certificate.PublicKey, Certificates: []*x509.Certificate{certificate}})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// RFC 8705 §2.2.
func TestASelfSignedClientIsKnownByTheCertificatesOfItsKeySet(t *testing.T) {
	t.Parallel()
	h, a := mutual(t)
	first, second, stranger := selfSigned(t, h.clock.Now()), selfSigned(t, h.clock.Now()), selfSigned(t, h.clock.Now())
	c := h.register(Client{
		Kind: Service, TokenEndpointAuthMethod: AuthSelfSignedTLS, JWKS: keysWith(t, first.Certificate, second.Certificate),
		OrganisationID: h.romashka.ID, Scope: "members:read",
	})
	if c.secret != "" || c.SecretHashes != nil {
		t.Error("a client that authenticates by certificate got a secret")
	}
	for name, p := range map[string]pair{"the first": first, "the second, to change over": second} {
		got := h.send(h.Token, over(h.named(c, ownGrant), p))
		if got.status != http.StatusOK || h.claims(got).Confirmation != nil {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	h.refused("a stranger's", h.send(h.Token, over(h.named(c, ownGrant), stranger)), http.StatusUnauthorized, "invalid_client")
	h.refused("an authority's", h.send(h.Token, over(h.named(c, ownGrant), a.client(h.clock.Now()))), http.StatusUnauthorized, "invalid_client")
	again := pair{reissued(t, a, first), first.key, nil}
	h.refused("another certificate for its key", h.send(h.Token, over(h.named(c, ownGrant), again)), http.StatusUnauthorized, "invalid_client")
	h.clock.Advance(2000 * time.Hour)
	h.refused("an expired one", h.send(h.Token, over(h.named(c, ownGrant), first)), http.StatusUnauthorized, "invalid_client")
}

func reissued(t testing.TB, a *authority, of pair) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{Subject: of.Subject, NotBefore: of.NotBefore, NotAfter: of.NotAfter}
	return a.make(template, nil, of.key, of.key)
}

// RFC 8705 §3: the token names the certificate, and so does introspection.
func TestTokensAreBoundToTheCertificate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.mutual()
		mine := a.client(h.clock.Now())
		c := h.exchange(CertificateSubject{SubjectDN: exchangeDN})
		got := h.send(h.Token, over(h.named(c, ownGrant), mine))
		want := &possession.Confirmation{Certificate: possession.CertificateThumbprint(mine.Certificate)}
		if cnf := h.claims(got).Confirmation; cnf == nil || *cnf != *want || got.text("token_type") != "Bearer" {
			t.Errorf("the token is bound to %v, type %s", cnf, got.text("token_type"))
		}
		told := h.send(h.Introspect, over(h.named(c, url.Values{"token": {got.text("access_token")}}), mine))
		if !same(told.body["cnf"], want) || told.text("token_type") != "Bearer" {
			t.Errorf("introspection says %v", told.body)
		}
		if revoked := h.send(h.Revoke, over(h.named(c, url.Values{"token": {got.text("access_token")}}), mine)); revoked.status != http.StatusOK {
			t.Errorf("revocation: %d %v", revoked.status, revoked.body)
		}
	})
}

// RFC 8705 §4: who cannot authenticate must hold the certificate at each refresh.
func TestAPublicClientsRefreshTokenIsBoundToTheCertificate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.mutual()
		mine, thief := selfSigned(t, h.clock.Now()), selfSigned(t, h.clock.Now())
		c := h.register(Client{
			Kind: Native, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
			Scope: "openid members:read", CertificateBound: true,
		})
		code := h.code(c, nil)
		h.refused("without a certificate", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_request")
		first := h.send(h.Token, over(h.request(c, redeeming(code, nil)), mine))
		bound := h.claims(first).Confirmation
		if bound == nil || bound.Certificate != possession.CertificateThumbprint(mine.Certificate) {
			t.Fatalf("bound to %v", bound)
		}
		refresh := refreshing(first.text("refresh_token"), nil)
		h.refused("a thief's certificate", h.send(h.Token, over(h.request(c, refresh), thief)), http.StatusBadRequest, "invalid_grant")
		h.refused("no certificate", h.post(h.Token, c, refresh), http.StatusBadRequest, "invalid_request")
		second := h.send(h.Token, over(h.request(c, refresh), mine))
		if second.status != http.StatusOK {
			t.Fatalf("its own: %d %v", second.status, second.body)
		}
		if g, err := h.grant(t.Context(), h.claims(second).GrantID); err != nil || g.Confirmation.V == nil || *g.Confirmation.V != *bound {
			t.Errorf("the grant is bound to %v, %v", g.Confirmation.V, err)
		}
	})
}

// A confidential client's refresh token is bound to the client, so that its
// certificate can be renewed (RFC 8705 §4).
func TestAConfidentialClientMayRenewItsCertificate(t *testing.T) {
	t.Parallel()
	h, a := mutual(t)
	c := h.register(Client{
		Kind: Web, TokenEndpointAuthMethod: AuthTLS, CertificateSubject: CertificateSubject{SubjectDN: exchangeDN}, RedirectURIs: []string{callback},
		GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken}, Scope: "openid members:read", CertificateBound: true,
	})
	before, after := a.client(h.clock.Now()), a.client(h.clock.Now())
	first := h.send(h.Token, over(h.named(c, redeeming(h.code(c, nil), nil)), before))
	second := h.send(h.Token, over(h.named(c, refreshing(first.text("refresh_token"), nil)), after))
	if cnf := h.claims(second).Confirmation; cnf.Certificate != possession.CertificateThumbprint(after.Certificate) {
		t.Errorf("bound to %v", cnf)
	}
}

// RFC 8705 §3: here this server is the resource server.
func TestUserInfoRefusesABoundTokenWithoutItsCertificate(t *testing.T) {
	t.Parallel()
	h, _ := mutual(t)
	mine := selfSigned(t, h.clock.Now())
	c := h.register(Client{
		Kind: Native, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode}, Scope: "openid members:read", CertificateBound: true,
	})
	token := h.send(h.Token, over(h.request(c, redeeming(h.code(c, nil), nil)), mine)).text("access_token")
	asking := func() *http.Request {
		r := h.request(caller{}, url.Values{})
		r.Header.Set("Authorization", "Bearer "+token)
		return r
	}
	if got := h.send(h.UserInfo, over(asking(), mine)); got.status != http.StatusOK || got.text("sub") != h.maria.ID {
		t.Errorf("with it: %d %v", got.status, got.body)
	}
	for name, r := range map[string]*http.Request{"plain TLS": asking(), "a thief's": over(asking(), selfSigned(t, h.clock.Now()))} {
		got := h.send(h.UserInfo, r)
		if got.status != http.StatusUnauthorized || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
}

func TestCertificateClientsAreChecked(t *testing.T) {
	t.Parallel()
	h, _ := mutual(t)
	good := Client{
		Name: "Обмен", Kind: Service, TokenEndpointAuthMethod: AuthTLS, Scope: "", CertificateSubject: CertificateSubject{SANDNS: "a.example.org"},
	}
	self := keysWith(t, selfSigned(t, h.clock.Now()).Certificate)
	for name, change := range map[string]func(*Client){
		"no subject":                   func(c *Client) { c.CertificateSubject = CertificateSubject{} },
		"two subjects":                 func(c *Client) { c.SANIP = "192.0.2.1" },
		"a wildcard":                   func(c *Client) { c.SANDNS = "*.example.org" },
		"a DN that is none":            func(c *Client) { c.CertificateSubject = CertificateSubject{SubjectDN: "Ромашка"} },
		"an address that is none":      func(c *Client) { c.CertificateSubject = CertificateSubject{SANIP: "1.2.3"} },
		"a URI that is none":           func(c *Client) { c.CertificateSubject = CertificateSubject{SANURI: "x"} },
		"a subject for another method": func(c *Client) { c.TokenEndpointAuthMethod = AuthBasic },
		"self-signed without keys": func(c *Client) {
			c.TokenEndpointAuthMethod, c.CertificateSubject = AuthSelfSignedTLS, CertificateSubject{}
		},
		"self-signed without a subject":  func(c *Client) { c.TokenEndpointAuthMethod, c.JWKS = AuthSelfSignedTLS, self },
		"a public client by certificate": func(c *Client) { c.Kind, c.RedirectURIs = Native, []string{callback} },
		"keys twice": func(c *Client) {
			c.TokenEndpointAuthMethod, c.CertificateSubject, c.JWKS, c.JWKSURI = AuthSelfSignedTLS, CertificateSubject{}, self, "https://a.example.org/"
		},
	} {
		c := good
		change(&c)
		if _, _, err := h.Clients().Create(t.Context(), c); err == nil || !strings.Contains(err.Error(), "invalid client") {
			t.Errorf("%s: %v", name, err)
		}
	}
	created, secret, err := h.Clients().Create(t.Context(), good)
	if err != nil || secret != "" {
		t.Fatalf("%q, %v", secret, err)
	}
	if _, err := h.Clients().RotateSecret(t.Context(), created.ID); err == nil {
		t.Error("it got a secret by rotation")
	}
	if found, err := h.Clients().Find(t.Context(), created.ID); err != nil || found.SANDNS != "a.example.org" {
		t.Errorf("stored as %+v, %v", found, err)
	}
}

func TestWithoutAMutualTLSHostNoClientUsesOne(t *testing.T) {
	h := alone(t)
	good := Client{Name: "Обмен", Kind: Service, Scope: ""}
	for name, change := range map[string]func(*Client){
		"by certificate": func(c *Client) { c.TokenEndpointAuthMethod, c.SANDNS = AuthTLS, "a.example.org" },
		"bound":          func(c *Client) { c.CertificateBound = true },
	} {
		c := good
		change(&c)
		if _, _, err := h.Clients().Create(t.Context(), c); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
	if m := h.Discovery().(metadata); m.Aliases != nil || m.CertificateBound || slices.Contains(m.TokenAuthMethods, AuthTLS) {
		t.Errorf("metadata speaks of it: %+v", m)
	}
}

// RFC 8705 §5.
func TestMetadataNamesTheMutualTLSHost(t *testing.T) {
	t.Parallel()
	h, _ := mutual(t)
	m := h.Discovery().(metadata)
	if m.Aliases == nil || m.Aliases.TokenEndpoint != mutualHost+"/oauth2/token" || m.Aliases.RevocationEndpoint != mutualHost+"/oauth2/revoke" ||
		!m.CertificateBound || !slices.Contains(m.TokenAuthMethods, AuthTLS) || !slices.Contains(m.TokenAuthMethods, AuthSelfSignedTLS) {
		t.Errorf("%+v", m)
	}
}
