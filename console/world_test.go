package console_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet"
	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/console"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/keys"
	"propusk/idp/trust"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// audience is what the console's tokens are for.
const audience = cabinettest.Issuer + "/console"

// world is a console over a cabinet's world.
type world struct {
	*cabinettest.World
	console  *console.Server
	keys     *keys.Ring
	clients  *client.Store
	sessions *sessions
	tickets  *tickets
	operator directory.Person // with every role
}

// proofKey is what the tests' tokens are bound to.
var proofKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

func newWorld(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{World: cabinettest.New(t, db, nil), sessions: &sessions{held: map[string][]console.Session{}}, tickets: &tickets{}}
	ctx := context.Background()
	var err error
	w.keys, err = keys.Open(ctx, keys.Deps{DB: db, Sealer: w.Sealer, Journal: w.Journal, Now: w.Clock.Now})
	cabinettest.Must(t, err)
	t.Cleanup(w.keys.Close)
	trusted, err := trust.Open(ctx, trust.Deps{DB: db, Journal: w.Journal, Now: w.Clock.Now})
	cabinettest.Must(t, err)
	t.Cleanup(trusted.Close)
	w.clients, err = client.New(client.Deps{DB: db, Events: w.Memory, Directory: w.Directory, Revocations: w.Revocations, Journal: w.Journal, Now: w.Clock.Now, Log: w.Log})
	cabinettest.Must(t, err)
	gate, err := cabinet.NewGate(cabinet.Deps{
		Issuer: cabinettest.Issuer, Audience: audience, Keys: issuerKeys, Revocations: w.Revoked, Ephemeral: w.Memory,
		DB: db, Sealer: w.Sealer, Now: w.Clock.Now,
	})
	cabinettest.Must(t, err)
	sent := outbox.New(outbox.Deps{
		DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Log: w.Log, Now: w.Clock.Now}), Sealer: w.Sealer, Now: w.Clock.Now, Log: w.Log,
		Channels: map[string]outbox.Channel{"email": nowhere{}},
	})
	w.console, err = console.New(console.Deps{
		Issuer: cabinettest.Issuer, Gate: gate, DB: db, Ephemeral: w.Memory, Directory: w.Directory, Journal: w.Journal,
		Jobs: w.Jobs, Outbox: sent, Trust: trusted, Keys: w.keys, Clients: w.clients, Sessions: w.sessions, Tickets: w.tickets,
		OwnClients: []string{"cabinet"}, LooksPerHour: 5, Rooms: []console.Room{moderationRoom()},
		SignJournal: func(_ context.Context, payload []byte) (string, error) { return "signed", nil },
		Metrics:     w.Metrics, Now: w.Clock.Now, Log: w.Log,
	})
	cabinettest.Must(t, err)
	w.operator = w.appoint("operator")
	return w
}

// moderationRoom stands for what the cabinet's room hands in.
func moderationRoom() console.Room {
	answer := func(c api.Call) error { return api.Answer(c, http.StatusOK, "", map[string]string{"by": c.Person()}) }
	return console.Room{Role: directory.OperatorModerator, Room: api.Room{Name: "moderation", Routes: []api.Route{
		{Method: "GET", Path: "/console/v1/moderation", Handle: answer},
		{Method: "POST", Path: "/console/v1/moderation/{id}/take", Handle: answer},
	}}}
}

// nowhere delivers nothing.
type nowhere struct{}

func (nowhere) Deliver(context.Context, outbox.Message) error { return errors.New("nowhere") }

func issuerKeys(_ context.Context, kid string) (key crypto.PublicKey, alg string, err error) {
	if kid == "k1" {
		return cabinettest.PublicKey().Key, "ES256", nil
	}
	return nil, "", cabinet.ErrUnknownKey
}

// appoint makes a person an operator.
func (w *world) appoint(tag string, roles ...directory.OperatorRole) directory.Person {
	w.T.Helper()
	p := w.Person(tag)
	cabinettest.Must(w.T, w.Directory.AppointOperator(context.Background(), directory.System(), p.ID, roles...))
	return p
}

