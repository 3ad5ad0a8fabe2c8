package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"propusk/cmd/propusk/demo"
	"propusk/conf"
)

// stranger is a client with a certificate that it made itself.
func stranger(t *testing.T, line demo.Line, change func(*tls.Config)) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(line.MutualTLS.Certificate)
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatal("the demo's server certificate:", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stranger"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if change != nil {
		change(config)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, Timeout: 20 * time.Second}
}

func TestTheMutualTLSHost(t *testing.T) {
	t.Parallel()
	line := runningDemo(t)
	t.Run("answers nothing but its paths", func(t *testing.T) { answersItsPathsAlone(t, line) })
	t.Run("asks for a certificate and demands none", func(t *testing.T) { asksAndDemandsNone(t, line) })
	t.Run("wants the key for each connection", func(t *testing.T) { resumesNothing(t, line) })
	t.Run("speaks TLS 1.3 alone", func(t *testing.T) {
		old := stranger(t, line, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
		if resp, err := old.Get(line.MutualTLS.URL + "/v1/openapi.json"); err == nil {
			resp.Body.Close()
			t.Error("TLS 1.2 was spoken")
		}
	})
}

// answersItsPathsAlone: no page, no cookie and no start of a sign-in is reached on
// the host where browsers show their certificates.
func answersItsPathsAlone(t *testing.T, line demo.Line) {
	client := stranger(t, line, nil)
	for path, want := range map[string]int{
		"/v1/openapi.json": http.StatusOK, "/oauth2/userinfo": http.StatusUnauthorized, "/v1/me": http.StatusUnauthorized,
		"/": http.StatusNotFound, "/oauth2/authorize": http.StatusNotFound, "/signin": http.StatusNotFound,
		"/signin/here": http.StatusNotFound, "/cabinet": http.StatusNotFound, "/account": http.StatusNotFound,
		"/registration": http.StatusNotFound, "/demo/outbox": http.StatusNotFound, "/metrics": http.StatusNotFound,
		"/oauth2/token/../authorize": http.StatusNotFound, "/v1/../cabinet": http.StatusNotFound, "/readyz": http.StatusNotFound,
	} {
		resp, err := client.Get(line.MutualTLS.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || len(resp.Cookies()) != 0 {
			t.Errorf("%s: %d with %d cookies, want %d", path, resp.StatusCode, len(resp.Cookies()), want)
		}
	}
}

// asksAndDemandsNone: a client without a certificate, and one whose certificate
// nobody vouches for, are both let in by TLS: who must show which one is decided
// behind it.
func asksAndDemandsNone(t *testing.T, line demo.Line) {
	asked := false
	without := stranger(t, line, func(c *tls.Config) {
		c.Certificates = nil
		c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = len(info.AcceptableCAs) == 0
			return new(tls.Certificate), nil
		}
	})
	for name, client := range map[string]*http.Client{"with": stranger(t, line, nil), "without": without} {
		resp, err := client.Post(line.MutualTLS.URL+"/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader("grant_type=client_credentials"))
		if err != nil {
			t.Fatal(name, err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized || resp.Proto != "HTTP/2.0" {
			t.Errorf("%s: %s %s", name, resp.Proto, resp.Status)
		}
	}
	if !asked {
		t.Error("no certificate was asked for, or only one of certain authorities")
	}
}

// resumesNothing: a resumed session would show the certificate again without its key.
func resumesNothing(t *testing.T, line demo.Line) {
	client := stranger(t, line, func(c *tls.Config) { c.ClientSessionCache = tls.NewLRUClientSessionCache(4) })
	for range 2 {
		resp, err := client.Get(line.MutualTLS.URL + "/v1/openapi.json")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.TLS.DidResume {
			t.Error("the second connection showed the certificate of the first, and no key")
		}
		client.CloseIdleConnections()
	}
}

func TestMutualTLSSettingsThatCannotBeReadAreToldAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key, err := demo.ServerCertificate(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mutualTLSConfig(conf.MutualTLS{Certificate: certificate, Key: filepath.Join(dir, "absent")}); err == nil {
		t.Error("a key that is not there")
	}
	b := &base{}
	for file, good := range map[string]bool{"": true, certificate: true, key: false, filepath.Join(dir, "absent"): false} {
		b.cfg.MutualTLS = conf.MutualTLS{URL: "https://mtls.example", Authorities: file}
		known, err := b.mutualTLS()
		if (err == nil) != good || good && (known.Authorities != nil) != (file != "") {
			t.Errorf("authorities %q: %v", file, err)
		}
	}
	// The next start finds the certificate; one that is about to end is made anew.
	again, _, err := demo.ServerCertificate(dir, time.Now())
	if err != nil || again != certificate {
		t.Error(again, err)
	}
	before, _ := os.ReadFile(certificate)
	if _, _, err := demo.ServerCertificate(dir, time.Now().AddDate(0, 11, 15)); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(certificate); string(after) == string(before) {
		t.Error("a certificate that is about to end stayed")
	}
}
