package directory

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// world is a directory on a database of its own, with an organisation of one
// member of each role.
type world struct {
	*Directory
	t     testing.TB
	ctx   context.Context
	db    *storage.DB
	clock *storagetest.Clock
	box   *outbox.Outbox
	log   *journal.Journal

	org     Organisation
	members map[Role]Member
}

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *storage.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: db, clock: storagetest.NewClock(), members: map[Role]Member{}}
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{1}, 32))
	w.must(err)
	w.log = journal.New(journal.Deps{DB: db, Now: w.clock.Now})
	w.box = newOutbox(db, sealer, w.clock, true)
	w.Directory, err = New(Deps{
		DB: db, Journal: w.log, Outbox: w.box, Sealer: sealer, Now: w.clock.Now, BaseURL: "https://id.example/",
		Revocations: revocation.New(revocation.Deps{DB: db, Events: storagetest.Memory(t, w.clock.Now), Now: w.clock.Now, Lifetime: 10 * time.Minute}),
	})
	w.must(err)
	w.must(db.Tx(w.ctx, func(ctx context.Context) error {
		inside := *w
		inside.ctx = ctx
		inside.settle()
		w.org = inside.org
		return nil
	}))
	return w
}

// settle makes the organisation and its members, in one transaction because
// every test waits for it.
func (w *world) settle() {
	w.t.Helper()
	var first Member
	w.org, first = w.organisation(w.person("admin").ID)
	w.members[Administrator] = first
	for _, role := range Roles()[1:] {
		w.members[role] = w.add(w.org.ID, w.person(string(role)).ID, role)
	}
}

func newOutbox(db *storage.DB, sealer *storage.Sealer, clock *storagetest.Clock, keep bool) *outbox.Outbox {
	log := slog.New(slog.DiscardHandler)
	return outbox.New(outbox.Deps{
		DB: db, Sealer: sealer, Now: clock.Now, Log: log, Keep: keep,
		Jobs: jobs.New(jobs.Deps{DB: db, Log: log, Now: clock.Now}),
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

var serial atomic.Int64

// person makes somebody with the verified mailbox name.N@example.ru.
func (w *world) person(name string) Person {
	w.t.Helper()
	p, err := w.CreatePerson(w.ctx, NewPerson{
		LastName: "Иванова", FirstName: "Мария", MiddleName: "Петровна",
		Email: fmt.Sprintf("%s.%d@example.ru", name, serial.Add(1)), EmailVerified: true,
	})
	w.must(err)
	return p
}

func (w *world) organisation(administrator string) (Organisation, Member) {
	w.t.Helper()
	n := serial.Add(1)
	o, m, err := w.CreateOrganisation(w.ctx, NewOrganisation{
		Kind: KindLegal, INN: someINN(n), KPP: "770101001", OGRN: someOGRN(n), Name: fmt.Sprintf("ООО «Ромашка %d»", n),
	}, administrator, Administrator)
	w.must(err)
	return o, m
}

func (w *world) add(organisationID, personID string, role Role) Member {
	w.t.Helper()
	m, err := w.AddMember(w.ctx, System(), NewMember{OrganisationID: organisationID, PersonID: personID, Role: role})
	w.must(err)
	return m
}

// by is the actor of a role in the world's organisation.
func (w *world) by(role Role) Actor {
	return Actor{PersonID: w.members[role].PersonID, ClientID: "web"}
}

// actions are those of an organisation's chain, oldest first, with the outcome
// where it is not success.
func (w *world) actions(organisation string) []string {
	w.t.Helper()
	entries, err := w.log.List(w.ctx, journal.Filter{Organisation: organisation, Limit: 200})
	w.must(err)
	var list []string
	for _, e := range slices.Backward(entries) {
		action := e.Action
		if e.Outcome != "success" {
			action += " " + e.Outcome + " " + e.Details["reason"]
		}
		list = append(list, action)
	}
	return list
}

func (w *world) lastEntry(organisation string) journal.Entry {
	w.t.Helper()
	entries, err := w.log.List(w.ctx, journal.Filter{Organisation: organisation, Limit: 1})
	w.must(err)
	if len(entries) != 1 {
		w.t.Fatal("the journal is empty")
	}
	return entries[0]
}

// messages are those sent since mark, as "to: subject".
func (w *world) messages(mark int) (list []string) {
	w.t.Helper()
	for _, m := range w.since(mark) {
		list = append(list, m.To+": "+m.Subject)
	}
	slices.Sort(list)
	return list
}

func (w *world) since(mark int) []outbox.Message {
	w.t.Helper()
	all, err := w.box.List(w.ctx, 10_000)
	w.must(err)
	return all[:len(all)-mark]
}

func (w *world) mark() int { w.t.Helper(); return len(w.since(0)) }

// link is the token of the newest invitation's message to email.
func (w *world) link(email string) string {
	w.t.Helper()
	for _, m := range w.since(0) {
		if _, rest, ok := strings.Cut(m.Text, "https://id.example/invitations/"); ok && m.To == email {
			token, _, _ := strings.Cut(rest, "\n")
			return token
		}
	}
	w.t.Fatalf("no invitation to %s", email)
	return ""
}

// below is the version under which the tokens of a member are revoked, 0 when
// they are not.
func (w *world) below(personID, organisationID string) int64 {
	w.t.Helper()
	var below []int64
	w.must(w.db.Select(w.ctx, &below, `SELECT below FROM revocations WHERE kind = 'member' AND subject = $1 AND cleared = FALSE`, personID+"/"+organisationID))
	if len(below) == 0 {
		return 0
	}
	return below[0]
}

func (w *world) revoked(kind, key string) bool {
	w.t.Helper()
	var n int
	w.must(w.db.Get(w.ctx, &n, `SELECT COUNT(*) FROM revocations WHERE kind = $1 AND subject = $2 AND cleared = FALSE`, kind, key))
	return n == 1
}

func (w *world) administrators(organisationID string) (n int) {
	w.t.Helper()
	w.must(w.db.Get(w.ctx, &n, `SELECT administrators FROM organisations WHERE id = $1`, organisationID))
	return n
}

// someINN, someOGRN and the others are invented numbers with valid check digits.
func someINN(n int64) string {
	body := fmt.Sprintf("77%07d", n)
	return body + fmt.Sprint(innCheck(body, innWeights10))
}

func somePersonalINN(n int64) string {
	body := fmt.Sprintf("77%08d", n)
	body += fmt.Sprint(innCheck(body, innWeights11))
	return body + fmt.Sprint(innCheck(body, innWeights12))
}

func someOGRN(n int64) string {
	body := fmt.Sprintf("12677%07d", n)
	return body + fmt.Sprint(registerCheck(body, 11))
}

func someOGRNIP(n int64) string {
	body := fmt.Sprintf("32677%09d", n)
	return body + fmt.Sprint(registerCheck(body, 13))
}

func someSNILS(n int64) string {
	body := fmt.Sprintf("%09d", 112_000_000+n)
	for check := range 100 {
		if s := fmt.Sprintf("%s%02d", body, check); ValidSNILS(s) {
			return s
		}
	}
	return ""
}

func ptr[T any](v T) *T { return &v }
