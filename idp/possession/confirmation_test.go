package possession

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"propusk/storage/storagetest"
)

func TestConfirmationsOfUnknownKindsAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Confirmation{
		`{"jkt":"a"}`:                {Key: "a"},
		`{"x5t#S256":"b"}`:           {Certificate: "b"},
		`{"x5t#S256":"b","jkt":"a"}`: {Key: "a", Certificate: "b"},
	} {
		var got Confirmation
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		again, err := json.Marshal(got)
		if err != nil || string(again) != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
	for _, text := range []string{`{}`, `[]`, `"a"`, `{"jwk":{}}`, `{"kid":"a"}`, `{"jkt":"a","kid":"b"}`, `{"jkt":""}`, `{"JKT":"a"}`, `{"jkt":1}`} {
		if err := json.Unmarshal([]byte(text), new(Confirmation)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	if !(Confirmation{}).IsZero() || (Confirmation{Key: "a"}).IsZero() {
		t.Error("IsZero")
	}
}

func certificateOf(t testing.TB, m maker) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, m.key.Public(), m.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// RFC 8705 §3.1: the thumbprint is the hash of the DER, as OpenSSL prints it.
func TestTheThumbprintIsTheHashOfTheCertificate(t *testing.T) {
	t.Parallel()
	certificate := certificateOf(t, newMaker(t, storagetest.NewClock()))
	digest := sha256.Sum256(certificate.Raw)
	if got := CertificateThumbprint(certificate); got != base64.RawURLEncoding.EncodeToString(digest[:]) || len(got) != 43 {
		t.Errorf("%q", got)
	}
}

// Each binding, by itself and together, with the proof that is missing in turn.
func TestARequestMustProveAllThatItsTokenIsBoundTo(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	p := newProofs(t, clock, nil)
	m, other := newMaker(t, clock), newMaker(t, clock)
	certificate, foreign := certificateOf(t, m), certificateOf(t, other)
	const token = "access-token"
	const address = "https://api.example/v1/me"
	hash := sha256.Sum256([]byte(token))
	proof := func(by maker) string {
		return by.proof(claims{"htm": "GET", "htu": address, "ath": base64.RawURLEncoding.EncodeToString(hash[:])})
	}
	byKey, byCertificate := Confirmation{Key: m.jkt()}, Confirmation{Certificate: CertificateThumbprint(certificate)}
	both := Confirmation{Key: m.jkt(), Certificate: CertificateThumbprint(certificate)}
	for name, test := range map[string]struct {
		cnf         Confirmation
		scheme      string
		certificate *x509.Certificate
		proof       string
		good        bool
	}{
		"bound to nothing":           {Confirmation{}, Bearer, nil, "", true},
		"and as DPoP":                {Confirmation{}, DPoP, nil, proof(m), false},
		"its certificate":            {byCertificate, Bearer, certificate, "", true},
		"another's certificate":      {byCertificate, Bearer, foreign, "", false},
		"no certificate":             {byCertificate, Bearer, nil, "", false},
		"a proof for a certificate":  {byCertificate, DPoP, nil, proof(m), false},
		"its proof":                  {byKey, DPoP, nil, proof(m), true},
		"another's proof":            {byKey, DPoP, nil, proof(other), false},
		"no proof":                   {byKey, DPoP, nil, "", false},
		"its proof, but as Bearer":   {byKey, Bearer, nil, proof(m), false},
		"its certificate for a key":  {byKey, Bearer, certificate, "", false},
		"both":                       {both, DPoP, certificate, proof(m), true},
		"both, without certificate":  {both, DPoP, nil, proof(m), false},
		"both, without proof":        {both, DPoP, certificate, "", false},
		"both, and taken for Bearer": {both, Bearer, certificate, "", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
		if test.certificate != nil {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{test.certificate}}
		}
		if test.proof != "" {
			r.Header.Set("DPoP", test.proof)
		}
		err := p.Request(t.Context(), r, test.scheme, token, test.cnf, address)
		if wrong := new(Error); test.good != (err == nil) || err != nil && !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemesAndChallenges(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"bearer": Bearer, "BEARER": Bearer, "dpop": DPoP, "DPoP": DPoP, "Basic": "", "": ""} {
		if got, ok := Scheme(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q", name, got)
		}
	}
	if got := Challenge("", ""); got != `DPoP algs="ES256 PS256 EdDSA"` {
		t.Error(got)
	}
	if got := Challenge("invalid_token", "it is bound"); !strings.HasSuffix(got, `, error="invalid_token", error_description="it is bound"`) {
		t.Error(got)
	}
}

func TestKeysFitOneAlgorithm(t *testing.T) {
	t.Parallel()
	m := newMaker(t, storagetest.NewClock())
	if CheckKey("ES256", m.key.Public()) != nil || !Usable(m.key.Public()) {
		t.Error("P-256 is not for ES256")
	}
	for _, alg := range AlgorithmNames()[1:] {
		if CheckKey(Algorithms()[1], m.key.Public()) == nil {
			t.Errorf("P-256 is for %s", alg)
		}
	}
	if CheckKey("none", m.key.Public()) == nil || CheckKey("HS256", []byte("x")) == nil || Usable(m.key) || Usable(nil) {
		t.Error("what is no public key is one")
	}
}
