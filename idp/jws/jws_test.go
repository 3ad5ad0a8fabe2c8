package jws_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/jws"
)

var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA, jose.RS256}

// signers make keys once: those of RSA take their time.
var signers = sync.OnceValue(func() map[jose.SignatureAlgorithm]crypto.Signer {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: ec, jose.PS256: rs, jose.RS256: rs, jose.EdDSA: ed}
})

// signed is a JWS by go-jose, which carries its key.
func signed(t testing.TB, algorithm jose.SignatureAlgorithm, payload string, options *jose.SignerOptions) string {
	t.Helper()
	options.EmbedJWK = true
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: signers()[algorithm]}, options)
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

func TestEveryAlgorithmOfGoJoseIsVerified(t *testing.T) {
	t.Parallel()
	reader := jws.NewReader(algorithms...)
	for _, algorithm := range algorithms {
		token := signed(t, algorithm, `{"a":1}`, new(jose.SignerOptions).WithType("dpop+jwt"))
		for _, how := range []string{"read", "remembered"} {
			s, err := reader.Parse(token)
			if err != nil {
				t.Fatalf("%s, %s: %v", algorithm, how, err)
			}
			if s.Type() != "dpop+jwt" || s.Algorithm != string(algorithm) || len(s.Thumbprint) != 43 || s.Payload() != `{"a":1}` {
				t.Errorf("%s, %s: read as %+v", algorithm, how, s.Header)
			}
			payload, err := s.Verify(s.JSONWebKey.Key)
			if err != nil || payload != `{"a":1}` {
				t.Errorf("%s, %s: %q, %v", algorithm, how, payload, err)
			}
		}
	}
}

// A header that is remembered must not make another JWS with it a good one.
func TestWhatIsRememberedIsNoVerdict(t *testing.T) {
	t.Parallel()
	reader := jws.NewReader(algorithms...)
	token := signed(t, jose.ES256, `{"jti":"1"}`, new(jose.SignerOptions))
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	verify(t, reader, token, nil)
	verify(t, reader, header+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"jti":"2"}`))+"."+signature, jws.ErrSignature)
	verify(t, reader, header+"."+payload+"."+strings.Repeat("A", 86), jws.ErrSignature)
	verify(t, reader, header+"."+payload+".", jws.ErrSignature)
	verify(t, reader, header+"."+payload+"."+signature[:84], jws.ErrSignature)
	verify(t, reader, token, nil)
}

// verify expects an outcome of reading and verifying by the key in the header.
func verify(t *testing.T, reader *jws.Reader, token string, want error) {
	t.Helper()
	s, err := reader.Parse(token)
	if err == nil {
		_, err = s.Verify(s.JSONWebKey.Key)
	}
	if !errors.Is(err, want) {
		t.Errorf("%.60s…: %v, want %v", token, err, want)
	}
}

// RFC 8725 §3.1: a key verifies the one algorithm that is its own.
func TestAKeyOfAnotherKindVerifiesNothing(t *testing.T) {
	t.Parallel()
	reader := jws.NewReader(algorithms...)
	for _, algorithm := range algorithms {
		s, err := reader.Parse(signed(t, algorithm, `{}`, new(jose.SignerOptions)))
		if err != nil {
			t.Fatal(err)
		}
		for other, signer := range signers() {
			if _, isRSA := signer.(*rsa.PrivateKey); other == algorithm || isRSA && signer == signers()[algorithm] {
				continue
			}
			if _, err := s.Verify(signer.Public()); !errors.Is(err, jws.ErrSignature) {
				t.Errorf("%s by a key of %s: %v", algorithm, other, err)
			}
		}
		if _, err := s.Verify([]byte("a shared secret")); !errors.Is(err, jws.ErrSignature) {
			t.Errorf("%s by a shared secret: %v", algorithm, err)
		}
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	s, _ := reader.Parse(signed(t, jose.ES256, `{}`, new(jose.SignerOptions)))
	if _, err := s.Verify(p384.Public()); !errors.Is(err, jws.ErrSignature) {
		t.Errorf("ES256 by a key of P-384: %v", err)
	}
}

func TestFormsThatAreNoJWS(t *testing.T) {
	t.Parallel()
	reader := jws.NewReader(jose.ES256)
	good := signed(t, jose.ES256, `{"a":"bcd"}`, new(jose.SignerOptions))
	part := strings.Split(good, ".")
	header := func(text string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + part[1] + "." + part[2]
	}
	for name, token := range map[string]string{
		"nothing":             "",
		"one part":            part[0],
		"two parts":           part[0] + "." + part[1],
		"four parts":          good + "." + part[2],
		"no header":           "." + part[1] + "." + part[2],
		"alg none":            header(`{"alg":"none"}`),
		"alg of others":       header(`{"alg":"HS256"}`),
		"an alg not accepted": signed(t, jose.EdDSA, `{}`, new(jose.SignerOptions)),
		"alg twice":           header(`{"alg":"ES256","alg":"ES256"}`),
		"Alg":                 header(`{"Alg":"ES256"}`),
		"crit":                header(`{"alg":"ES256","crit":["b64"],"b64":false}`),
		"b64":                 header(`{"alg":"ES256","b64":true}`),
		"a private jwk":       header(`{"alg":"ES256","jwk":{"kty":"oct","k":"AAAA"}}`),
		"a header in a list":  header(`[{"alg":"ES256"}]`),
		"padding":             part[0] + "." + part[1] + "." + part[2] + "=",
		"a line break":        part[0] + "." + part[1] + "." + part[2][:40] + "\n" + part[2][40:],
		"a long signature":    part[0] + "." + part[1] + "." + strings.Repeat("A", 2000),
		"bits of no meaning":  part[0] + "." + part[1] + "." + part[2][:85] + "_",
	} {
		if _, err := reader.Parse(token); !errors.Is(err, jws.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	verify(t, reader, part[0]+"\n."+part[1]+"."+part[2], jws.ErrForm)
	verify(t, reader, good, nil)
}

// FuzzReader: what is taken here, go-jose takes too, and reads the same in it.
func FuzzReader(f *testing.F) {
	for _, algorithm := range algorithms {
		f.Add(signed(f, algorithm, `{"iss":"c","exp":1.5}`, new(jose.SignerOptions).WithType("JWT")))
	}
	for _, seed := range []string{"", "..", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0..", "\x00.\x00.\x00"} {
		f.Add(seed)
	}
	reader := jws.NewReader(algorithms...)
	f.Fuzz(func(t *testing.T, token string) {
		s, err := reader.Parse(token)
		if err != nil {
			return
		}
		theirs, err := jose.ParseSignedCompact(token, algorithms)
		if s.JSONWebKey == nil {
			return
		}
		payload, bad := s.Verify(s.JSONWebKey.Key)
		if bad != nil {
			return
		}
		if err != nil {
			t.Fatalf("%q is taken, and go-jose says %v", token, err)
		}
		want, err := theirs.Verify(s.JSONWebKey.Key)
		if err != nil || string(want) != payload {
			t.Fatalf("%q says %q, and by go-jose %q, %v", token, payload, want, err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	reader := jws.NewReader(algorithms...)
	token := signed(b, jose.ES256, `{"jti":"1","htm":"POST"}`, new(jose.SignerOptions))
	b.ReportAllocs()
	for b.Loop() {
		s, err := reader.Parse(token)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Verify(s.JSONWebKey.Key); err != nil {
			b.Fatal(err)
		}
	}
}