// claims are those of an operator who has just signed in by passkey.
func (w *world) claims(p directory.Person) map[string]any {
	now := w.Clock.Now()
	return map[string]any{
		"iss": cabinettest.Issuer, "sub": p.ID, "aud": []string{audience}, "client_id": "console",
		"exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "jti": storage.NewID(), "scope": "openid profile console:read console:write",
		"sid": "session-" + p.ID, "gid": "grant-" + p.ID, "auth_time": now.Unix(), "acr": "urn:propusk:2", "amr": []string{"pop", "user", "mfa"},
		"roles": []string{"support", "moderator", "security"}, "cnf": map[string]any{"jkt": thumbprint()},
	}
}

func (w *world) token(p directory.Person) string { return cabinettest.Sign(w.T, w.claims(p)) }

func thumbprint() string {
	jwk := jose.JSONWebKey{Key: proofKey().Public()}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// do sends a request with a token and a proof of holding its key (RFC 9449).
func (w *world) do(method, path, token string, body any, headers ...string) cabinettest.Reply {
	w.T.Helper()
	if token != "" {
		headers = append(headers, "Authorization", "DPoP "+token, "DPoP", w.proof(method, path, token))
	}
	return w.send(cabinettest.Request(w.T, method, path, "", body, headers...))
}

func (w *world) send(r *http.Request) cabinettest.Reply {
	recorder := httptest.NewRecorder()
	w.console.ServeHTTP(recorder, r)
	return cabinettest.Reply{Response: recorder.Result(), Text: recorder.Body.String()}
}

func (w *world) proof(method, path, token string) string {
	w.T.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: proofKey()}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	cabinettest.Must(w.T, err)
	hash := sha256.Sum256([]byte(token))
	target := httptest.NewRequest(method, path, nil).URL
	payload, err := json.Marshal(map[string]any{
		"jti": storage.NewID(), "htm": method, "htu": cabinettest.Issuer + target.EscapedPath(), "iat": w.Clock.Now().Unix(),
		"ath": base64.RawURLEncoding.EncodeToString(hash[:]),
	})
	cabinettest.Must(w.T, err)
	jws, err := signer.Sign(payload)
	cabinettest.Must(w.T, err)
	proof, err := jws.CompactSerialize()
	cabinettest.Must(w.T, err)
	return proof
}

// actions are what the system's chain, or an organisation's, says was done since.
func (w *world) entries(organisation, action string) []journal.Entry {
	w.T.Helper()
	list, err := w.Journal.List(context.Background(), journal.Filter{Organisation: organisation, Action: action, Limit: 100})
	cabinettest.Must(w.T, err)
	return list
}

// sessions are people's, in memory.
type sessions struct {
	mu   sync.Mutex
	held map[string][]console.Session
}

func (s *sessions) OfPerson(_ context.Context, id string) ([]console.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[id], nil
}

func (s *sessions) End(_ context.Context, id string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.held[id])
	delete(s.held, id)
	return n, nil
}

// tickets are one.
type tickets struct {
	said   []console.Word
	closed bool
}

func (t *tickets) one() console.Ticket {
	return console.Ticket{Number: "T26-483920175-4", OrganisationID: storage.NewID(), Subject: "Не подписывается", Phone: "+79161234567", Email: "maria@example.ru", ReplyChannel: "email"}
}

func (t *tickets) Waiting(context.Context, int) ([]console.Ticket, error) {
	return []console.Ticket{t.one()}, nil
}

func (t *tickets) Find(_ context.Context, number string) (console.Ticket, []console.Post, error) {
	if number != t.one().Number {
		return console.Ticket{}, nil, storage.ErrNotFound
	}
	return t.one(), []console.Post{{ID: "1", Author: "Мария", Text: "Помогите"}, {ID: "2", FromSupport: true, Text: "Смотрим"}}, nil
}

func (t *tickets) Answer(_ context.Context, w console.Word) (console.Ticket, error) {
	switch {
	case t.closed:
		return console.Ticket{}, console.ErrTicketClosed
	case w.Number != t.one().Number:
		return console.Ticket{}, storage.ErrNotFound
	case len(w.Text) > 100:
		return console.Ticket{}, &directory.FieldError{Field: "text", Code: "too_long"}
	}
	t.said = append(t.said, w)
	return t.one(), nil
}
