package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/keys"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// BenchmarkFAPI is what FAPI 2.0 costs the server: "token" is a client-credentials
// token by private_key_jwt with DPoP, "push" a pushed request, and "flow" a pushed
// request and the redeeming of its code, all by private_key_jwt with DPoP. What the
// client does, and what the person does in between, is done beforehand and does not
// count; nor does PostgreSQL, being another process, while SQLite is in this one.
//
// "signatures" is the sum of the signatures made and verified for it, by crypto/ecdsa
// and nothing else: two verifications a request (assertion, proof), a signature a
// token (a code brings an ID token, too). "×" is the ratio of the two, measured in
// turns in one run; the aim is 1.5 at most. An iteration is 100 of them.
//
// It is a processor with enough to do, eight requests at a time: one that waits for the
// database looks for work meanwhile, and that is not what a token costs. Garbage is
// collected as seldom as in the server (runtime.gc_percent).
func BenchmarkFAPI(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	b.Run("token", func(b *testing.B) { benchFAPI(b, 2, 1, tokenByFAPI(b, storagetest.SQLite(b))) })
	b.Run("push", func(b *testing.B) { benchFAPI(b, 2, 0, flowByFAPI(b, storagetest.SQLite(b))[:1]) })
	b.Run("flow/sqlite", func(b *testing.B) { benchFAPI(b, 4, 2, flowByFAPI(b, storagetest.SQLite(b))) })
	b.Run("flow/postgres", func(b *testing.B) { benchFAPI(b, 4, 2, flowByFAPI(b, storagetest.Postgres(b))) })
}

// fapiClient is a client that makes assertions and proofs ahead of time.
type fapiClient struct {
	*house
	caller
	key, proofKey *ecdsa.PrivateKey
	header        string // of proofs, encoded
}

func newFAPIClient(b *testing.B, db *storage.DB, grants ...string) *fapiClient {
	h := newHouse(b, db)
	c := &fapiClient{house: h, key: newKey(b), proofKey: newKey(b)}
	registered := Client{
		Kind: Service, Profile: ProfileFAPI2Security, TokenEndpointAuthMethod: AuthPrivateKeyJWT, GrantTypes: grants,
		JWKS: keySetOf(b, jose.JSONWebKey{Key: c.key.Public(), KeyID: "1"}), OrganisationID: h.romashka.ID, Scope: "members:read",
	}
	if grants[0] != GrantClientCredentials {
		registered.Kind, registered.OrganisationID, registered.RedirectURIs = Web, "", []string{callback}
		registered.Scope = "openid members:read"
	}
	c.caller = h.register(registered)
	jwk, err := json.Marshal(jose.JSONWebKey{Key: c.proofKey.Public()})
	if err != nil {
		b.Fatal(err)
	}
	c.header = base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"dpop+jwt","alg":"ES256","jwk":` + string(jwk) + `}`))
	return c
}

var assertionHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"1"}`))

// signed is a JWT of the client.
func (c *fapiClient) signed(header string, key *ecdsa.PrivateKey, claims map[string]any) string {
	text, _ := json.Marshal(claims)
	input := header + "." + base64.RawURLEncoding.EncodeToString(text)
	return input + "." + base64.RawURLEncoding.EncodeToString(es256By(c.t, key)(input))
}

// call is a request of the client to an endpoint, with a fresh assertion and proof.
func (c *fapiClient) call(n int, path string, form url.Values) *http.Request {
	now := c.clock.Now().Unix()
	id := strconv.Itoa(n) + path
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", c.signed(assertionHeader, c.key, map[string]any{
		"iss": c.ID, "sub": c.ID, "aud": issuer, "iat": now, "exp": now + 60, "jti": id,
	}))
	r := c.house.request(caller{}, form)
	r.URL.Path = path
	r.Header["Dpop"] = []string{c.signed(c.header, c.proofKey, map[string]any{
		"jti": id, "htm": "POST", "htu": issuer + path, "iat": now, "nonce": c.proofs.Nonce(),
	})}
	return r
}

// stage makes what the client does by itself, and returns what the server does for
// it: that is measured.
type stage func(n int) (work func())

