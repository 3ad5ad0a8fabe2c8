package certificate

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

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// world is a directory with people, an authority that certifies them, and the
// verifier between the two.
type world struct {
	*Certificates
	t         testing.TB
	ctx       context.Context
	clock     *storagetest.Clock
	people    *directory.Directory
	box       *outbox.Outbox
	log       *journal.Journal
	authority *signaturetest.Authority
}

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		clock := storagetest.NewClock()
		test(t, newWorld(t, db, storagetest.Memory(t, clock.Now), clock))
	})
}

// volatileWorld has its short-lived state in v, whose clock is the real one.
func volatileWorld(t *testing.T, v storage.Ephemeral) *world {
	return newWorld(t, storagetest.SQLite(t), v, storagetest.NewClock())
}

func newWorld(t testing.TB, db *storage.DB, ephemeral storage.Ephemeral, clock *storagetest.Clock) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), clock: clock, authority: signaturetest.New(t, clock.Now)}
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{1}, 32))
	w.must(err)
	quiet := slog.New(slog.DiscardHandler)
	w.log = journal.New(journal.Deps{DB: db, Now: clock.Now})
	w.box = outbox.New(outbox.Deps{
		DB: db, Sealer: sealer, Now: clock.Now, Log: quiet, Keep: true,
		Jobs: jobs.New(jobs.Deps{DB: db, Log: quiet, Now: clock.Now}),
	})
	w.people, err = directory.New(directory.Deps{
		DB: db, Journal: w.log, Outbox: w.box, Sealer: sealer, Now: clock.Now, BaseURL: issuer,
		Revocations: revocation.New(revocation.Deps{DB: db, Events: storagetest.Memory(t, clock.Now), Now: clock.Now, Lifetime: 10 * time.Minute}),
	})
	w.must(err)
	w.Certificates, err = New(Deps{
		Verifier: w.authority.Verifier, Judge: w.authority.Verifier, Directory: w.people, Ephemeral: ephemeral,
		Issuer: issuer + "/", Now: clock.Now, Log: quiet,
	})
	w.must(err)
	return w
}

const issuer = "https://id.example"

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

var serial atomic.Int64

// The numbers of invented people, with right check digits.
const (
	ivanSNILS, ivanINN = "99000000153", "990000000115"
	olgaSNILS, olgaINN = "99000000254", "990000000299"
)

// person makes somebody with these numbers, verified by an operator or not.
func (w *world) person(snils, inn string, verified bool) directory.Person {
	w.t.Helper()
	p, err := w.people.CreatePerson(w.ctx, directory.NewPerson{
		LastName: "Иванов", FirstName: "Иван", Email: fmt.Sprintf("ivan.%d@example.ru", serial.Add(1)), EmailVerified: true,
		SNILS: snils, INN: inn, NumbersVerified: verified,
	})
	w.must(err)
	return p
}

// ivan is the subject of the certificates of the person with ivanSNILS.
func ivan() signature.Subject {
	return signature.Subject{CommonName: "Иванов Иван", LastName: "Иванов", GivenNames: "Иван", SNILS: ivanSNILS, INN: ivanINN}
}

// here is the binding of the tests' sign-in.
var here = Binding{Attempt: "attempt", Browser: "browser", Client: "cabinet"}

// signed is what comes of an honest signature over a fresh challenge.
func (w *world) signed(h signaturetest.Holder, b Binding) Signed {
	w.t.Helper()
	challenge, err := w.Challenge(w.ctx, b, Asker{Application: "Кабинет"})
	w.must(err)
	s, err := w.Redeem(w.ctx, challenge.ID, b, h.Sign(w.t, []byte(challenge.Text)))
	w.must(err)
	return s
}

// signIn is a whole honest sign-in.
func (w *world) signIn(h signaturetest.Holder) (Entry, error) {
	w.t.Helper()
	return w.SignIn(w.ctx, w.signed(h, here))
}

// bindTo is a whole honest binding on the security page.
func (w *world) bindTo(personID string, h signaturetest.Holder) (Certificate, error) {
	w.t.Helper()
	return w.Bind(w.ctx, personID, w.signed(h, Binding{Purpose: PurposeBind, Attempt: "session", Browser: "browser"}))
}

// journalled are the actions on certificates of the person, the oldest first.
func (w *world) journalled(personID string) (actions []string) {
	w.t.Helper()
	list, err := w.log.List(w.ctx, journal.Filter{Action: "certificate.", Limit: 500})
	w.must(err)
	for _, e := range slices.Backward(list) {
		if e.Object == personID {
			actions = append(actions, e.Action)
		}
	}
	return actions
}

// told are the subjects of the messages about certificates and numbers to a
// mailbox, the oldest first.
func (w *world) told(email string) (subjects []string) {
	w.t.Helper()
	list, err := w.box.List(w.ctx, 1000)
	w.must(err)
	for _, m := range slices.Backward(list) {
		if m.To == email && (strings.Contains(m.Subject, "ертификат") || strings.Contains(m.Subject, "Номер")) {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}
