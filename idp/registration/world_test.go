package registration

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/browser/browsertest"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const issuer = "https://id.example"

// kit is read once: it does not change.
var kit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{}) })

// world is a registration with what it stands on. Jobs run when told.
type world struct {
	*Server
	t       testing.TB
	ctx     context.Context
	db      *storage.DB
	clock   *storagetest.Clock
	box     *outbox.Outbox
	journal *journal.Journal
	people  *directory.Directory
	numbers atomic.Int64
	ran     map[string]bool // jobs done
}

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("sqlite and memory", func(t *testing.T) {
		t.Parallel()
		clock := storagetest.NewClock()
		test(t, newWorld(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock, func(*Deps) {}))
	})
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, storagetest.Postgres(t), storagetest.Redis(t), storagetest.NewClock(), func(*Deps) {}))
	})
}

// small is a world on SQLite with deps as adjust leaves them.
func small(t testing.TB, adjust func(*Deps)) *world {
	clock := storagetest.NewClock()
	return newWorld(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock, adjust)
}

func newWorld(t testing.TB, db *storage.DB, volatile storage.Volatile, clock *storagetest.Clock, adjust func(*Deps)) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: db, clock: clock, ran: map[string]bool{}}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{1}, 32))
	w.must(err)
	runner := jobs.New(jobs.Deps{DB: db, Log: log, Now: clock.Now})
	w.journal = journal.New(journal.Deps{DB: db, Now: clock.Now})
	w.box = outbox.New(outbox.Deps{DB: db, Jobs: runner, Sealer: sealer, Keep: true, Now: clock.Now, Log: log})
	w.people, err = directory.New(directory.Deps{
		DB: db, Journal: w.journal, Outbox: w.box, Sealer: sealer, Now: clock.Now, BaseURL: issuer,
		Revocations: revocation.New(revocation.Deps{DB: db, Events: volatile, Now: clock.Now, Lifetime: 10 * time.Minute}),
	})
	w.must(err)
	locks, err := factor.NewLocks(factor.LockDeps{Directory: w.people, Ephemeral: volatile, Now: clock.Now})
	w.must(err)
	passwords, err := factor.NewPasswords(factor.PasswordDeps{
		Directory: w.people, Locks: locks, Now: clock.Now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1},
	})
	w.must(err)
	codes, err := factor.NewCodes(factor.CodeDeps{Outbox: w.box, Ephemeral: volatile, Sealer: sealer, Now: clock.Now, Locks: locks})
	w.must(err)
	pageKit, err := kit()
	w.must(err)
	deps := Deps{
		DB: db, Ephemeral: volatile, Directory: w.people, Passwords: passwords, Codes: codes, Jobs: runner,
		Pages: pageKit, Issuer: issuer, Jitter: -1, Now: clock.Now, Log: log, Metrics: prometheus.NewRegistry(),
	}
	adjust(&deps)
	w.Server, err = New(deps)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) visitor() *browsertest.Visitor { return browsertest.New(w.t, w.Server) }

// run does the jobs that wait, as a runner would.
func (w *world) run() {
	w.t.Helper()
	var waiting []jobs.Job
	w.must(w.db.Select(w.ctx, &waiting, `SELECT id, kind, payload FROM jobs WHERE kind = $1 ORDER BY id`, sendJob))
	for _, job := range waiting {
		if !w.ran[job.ID] {
			w.must(w.send(w.ctx, job))
			w.ran[job.ID] = true
		}
	}
}

// somebody is what a new person types; nobody else has these contacts.
func (w *world) somebody() directory.Applicant {
	n := w.numbers.Add(1)
	return directory.Applicant{
		LastName: "Ветрова", FirstName: "Анна", MiddleName: "Павловна", BirthDate: "1990-05-17", SNILS: "112-233-445 95",
		Phone: fmt.Sprintf("+7921555%04d", n), Email: fmt.Sprintf("anna%d@vetrova.example", n),
	}
}

func fields(a directory.Applicant, more ...string) []string {
	return append([]string{
		"last_name", a.LastName, "first_name", a.FirstName, "middle_name", a.MiddleName, "birth_date", a.BirthDate,
		"snils", a.SNILS, "phone", a.Phone, "email", a.Email, "consent", "yes", "version", DocumentsVersion,
		"invitation", a.Invitation,
	}, more...)
}

// begun is a browser that has typed a's data and was sent the codes.
func (w *world) begun(a directory.Applicant) *browsertest.Visitor {
	w.t.Helper()
	v := w.visitor()
	v.Post("/registration", fields(a)...).To(w.t, "/registration/confirm")
	w.run()
	return v
}

// proved is begun, with both codes entered.
func (w *world) proved(a directory.Applicant) *browsertest.Visitor {
	w.t.Helper()
	v := w.begun(a)
	v.Post("/registration/confirm", "email_code", w.code(a.Email), "sms_code", w.code(a.Phone)).To(w.t, "/registration/password")
	return v
}

const password = "Сосна-58-Ветка"

func finish(v *browsertest.Visitor) browsertest.Answer {
	return v.Post("/registration/password", "password", password, "password_again", password)
}

// newest is the newest message to an address; one with no text when there is none.
func (w *world) newest(to string) outbox.Message {
	w.t.Helper()
	all, err := w.box.List(w.ctx, 1000)
	w.must(err)
	for _, m := range all {
		if m.To == to {
			return m
		}
	}
	return outbox.Message{}
}

func (w *world) code(to string) string {
	w.t.Helper()
	m := w.newest(to)
	if m.Code == "" {
		w.t.Fatalf("no code was sent to %s: %q", to, m.Text)
	}
	return m.Code
}

func (w *world) count(to string) (n int) {
	w.t.Helper()
	all, err := w.box.List(w.ctx, 1000)
	w.must(err)
	for _, m := range all {
		if m.To == to {
			n++
		}
	}
	return n
}

// person is somebody who has an account.
func (w *world) person() directory.Person {
	w.t.Helper()
	n := w.numbers.Add(1)
	p, err := w.people.CreatePerson(w.ctx, directory.NewPerson{
		LastName: "Орлов", FirstName: "Павел", Email: fmt.Sprintf("pavel%d@orlov.example", n), EmailVerified: true,
		Phone: fmt.Sprintf("+7921777%04d", n), PhoneVerified: true, SNILS: "16145323642",
	})
	w.must(err)
	return p
}

func (w *world) actions() (list []string) {
	w.t.Helper()
	entries, err := w.journal.List(w.ctx, journal.Filter{Limit: 200})
	w.must(err)
	for _, e := range slices.Backward(entries) {
		list = append(list, e.Action)
	}
	return list
}

func (w *world) counted(outcome string) float64 {
	return testutil.ToFloat64(w.metrics.WithLabelValues(outcome))
}

// blurred is a page without what differs between two drawings of it.
func blurred(a browsertest.Answer, secrets ...string) string {
	body := html.UnescapeString(a.Body)
	for _, s := range secrets {
		body = strings.ReplaceAll(body, s, "…")
	}
	return fmt.Sprint(a.Status, a.Location, body)
}
