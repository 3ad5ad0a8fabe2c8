package passkey

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const issuer = "https://id.example:8443"

// house is Passkeys over a real directory, with two people.
type house struct {
	*Passkeys
	t         testing.TB
	ctx       context.Context
	db        *storage.DB
	memory    *storage.Memory
	clock     *storagetest.Clock
	directory *directory.Directory
	box       *outbox.Outbox
	log       *journal.Journal

	maria, pavel directory.Person
}

// eachHouse runs the rules on either engine, each in a house with people of its
// own; the database is shared, for making one takes longest.
func eachHouse(t *testing.T, rules map[string]func(t *testing.T, h *house)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		for name, rule := range rules {
			t.Run(name, func(t *testing.T) { rule(t, newHouse(t, db, Policy{})) })
		}
	})
}

var serial atomic.Int64

func newHouse(t testing.TB, db *storage.DB, policy Policy) *house {
	t.Helper()
	h := &house{t: t, ctx: context.Background(), db: db, clock: storagetest.NewClock()}
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{9}, 32))
	h.must(err)
	h.memory = storagetest.Memory(t, h.clock.Now)
	h.log = journal.New(journal.Deps{DB: db, Now: h.clock.Now})
	h.box = outbox.New(outbox.Deps{
		DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Now: h.clock.Now}), Sealer: sealer, Keep: true, Now: h.clock.Now,
	})
	h.directory, err = directory.New(directory.Deps{
		DB: db, Journal: h.log, Outbox: h.box, Sealer: sealer, Now: h.clock.Now, BaseURL: issuer,
		Revocations: revocation.New(revocation.Deps{DB: db, Events: h.memory, Now: h.clock.Now, Lifetime: 10 * time.Minute}),
	})
	h.must(err)
	h.Passkeys, err = New(Deps{Store: h.directory, Ephemeral: h.memory, Issuer: issuer, Name: "Пропуск", Policy: policy})
	h.must(err)
	for i, p := range []*directory.Person{&h.maria, &h.pavel} {
		*p, err = h.directory.CreatePerson(h.ctx, directory.NewPerson{
			LastName: "Иванова", FirstName: "Мария", Email: fmt.Sprintf("%s.%d@example.ru", []string{"maria", "pavel"}[i], serial.Add(1)),
		})
		h.must(err)
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// newKey avoids one in a hundred keys, which the virtual authenticator writes
// with a coordinate too short.
func newKey() virtualwebauthn.Credential {
	for {
		c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(c.Key.AttestationData()) == 77 {
			return c
		}
	}
}

// authenticator is a virtual one at a site that it takes for ours.
type authenticator struct {
	virtualwebauthn.Authenticator
	site       virtualwebauthn.RelyingParty
	credential virtualwebauthn.Credential
}

func (h *house) authenticator(p directory.Person) *authenticator {
	return &authenticator{
		Authenticator: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(p.ID)}),
		site:          virtualwebauthn.RelyingParty{ID: "id.example", Name: "Пропуск", Origin: issuer},
		credential:    newKey(),
	}
}

func (a *authenticator) create(t testing.TB, options []byte) []byte {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(a.site, a.Authenticator, a.credential, *parsed))
}

// get answers with the next value of the counter.
func (a *authenticator) get(t testing.TB, options []byte) []byte {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	a.credential.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(a.site, a.Authenticator, a.credential, *parsed))
}

// enrolled is an authenticator with a passkey of the person.
func (h *house) enrolled(p directory.Person, name string) (*authenticator, Credential) {
	h.t.Helper()
	a := h.authenticator(p)
	options, err := h.BeginEnrol(h.ctx, "enrol", p)
	h.must(err)
	c, err := h.FinishEnrol(h.ctx, "enrol", p, name, a.create(h.t, options))
	h.must(err)
	return a, c
}

// begin asks for a passkey of anybody under the key.
func (h *house) begin(key string) []byte {
	h.t.Helper()
	options, err := h.BeginSignIn(h.ctx, key, "")
	h.must(err)
	return options
}

// refused checks that the answer is taken by nobody.
func (h *house) refused(what, key string, answer []byte, want error) {
	h.t.Helper()
	c, err := h.FinishSignIn(h.ctx, key, answer)
	if !errors.Is(err, want) || !errors.Is(err, factor.ErrWrong) || c.ID != "" {
		h.t.Errorf("%s: %+v, %v", what, c.ID, err)
	}
}

func (h *house) signsIn(a *authenticator) Credential {
	h.t.Helper()
	c, err := h.FinishSignIn(h.ctx, "again", a.get(h.t, h.begin("again")))
	h.must(err)
	return c
}

// fields reads options or an answer.
func fields(t testing.TB, text []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// with is the answer with one field of its response changed.
func with(t testing.TB, answer []byte, field string, change func([]byte) []byte) []byte {
	t.Helper()
	m := fields(t, answer)
	response := m["response"].(map[string]any)
	old, err := base64.RawURLEncoding.DecodeString(response[field].(string))
	if err != nil {
		t.Fatal(err)
	}
	response[field] = base64.RawURLEncoding.EncodeToString(change(old))
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// entries are the actions in the system's chain about the person's passkeys,
// oldest first.
func (h *house) entries(p directory.Person) string {
	h.t.Helper()
	list, err := h.log.List(h.ctx, journal.Filter{Limit: 100})
	h.must(err)
	var actions []string
	for _, e := range list {
		if strings.HasPrefix(e.Action, "passkey.") && e.Object == p.ID {
			actions = append([]string{e.Action}, actions...)
		}
	}
	return strings.Join(actions, " ")
}

func (h *house) subjects(p directory.Person) (list []string) {
	h.t.Helper()
	messages, err := h.box.List(h.ctx, 100)
	h.must(err)
	for _, m := range messages {
		if m.To == p.Email {
			list = append(list, m.Subject)
		}
	}
	return list
}
