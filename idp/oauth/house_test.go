package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/keys"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const (
	issuer   = "http://localhost:8080"
	callback = "http://localhost:9000/callback"
	// verifier is a code verifier (RFC 7636 §4.1).
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// ring is one key ring for all tests, since RSA keys take long to make.
var ring *keys.Ring

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "propusk-oauth-")
	if err != nil {
		panic(err)
	}
	url, err := storagetest.MigratedSQLite(dir)
	if err != nil {
		panic(err)
	}
	db, err := storage.Open(context.Background(), url)
	if err == nil {
		ring, err = keys.Open(context.Background(), keys.Deps{
			DB: db, Sealer: testSealer(), Journal: journal.New(journal.Deps{DB: db, Now: time.Now}),
		})
	}
	if err != nil {
		panic(err)
	}
	status := m.Run()
	ring.Close()
	db.Close()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

func testSealer() *storage.Sealer {
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err)
	}
	return sealer
}

// house is a server with its neighbours, a person of two organisations and a
// clock that stands still.
type house struct {
	*Provider
	t        testing.TB
	db       *storage.DB
	clock    *storagetest.Clock
	registry *prometheus.Registry
	records  client.Deps // of the records of clients

	maria             directory.Person
	romashka, vasilek directory.Organisation
	membership        directory.Member // of maria in romashka
	admin             directory.Person // administrator of both
}

