package recovery

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

	"github.com/pquerna/otp/totp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/browser"
	"propusk/idp/browser/browsertest"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const (
	issuer      = "https://id.example"
	password    = "Сосна-58-Ветка"
	newPassword = "Берёза-73-Листва"
	orgINN      = "7801234564"
)

// kit is read once: it does not change.
var kit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{}) })

// ended counts whose grants were ended; it stands for the token issuer.
type ended struct{ people []string }

func (e *ended) EndGrants(_ context.Context, personID string) (int, error) {
	e.people = append(e.people, personID)
	return 1, nil
}

// world is a recovery with what it stands on. Jobs run when told.
type world struct {
	*Server
	t        testing.TB
	ctx      context.Context
	db       *storage.DB
	clock    *storagetest.Clock
	box      *outbox.Outbox
	people   *directory.Directory
	sessions *session.Store
	grants   *ended
	numbers  atomic.Int64
	ran      map[string]bool
}

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("sqlite and memory", func(t *testing.T) {
		t.Parallel()
		test(t, small(t, func(*Deps) {}))
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
	w := &world{t: t, ctx: context.Background(), db: db, clock: clock, grants: &ended{}, ran: map[string]bool{}}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{1}, 32))
	w.must(err)
	runner := jobs.New(jobs.Deps{DB: db, Log: log, Now: clock.Now})
	diary := journal.New(journal.Deps{DB: db, Now: clock.Now})
	w.box = outbox.New(outbox.Deps{DB: db, Jobs: runner, Sealer: sealer, Keep: true, Now: clock.Now, Log: log})
	w.people, err = directory.New(directory.Deps{
		DB: db, Journal: diary, Outbox: w.box, Sealer: sealer, Now: clock.Now, BaseURL: issuer,
		Revocations: revocation.New(revocation.Deps{DB: db, Events: volatile, Now: clock.Now, Lifetime: 10 * time.Minute}),
	})
	w.must(err)
	w.sessions, err = session.New(session.Deps{DB: db, Now: clock.Now, End: func(context.Context, string) error { return nil }})
	w.must(err)
	deps := Deps{
		DB: db, Ephemeral: volatile, Directory: w.people, Sessions: w.sessions, Grants: w.grants, Journal: diary,
		Jobs: runner, Issuer: issuer, Jitter: -1, Now: clock.Now, Log: log, Metrics: prometheus.NewRegistry(),
	}
	w.factors(&deps, sealer)
	deps.Pages, err = kit()
	w.must(err)
	adjust(&deps)
	w.Server, err = New(deps)
	w.must(err)
	return w
}

// factors fills in the verifiers.
func (w *world) factors(d *Deps, sealer *storage.Sealer) {
	w.t.Helper()
	var err error
	d.Locks, err = factor.NewLocks(factor.LockDeps{Directory: w.people, Ephemeral: d.Ephemeral, Now: w.clock.Now})
	w.must(err)
	d.Passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: w.people, Locks: d.Locks, Now: w.clock.Now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1},
	})
	w.must(err)
	d.TOTP, err = factor.NewTOTP(factor.TOTPDeps{Directory: w.people, Ephemeral: d.Ephemeral, Now: w.clock.Now, Issuer: "Пропуск", Locks: d.Locks})
	w.must(err)
	d.Codes, err = factor.NewCodes(factor.CodeDeps{Outbox: w.box, Ephemeral: d.Ephemeral, Sealer: sealer, Now: w.clock.Now, Locks: d.Locks})
	w.must(err)
	d.RecoveryCodes, err = factor.NewRecoveryCodes(factor.RecoveryDeps{Directory: w.people, Sealer: sealer, Locks: d.Locks})
	w.must(err)
	d.PINs, err = factor.NewPINs(factor.PINDeps{Directory: w.people, Passwords: d.Passwords, Sealer: sealer})
	w.must(err)
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

// person has a password, a mailbox and a phone, both proved, as change leaves
// them.
func (w *world) person(change func(n *directory.NewPerson)) directory.Person {
	w.t.Helper()
	n := w.numbers.Add(1)
	made := directory.NewPerson{
		LastName: "Орлов", FirstName: "Павел", Email: fmt.Sprintf("pavel%d@orlov.example", n), EmailVerified: true,
		Phone: fmt.Sprintf("+7921777%04d", n), PhoneVerified: true,
	}
	change(&made)
	p, err := w.people.CreatePerson(w.ctx, made)
	w.must(err)
	w.must(w.deps.Passwords.Set(w.ctx, p, password, factor.PasswordPolicy{}))
	w.clock.Advance(time.Second)
	return p
}

func asIs(*directory.NewPerson) {}

func mailboxOnly(n *directory.NewPerson) { n.Phone, n.PhoneVerified = "", false }

func phoneOnly(n *directory.NewPerson) { n.Email, n.EmailVerified = "", false }

