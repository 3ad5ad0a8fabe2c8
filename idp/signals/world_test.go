package signals_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/signals"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outside"
	"propusk/storage/storagetest"
)

const issuer = "https://id.example.ru"

// grant is what a person gave a client, in the world of a test.
type grant struct{ client, person, organisation, session string }

// clients are the clients of a test and their grants. A client's token is its id;
// "id:scope" has one scope alone.
type clients struct {
	mu       sync.Mutex
	owners   map[string]string // client → organisation
	grants   []grant
	disabled map[string]bool
	db       *storage.DB
}

func (c *clients) Receiver(w http.ResponseWriter, r *http.Request, scopes ...string) (signals.Receiver, bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	id, scope, limited := strings.Cut(token, ":")
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, known := c.owners[id]
	switch {
	case !known:
		w.WriteHeader(http.StatusUnauthorized)
		return signals.Receiver{}, false
	case limited && !slices.Contains(scopes, scope):
		w.WriteHeader(http.StatusForbidden)
		return signals.Receiver{}, false
	}
	return signals.Receiver{ClientID: id, OrganisationID: owner}, true
}

func (c *clients) Owner(_ context.Context, id string) (string, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, known := c.owners[id]
	return owner, known && !c.disabled[id], nil
}

// Hold takes a lock in the database, as the store of clients does.
func (c *clients) Hold(ctx context.Context, id string) error {
	_, err := c.db.Exec(ctx, `UPDATE oauth_clients SET id = id WHERE id = $1`, id)
	return err
}

// Subject is pairwise: no two clients know a person by one name.
func (c *clients) Subject(_ context.Context, id, person string) (string, error) {
	return person + "@" + id, nil
}

func (c *clients) those(match func(grant) bool) (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.grants {
		if match(g) && !slices.Contains(ids, g.client) {
			ids = append(ids, g.client)
		}
	}
	return ids
}

func (c *clients) Grantees(_ context.Context, person, organisation string, _ storage.Time) ([]string, error) {
	return c.those(func(g grant) bool {
		return g.person == person && (organisation == "" || g.organisation == organisation)
	}), nil
}

func (c *clients) OrganisationGrantees(_ context.Context, organisation string, _ storage.Time) ([]string, error) {
	return c.those(func(g grant) bool { return g.organisation == organisation }), nil
}

func (c *clients) SessionGrantees(_ context.Context, session string) (person string, ids []string, err error) {
	ids = c.those(func(g grant) bool {
		if g.session == session {
			person = g.person
		}
		return g.session == session
	})
	return person, ids, nil
}

// signer makes a JWS whose signature is the word "signed": what keys sign is tested
// in their package.
type signer struct {
	mu      sync.Mutex
	kid     string
	signed  int
	against map[string]bool // keys that were withdrawn
}

func (s *signer) Public(kid string) (crypto.PublicKey, string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return nil, "ES256", !s.against[kid]
}

func (s *signer) Sign(algorithm, typ string, payload []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signed++
	header, _ := json.Marshal(map[string]string{"alg": algorithm, "typ": typ, "kid": s.kid})
	encode := base64.RawURLEncoding.EncodeToString
	return encode(header) + "." + encode(payload) + "." + encode([]byte("signed")), nil
}

// world is a transmitter, two receivers and a stranger.
//
//	shop    has a grant of anna in mayak, with a session
//	siem    is owned by mayak and has no grant
//	other   has a grant of boris in volna
type world struct {
	*signals.Signals
	t       *testing.T
	db      *storage.DB
	clock   *storagetest.Clock
	clients *clients
	journal *journal.Journal
	jobs    *jobs.Runner
	web     *httptest.Server
	metrics *prometheus.Registry
	signer  *signer
}

func newWorld(t *testing.T) *world { return worldOn(t, storagetest.SQLite(t)) }

