package cabinettest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet"
	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// The names of every test's issuer and of the application that people use.
const (
	Issuer   = "https://propusk.example"
	Audience = Issuer + "/v1"
	Client   = "buhgalter-web"
	Robot    = "robot" // a client that acts for itself
)

// issuerKey is the key of the issuer, known as "k1".
var issuerKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// Base is what rooms stand on.
type Base struct {
	DB          *storage.DB
	Clock       *storagetest.Clock
	Memory      *storage.Memory // Ephemeral and Events
	Directory   *directory.Directory
	Journal     *journal.Journal
	Outbox      *outbox.Outbox // keeps what is sent: List
	Jobs        *jobs.Runner   // not started; Work does what is due
	Sealer      *storage.Sealer
	Revocations *revocation.Log
	Revoked     *revocation.List
	Authority   *signaturetest.Authority // whose signatures Authority.Verifier accepts
	Log         *slog.Logger
	Metrics     *prometheus.Registry
}

// Rooms makes the rooms of a world over its base.
type Rooms func(b Base) []api.Room

// World is a cabinet with everything it stands on, over one database.
type World struct {
	Base
	T        testing.TB
	Server   *cabinet.Server
	document *document
	people   atomic.Int64
	offices  atomic.Int64
}

// New builds a world with the rooms under test. nil has no rooms.
func New(t testing.TB, db *storage.DB, rooms Rooms, options ...func(*cabinet.Deps)) *World {
	t.Helper()
	w := &World{T: t, Base: newBase(t, db)}
	var built []api.Room
	if rooms != nil {
		built = rooms(w.Base)
	}
	var err error
	deps := cabinet.Deps{
		Issuer: Issuer, Audience: Audience, Keys: issuerKeys, Revocations: w.Revoked, Directory: w.Directory,
		Journal: w.Journal, Ephemeral: w.Memory, Log: w.Log, Now: w.Clock.Now, Metrics: w.Metrics,
		Limits:     cabinet.Limits{PerClient: -1, PerOrganisation: -1, PerVerifier: -1},
		Signatures: w.Authority.Verifier, DB: db, Sealer: w.Sealer, Rooms: built,
	}
	for _, option := range options {
		option(&deps)
	}
	w.Server, err = cabinet.New(deps)
	Must(t, err)
	w.document = loadDocument(t, w.Server)
	return w
}

func newBase(t testing.TB, db *storage.DB) Base {
	t.Helper()
	b := Base{DB: db, Clock: storagetest.NewClock(), Metrics: prometheus.NewRegistry()}
	b.Memory = storagetest.Memory(t, b.Clock.Now)
	b.Authority = signaturetest.New(t, b.Clock.Now)
	b.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	var err error
	b.Sealer, err = storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	Must(t, err)
	b.Journal = journal.New(journal.Deps{DB: db, Now: b.Clock.Now})
	b.Revocations = revocation.New(revocation.Deps{DB: db, Events: b.Memory, Now: b.Clock.Now, Lifetime: 10 * time.Minute})
	b.Jobs = jobs.New(jobs.Deps{DB: db, Log: b.Log, Now: b.Clock.Now, Poll: 5 * time.Millisecond})
	b.Outbox = outbox.New(outbox.Deps{
		DB: db, Jobs: b.Jobs, Sealer: b.Sealer, Channels: map[string]outbox.Channel{}, Keep: true, Now: b.Clock.Now, Log: b.Log,
	})
	b.Directory, err = directory.New(directory.Deps{
		DB: db, Journal: b.Journal, Outbox: b.Outbox, Revocations: b.Revocations, Sealer: b.Sealer, Now: b.Clock.Now, BaseURL: Issuer,
	})
	Must(t, err)
	b.Revoked = revocation.NewList(revocation.Deps{DB: db, Events: b.Memory, Now: b.Clock.Now, Log: b.Log})
	b.Revocations.Tell(b.Revoked)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	Must(t, b.Revoked.Start(ctx))
	return b
}