// authenticator connects one and answers its secret.
func (w *world) authenticator(p directory.Person) string {
	w.t.Helper()
	e, err := w.deps.TOTP.Enrol(w.ctx, p.ID, p.Number, "test")
	w.must(err)
	w.must(w.deps.TOTP.Confirm(w.ctx, factor.Guess{PersonID: p.ID}, w.totp(e.Secret)))
	w.clock.Advance(time.Minute)
	return e.Secret
}

func (w *world) totp(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.clock.Now())
	w.must(err)
	return code
}

// signedIn gives the visitor a session of p with these proofs.
func (w *world) signedIn(v *browsertest.Visitor, p directory.Person, proofs ...session.Factor) {
	w.t.Helper()
	now := storage.Of(w.clock.Now())
	s, secret, err := w.sessions.Begin(w.ctx, nil, p.ID, session.Proof{Factor: proofs[0], At: now}, session.Where{}, now)
	w.must(err)
	for _, f := range proofs[1:] {
		s, secret, err = w.sessions.Add(w.ctx, s, session.Proof{Factor: f, At: now}, session.Where{}, now)
		w.must(err)
	}
	v.Cookies[browser.CookieSession] = secret
}

func (w *world) organisation(p directory.Person) directory.Organisation {
	w.t.Helper()
	o, _, err := w.people.CreateOrganisation(w.ctx, directory.NewOrganisation{
		Kind: directory.KindLegal, INN: orgINN, KPP: "780101001", OGRN: "1027801234560", Name: "ООО «Северный маяк»",
	}, p.ID, directory.Administrator)
	w.must(err)
	return o
}

// messages to an address, the newest first.
func (w *world) messages(to string) (list []outbox.Message) {
	w.t.Helper()
	all, err := w.box.List(w.ctx, 10_000)
	w.must(err)
	for _, m := range all {
		if m.To == to {
			list = append(list, m)
		}
	}
	return list
}

// linkTo is the newest link of a kind, "link" or "cancel", that was sent there;
// "" when there is none.
func (w *world) linkTo(to, kind string) string {
	w.t.Helper()
	for _, m := range w.messages(to) {
		if _, rest, ok := strings.Cut(m.Text, issuer+"/recovery/"+kind+"/"); ok {
			return "/recovery/" + kind + "/" + strings.Fields(rest)[0]
		}
	}
	return ""
}

func (w *world) code(to string) string {
	w.t.Helper()
	for _, m := range w.messages(to) {
		if m.Code != "" {
			return m.Code
		}
	}
	w.t.Fatalf("no code was sent to %s", to)
	return ""
}

// opened is a browser that has followed p's link and spent it.
func (w *world) opened(p directory.Person) *browsertest.Visitor {
	w.t.Helper()
	w.visitor().Post("/recovery", "contact", p.Email).To(w.t, "/recovery/sent")
	w.run()
	return w.open(w.linkTo(p.Email, "link"))
}

func (w *world) open(link string) *browsertest.Visitor {
	w.t.Helper()
	v := w.visitor()
	v.Get(link).To(w.t, "/recovery/open")
	v.Get("/recovery/open").Is(w.t, 200, "Восстановление доступа")
	v.Post("/recovery/open").To(w.t, "/recovery/step")
	return v
}

// proved is opened, with the SMS entered too.
func (w *world) proved(p directory.Person) *browsertest.Visitor {
	w.t.Helper()
	return w.prove(p, w.opened(p))
}

// prove enters the SMS where the link has been spent.
func (w *world) prove(p directory.Person, v *browsertest.Visitor) *browsertest.Visitor {
	w.t.Helper()
	v.Post("/recovery/second/send", "channel", "sms").To(w.t, "/recovery/step?by=sms")
	v.Post("/recovery/second", "kind", "sms", "code", w.code(p.Phone)).To(w.t, "/recovery/step")
	v.Get("/recovery/step").Is(w.t, 200, "Новый пароль")
	return v
}

func set(v *browsertest.Visitor, password string) browsertest.Answer {
	return v.Post("/recovery/password", "password", password, "password_again", password)
}

// fits reports whether the password is the person's.
func (w *world) fits(p directory.Person, password string) bool {
	return w.deps.Passwords.Verify(w.ctx, factor.Guess{PersonID: p.ID, Device: storage.NewID()}, password) == nil
}

func (w *world) actions(prefix string) (list []string) {
	w.t.Helper()
	entries, err := w.deps.Journal.List(w.ctx, journal.Filter{Limit: 500})
	w.must(err)
	for _, e := range slices.Backward(entries) {
		if strings.HasPrefix(e.Action, prefix) {
			list = append(list, e.Action)
		}
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
		if s != "" {
			body = strings.ReplaceAll(body, s, "…")
		}
	}
	return fmt.Sprint(a.Status, a.Location, body)
}
