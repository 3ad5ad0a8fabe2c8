package cabinet

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage/storagetest"
)

// serveKeys is an issuer that publishes what keys answers.
func serveKeys(t testing.TB, keys func() any) *JWKS {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(keys())
	}))
	t.Cleanup(server.Close)
	return NewJWKS(server.URL, nil)
}

// keyServer is an issuer whose key set, headers and health a test changes.
type keyServer struct {
	*JWKS
	clock   *storagetest.Clock
	fetches atomic.Int64
	mu      sync.Mutex
	status  int
	header  http.Header
	body    string
}

func newKeyServer(t *testing.T, kids ...string) *keyServer {
	t.Helper()
	s := &keyServer{clock: storagetest.NewClock(), status: 200, header: http.Header{}}
	s.publish(t, kids...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetches.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		for name, values := range s.header {
			w.Header()[name] = values
		}
		if tag := s.header.Get("ETag"); tag != "" && r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.WriteHeader(s.status)
		_, _ = w.Write([]byte(s.body))
	}))
	t.Cleanup(server.Close)
	s.JWKS = NewJWKS(server.URL, nil)
	s.JWKS.now = s.clock.Now
	return s
}

func (s *keyServer) publish(t *testing.T, kids ...string) {
	t.Helper()
	set := jose.JSONWebKeySet{}
	for _, kid := range kids {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: issuerKey().Public(), KeyID: kid, Algorithm: "ES256", Use: "sig"})
	}
	body, err := json.Marshal(set)
	must(t, err)
	s.answer(200, string(body))
}

func (s *keyServer) answer(status int, body string, headers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
	for pair := range slices.Chunk(headers, 2) {
		s.header.Set(pair[0], pair[1])
	}
}

func (s *keyServer) finds(t *testing.T, kid string, want error) {
	t.Helper()
	_, alg, err := s.Key(context.Background(), kid)
	if !errors.Is(err, want) || err == nil && alg != "ES256" {
		t.Errorf("%s: %q, %v; want %v", kid, alg, err, want)
	}
}

func (s *keyServer) fetched(t *testing.T, want int64) {
	t.Helper()
	if got := s.fetches.Load(); got != want {
		t.Errorf("%d fetches, want %d", got, want)
	}
}

func TestKeysAreFetchedOnceAndAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, "a", "b")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { s.finds(t, "a", nil) })
	}
	all.Wait()
	s.finds(t, "b", nil)
	s.fetched(t, 1)
}

// TestUnknownKidsDoNotLoadTheIssuer: one fetch in keyFetchPause, however many.
func TestUnknownKidsDoNotLoadTheIssuer(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, "a")
	s.finds(t, "a", nil)
	for i := range 500 {
		s.finds(t, strings.Repeat("x", i), ErrUnknownKey)
	}
	s.fetched(t, 1)
	s.publish(t, "a", "new")
	s.clock.Advance(keyFetchPause)
	s.finds(t, "new", nil) // a key published since is found
	s.finds(t, "newer", ErrUnknownKey)
	s.fetched(t, 2)
}

func TestOldKeysServeWhileTheyAreRenewed(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, "a")
	s.answer(200, s.body, "Cache-Control", "public, max-age=60")
	s.finds(t, "a", nil)
	s.clock.Advance(59 * time.Second)
	s.finds(t, "a", nil)
	s.fetched(t, 1)
	s.publish(t, "b")
	s.clock.Advance(time.Second)
	s.finds(t, "a", nil) // served, and renewed behind the back
	s.eventually(t, func() bool { return s.set.Load().keys["b"].key != nil })
	s.finds(t, "b", nil)
	s.finds(t, "a", ErrUnknownKey) // withdrawn
}

func (s *keyServer) eventually(t *testing.T, done func() bool) {
	t.Helper()
	for range 5000 {
		if done() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("not renewed within five seconds")
}

func TestUnchangedKeySetIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, "a")
	s.answer(200, s.body, "ETag", `"1"`)
	s.finds(t, "a", nil)
	first := s.set.Load()
	s.clock.Advance(keyFreshDefault)
	s.finds(t, "a", nil)
	s.eventually(t, func() bool { return s.set.Load() != first })
	if now := s.set.Load(); now.keys["a"].key != first.keys["a"].key || !now.fetched.After(first.fetched) {
		t.Error("a 304 did not keep the keys and renew their time")
	}
}

