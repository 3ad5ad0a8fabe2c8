package account

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"propusk/idp/browser"
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
	db, err := storage.Open(ctx, "sqlite://"+folder+"/keys.db")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
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
	d.Provider, err = oauth.New(oauth.Deps{
		DB: db, Events: volatile, Ephemeral: volatile, Keys: signing, Sealer: sealer(), Directory: d.Directory,
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

// visitor is a browser with a session.
type visitor struct {
	w       *world
	session *session.Session
	cookies map[string]string
	header  http.Header
}

// visitor is somebody's browser that has proved the factors now; none = a browser
// that nobody is signed in in.
func (w *world) visitor(p directory.Person, factors ...session.Factor) *visitor {
	w.t.Helper()
	v := &visitor{w: w, cookies: map[string]string{}, header: http.Header{
		"Accept-Language": {"ru"}, "Test-Address": {"10.0.0.7"},
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"},
	}}
	for _, f := range factors {
		v.prove(p, session.Proof{Factor: f, At: storage.Of(w.clock.Now())})
	}
	return v
}

// signedIn is a browser with password and a code.
func (w *world) signedIn(p directory.Person) *visitor {
	w.t.Helper()
	return w.visitor(p, session.Password, session.Email)
}

// prove adds a proof to the browser's session, as the sign-in does.
func (v *visitor) prove(p directory.Person, proof session.Proof) {
	v.w.t.Helper()
	where := session.Where{IP: "10.0.0.7", UserAgent: v.header.Get("User-Agent"), DeviceID: "device-1"}
	now := storage.Of(v.w.clock.Now())
	proof.At = now
	var secret string
	var err error
	if v.session == nil {
		v.session, secret, err = v.w.Server.deps.Sessions.Begin(v.w.ctx, nil, p.ID, proof, where, now)
	} else {
		v.session, secret, err = v.w.Server.deps.Sessions.Add(v.w.ctx, v.session, proof, where, now)
	}
	v.w.must(err)
	v.cookies[browser.CookieSession] = secret
}

// refresh proves the factors again, now.
func (v *visitor) refresh(p directory.Person) {
	v.w.t.Helper()
	v.prove(p, session.Proof{Factor: session.Password})
	v.prove(p, session.Proof{Factor: session.Email})
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path, kind string, body io.Reader) *answer {
	v.w.t.Helper()
	r, err := http.NewRequestWithContext(v.w.ctx, method, v.w.url+path, body)
	v.w.must(err)
	for name, values := range v.header {
		r.Header[name] = values
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
		if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	v.w.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	v.w.must(err)
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	return &answer{v.w.t, response.StatusCode, response.Header, string(text)}
}

func (v *visitor) get(path string) *answer {
	v.w.t.Helper()
	return v.do(http.MethodGet, path, "", nil)
}

func (v *visitor) post(path string, fields ...string) *answer {
	v.w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// upload posts a multipart form: fields are name and value in turn, files name
// and content.
func (v *visitor) upload(path string, fields []string, files map[string][]byte) *answer {
	v.w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		v.w.must(form.WriteField(fields[i], fields[i+1]))
	}
	for name, content := range files {
		part, err := form.CreateFormFile(name, name+".bin")
		v.w.must(err)
		_, err = part.Write(content)
		v.w.must(err)
	}
	v.w.must(form.Close())
	return v.do(http.MethodPost, path, form.FormDataContentType(), &body)
}

// is checks the status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answered %d (to %q), want %d: %s", a.status, a.header.Get("Location"), status, a.text())
	}
	return a
}

// leads checks where the browser is sent.
func (a *answer) leads(to string) *answer {
	a.t.Helper()
	if a.status != http.StatusSeeOther || a.header.Get("Location") != to {
		a.t.Fatalf("answered %d to %q, want 303 to %q: %s", a.status, a.header.Get("Location"), to, a.text())
	}
	return a
}

func (a *answer) text() string {
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return a.body
	}
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// says checks for words on the page.
func (a *answer) says(words ...string) *answer {
	a.t.Helper()
	text := a.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			a.t.Fatalf("the page (%d) does not say %q: %s", a.status, w, text)
		}
	}
	return a
}

// lacks checks that markup is not on the page.
func (a *answer) lacks(parts ...string) *answer {
	a.t.Helper()
	for _, part := range parts {
		if strings.Contains(a.body, part) {
			a.t.Fatalf("the page (%d) has %q: %s", a.status, part, a.text())
		}
	}
	return a
}

// has checks for markup on the page.
func (a *answer) has(parts ...string) *answer {
	a.t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			a.t.Fatalf("the page (%d) lacks %q: %s", a.status, part, a.body)
		}
	}
	return a
}

// value is the value of the hidden field on the page.
func (a *answer) value(name string) string {
	a.t.Helper()
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data != "input" {
			continue
		}
		found := map[string]string{}
		for _, at := range n.Attr {
			found[at.Key] = at.Val
		}
		if found["name"] == name {
			return found["value"]
		}
	}
	a.t.Fatalf("no field %q: %s", name, a.text())
	return ""
}

// otp is the authenticator's code now.
func (w *world) otp(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.clock.Now())
	w.must(err)
	return code
}

// toSignIn is where a browser is sent that must prove more first.
func toSignIn(to string, level session.Level, fresh bool) string {
	age := time.Duration(0)
	if fresh {
		age = 5 * time.Minute
	}
	return browser.SignInFirst(to, level.ACR(), age)
}
