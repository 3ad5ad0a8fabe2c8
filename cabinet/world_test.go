package cabinet

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus"

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

const (
	testIssuer   = "https://propusk.example"
	testAudience = testIssuer + "/v1"
	testClient   = "buhgalter-web"
)

// issuerKey is the key of every test's issuer, known as "k1".
var issuerKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// world is a cabinet with everything it stands on, over one database.
type world struct {
	t         testing.TB
	db        *storage.DB
	clock     *storagetest.Clock
	memory    *storage.Memory
	outbox    *outbox.Outbox
	directory *directory.Directory
	journal   *journal.Journal
	revoke    *revocation.Log
	metrics   *prometheus.Registry
	server    *Server
	authority *signaturetest.Authority // whose signatures are accepted
	document  *openapiCheck
	people    atomic.Int64
}

type worldOption func(*Deps)

func newWorld(t testing.TB, db *storage.DB, options ...worldOption) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: storagetest.NewClock(), metrics: prometheus.NewRegistry(), document: loadOpenAPI(t)}
	w.memory = storagetest.Memory(t, w.clock.Now)
	w.authority = signaturetest.New(t, w.clock.Now)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	w.journal = journal.New(journal.Deps{DB: db, Now: w.clock.Now})
	w.revoke = revocation.New(revocation.Deps{DB: db, Events: w.memory, Now: w.clock.Now, Lifetime: 10 * time.Minute})
	w.outbox = outbox.New(outbox.Deps{
		DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Log: log, Now: w.clock.Now}), Sealer: sealer,
		Channels: map[string]outbox.Channel{}, Keep: true, Now: w.clock.Now, Log: log,
	})
	w.directory, err = directory.New(directory.Deps{
		DB: db, Journal: w.journal, Outbox: w.outbox, Revocations: w.revoke, Sealer: sealer,
		Now: w.clock.Now, BaseURL: testIssuer,
	})
	must(t, err)
	list := revocation.NewList(revocation.Deps{DB: db, Events: w.memory, Now: w.clock.Now, Log: log})
	w.revoke.Tell(list)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	must(t, list.Start(ctx))
	deps := Deps{
		Issuer: testIssuer, Audience: testAudience, Keys: staticKeys(map[string]crypto.PublicKey{"k1": issuerKey().Public()}),
		Revocations: list, Directory: w.directory, Journal: w.journal, Ephemeral: w.memory,
		Log: log, Now: w.clock.Now, Metrics: w.metrics, Limits: Limits{PerClient: -1, PerOrganisation: -1, PerVerifier: -1},
		Signatures: w.authority.Verifier, DB: db, Sealer: sealer,
		SignJournal: func(context.Context, []byte) (string, error) { return "a signature", nil },
	}
	for _, option := range options {
		option(&deps)
	}
	w.server, err = New(deps)
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// staticKeys publishes EC keys without HTTP.
func staticKeys(keys map[string]crypto.PublicKey) KeySource {
	return func(_ context.Context, kid string) (crypto.PublicKey, string, error) {
		if key, ok := keys[kid]; ok {
			return key, "ES256", nil
		}
		return nil, "", ErrUnknownKey
	}
}

// person adds somebody with a verified e-mail that carries the tag.
func (w *world) person(tag string) directory.Person {
	w.t.Helper()
	n := w.people.Add(1)
	p, err := w.directory.CreatePerson(context.Background(), directory.NewPerson{
		LastName: "Surname" + letters(n) + strings.ToLower(tag), FirstName: "Name" + strings.ToLower(tag),
		Email: fmt.Sprintf("p%d.%s@example.ru", n, strings.ToLower(tag)), EmailVerified: true,
		Phone: fmt.Sprintf("+7916%07d", n), PhoneVerified: true,
	})
	must(w.t, err)
	return p
}

func letters(n int64) string {
	text := ""
	for ; n > 0; n /= 10 {
		text += string(rune('a' + n%10))
	}
	return text
}

// office is an organisation with one member of each role.
type office struct {
	directory.Organisation
	tag     string
	admin   directory.Person
	members map[directory.Role]directory.MemberView
}

// numbers with valid check digits, invented.
var officeNumbers = map[string][2]string{
	"Alpha": {"9901100208", "1029900001119"}, "Beta": {"9902200300", "1029900002220"}, "Gamma": {"9903300403", "1029900003330"},
}

func (w *world) office(tag string, roles ...directory.Role) *office {
	w.t.Helper()
	o := &office{tag: tag, admin: w.person(tag), members: map[directory.Role]directory.MemberView{}}
	var first directory.Member
	var err error
	o.Organisation, first, err = w.directory.CreateOrganisation(context.Background(), directory.NewOrganisation{
		Kind: directory.KindLegal, INN: officeNumbers[tag][0], KPP: "770701001", OGRN: officeNumbers[tag][1],
		Name: "ООО «" + tag + "»", Address: "Москва, улица " + tag, Phone: "+74951234567",
		Email: "office." + strings.ToLower(tag) + "@example.ru",
	}, o.admin.ID, directory.Administrator)
	must(w.t, err)
	must(w.t, w.directory.SetPasswordHash(context.Background(), o.admin.ID, "of no password"))
	o.members[directory.Administrator] = directory.MemberView{Member: first, Person: o.admin}
	for _, role := range roles {
		if role != directory.Administrator {
			o.members[role] = w.join(o, role)
		}
	}
	return o
}

