package application

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const issuer = "http://localhost:8080"

// house is a registration endpoint with what it stands on, and a clock that stands
// still.
type house struct {
	*Applications
	t       testing.TB
	db      *storage.DB
	clock   *storagetest.Clock
	clients *client.Store
	tokens  *Tokens
	journal *journal.Journal
	token   string // an initial access token for any number of clients
	address string
}

func newHouse(t testing.TB, db *storage.DB, changes ...func(*Deps)) *house {
	t.Helper()
	h := &house{t: t, db: db, clock: storagetest.NewClock(), address: "192.0.2.1"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	must(err)
	memory := storage.NewMemory(h.clock.Now)
	t.Cleanup(func() { _ = memory.Close() })
	h.journal = journal.New(journal.Deps{DB: db, Now: h.clock.Now})
	revocations := revocation.New(revocation.Deps{DB: db, Events: memory, Now: h.clock.Now, Lifetime: 10 * time.Minute})
	people, err := directory.New(directory.Deps{
		DB: db, Journal: h.journal, Sealer: sealer, Now: h.clock.Now, BaseURL: issuer, Revocations: revocations,
		Outbox: outbox.New(outbox.Deps{DB: db, Sealer: sealer, Now: h.clock.Now, Keep: true, Log: log, Jobs: jobs.New(jobs.Deps{DB: db, Log: log, Now: h.clock.Now})}),
	})
	must(err)
	h.clients, err = client.New(client.Deps{DB: db, Events: memory, Directory: people, Revocations: revocations, Journal: h.journal, Now: h.clock.Now, Log: log})
	must(err)
	h.tokens, err = NewTokens(TokenDeps{DB: db, Journal: h.journal, Now: h.clock.Now})
	must(err)
	deps := Deps{
		DB: db, Clients: h.clients, Tokens: h.tokens, Ephemeral: memory, Journal: h.journal, Issuer: issuer, Now: h.clock.Now, Log: log,
		Requests: browser.Limit{Failures: 100_000}, Reserved: []string{"Кабинет организации"},
	}
	for _, change := range changes {
		change(&deps)
	}
	h.Applications, err = New(deps)
	must(err)
	_, h.token, err = h.tokens.Create(t.Context(), InitialToken{Name: "тест"}, 0, time.Hour)
	must(err)
	return h
}

func alone(t *testing.T, changes ...func(*Deps)) *house {
	t.Helper()
	t.Parallel()
	return newHouse(t, storagetest.SQLite(t), changes...)
}

// good is a document that registers, changed; nil takes a member away.
func good(changes map[string]any) map[string]any {
	d := map[string]any{"client_name": "Учёт", "redirect_uris": []string{"https://app.example.org/cb"}}
	maps.Copy(d, changes)
	maps.DeleteFunc(d, func(_ string, value any) bool { return value == nil })
	return d
}

type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) text(name string) string { s, _ := a.body[name].(string); return s }

// send sends a document, or text as it is; "" = no token.
func (h *house) send(method, path, token string, body any) answer {
	h.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r := httptest.NewRequest(method, path, reader)
	r = r.WithContext(journal.With(h.t.Context(), journal.Circumstances{IP: h.address, RequestID: "req-1"}))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	if a.header.Get("Cache-Control") != "no-store" {
		h.t.Errorf("Cache-Control = %q", a.header.Get("Cache-Control"))
	}
	return a
}

func (h *house) register(changes map[string]any) answer {
	h.t.Helper()
	return h.send("POST", Path, h.token, good(changes))
}

func (h *house) registered(changes map[string]any) answer {
	h.t.Helper()
	a := h.register(changes)
	if a.status != http.StatusCreated {
		h.t.Fatalf("%d %s", a.status, a.raw)
	}
	return a
}

func (h *house) refused(what string, a answer, status int, code string) {
	h.t.Helper()
	if a.status != status || a.text("error") != code || a.text("client_id") != "" {
		h.t.Errorf("%s: %d %s, want %d %s", what, a.status, a.raw, status, code)
	}
}

// count is how many clients there are.
func (h *house) count() (n int64) {
	h.t.Helper()
	if err := h.db.Get(h.t.Context(), &n, `SELECT COUNT(*) FROM oauth_clients`); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) journalled(action string) bool {
	h.t.Helper()
	entries, err := h.journal.List(h.t.Context(), journal.Filter{Limit: 200})
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.ContainsFunc(entries, func(e journal.Entry) bool { return e.Action == action })
}

// from is the nth address of somebody with a network of his own.
func from(n int) string { return netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}).String() }
