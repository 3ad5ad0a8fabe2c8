package idp

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/passkey"
	"propusk/idp/keys"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/idp/unusual"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const (
	issuer   = "https://id.example"
	redirect = "https://app.example/callback"
	goodbye  = "https://app.example/goodbye"
	password = "Длинный-пароль-17"
)

// ring is one set of signing keys for all tests: making RSA keys is slow.
var ring = sync.OnceValues(func() (*keys.Ring, error) {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "idp-keys")
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

func sealer() *storage.Sealer {
	s, err := storage.NewSealer(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	return s
}

// house is a whole authorization server behind a real listener, with people in it.
type house struct {
	t         testing.TB
	clock     *storagetest.Clock
	db        *storage.DB
	volatile  storage.Volatile
	directory *directory.Directory
	locks     *factor.Locks
	passwords *factor.Passwords
	outbox    *outbox.Outbox
	journal   *journal.Journal
	provider  *oauth.Provider
	metrics   *prometheus.Registry
	idp       *Server
	url       string
	quiet     atomic.Bool // what the server calls an error is expected

	elena, pavel, loner directory.Person       // elena: e-mail and phone verified; pavel: an authenticator; loner: nothing but a password
	north, south        directory.Organisation // elena: administrator of north, accountant of south; pavel: administrator of south
	seed                string                 // of pavel's authenticator, base32
	app, theirs, page   oauth.Client           // our web application, somebody else's, a page without a secret
	appSecret, secret   string                 // of app, of theirs
}

// eachHouse runs test on SQLite with memory and on PostgreSQL with Redis.
func eachHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(newHouse(t, func(*Deps) {}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(build(t, storagetest.Postgres(t), storagetest.Redis(t), storagetest.NewClock(), func(*Deps) {}))
	})
}

// newHouse is a house on SQLite, with deps as adjust leaves them.
func newHouse(t testing.TB, adjust func(*Deps)) *house {
	t.Helper()
	clock := storagetest.NewClock()
	return build(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock, adjust)
}

func build(t testing.TB, db *storage.DB, volatile storage.Volatile, clock *storagetest.Clock, adjust func(*Deps)) *house {
	t.Helper()
	h := &house{t: t, clock: clock, db: db, volatile: volatile, metrics: prometheus.NewRegistry()}
	h.journal = journal.New(journal.Deps{DB: db, Now: clock.Now})
	h.outbox = outbox.New(outbox.Deps{
		DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Now: clock.Now}), Sealer: sealer(), Keep: true, Now: clock.Now,
	})
	revocations := revocation.Deps{DB: db, Events: volatile, Now: clock.Now, Lifetime: 10 * time.Minute}
	revoked := revocation.NewList(revocations)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	h.check(revoked.Start(ctx))
	var err error
	h.directory, err = directory.New(directory.Deps{
		DB: db, Journal: h.journal, Outbox: h.outbox, Revocations: revocation.New(revocations),
		Sealer: sealer(), Now: clock.Now, BaseURL: issuer,
	})
	h.check(err)
	signing, err := ring()
	h.check(err)
	clients, err := client.New(client.Deps{
		DB: db, Events: volatile, Directory: h.directory, Revocations: revocation.New(revocations), Journal: h.journal, Now: clock.Now, Log: h.log(),
	})
	h.check(err)
	h.provider, err = oauth.New(oauth.Deps{
		DB: db, Clients: clients, Ephemeral: volatile, Keys: signing, Sealer: sealer(), Directory: h.directory,
		Revocations: revocation.New(revocations), Revoked: revoked, Journal: h.journal, Now: clock.Now,
		Log: h.log(), Issuer: issuer,
	})
	h.check(err)
	t.Cleanup(h.provider.Close)
	h.locks, err = factor.NewLocks(factor.LockDeps{Directory: h.directory, Ephemeral: volatile, Now: clock.Now})
	h.check(err)
	h.passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: h.directory, Locks: h.locks, Now: clock.Now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1}, Concurrency: 4,
	})
	h.check(err)
	otp, err := factor.NewTOTP(factor.TOTPDeps{Directory: h.directory, Ephemeral: volatile, Locks: h.locks, Now: clock.Now, Issuer: "Propusk"})
	h.check(err)
	codes, err := factor.NewCodes(factor.CodeDeps{Outbox: h.outbox, Ephemeral: volatile, Sealer: sealer(), Locks: h.locks, Now: clock.Now})
	h.check(err)
	kit, err := kit()
	h.check(err)
	deps := Deps{
		DB: db, Ephemeral: volatile, Provider: h.provider, Keys: signing, Directory: h.directory,
		Passwords: h.passwords, TOTP: otp, Codes: codes, Pages: kit, Journal: h.journal,
		Issuer: issuer, Home: "/cabinet", Now: clock.Now, Log: h.log(), Metrics: h.metrics,
	}
	lasting(&deps, 0, 0)
	h.equip(&deps)
	adjust(&deps)
	h.idp, err = New(deps)
	h.check(err)
	server := httptest.NewServer(circumstances(h.idp))
	t.Cleanup(server.Close)
	h.url = server.URL
	h.settle(otp)
	return h
}

