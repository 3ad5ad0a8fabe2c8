package possession

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
	"propusk/storage/storagetest"
)

const endpoint = "https://server.example/oauth2/token"

// maker makes proofs by its key.
type maker struct {
	t     testing.TB
	alg   jose.SignatureAlgorithm
	key   crypto.Signer
	clock *storagetest.Clock
}

func newMaker(t testing.TB, clock *storagetest.Clock) maker {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return maker{t, jose.ES256, key, clock}
}

func (m maker) jkt() string {
	thumbprint, err := (&jose.JSONWebKey{Key: m.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		m.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(thumbprint)
}

type claims = map[string]any

// proof is a good one for the endpoint, changed; nil takes a claim away.
func (m maker) proof(changes claims) string { return m.headed(changes, nil) }

func (m maker) headed(changes claims, header map[jose.HeaderKey]any) string {
	m.t.Helper()
	said := claims{"jti": storage.NewID(), "htm": "POST", "htu": endpoint, "iat": m.clock.Now().Unix()}
	maps.Copy(said, changes)
	maps.DeleteFunc(said, func(_ string, value any) bool { return value == nil })
	options := &jose.SignerOptions{EmbedJWK: true, ExtraHeaders: map[jose.HeaderKey]any{"typ": "dpop+jwt"}}
	maps.Copy(options.ExtraHeaders, header)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: m.alg, Key: m.key}, options)
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := json.Marshal(said)
	if err != nil {
		m.t.Fatal(err)
	}
	jws, err := signer.Sign(text)
	if err != nil {
		m.t.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		m.t.Fatal(err)
	}
	return compact
}

