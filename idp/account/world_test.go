package account

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/certificate"
	"propusk/idp/factor/passkey"
	"propusk/idp/keys"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const (
	issuer   = "https://id.example"
	password = "Длинный-пароль-17"
)

// ring is one set of signing keys for all tests: making RSA keys is slow.
var ring = sync.OnceValues(func() (*keys.Ring, error) {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "account-keys")
	if err != nil {
		return nil, err
	}
	url, err := storagetest.MigratedSQLite(folder)
	if err != nil {
		return nil, err
	}
	db, err := storage.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	return keys.Open(ctx, keys.Deps{DB: db, Sealer: sealer(), Journal: journal.New(journal.Deps{DB: db, Now: time.Now})})
})

// kit is read once: it does not change.
var kit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{}) })

func sealer() *storage.Sealer {
	s, err := storage.NewSealer(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	return s
}

// world is the account pages behind a listener, over real records, with people.
type world struct {
	*Server
	t         testing.TB
	ctx       context.Context
	clock     *storagetest.Clock
	db        *storage.DB
	box       *outbox.Outbox
	log       *journal.Journal
	authority *signaturetest.Authority
	url       string

	elena, pavel, loner directory.Person // elena: mailbox and phone; pavel: a mailbox; loner: nothing proved
	north               directory.Organisation
}

// eachWorld runs test on SQLite with memory and on PostgreSQL with Redis.
func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clock := storagetest.NewClock()
		test(t, newWorld(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, storagetest.Postgres(t), storagetest.Redis(t), storagetest.NewClock()))
	})
}

// quickWorld is for what does not touch the database.
func quickWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	clock := storagetest.NewClock()
	return newWorld(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock)
}

func newWorld(t testing.TB, db *storage.DB, volatile storage.Volatile, clock *storagetest.Clock) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), clock: clock, db: db, authority: signaturetest.New(t, clock.Now)}
	deps := w.deps(volatile)
	var err error
	w.Server, err = New(deps)
	w.must(err)
	server := httptest.NewServer(circumstances(w.Server))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.settle()
	return w
}

func (w *world) deps(volatile storage.Volatile) Deps {
	w.t.Helper()
	now, db := w.clock.Now, w.db
	w.log = journal.New(journal.Deps{DB: db, Now: now})
	w.box = outbox.New(outbox.Deps{DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Now: now}), Sealer: sealer(), Keep: true, Now: now})
	revocations := revocation.Deps{DB: db, Events: volatile, Now: now, Lifetime: 10 * time.Minute}
	revoked := revocation.NewList(revocations)
	ctx, stop := context.WithCancel(w.ctx)
	w.t.Cleanup(stop)
	w.must(revoked.Start(ctx))
	d := Deps{DB: db, Ephemeral: volatile, Sealer: sealer(), Journal: w.log, Verifier: w.authority.Verifier, Issuer: issuer, Now: now, Log: w.strict()}
	var err error
	d.Directory, err = directory.New(directory.Deps{
		DB: db, Journal: w.log, Outbox: w.box, Revocations: revocation.New(revocations), Sealer: sealer(), Now: now, BaseURL: issuer,
	})
	w.must(err)
	signing, err := ring()
	w.must(err)
	clients, err := client.New(client.Deps{
		DB: db, Events: volatile, Directory: d.Directory, Revocations: revocation.New(revocations), Journal: w.log, Now: now,
	})
	w.must(err)
	d.Provider, err = oauth.New(oauth.Deps{
		DB: db, Clients: clients, Ephemeral: volatile, Keys: signing, Sealer: sealer(), Directory: d.Directory,
		Revocations: revocation.New(revocations), Revoked: revoked, Journal: w.log, Now: now, Issuer: issuer,
	})
	w.must(err)
	w.t.Cleanup(d.Provider.Close)
	d.Sessions, err = session.New(session.Deps{DB: db, End: d.Provider.EndSession, Now: now})
	w.must(err)
	d.Pages, err = kit()
	w.must(err)
	w.factors(&d)
	return d
}

