package cabinet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/possession"
	"propusk/storage"
)

const mutualTLSHost = "https://mtls.propusk.example"

func newECKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// clientCertificate is one that somebody signed for himself.
func clientCertificate(t testing.TB) *x509.Certificate {
	t.Helper()
	key := newECKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return certificate
}

// over asks the probe over a connection with the certificate.
func (p *probe) over(certificate *x509.Certificate, headers ...string) reply {
	p.t.Helper()
	r := request("GET", "/v1/probe", "", "", headers...)
	r.TLS = &tls.ConnectionState{}
	if certificate != nil {
		r.TLS.PeerCertificates = []*x509.Certificate{certificate}
	}
	recorder := httptest.NewRecorder()
	p.server.ServeHTTP(recorder, r)
	return reply{recorder.Result(), recorder.Body.String()}
}

// refusedAs checks a 401 with both challenges.
func (p *probe) refusedAs(name string, got reply, challenge string) {
	p.t.Helper()
	if got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.Header.Get("WWW-Authenticate"), challenge) {
		p.t.Errorf("%s: %d %v: %s", name, got.StatusCode, got.Header["Www-Authenticate"], got.body)
	}
	if all := got.Header["Www-Authenticate"]; len(all) != 2 || !strings.HasPrefix(all[1], `DPoP algs="ES256 `) {
		p.t.Errorf("%s: challenged by %q", name, all)
	}
}

// RFC 8705 §3.
func TestGuardRefusesABoundTokenWithoutItsCertificate(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) { d.MutualTLS = mutualTLSHost })
	mine, thiefs := clientCertificate(t), clientCertificate(t)
	bearer := "Bearer " + sign(t, but(p.good(), map[string]any{
		"cnf": map[string]string{"x5t#S256": possession.CertificateThumbprint(mine)},
	}))
	for range 2 { // verified, then remembered
		if got := p.over(mine, "Authorization", bearer); got.StatusCode != http.StatusNoContent {
			t.Errorf("with its certificate: %d %s", got.StatusCode, got.body)
		}
		p.refusedAs("a thief's certificate", p.over(thiefs, "Authorization", bearer), `error="invalid_token"`)
		p.refusedAs("TLS without certificate", p.over(nil, "Authorization", bearer), `error="invalid_token"`)
		p.refusedAs("no TLS", p.get("Authorization", bearer), `error="invalid_token"`)
		p.refusedAs("the certificate in a header", p.get("Authorization", bearer, "Client-Cert", "x", "X-SSL-Cert", "x"), `error="invalid_token"`)
	}
	if got := p.decisions("proof_missing"); got != 8 {
		t.Errorf("%v refusals counted", got)
	}
	if got := p.over(mine, "Authorization", "Bearer "+sign(t, p.good())); got.StatusCode != http.StatusNoContent {
		t.Errorf("an unbound token over mutual TLS: %d", got.StatusCode)
	}
}

// holder has a DPoP key.
type holder struct {
	t   testing.TB
	key *ecdsa.PrivateKey
}

func (h holder) jkt() string {
	thumbprint, err := (&jose.JSONWebKey{Key: h.key.Public()}).Thumbprint(crypto.SHA256)
	must(h.t, err)
	return base64.RawURLEncoding.EncodeToString(thumbprint)
}

// proof is a good one for the claims, changed.
func (h holder) proof(claims map[string]any) string {
	h.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: h.key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	must(h.t, err)
	text, err := json.Marshal(claims)
	must(h.t, err)
	jws, err := signer.Sign(text)
	must(h.t, err)
	compact, err := jws.CompactSerialize()
	must(h.t, err)
	return compact
}

// RFC 9449 §4.3, §7.1.
func TestGuardTakesABoundTokenWithItsProofAlone(t *testing.T) {
	t.Parallel()
	p := newProbe(t, organisationRoute, func(d *Deps) { d.MutualTLS = mutualTLSHost })
	mine, thief := holder{t, newECKey(t)}, holder{t, newECKey(t)}
	token := sign(t, but(p.good(), map[string]any{"cnf": map[string]string{"jkt": mine.jkt()}}))
	hash := sha256.Sum256([]byte(token))
	good := func() map[string]any {
		return map[string]any{
			"jti": storage.NewID(), "htm": "GET", "htu": testIssuer + "/v1/probe", "iat": p.clock.Now().Unix(),
			"ath": base64.RawURLEncoding.EncodeToString(hash[:]),
		}
	}
	used := mine.proof(good())
	for name, proof := range map[string]string{
		"its own": used, "for the mutual-TLS host": mine.proof(but(good(), map[string]any{"htu": mutualTLSHost + "/v1/probe"})),
	} {
		if got := p.get("Authorization", "DPoP "+token, "DPoP", proof); got.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	for name, proof := range map[string]string{
		"used before":           used,
		"another key's":         thief.proof(good()),
		"for another method":    mine.proof(but(good(), map[string]any{"htm": "POST"})),
		"for another address":   mine.proof(but(good(), map[string]any{"htu": testIssuer + "/v1/me"})),
		"for another server":    mine.proof(but(good(), map[string]any{"htu": "https://evil.example/v1/probe"})),
		"for another token":     mine.proof(but(good(), map[string]any{"ath": "x"})),
		"for the token request": mine.proof(but(good(), map[string]any{"ath": ""})),
		"of long ago":           mine.proof(but(good(), map[string]any{"iat": p.clock.Now().Unix() - 61})),
		"of later":              mine.proof(but(good(), map[string]any{"iat": p.clock.Now().Unix() + 11})),
		"rubbish":               "a.b.c",
	} {
		p.refusedAs(name, p.get("Authorization", "DPoP "+token, "DPoP", proof), `error="invalid_dpop_proof"`)
	}
	p.refusedAs("no proof", p.get("Authorization", "DPoP "+token), `error="invalid_dpop_proof"`)
	twice := request("GET", "/v1/probe", "", "", "Authorization", "DPoP "+token, "DPoP", mine.proof(good()))
	twice.Header.Add("DPoP", mine.proof(good()))
	recorder := httptest.NewRecorder()
	p.server.ServeHTTP(recorder, twice)
	p.refusedAs("two proofs", reply{recorder.Result(), recorder.Body.String()}, `error="invalid_dpop_proof"`)
	p.refusedAs("taken for a Bearer's (RFC 9449 §7.1)", p.get("Authorization", "Bearer "+token, "DPoP", mine.proof(good())), `error="invalid_token"`)
	p.refusedAs("an unbound token as DPoP", p.get("Authorization", "DPoP "+sign(t, p.good()), "DPoP", mine.proof(good())), `error="invalid_token"`)
}