// join adds a new person to an office.
func (w *world) join(o *office, role directory.Role) directory.MemberView {
	w.t.Helper()
	p := w.person(o.tag)
	m, err := w.directory.AddMember(context.Background(), directory.System(), directory.NewMember{
		OrganisationID: o.ID, PersonID: p.ID, Role: role, Position: "Должность " + o.tag,
	})
	must(w.t, err)
	return directory.MemberView{Member: m, Person: p}
}

// allScopes is what the widest application may ask for.
func allScopes() string {
	scopes := []string{"openid", "profile", "email", "phone", "organization", "recoveries"}
	for _, p := range directory.Permissions() {
		scopes = append(scopes, string(p))
	}
	return strings.Join(scopes, " ")
}

// claims are those of a member who has signed in with two factors.
func (w *world) claims(o *office, m directory.MemberView) map[string]any {
	now := w.clock.Now()
	claims := map[string]any{
		"iss": testIssuer, "sub": m.Person.ID, "aud": []string{testAudience}, "client_id": testClient,
		"exp": now.Add(10 * time.Minute).Unix(), "iat": now.Unix(), "jti": storage.NewID(),
		"scope": allScopes(), "sid": "session-" + m.Person.ID, "gid": "grant-" + m.Person.ID,
		"auth_time": now.Unix(), "acr": "urn:propusk:2", "amr": []string{"pwd", "otp"},
	}
	if o != nil {
		claims["org"] = map[string]any{"id": o.ID, "inn": o.INN, "ogrn": o.OGRN, "kpp": o.KPP, "name": o.Name}
		claims["roles"] = []directory.Role{m.Role}
		claims["permissions"] = m.Permissions()
		claims["mv"] = m.Member.Version
	}
	return claims
}

// service is the claims of a client that acts for itself in an organisation.
func (w *world) service(o *office, permissions ...string) map[string]any {
	claims := w.claims(o, directory.MemberView{})
	for _, name := range []string{"sid", "gid", "auth_time", "acr", "amr", "roles", "mv"} {
		delete(claims, name)
	}
	claims["sub"], claims["client_id"] = "robot", "robot"
	claims["scope"], claims["permissions"] = strings.Join(permissions, " "), permissions
	return claims
}

// but returns the claims with some replaced; nil takes one away.
func but(claims map[string]any, changes map[string]any) map[string]any {
	changed := maps.Clone(claims)
	for name, value := range changes {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

// sign makes an access token as the issuer does.
func sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	return signAs(t, jose.ES256, issuerKey(), map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "k1"}, claims)
}

func signAs(t testing.TB, alg jose.SignatureAlgorithm, key any, header map[jose.HeaderKey]any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	must(t, err)
	payload, err := json.Marshal(claims)
	must(t, err)
	jws, err := signer.Sign(payload)
	must(t, err)
	token, err := jws.CompactSerialize()
	must(t, err)
	return token
}

// token is a live token of a member.
func (w *world) token(o *office, m directory.MemberView) string { return sign(w.t, w.claims(o, m)) }

// fresh reads a member as it is now.
func (w *world) fresh(o *office, m directory.MemberView) directory.MemberView {
	w.t.Helper()
	now, err := w.directory.MemberByID(context.Background(), o.ID, m.Member.ID)
	must(w.t, err)
	return now
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

// problem reads the body as a problem.
func (r reply) problem(t testing.TB) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Fatalf("not a problem: %v: %s", err, r.body)
	}
	return p
}

func (r reply) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
}

// request builds one with a token; headers are name, value pairs.
func request(method, path, token, body string, headers ...string) *http.Request {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, reader)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	return r.WithContext(journal.With(r.Context(), journal.Circumstances{
		RequestID: "req-1", IP: "203.0.113.7", UserAgent: "test",
	}))
}

// do sends a request to the server and holds request and answer against the
// OpenAPI document.
func (w *world) do(method, path, token, body string, headers ...string) reply {
	w.t.Helper()
	return w.send(request(method, path, token, body, headers...), body)
}

func (w *world) send(r *http.Request, body string) reply {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.server.ServeHTTP(recorder, r)
	response := recorder.Result()
	answer := reply{response, recorder.Body.String()}
	w.document.check(w.t, r, body, answer)
	return answer
}

// expect fails unless the answer has the status and, for a problem, the code.
func (w *world) expect(answer reply, status int, code string) reply {
	w.t.Helper()
	if answer.StatusCode != status {
		w.t.Fatalf("status %d, want %d: %s", answer.StatusCode, status, answer.body)
	}
	if code != "" {
		if p := answer.problem(w.t); p.Code != code {
			w.t.Fatalf("code %q, want %q: %s", p.Code, code, answer.body)
		}
	}
	return answer
}