func (w *world) factors(d *Deps) {
	w.t.Helper()
	now := w.clock.Now
	locks, err := factor.NewLocks(factor.LockDeps{Directory: d.Directory, Ephemeral: d.Ephemeral, Now: now})
	w.must(err)
	d.Passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: d.Directory, Locks: locks, Now: now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1}, Concurrency: 4,
	})
	w.must(err)
	d.TOTP, err = factor.NewTOTP(factor.TOTPDeps{Directory: d.Directory, Ephemeral: d.Ephemeral, Locks: locks, Now: now, Issuer: "Propusk"})
	w.must(err)
	d.Codes, err = factor.NewCodes(factor.CodeDeps{Outbox: w.box, Ephemeral: d.Ephemeral, Sealer: sealer(), Locks: locks, Now: now})
	w.must(err)
	d.RecoveryCodes, err = factor.NewRecoveryCodes(factor.RecoveryDeps{Directory: d.Directory, Sealer: sealer(), Locks: locks})
	w.must(err)
	d.Devices, err = factor.NewDevices(factor.DeviceDeps{Directory: d.Directory, Now: now})
	w.must(err)
	d.Passkeys, err = passkey.New(passkey.Deps{Store: d.Directory, Ephemeral: d.Ephemeral, Issuer: issuer, Name: "Пропуск"})
	w.must(err)
	d.Certificates, err = certificate.New(certificate.Deps{
		Verifier: w.authority.Verifier, Judge: w.authority.Verifier, Directory: d.Directory, Ephemeral: d.Ephemeral, Issuer: issuer, Now: now,
	})
	w.must(err)
}

// settle moves people and an organisation in.
func (w *world) settle() {
	w.t.Helper()
	w.elena = w.person(directory.NewPerson{
		LastName: "Морозова", FirstName: "Елена", MiddleName: "Сергеевна", Email: "elena@north.example", EmailVerified: true,
		Phone: "+79031234567", PhoneVerified: true, SNILS: "11223344595",
	})
	w.pavel = w.person(directory.NewPerson{LastName: "Орлов", FirstName: "Павел", Email: "pavel@south.example", EmailVerified: true})
	w.loner = w.person(directory.NewPerson{LastName: "Тихий", FirstName: "Олег", Email: "oleg@nowhere.example"})
	var err error
	w.north, _, err = w.Server.deps.Directory.CreateOrganisation(w.ctx, directory.NewOrganisation{
		Kind: directory.KindLegal, INN: "7801234564", KPP: "780101001", OGRN: "1027801234560", Name: "ООО «Северный маяк»",
	}, w.elena.ID, directory.Administrator)
	w.must(err)
}

func (w *world) person(n directory.NewPerson) directory.Person {
	w.t.Helper()
	p, err := w.Server.deps.Directory.CreatePerson(w.ctx, n)
	w.must(err)
	w.must(w.Server.deps.Passwords.Set(w.ctx, p, password, factor.PasswordPolicy{}))
	return p
}

// again reads a person anew.
func (w *world) again(p directory.Person) directory.Person {
	w.t.Helper()
	p, err := w.Server.deps.Directory.Person(w.ctx, p.ID)
	w.must(err)
	return p
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// circumstances is what the server's outermost middleware does; the address
// comes from a header that only tests have.
func circumstances(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx := journal.With(r.Context(), journal.Circumstances{RequestID: "request-1", IP: r.Header.Get("Test-Address"), UserAgent: r.UserAgent()})
		next.ServeHTTP(rw, r.WithContext(ctx))
	})
}

// strict fails the test for anything that the server calls an error.
func (w *world) strict() *slog.Logger {
	return slog.New(slog.NewTextHandler(strict{w}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type strict struct{ w *world }

func (s strict) Write(line []byte) (int, error) {
	s.w.t.Errorf("the server logged: %s", line)
	return len(line), nil
}

// sent are the messages to somewhere, newest first.
func (w *world) sent(to string) (list []outbox.Message) {
	w.t.Helper()
	all, err := w.box.List(w.ctx, 1000)
	w.must(err)
	for _, m := range all {
		if m.To == to {
			list = append(list, m)
		}
	}
	return list
}

// codeTo is the newest code sent to somewhere.
func (w *world) codeTo(to string) string {
	w.t.Helper()
	for _, m := range w.sent(to) {
		if m.Code != "" {
			return m.Code
		}
	}
	w.t.Fatalf("no code was sent to %s", to)
	return ""
}

// told reports whether a message with the subject, or an SMS with the text, went
// there.
func (w *world) told(to, subject string) bool {
	w.t.Helper()
	return slices.ContainsFunc(w.sent(to), func(m outbox.Message) bool { return m.Subject == subject || m.Text == subject })
}

// actions are a person's in the system's chain, oldest first.
func (w *world) actions(p directory.Person) (list []string) {
	w.t.Helper()
	entries, err := w.log.List(w.ctx, journal.Filter{Actor: p.ID, Limit: 200})
	w.must(err)
	for _, e := range slices.Backward(entries) {
		list = append(list, e.Action)
	}
	return list
}

func (w *world) did(p directory.Person, action string) bool {
	w.t.Helper()
	return slices.Contains(w.actions(p), action)
}