// raw joins a header and a payload with a signature by the key.
func (m maker) raw(header string) string {
	payload := fmt.Sprintf(`{"jti":%q,"htm":"POST","htu":%q,"iat":%d}`, storage.NewID(), endpoint, m.clock.Now().Unix())
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, m.key.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		m.t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newProofs(t testing.TB, clock *storagetest.Clock, nonceKey []byte) *Proofs {
	t.Helper()
	p, err := New(Deps{Ephemeral: storagetest.Memory(t, clock.Now), NonceKey: nonceKey, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var tokenEndpoint = Want{Method: "POST", URLs: []string{"https://mtls.server.example/oauth2/token", endpoint}}

func check(p *Proofs, want Want, proofs ...string) (string, error) {
	return p.Check(context.Background(), http.Header{Header: proofs}, want)
}

// RFC 9449 §4.3 with each algorithm.
func TestAGoodProofNamesItsKey(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	p := newProofs(t, clock, nil)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := newMaker(t, clock)
	for _, m := range []maker{ec, {t, jose.PS256, rsaKey, clock}, {t, jose.EdDSA, edKey, clock}} {
		if got, err := check(p, tokenEndpoint, m.proof(nil)); err != nil || got != m.jkt() {
			t.Errorf("%s: %q, %v", m.alg, got, err)
		}
	}
	if _, err := check(p, tokenEndpoint, maker{t, jose.RS256, rsaKey, clock}.proof(nil)); err == nil {
		t.Error("RS256 is taken (FAPI 2.0 Security Profile §5.4.1)")
	}
	token := sha256.Sum256([]byte("token"))
	want := tokenEndpoint
	want.AccessToken = "token"
	for name, changes := range map[string]claims{
		"iat with a fraction":   {"iat": float64(clock.Now().Unix()) + 0.5},
		"59 s old":              {"iat": clock.Now().Unix() - 59},
		"10 s ahead":            {"iat": clock.Now().Unix() + 10},
		"a query in htu":        {"htu": endpoint + "?x=1"},
		"a fragment in htu":     {"htu": endpoint + "#x"},
		"a port in htu":         {"htu": "https://server.example:443/oauth2/token"},
		"capitals in htu":       {"htu": "HTTPS://Server.Example/oauth2/token"},
		"escapes in htu":        {"htu": "https://server.example/oauth2/%74oken"},
		"the mutual-TLS host":   {"htu": "https://mtls.server.example/oauth2/token"},
		"a claim of its own":    {"x": map[string]any{"y": 1}},
		"a nonce nobody gave":   {"nonce": "x"},
		"jti of one byte":       {"jti": "1"},
		"with the token's hash": {"jti": "2"},
	} {
		with := claims{"ath": base64.RawURLEncoding.EncodeToString(token[:])}
		maps.Copy(with, changes)
		if _, err := check(p, want, ec.proof(with)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// RFC 9449 §4.3, each check in turn, and §11.
func TestABadProofIsRefused(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	p := newProofs(t, clock, nil)
	m, other := newMaker(t, clock), newMaker(t, clock)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := json.Marshal(jose.JSONWebKey{Key: m.key.Public()})
	private, _ := json.Marshal(jose.JSONWebKey{Key: m.key})
	foreign, _ := json.Marshal(jose.JSONWebKey{Key: other.key.Public()})
	now := clock.Now().Unix()
	used := m.proof(nil)
	if _, err := check(p, tokenEndpoint, used); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(m.proof(nil), ".")
	header := func(members string) string { return m.raw(`{"typ":"dpop+jwt","alg":"ES256",` + members + `}`) }
	for name, proof := range map[string]string{
		"used before":              used,
		"nothing":                  "",
		"rubbish":                  "a.b.c",
		"two in one":               m.proof(nil) + "," + m.proof(nil),
		"oversized":                m.proof(claims{"x": strings.Repeat("x", proofLimit)}),
		"no signature":             parts[0] + "." + parts[1] + ".",
		"another's signature":      parts[0] + "." + parts[1] + "." + strings.Split(other.proof(nil), ".")[2],
		"alg none":                 base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"dpop+jwt","alg":"none","jwk":`+string(public)+`}`)) + "." + parts[1] + ".",
		"a shared key":             m.raw(`{"typ":"dpop+jwt","alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`),
		"another type":             m.headed(nil, map[jose.HeaderKey]any{"typ": "JWT"}),
		"no type":                  m.raw(`{"alg":"ES256","jwk":` + string(public) + `}`),
		"no key":                   header(`"kid":"x"`),
		"a private key":            header(`"jwk":` + string(private)),
		"another's key":            header(`"jwk":` + string(foreign)),
		"a key twice":              header(`"jwk":` + string(public) + `,"jwk":` + string(foreign)),
		"jku":                      header(`"jku":"https://evil.example/","jwk":` + string(public)),
		"x5c":                      header(`"x5c":["AAAA"],"jwk":` + string(public)),
		"crit":                     header(`"crit":["b64"],"b64":false,"jwk":` + string(public)),
		"RSA-1024":                 maker{t, jose.PS256, small, clock}.proof(nil),
		"P-384":                    maker{t, jose.ES384, p384, clock}.proof(nil),
		"another method":           m.proof(claims{"htm": "GET"}),
		"the method in lower case": m.proof(claims{"htm": "post"}),
		"no method":                m.proof(claims{"htm": nil}),
		"another endpoint":         m.proof(claims{"htu": "https://server.example/oauth2/revoke"}),
		"another host":             m.proof(claims{"htu": "https://evil.example/oauth2/token"}),
		"plain http":               m.proof(claims{"htu": "http://server.example/oauth2/token"}),
		"another port":             m.proof(claims{"htu": "https://server.example:8443/oauth2/token"}),
		"our host as a user":       m.proof(claims{"htu": "https://server.example@evil.example/oauth2/token"}),
		"a path below":             m.proof(claims{"htu": endpoint + "/x"}),
		"a path around":            m.proof(claims{"htu": "https://server.example/x/../oauth2/token"}),
		"an escaped slash":         m.proof(claims{"htu": "https://server.example/oauth2%2Ftoken"}),
		"no address":               m.proof(claims{"htu": nil}),
		"61 s old":                 m.proof(claims{"iat": now - 61}),
		"11 s ahead":               m.proof(claims{"iat": now + 11}),
		"of the end of time":       m.proof(claims{"iat": 1e300}),
		"of its beginning":         m.proof(claims{"iat": -1e300}),
		"no iat":                   m.proof(claims{"iat": nil}),
		"iat as text":              m.proof(claims{"iat": "1"}),
		"no jti":                   m.proof(claims{"jti": nil}),
		"a long jti":               m.proof(claims{"jti": strings.Repeat("x", 257)}),
	} {
		got, err := check(p, tokenEndpoint, proof)
		if wrong := new(Error); got != "" && err == nil || !errors.As(err, &wrong) || strings.ContainsAny(wrong.Reason, `"\`) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := check(p, tokenEndpoint, m.proof(nil), m.proof(nil)); err == nil {
		t.Error("two headers are taken")
	}
	if _, err := check(p, tokenEndpoint); err == nil {
		t.Error("none is taken")
	}
	resource := tokenEndpoint
	resource.AccessToken = "token"
	if _, err := check(p, resource, m.proof(nil)); err == nil {
		t.Error("a proof without ath does for a token")
	}
}

// RFC 9449 §11.1.
func TestOneProofServesOneOfMany(t *testing.T) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		clock := storagetest.NewClock()
		p, err := New(Deps{Ephemeral: v, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		proof := newMaker(t, clock).proof(nil)
		var served atomic.Int32
		var racers sync.WaitGroup
		for range 20 {
			racers.Go(func() {
				if _, err := check(p, tokenEndpoint, proof); err == nil {
					served.Add(1)
				}
			})
		}
		racers.Wait()
		if served.Load() != 1 {
			t.Errorf("%d were served", served.Load())
		}
	})
}

// A proof cannot be used again at the end of its time, when its mark goes.
func TestTheMarkOfAProofOutlivesIt(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	p := newProofs(t, clock, nil)
	m := newMaker(t, clock)
	proof := m.proof(claims{"iat": clock.Now().Unix() + 10})
	for i := range 80 {
		if _, err := check(p, tokenEndpoint, proof); (err == nil) != (i == 0) {
			t.Fatalf("after %d s: %v", i, err)
		}
		clock.Advance(time.Second)
	}
}

// RFC 9449 §8.
func TestNoncesAreOursAndFresh(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	key := []byte(strings.Repeat("k", 32))
	p := newProofs(t, clock, key)
	otherNode := newProofs(t, clock, key)
	stranger := newProofs(t, clock, []byte(strings.Repeat("x", 32)))
	m := newMaker(t, clock)
	nonce := otherNode.Nonce()
	for name, value := range map[string]any{
		"none": nil, "rubbish": "x", "a stranger's": stranger.Nonce(), "an empty one": "", "one cut short": nonce[:20], "a longer one": nonce + "AAAA",
	} {
		if _, err := check(p, tokenEndpoint, m.proof(claims{"nonce": value})); !errors.Is(err, ErrNonce) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := check(p, tokenEndpoint, m.proof(claims{"nonce": nonce})); err != nil || got != m.jkt() {
		t.Errorf("another node's: %v", err)
	}
	// With a nonce of ours the client's clock may be wrong (§11.1).
	if _, err := check(p, tokenEndpoint, m.proof(claims{"nonce": nonce, "iat": clock.Now().Unix() - 290})); err != nil {
		t.Errorf("a slow clock: %v", err)
	}
	clock.Advance(nonceLifetime - time.Second)
	if _, err := check(p, tokenEndpoint, m.proof(claims{"nonce": nonce})); err != nil {
		t.Errorf("at the end of its life: %v", err)
	}
	clock.Advance(2 * time.Second)
	if _, err := check(p, tokenEndpoint, m.proof(claims{"nonce": nonce})); !errors.Is(err, ErrNonce) {
		t.Errorf("after it: %v", err)
	}
	if newProofs(t, clock, nil).Nonce() != "" {
		t.Error("a server without nonces hands one out")
	}
}

// full is short-lived state that takes nothing.
type full struct{ storage.Ephemeral }

func (full) Add(context.Context, string, []byte, time.Duration) error { return storage.ErrFull }

func TestWhatCannotBeMarkedIsNotTaken(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	p, err := New(Deps{Ephemeral: full{}, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check(p, tokenEndpoint, newMaker(t, clock).proof(nil)); !errors.Is(err, storage.ErrFull) {
		t.Errorf("%v", err)
	}
	if _, err := New(Deps{}); err == nil {
		t.Error("New takes nothing for everything")
	}
}

// FuzzProof: whatever comes is refused, and nothing panics.
func FuzzProof(f *testing.F) {
	clock := storagetest.NewClock()
	m := newMaker(f, clock)
	good := m.proof(claims{"htm": "GET"})
	for _, seed := range []string{good, "", "..", strings.Replace(good, ".", ".e30.", 1), m.raw(`{"typ":"dpop+jwt","alg":"ES256","jwk":{}}`)} {
		f.Add(seed)
	}
	p := newProofs(f, clock, nil)
	f.Fuzz(func(t *testing.T, proof string) {
		if _, err := check(p, tokenEndpoint, proof); err == nil {
			t.Errorf("%q was taken", proof)
		}
	})
}

// FuzzAddress: what is the same as ours is on our host.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{endpoint, "https://server.example:443/oauth2/token?x", "https://a@server.example/oauth2/token", "//server.example/oauth2/token"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, htu string) {
		if sameEndpoint(htu, endpoint) && !strings.HasPrefix(strings.ToLower(htu), "https://server.example") {
			t.Errorf("%q passes for %q", htu, endpoint)
		}
	})
}