// equip adds the factors that few tests speak of. A device never seen is nothing
// unusual here, so that a test may use as many visitors as it likes.
func (h *house) equip(d *Deps) {
	h.t.Helper()
	var err error
	d.RecoveryCodes, err = factor.NewRecoveryCodes(factor.RecoveryDeps{Directory: h.directory, Sealer: sealer(), Locks: h.locks})
	h.check(err)
	d.PINs, err = factor.NewPINs(factor.PINDeps{Directory: h.directory, Passwords: h.passwords, Sealer: sealer()})
	h.check(err)
	d.Devices, err = factor.NewDevices(factor.DeviceDeps{Directory: h.directory, Now: h.clock.Now})
	h.check(err)
	d.Passkeys, err = passkey.New(passkey.Deps{Store: h.directory, Ephemeral: h.volatile, Issuer: issuer, Name: "Пропуск"})
	h.check(err)
	d.Unusual, err = unusual.New(unusual.Deps{DB: h.db, AnyDevice: true})
	h.check(err)
}

// lasting sets how long sessions last; 0 = the default.
func lasting(d *Deps, idle, absolute time.Duration) {
	sessions, err := session.New(session.Deps{DB: d.DB, Idle: idle, Absolute: absolute, End: d.Provider.EndSession, Now: d.Now})
	if err != nil {
		panic(err)
	}
	d.Sessions = sessions
}

// kit is read once: it does not change.
var kit = sync.OnceValues(func() (*pages.Kit, error) { return pages.New(pages.Deps{}) })