// Must fails the test for an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// issuerKeys publishes the issuer's key without HTTP.
func issuerKeys(_ context.Context, kid string) (crypto.PublicKey, string, error) {
	if kid == "k1" {
		return issuerKey().Public(), "ES256", nil
	}
	return nil, "", cabinet.ErrUnknownKey
}

// Person adds somebody with verified contacts whose e-mail carries the tag.
func (w *World) Person(tag string) directory.Person {
	w.T.Helper()
	n := w.people.Add(1)
	tag = strings.ToLower(tag)
	p, err := w.Directory.CreatePerson(context.Background(), directory.NewPerson{
		LastName: "Surname" + letters(n) + tag, FirstName: "Name" + tag,
		Email: fmt.Sprintf("p%d.%s@example.ru", n, tag), EmailVerified: true,
		Phone: fmt.Sprintf("+7916%07d", n), PhoneVerified: true,
	})
	Must(w.T, err)
	return p
}

func letters(n int64) string {
	text := ""
	for ; n > 0; n /= 10 {
		text += string(rune('a' + n%10))
	}
	return text
}

// Office is an organisation with one member of each of some roles.
type Office struct {
	directory.Organisation
	Tag     string
	Admin   directory.Person
	Members map[directory.Role]directory.MemberView
}

// Office makes an organisation with an administrator and members of the roles. The
// tag is in every name of it; it is one Latin word.
func (w *World) Office(tag string, roles ...directory.Role) *Office {
	w.T.Helper()
	o := &Office{Tag: tag, Admin: w.Person(tag), Members: map[directory.Role]directory.MemberView{}}
	inn, ogrn := numbers(w.offices.Add(1))
	var first directory.Member
	var err error
	o.Organisation, first, err = w.Directory.CreateOrganisation(context.Background(), directory.NewOrganisation{
		Kind: directory.KindLegal, INN: inn, KPP: "770701001", OGRN: ogrn,
		Name: "ООО «" + tag + "»", FullName: "Общество с ограниченной ответственностью «" + tag + "»",
		Address: "Москва, улица " + tag, Phone: "+74951234567", Email: "office." + strings.ToLower(tag) + "@example.ru",
	}, o.Admin.ID, directory.Administrator)
	Must(w.T, err)
	Must(w.T, w.Directory.SetPasswordHash(context.Background(), o.Admin.ID, "of no password"))
	o.Members[directory.Administrator] = directory.MemberView{Member: first, Person: o.Admin}
	for _, role := range roles {
		if role != directory.Administrator {
			o.Members[role] = w.Join(o, role)
		}
	}
	return o
}

// Join adds a new person to an office.
func (w *World) Join(o *Office, role directory.Role) directory.MemberView {
	w.T.Helper()
	p := w.Person(o.Tag)
	m, err := w.Directory.AddMember(context.Background(), directory.System(), directory.NewMember{
		OrganisationID: o.ID, PersonID: p.ID, Role: role, Position: "Должность " + o.Tag,
	})
	Must(w.T, err)
	return directory.MemberView{Member: m, Person: p}
}

// Fresh reads a member as it is now.
func (w *World) Fresh(o *Office, m directory.MemberView) directory.MemberView {
	w.T.Helper()
	now, err := w.Directory.MemberByID(context.Background(), o.ID, m.Member.ID)
	Must(w.T, err)
	return now
}

// numbers are an invented ИНН and ОГРН with valid check digits.
func numbers(n int64) (inn, ogrn string) {
	inn = fmt.Sprintf("99%07d", n*1103%10_000_000)
	sum := 0
	for i, weight := range []int{2, 4, 10, 3, 5, 9, 4, 6, 8} {
		sum += weight * int(inn[i]-'0')
	}
	inn += fmt.Sprint(sum % 11 % 10)
	base := 102990000000 + n*1109
	return inn, fmt.Sprintf("%d%d", base, base%11%10)
}
