package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// certified is a certificate with its key, in files as well.
type certified struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	chain       []*x509.Certificate // above it, sent along
	files       [2]string           // PEM: certificate with its chain, key
}

// certify makes a certificate by the authority's; nil = by its own key.
func certify(t *testing.T, dir, name string, template *x509.Certificate, by *certified) *certified {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c := &certified{key: key, files: [2]string{filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")}}
	if c.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	if by != nil && by.chain != nil {
		c.chain = by.chain
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for _, above := range c.chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: above.Raw})...)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, c.files[0], text)
	write(t, c.files[1], pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return c
}

func certificationAuthority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func exchangeCertificate() *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: "Обмен", Organization: []string{"ООО «Северный маяк»"}, Country: []string{"RU"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// mutualSite is a site with a host that asks for client certificates.
type mutualSite struct {
	*site
	url, dir     string
	server       *certified
	root         *certified // of the authorities in its configuration
	intermediate *certified
}

// eachMutualSite runs a test on both engines.
func eachMutualSite(t *testing.T, test func(t *testing.T, m *mutualSite)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T, ...string) *site{"sqlite and process": single, "postgres and redis": cluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &mutualSite{dir: t.TempDir(), url: fmt.Sprintf("https://127.0.0.1:%d", freePort(t))}
			m.server = certify(t, m.dir, "server", &x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, nil)
			m.root = certify(t, m.dir, "root", certificationAuthority("Корень"), nil)
			m.intermediate = certify(t, m.dir, "intermediate", certificationAuthority("Промежуточный"), m.root)
			m.intermediate.chain = []*x509.Certificate{m.intermediate.certificate}
			m.site = open(t,
				"PROPUSK_MUTUAL_TLS_LISTEN="+strings.TrimPrefix(m.url, "https://"), "PROPUSK_MUTUAL_TLS_URL="+m.url,
				"PROPUSK_MUTUAL_TLS_CERTIFICATE="+m.server.files[0], "PROPUSK_MUTUAL_TLS_KEY="+m.server.files[1],
				"PROPUSK_MUTUAL_TLS_AUTHORITIES="+m.root.files[0],
			)
			test(t, m)
		})
	}
}

// single is a cluster of one node over SQLite and nothing else.
func single(t *testing.T, env ...string) *site {
	t.Helper()
	return cluster(t, append([]string{
		"PROPUSK_DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "propusk.db"), "PROPUSK_REDIS_URL=",
	}, env...)...)
}

// with is an HTTP client that presents the certificate; nil = none.
func (m *mutualSite) with(t *testing.T, c *certified) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(m.server.certificate)
	secure := &tls.Config{RootCAs: pool}
	if c != nil {
		pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
		if err != nil {
			t.Fatal(err)
		}
		secure.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: secure}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// token asks for a token as the client over a connection with the certificate.