// circumstances is what the server's outermost middleware does; the address
// comes from a header that only tests have.
func circumstances(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := journal.With(r.Context(), journal.Circumstances{
			RequestID: "request-1", IP: r.Header.Get("Test-Address"), UserAgent: r.UserAgent(),
		})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// settle moves people, organisations and applications in.
func (h *house) settle(otp *factor.TOTP) {
	h.t.Helper()
	h.elena = h.person(directory.NewPerson{
		LastName: "Морозова", FirstName: "Елена", MiddleName: "Сергеевна",
		Email: "elena@north.example", EmailVerified: true, Phone: "+79031234567", PhoneVerified: true, SNILS: "11223344595",
	})
	h.pavel = h.person(directory.NewPerson{LastName: "Орлов", FirstName: "Павел", Email: "pavel@south.example", EmailVerified: true})
	h.loner = h.person(directory.NewPerson{LastName: "Тихий", FirstName: "Олег", Email: "oleg@nowhere.example"})
	h.north = h.organisation("ООО «Северный маяк»", "7801234564", "780101001", "1027801234560", h.elena)
	h.south = h.organisation("АО «Южный порт»", "2312345678", "231201001", "1022301234560", h.pavel)
	_, err := h.directory.AddMember(h.ctx(), directory.System(), directory.NewMember{
		OrganisationID: h.south.ID, PersonID: h.elena.ID, Role: directory.Accountant,
	})
	h.check(err)
	enrolment, err := otp.Enrol(h.ctx(), h.pavel.ID, h.pavel.Email, "seed")
	h.check(err)
	h.seed = enrolment.Secret
	h.check(otp.Confirm(h.ctx(), factor.Guess{PersonID: h.pavel.ID}, h.totp(h.seed)))
	h.clock.Advance(time.Minute) // the first code is used up
	h.app, h.appSecret = h.client(oauth.Client{ID: "app", Name: "Склад и учёт", NameEN: "Stock and books", FirstParty: true, RequiredACR: ""})
	h.theirs, h.secret = h.client(oauth.Client{ID: "theirs", Name: "Чужое приложение"})
	h.page, _ = h.client(oauth.Client{ID: "page", Name: "Страница", Kind: oauth.SPA, FirstParty: true})
}

func (h *house) ctx() context.Context { return context.Background() }

func (h *house) person(n directory.NewPerson) directory.Person {
	h.t.Helper()
	p, err := h.directory.CreatePerson(h.ctx(), n)
	h.check(err)
	h.check(h.passwords.Set(h.ctx(), p, password, factor.PasswordPolicy{}))
	return p
}

func (h *house) organisation(name, inn, kpp, ogrn string, administrator directory.Person) directory.Organisation {
	h.t.Helper()
	o, _, err := h.directory.CreateOrganisation(h.ctx(), directory.NewOrganisation{
		Kind: directory.KindLegal, INN: inn, KPP: kpp, OGRN: ogrn, Name: name, Address: "Город",
	}, administrator.ID, directory.Administrator)
	h.check(err)
	return o
}

func (h *house) client(c oauth.Client) (oauth.Client, string) {
	h.t.Helper()
	c.RedirectURIs, c.PostLogoutRedirectURIs = []string{redirect}, []string{goodbye}
	c.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	c.Scope = "openid profile email offline_access organization organization:read members:read"
	created, secret, err := h.provider.Clients().Create(h.ctx(), c)
	h.check(err)
	return created, secret
}

// totp is the authenticator's code now.
func (h *house) totp(secret string) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.clock.Now())
	h.check(err)
	return code
}

// sent is the newest message to a destination.
func (h *house) sent(to string) outbox.Message {
	h.t.Helper()
	messages, err := h.outbox.List(h.ctx(), 50)
	h.check(err)
	for _, m := range messages {
		if m.To == to {
			return m
		}
	}
	h.t.Fatalf("nothing was sent to %s", to)
	return outbox.Message{}
}

func (h *house) sentCount(to string) (n int) {
	h.t.Helper()
	messages, err := h.outbox.List(h.ctx(), 100)
	h.check(err)
	for _, m := range messages {
		if m.To == to {
			n++
		}
	}
	return n
}

// entries are the outcomes of an action in a chain, oldest first.
func (h *house) entries(organisation, action string) (outcomes []string) {
	h.t.Helper()
	list, err := h.journal.List(h.ctx(), journal.Filter{Organisation: organisation, Action: action})
	h.check(err)
	for _, e := range list {
		outcomes = append([]string{e.Outcome}, outcomes...)
	}
	return outcomes
}

// tokens is an answer of the token endpoint.
type tokens struct {
	Status       int
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Error        string `json:"error"`
}

// claims reads a token's payload without checking it.
func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	payload, err := decode(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(payload, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// exchange posts to the token endpoint as app or theirs.
func (h *house) exchange(client, secret string, form url.Values) tokens {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.ctx(), http.MethodPost, h.url+"/oauth2/token", strings.NewReader(form.Encode()))
	h.check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	response, err := http.DefaultClient.Do(r)
	h.check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	h.check(err)
	out := tokens{Status: response.StatusCode}
	if err := json.Unmarshal(body, &out); err != nil {
		h.t.Fatalf("token endpoint said %d %s", response.StatusCode, body)
	}
	return out
}

// redeem turns the code of a finished sign-in into tokens.
func (h *house) redeem(client, secret string, at *url.URL) tokens {
	h.t.Helper()
	return h.exchange(client, secret, url.Values{
		"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")},
		"redirect_uri": {redirect}, "code_verifier": {verifier},
	})
}

func (h *house) counter(factor, outcome string) float64 {
	h.t.Helper()
	families, err := h.metrics.Gather()
	h.check(err)
	for _, family := range families {
		if family.GetName() != "propusk_signins_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["factor"] == factor && labels["outcome"] == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