// TestKeysOutliveTheirIssuerForAnHour, and no longer.
func TestKeysOutliveTheirIssuerForAnHour(t *testing.T) {
	t.Parallel()
	s := newKeyServer(t, "a")
	s.finds(t, "a", nil)
	s.answer(503, "")
	s.clock.Advance(keyStaleMost - time.Second)
	s.finds(t, "a", nil)
	s.eventually(t, func() bool { s.mu2(); return s.fetches.Load() == 2 })
	s.clock.Advance(keyFetchPause)
	if _, _, err := s.Key(context.Background(), "a"); err == nil || errors.Is(err, ErrUnknownKey) {
		t.Errorf("keys too old to be trusted: %v", err)
	}
	if _, _, err := s.Key(context.Background(), "b"); err == nil || errors.Is(err, ErrUnknownKey) {
		t.Errorf("an unknown kid while the issuer is away may be a new key: %v", err)
	}
	s.publish(t, "a")
	s.clock.Advance(keyFetchPause)
	s.finds(t, "a", nil)
}

// mu2 waits for a fetch that runs.
func (s *keyServer) mu2() {
	s.JWKS.mu.Lock()
	defer s.JWKS.mu.Unlock()
}

func TestKeySetsThatAreRefused(t *testing.T) {
	t.Parallel()
	key, err := json.Marshal(jose.JSONWebKey{Key: issuerKey().Public(), KeyID: "a"})
	must(t, err)
	for name, test := range map[string]struct {
		status int
		body   string
	}{
		"an error page":   {500, `{"keys":[` + string(key) + `]}`},
		"a redirect":      {302, ""},
		"no JSON":         {200, "<html>"},
		"too long":        {200, `{"keys":[` + string(key) + `],"x":"` + strings.Repeat("x", keySetLimit) + `"}`},
		"one kid twice":   {200, `{"keys":[` + string(key) + `,` + string(key) + `]}`},
		"no keys":         {200, `{"keys":[]}`},
		"not a key set":   {200, `{}`},
		"304 for nothing": {304, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newKeyServer(t)
			s.answer(test.status, test.body, "Location", "/elsewhere")
			for range 3 {
				if _, _, err := s.Key(context.Background(), "a"); err == nil || errors.Is(err, ErrUnknownKey) {
					t.Errorf("error %v", err)
				}
			}
			s.fetched(t, 1)
		})
	}
}

func TestKeysThatMayNotVerifyAreLeftOut(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	good := issuerKey().Public()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: good, KeyID: "good"},
		{Key: public, KeyID: "ed"},
		{Key: weak.Public(), KeyID: "rsa", Algorithm: "PS256"},
		{Key: weak.Public(), KeyID: "rsa-unnamed"},
		{Key: good, KeyID: "ec-as-rsa", Algorithm: "RS256"},
		{Key: public, KeyID: "ed-as-ec", Algorithm: "ES256"},
		{Key: good, KeyID: "for-encryption", Use: "enc"},
		{Key: good, KeyID: ""},
		{Key: p384.Public(), KeyID: "p384"},
		{Key: []byte("a symmetric key of thirty-two by"), KeyID: "oct", Algorithm: "HS256"},
		{Key: private, KeyID: "private"},
	}}
	body, err := json.Marshal(set)
	must(t, err)
	body = []byte(strings.Replace(string(body), `{"keys":[`, `{"keys":[{"kty":"quantum","kid":"q"},7,`, 1))
	keys, err := parseKeySet(body)
	must(t, err)
	var kids []string
	for kid := range keys {
		kids = append(kids, kid)
	}
	slices.Sort(kids)
	if got := strings.Join(kids, " "); got != "ed good rsa" {
		t.Errorf("kept %s", got)
	}
}

func TestFreshnessIsBounded(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": keyFreshDefault, "no-store": keyFreshDefault, "max-age=x": keyFreshDefault, "public, MAX-AGE=120": 2 * time.Minute,
		"max-age=0": keyFreshLeast, "max-age=-5": keyFreshLeast, "max-age=86400": keyFreshMost,
	} {
		if got := freshness(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestWhoWaitsForKeysCanLeave(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := NewJWKS(server.URL, nil).Key(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, _, err := NewJWKS("http://127.0.0.1:1/\x00", nil).Key(context.Background(), "a"); err == nil {
		t.Error("an address that is none")
	}
}