// tokenByFAPI asks for a token.
func tokenByFAPI(b *testing.B, db *storage.DB) []stage {
	c := newFAPIClient(b, db, GrantClientCredentials)
	return []stage{func(n int) func() {
		r := c.call(n, "/oauth2/token", url.Values{"grant_type": {GrantClientCredentials}})
		return func() { c.do(c.Token, r) }
	}}
}

// flowByFAPI pushes a request and redeems the code that came of it.
func flowByFAPI(b *testing.B, db *storage.DB) []stage {
	c := newFAPIClient(b, db, GrantAuthorizationCode, GrantRefreshToken)
	var references [inARow]string
	return []stage{func(n int) func() {
		push := c.call(n, "/oauth2/par", asking(c.caller, nil))
		return func() {
			var pushed pushedResponse
			if err := json.Unmarshal(c.do(c.Push, push), &pushed); err != nil {
				b.Fatal(err)
			}
			references[n%inARow] = pushed.RequestURI
		}
	}, func(n int) func() {
		redeem := c.call(n, "/oauth2/token", redeeming(c.approved(references[n%inARow]), nil))
		return func() { c.do(c.Token, redeem) }
	}}
}

// do sends a request, which must succeed, and returns the answer.
func (c *fapiClient) do(endpoint func(http.ResponseWriter, *http.Request) error, r *http.Request) []byte {
	w := &plainWriter{header: http.Header{}, body: make([]byte, 0, 4096)}
	if err := endpoint(w, r); err != nil {
		c.t.Fatal(err)
	}
	return w.body
}

// plainWriter is a ResponseWriter that does no work of its own: httptest's copies the header.
type plainWriter struct {
	header http.Header
	body   []byte
}

func (a *plainWriter) Header() http.Header { return a.header }
func (a *plainWriter) WriteHeader(int)     {}
func (a *plainWriter) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

func (c *fapiClient) approved(reference string) string {
	request, err := c.authorizing(url.Values{"client_id": {c.ID}, "request_uri": {reference}})
	if err != nil {
		c.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := c.Issue(c.t.Context(), w, httptest.NewRequest(http.MethodGet, "/signin", nil), request, c.approval(request.Scopes)); err != nil {
		c.t.Fatal(err)
	}
	location, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		c.t.Fatal(err)
	}
	return location.Query().Get("code")
}

const (
	inARow  = 100 // requests that are measured together
	atATime = 8   // of them under way
)

// benchFAPI measures the work and its signatures in turns, so that what else the
// machine does weighs on both alike. What clients make is made before each turn.
func benchFAPI(b *testing.B, verifications, signatures int, stages []stage) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	bare := bareSignatures(b, verifications, signatures)
	var work, crypt time.Duration
	n := 0
	for b.Loop() {
		for _, prepare := range stages {
			var row [inARow]func()
			for i := range row {
				row[i] = prepare(n + i)
			}
			work += measured(row[:])
		}
		crypt += measured(slices.Repeat([]func(){bare}, inARow))
		n += inARow
	}
	b.ReportMetric(float64(work.Nanoseconds())/1000/float64(n), "cpu-µs/op")
	b.ReportMetric(float64(crypt.Nanoseconds())/1000/float64(n), "signatures-µs/op")
	b.ReportMetric(float64(work)/float64(crypt), "×")
	b.ReportMetric(0, "ns/op") // what the client makes ahead of time is in it
}

// measured is the CPU that the process used for the row.
func measured(row []func()) time.Duration {
	var workers sync.WaitGroup
	var next atomic.Int64
	before := processor()
	for range atATime {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(row)); i = next.Add(1) - 1 {
				row[i]()
			}
		})
	}
	workers.Wait()
	return processor() - before
}

// bareSignatures verifies and signs so many times, and does nothing else. Signing is
// the server's own, with a payload of an access token's size.
func bareSignatures(b *testing.B, verifications, signatures int) func() {
	key := newKey(b)
	digest := sha256.Sum256([]byte("a signing input"))
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	payload := []byte(fmt.Sprintf(`{"x":%q}`, make([]byte, 500)))
	return func() {
		for range verifications {
			if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], der) {
				b.Fatal("a good signature is none")
			}
		}
		for range signatures {
			if _, err := ring.Sign(keys.ES256, keys.TypeAccessToken, payload); err != nil {
				b.Fatal(err)
			}
		}
	}
}