func newHouse(t testing.TB, db *storage.DB) *house {
	t.Helper()
	h := &house{t: t, db: db, clock: storagetest.NewClock()}
	log := slog.New(slog.DiscardHandler)
	events := storage.NewMemory(h.clock.Now)
	t.Cleanup(func() { _ = events.Close() })
	writes := journal.New(journal.Deps{DB: db, Now: h.clock.Now})
	revocations := revocation.Deps{DB: db, Events: events, Now: h.clock.Now, Lifetime: 10 * time.Minute}
	list := revocation.NewList(revocations)
	if err := list.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	people, err := directory.New(directory.Deps{
		DB: db, Journal: writes, Sealer: testSealer(), Now: h.clock.Now, BaseURL: issuer,
		Revocations: revocation.New(revocations),
		Outbox: outbox.New(outbox.Deps{
			DB: db, Sealer: testSealer(), Now: h.clock.Now, Keep: true, Log: log,
			Jobs: jobs.New(jobs.Deps{DB: db, Log: log, Now: h.clock.Now}),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.registry = prometheus.NewRegistry()
	h.records = client.Deps{
		DB: db, Events: events, Directory: people, Revocations: revocation.New(revocations), Journal: writes, Now: h.clock.Now, Log: log,
	}
	rates := Rates{}
	if _, measured := t.(*testing.B); measured {
		rates = Rates{-1, -1} // one client asks for all that is measured
	}
	h.Provider = h.start(Deps{
		DB: db, Rates: rates, Clients: h.openClients(client.MutualTLS{}), Ephemeral: events, Keys: ring, Sealer: testSealer(), Directory: people,
		Revocations: revocation.New(revocations), Revoked: list, Journal: writes, Now: h.clock.Now,
		Log: log, Issuer: issuer, Metrics: h.registry,
	})
	h.populate()
	return h
}

// openClients opens the records of clients, as a node of its own would.
func (h *house) openClients(tls client.MutualTLS) *client.Store {
	h.t.Helper()
	deps := h.records
	deps.MutualTLS = tls
	store, err := client.New(deps)
	if err != nil {
		h.t.Fatal(err)
	}
	return store
}

func (h *house) start(deps Deps) *Provider {
	h.t.Helper()
	p, err := New(deps)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(p.Close)
	return p
}

// restart replaces the provider by a new one over the same database, as a new
// process would.
func (h *house) restart() {
	deps := h.deps
	deps.Metrics = nil
	h.Provider = h.start(deps)
}

func (h *house) populate() {
	h.t.Helper()
	h.admin = h.person("admin@example.org")
	h.maria = h.person("maria@example.org")
	h.romashka = h.company("ООО «Ромашка»", "")
	h.vasilek = h.company("ООО «Василёк»", "")
	h.membership = h.join(h.romashka, h.maria, directory.Accountant)
	h.join(h.vasilek, h.maria, directory.Observer)
}

func (h *house) person(email string) directory.Person {
	h.t.Helper()
	p, err := h.deps.Directory.CreatePerson(h.t.Context(), directory.NewPerson{
		LastName: "Иванова", FirstName: "Мария", MiddleName: "Петровна", Email: email, EmailVerified: true,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

var companies atomic.Int64

// company makes a legal entity with valid check digits.
func (h *house) company(name, requiredACR string) directory.Organisation {
	h.t.Helper()
	n := companies.Add(1)
	o, _, err := h.deps.Directory.CreateOrganisation(h.t.Context(), directory.NewOrganisation{
		Kind: directory.KindLegal, Name: name, KPP: "770101001", RequiredACR: requiredACR, Address: "Москва",
		INN: numbered(fmt.Sprintf("77%07d", n), directory.ValidLegalINN), OGRN: numbered(fmt.Sprintf("10277%07d", n), directory.ValidOGRN),
	}, h.admin.ID, directory.Administrator)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// numbered appends the check digit.
func numbered(digits string, valid func(string) bool) string {
	for check := range 10 {
		if number := fmt.Sprintf("%s%d", digits, check); valid(number) {
			return number
		}
	}
	panic(digits)
}

func (h *house) join(o directory.Organisation, p directory.Person, role directory.Role) directory.Member {
	h.t.Helper()
	m, err := h.deps.Directory.AddMember(h.t.Context(), directory.System(), directory.NewMember{
		OrganisationID: o.ID, PersonID: p.ID, Role: role,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// caller is a client with its secret.
type caller struct {
	Client
	secret string
}

func (h *house) register(c Client) caller {
	h.t.Helper()
	if c.Name == "" {
		c.Name = "Учёт"
	}
	created, secret, err := h.Clients().Create(h.t.Context(), c)
	if err != nil {
		h.t.Fatal(err)
	}
	return caller{created, secret}
}

// web is a confidential client with everything a person's sign-in can give.
func (h *house) web() caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{"http://localhost:9000/bye"},
		GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope:      "openid profile email phone offline_access organization members:read filings:read",
	})
}

func (h *house) spa() caller {
	return h.register(Client{
		Kind: SPA, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope: "openid organization members:read",
	})
}

// service acts for romashka.
func (h *house) service() caller {
	return h.register(Client{
		Kind: Service, GrantTypes: []string{GrantClientCredentials}, OrganisationID: h.romashka.ID,
		Scope: "organization members:read filings:write",
	})
}

// parameters merges maps of parameters; "" takes one away.
func parameters(all ...map[string]string) url.Values {
	form := url.Values{}
	for _, some := range all {
		for name, value := range some {
			form.Set(name, value)
			if value == "" {
				form.Del(name)
			}
		}
	}
	return form
}

type with = map[string]string

// asking is a good authorization request of the client, changed.
func asking(c caller, changes with) url.Values {
	return parameters(with{
		"client_id": c.ID, "redirect_uri": callback, "response_type": "code", "scope": "openid members:read",
		"state": "st", "nonce": "n-0S6_WzA2Mj", "code_challenge": challengeOf(verifier), "code_challenge_method": "S256",
	}, changes)
}

func (h *house) authorizing(form url.Values) (*AuthorizationRequest, error) {
	return h.Authorize(h.t.Context(), httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+form.Encode(), nil))
}

// approval is maria's, for romashka, with two factors.
func (h *house) approval(scopes []string) Approval {
	return Approval{
		PersonID: h.maria.ID, SessionID: storage.NewID(), OrganisationID: h.romashka.ID, Scopes: scopes,
		ACR: "urn:propusk:2", AMR: []string{"pwd", "otp", "mfa"}, AuthTime: h.clock.Now(),
	}
}

// code takes a client through authorization and returns the code.
func (h *house) code(c caller, changes with, approve ...func(*Approval)) string {
	h.t.Helper()
	request, err := h.authorizing(asking(c, changes))
	if err != nil {
		h.t.Fatal(err)
	}
	approval := h.approval(request.Scopes)
	for _, change := range approve {
		change(&approval)
	}
	w := httptest.NewRecorder()
	if err := h.Issue(h.t.Context(), w, httptest.NewRequest(http.MethodGet, "/signin", nil), request, approval); err != nil {
		h.t.Fatal(err)
	}
	location, err := url.Parse(w.Header().Get("Location"))
	if err != nil || location.Query().Get("code") == "" {
		h.t.Fatalf("no code at %q", location)
	}
	return location.Query().Get("code")
}

// answer is what an endpoint said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(name string) string { s, _ := a.body[name].(string); return s }

// post sends a form to an endpoint, the client authenticating as it is
// registered.
func (h *house) post(endpoint func(http.ResponseWriter, *http.Request) error, c caller, form url.Values) answer {
	return h.send(endpoint, h.request(c, form))
}

func (h *house) request(c caller, form url.Values) *http.Request {
	form = maps.Clone(form)
	switch c.TokenEndpointAuthMethod {
	case AuthPost:
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.secret)
	case AuthNone:
		form.Set("client_id", c.ID)
	}
	r := httptest.NewRequest(http.MethodPost, "/oauth2/x", strings.NewReader(form.Encode())).WithContext(h.t.Context())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.TokenEndpointAuthMethod == AuthBasic {
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.secret))
	}
	return r
}

func (h *house) send(endpoint func(http.ResponseWriter, *http.Request) error, r *http.Request) answer {
	w := httptest.NewRecorder()
	err := endpoint(w, r)
	a := answer{status: w.Code, header: w.Result().Header}
	if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &a.body) != nil {
		h.t.Errorf("the answer is not JSON: %q", w.Body)
	}
	if (err == nil) != (w.Code < 400) {
		h.t.Errorf("answered %d and returned %v", w.Code, err)
	}
	return a
}

// redeeming is a good token request for the code, changed.
func redeeming(code string, changes with) url.Values {
	return parameters(with{
		"grant_type": GrantAuthorizationCode, "code": code, "redirect_uri": callback, "code_verifier": verifier,
	}, changes)
}

func refreshing(token string, changes with) url.Values {
	return parameters(with{"grant_type": GrantRefreshToken, "refresh_token": token}, changes)
}

// signedIn takes a client all the way to its tokens.
func (h *house) signedIn(c caller, changes with, approve ...func(*Approval)) answer {
	h.t.Helper()
	a := h.post(h.Token, c, redeeming(h.code(c, changes, approve...), nil))
	if a.status != http.StatusOK {
		h.t.Fatalf("no tokens: %d %v", a.status, a.body)
	}
	return a
}

// refused checks that an answer is the error.
func (h *house) refused(what string, a answer, status int, code string) {
	h.t.Helper()
	if a.status != status || a.text("error") != code {
		h.t.Errorf("%s: answered %d %v, want %d %s", what, a.status, a.body, status, code)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		h.t.Errorf("%s: Cache-Control = %q", what, a.header.Get("Cache-Control"))
	}
	for _, leak := range []string{"access_token", "refresh_token", "id_token"} {
		if a.text(leak) != "" {
			h.t.Errorf("%s: refused, and gave a %s", what, leak)
		}
	}
}

// claims reads an access token as a resource server would.
func (h *house) claims(a answer) accessToken {
	h.t.Helper()
	t, err := h.verifyAccessToken(a.text("access_token"))
	if err != nil {
		h.t.Fatalf("access token: %v", err)
	}
	return *t
}

// active asks the introspection endpoint about a token.
func (h *house) active(c caller, token string) bool {
	h.t.Helper()
	a := h.post(h.Introspect, c, url.Values{"token": {token}})
	if a.status != http.StatusOK {
		h.t.Fatalf("introspection: %d %v", a.status, a.body)
	}
	active, ok := a.body["active"].(bool)
	if !ok || !active && len(a.body) != 1 {
		h.t.Errorf("introspection says %v", a.body)
	}
	return active
}

// journalled returns the actions in the chain of an organisation, oldest first.
func (h *house) journalled(organisation string) []string {
	h.t.Helper()
	entries, err := h.deps.Journal.List(h.t.Context(), journal.Filter{Organisation: organisation, Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	var actions []string
	for _, entry := range slices.Backward(entries) {
		text := entry.Action
		if reason := entry.Details["reason"]; reason != "" {
			text += " " + reason
		}
		actions = append(actions, text)
	}
	return actions
}

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newHouse(t, db)) })
}

// alone runs a test on SQLite, for what does not depend on the engine.
func alone(t *testing.T) *house {
	t.Parallel()
	return newHouse(t, storagetest.SQLite(t))
}