func worldOn(t *testing.T, db *storage.DB) *world {
	t.Helper()
	clock := storagetest.NewClock()
	w := &world{
		t: t, db: db, clock: clock, metrics: prometheus.NewRegistry(), signer: &signer{kid: "k1", against: map[string]bool{}},
		clients: &clients{
			owners: map[string]string{"shop": "", "siem": "mayak", "other": ""},
			grants: []grant{{"shop", "anna", "mayak", "s-anna"}, {"other", "boris", "volna", "s-boris"}}, disabled: map[string]bool{}, db: db,
		},
	}
	key := sha256.Sum256([]byte("master"))
	sealer, err := storage.NewSealer(key[:])
	w.must(err)
	w.journal = journal.New(journal.Deps{DB: db, Now: clock.Now})
	w.jobs = jobs.New(jobs.Deps{DB: db, Log: nil, Now: clock.Now, Poll: 5 * time.Millisecond})
	w.jobs.Log = discard()
	w.Signals, err = signals.New(signals.Deps{
		DB: db, Ephemeral: storagetest.Memory(t, clock.Now), Journal: w.journal, Jobs: w.jobs, Keys: w.signer, Sealer: sealer,
		Clients: w.clients, Issuer: issuer, Now: clock.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Reach: outside.Loopback, Metrics: w.metrics,
	})
	w.must(err)
	w.journal.Follow(w.Journalled)
	w.web = httptest.NewServer(w.Handler())
	t.Cleanup(w.web.Close)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// answer is what the transmitter said.
type answer struct {
	*http.Response
	body []byte
}

func (w *world) ask(token, method, path string, body any) answer {
	w.t.Helper()
	raw, ok := body.(string)
	if !ok && body != nil {
		encoded, err := json.Marshal(body)
		w.must(err)
		raw = string(encoded)
	}
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.web.URL+path, strings.NewReader(raw))
	w.must(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	w.must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	w.must(err)
	return answer{response, content}
}

// want reads the answer when it has the status.
func (w *world) want(a answer, status int, v any) {
	w.t.Helper()
	if a.StatusCode != status {
		w.t.Fatalf("%s %s: %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	if v != nil {
		w.must(json.NewDecoder(bytes.NewReader(a.body)).Decode(v))
	}
}

type configuration struct {
	StreamID  string   `json:"stream_id"`
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	Supported []string `json:"events_supported"`
	Requested []string `json:"events_requested"`
	Delivered []string `json:"events_delivered"`
	Delivery  struct {
		Method   string `json:"method"`
		Endpoint string `json:"endpoint_url"`
	} `json:"delivery"`
	Description string `json:"description"`
}

// stream makes a polled stream of every event.
func (w *world) stream(client string) configuration {
	w.t.Helper()
	var c configuration
	w.want(w.ask(client, "POST", "/ssf/streams", map[string]any{"events_requested": everything}), http.StatusCreated, &c)
	return c
}

var everything = []string{
	signals.SessionRevoked, signals.TokenClaimsChange, signals.CredentialChange, signals.AssuranceLevelChange,
	signals.AccountDisabled, signals.AccountEnabled, signals.AccountPurged, signals.RecoveryActivated, signals.RecoveryInformation,
}

// set is a SET, read.
type set struct {
	Issuer   string                    `json:"iss"`
	ID       string                    `json:"jti"`
	IssuedAt int64                     `json:"iat"`
	Audience string                    `json:"aud"`
	Txn      string                    `json:"txn"`
	Subject  map[string]any            `json:"sub_id"`
	Events   map[string]map[string]any `json:"events"`

	members map[string]any
}

func (w *world) read(token string) set {
	w.t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		w.t.Fatalf("not a JWS: %q", token)
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	w.must(err)
	if !strings.Contains(string(header), `"typ":"secevent+jwt"`) {
		w.t.Errorf("the header is %s", header)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	w.must(err)
	var s set
	w.must(json.Unmarshal(payload, &s))
	w.must(json.Unmarshal(payload, &s.members))
	return s
}

type polled struct {
	Sets map[string]string `json:"sets"`
	More bool              `json:"moreAvailable"`
}

// poll takes what waits, in order, and acknowledges it.
func (w *world) poll(client, stream string) []set {
	w.t.Helper()
	var p polled
	w.want(w.ask(client, "POST", "/ssf/poll/"+stream, map[string]any{"returnImmediately": true}), http.StatusOK, &p)
	var sets []set
	var ack []string
	for jti, token := range p.Sets {
		s := w.read(token)
		if s.ID != jti {
			w.t.Errorf("the SET %s stands under %s", s.ID, jti)
		}
		sets, ack = append(sets, s), append(ack, jti)
	}
	slices.SortFunc(sets, func(a, b set) int { return strings.Compare(a.ID, b.ID) })
	w.want(w.ask(client, "POST", "/ssf/poll/"+stream, map[string]any{"maxEvents": 0, "ack": ack}), http.StatusOK, nil)
	return sets
}

// happens writes a journal entry, as the directory would.
func (w *world) happens(e journal.Entry) {
	w.t.Helper()
	e.Outcome = "success"
	ctx := journal.With(w.t.Context(), journal.Circumstances{RequestID: "request-1"})
	w.must(w.journal.Append(ctx, e))
	w.clock.Advance(time.Millisecond)
}

func (w *world) memberRemoved() {
	w.t.Helper()
	w.happens(journal.Entry{Organisation: "mayak", Actor: "boss", Action: "member.removed", Object: "m-1",
		Details: map[string]string{"person": "anna", "role_before": "accountant"}})
}

func (w *world) work() {
	w.t.Helper()
	w.must(w.jobs.Start(w.t.Context()))
	w.t.Cleanup(func() { _ = w.jobs.Stop(context.Background()) })
}

func (w *world) eventually(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("it did not happen: %s", what)
		}
	}
}

func (w *world) count(query string, args ...any) (n int64) {
	w.t.Helper()
	w.must(w.db.Get(w.t.Context(), &n, query, args...))
	return n
}