func (m *mutualSite) token(t *testing.T, host string, c client, by *certified) tokens {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ID}}
	resp, err := m.with(t, by).PostForm(host+"/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := tokens{status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// api reads the organisation with a token, and tells the status and the code.
func (m *mutualSite) api(t *testing.T, host, token string, by *certified) (status int, challenge string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, host+"/v1/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := m.with(t, by).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get("WWW-Authenticate")
}

func boundTo(t *testing.T, token string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Confirmation map[string]string `json:"cnf"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Confirmation["x5t#S256"]
}

func thumbprint(c *certified) string {
	digest := sha256.Sum256(c.certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// TestMutualTLS: RFC 8705 from the discovery to the API: a client known by its
// subject through an intermediate, and what a thief can do with its token.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	eachMutualSite(t, func(t *testing.T, m *mutualSite) {
		aliases := m.aliases(t)
		if aliases["token_endpoint"] != m.url+"/oauth2/token" {
			t.Fatalf("mtls_endpoint_aliases are %v", aliases)
		}
		mayak := m.Clients[1].Organisation
		c := m.createClient(t, "--name", "Обмен с банком", "--kind", "service", "--organisation", mayak, "--scope", "organization organization:read",
			"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=Обмен,O=ООО «Северный маяк»,C=RU", "--certificate-bound")
		mine := certify(t, m.dir, "mine", exchangeCertificate(), m.intermediate)
		thief := certify(t, m.dir, "thief", exchangeCertificate(), m.intermediate)
		lookAlike := certify(t, m.dir, "look-alike", exchangeCertificate(), certify(t, m.dir, "other", certificationAuthority("Промежуточный"), nil))
		if c.Secret != "" {
			t.Error("a client that authenticates by certificate was given a secret")
		}
		got := m.token(t, m.url, c, mine)
		if got.status != http.StatusOK || got.TokenType != "Bearer" || boundTo(t, got.AccessToken) != thumbprint(mine) {
			t.Fatalf("%d %+v", got.status, got)
		}
		for name, by := range map[string]*certified{"no certificate": nil, "a look-alike's": lookAlike} {
			if got := m.token(t, m.url, c, by); got.status != http.StatusUnauthorized || got.Error != "invalid_client" {
				t.Errorf("%s: %d %+v", name, got.status, got)
			}
		}
		if got := m.token(t, m.Issuer, c, nil); got.status != http.StatusUnauthorized {
			t.Errorf("on the main host: %d", got.status)
		}
		if status, _ := m.api(t, m.url, got.AccessToken, mine); status != http.StatusOK {
			t.Errorf("the API with its certificate: %d", status)
		}
		for name, where := range map[string]struct {
			host string
			by   *certified
		}{"another certificate of the same name": {m.url, thief}, "no certificate": {m.url, nil}, "the main host": {m.Issuer, nil}} {
			status, challenge := m.api(t, where.host, got.AccessToken, where.by)
			if status != http.StatusUnauthorized || !strings.Contains(challenge, `error="invalid_token"`) {
				t.Errorf("%s: %d %s", name, status, challenge)
			}
		}
		m.servesPrograms(t)
	})
}

func (m *mutualSite) aliases(t *testing.T) map[string]string {
	t.Helper()
	_, body := fetch(t, m.Issuer+"/.well-known/oauth-authorization-server")
	var metadata struct {
		Aliases map[string]string `json:"mtls_endpoint_aliases"`
		Bound   bool              `json:"tls_client_certificate_bound_access_tokens"`
		Methods []string          `json:"token_endpoint_auth_methods_supported"`
	}
	if err := json.Unmarshal(body, &metadata); err != nil {
		t.Fatal(err)
	}
	if !metadata.Bound || !slices.Contains(metadata.Methods, "tls_client_auth") || !slices.Contains(metadata.Methods, "self_signed_tls_client_auth") {
		t.Errorf("metadata: %s", body)
	}
	return metadata.Aliases
}

// servesPrograms: no page and no cookie of the sign-in is on the host.
func (m *mutualSite) servesPrograms(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/signin", "/cabinet", "/oauth2/authorize", "/oauth2/logout", "/account", "/"} {
		resp, err := m.with(t, nil).Get(m.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound || len(resp.Cookies()) > 0 {
			t.Errorf("%s: %d, cookies %v", path, resp.StatusCode, resp.Cookies())
		}
	}
}

// TestMutualTLSWithCurl does it with curl and a certificate of the client's own,
// which it changes over to another without an outage.
func TestMutualTLSWithCurl(t *testing.T) {
	t.Parallel()
	curl := needProgram(t, "curl")
	eachMutualSite(t, func(t *testing.T, m *mutualSite) {
		own := certify(t, m.dir, "own", exchangeCertificate(), nil)
		next := certify(t, m.dir, "next", exchangeCertificate(), nil)
		c := m.createClient(t, "--name", "Обмен с банком", "--kind", "service", "--organisation", m.Clients[1].Organisation,
			"--scope", "organization organization:read", "--auth-method", "self_signed_tls_client_auth", "--jwks", own.files[0], "--certificate-bound")
		run := func(by *certified, args ...string) (body string) {
			t.Helper()
			args = append([]string{"--silent", "--show-error", "--cacert", m.server.files[0], "--cert", by.files[0], "--key", by.files[1]}, args...)
			out, err := exec.Command(curl, args...).CombinedOutput()
			if err != nil {
				t.Fatalf("curl %v: %v\n%s", args, err, out)
			}
			return string(out)
		}
		ask := func(by *certified) (got tokens) {
			t.Helper()
			body := run(by, "-d", "grant_type=client_credentials", "-d", "client_id="+c.ID, m.url+"/oauth2/token")
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			return got
		}
		got := ask(own)
		if got.AccessToken == "" || boundTo(t, got.AccessToken) != thumbprint(own) {
			t.Fatalf("%+v", got)
		}
		if body := run(own, "-H", "Authorization: Bearer "+got.AccessToken, m.url+"/v1/organization"); !strings.Contains(body, "Северный маяк") {
			t.Errorf("the API says %s", body)
		}
		var told struct {
			Active       bool              `json:"active"`
			Confirmation map[string]string `json:"cnf"`
		}
		body := run(own, "-d", "client_id="+c.ID, "-d", "token="+got.AccessToken, m.url+"/oauth2/introspect")
		if err := json.Unmarshal([]byte(body), &told); err != nil || !told.Active || told.Confirmation["x5t#S256"] != thumbprint(own) {
			t.Errorf("introspection says %s", body)
		}
		if got := ask(next); got.Error != "invalid_client" {
			t.Errorf("before it is registered: %+v", got)
		}
		both := filepath.Join(m.dir, "both.pem")
		text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.certificate.Raw}),
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: next.certificate.Raw})...)
		write(t, both, text)
		command(t, m.env, nil, "client", "update", c.ID, "--jwks", both)
		eventually(t, "the next certificate is known", func() bool { return ask(next).AccessToken != "" })
		if ask(own).AccessToken == "" {
			t.Error("the one before is forgotten already")
		}
	})
}
