package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"propusk/cabinet/authority/httpsig"
)

// Deps is what a sandbox is made of. Signer and Key are required.
type Deps struct {
	// Dir keeps everything; "" keeps nothing over the end of the process.
	Dir string
	// Signer signs what the sandbox says.
	Signer *httpsig.Signer
	// Key finds the key, by its id, that submissions are signed by.
	Key func(id string) (httpsig.Public, bool)
	// Callback is where answers go; "" leaves them to be asked for (GET /answers).
	Callback string
	// AdminToken, when set, must be sent to the admin API as a bearer token.
	AdminToken string
	// Rules stand before those built in, when the folder has none of its own yet.
	Rules     []Rule
	Name      string            // of the body, in answers; «Тестовый государственный орган»
	Console   io.Writer         // what happens, for people or, with JSON, for programs; nil: nothing
	JSON      bool              // the console in JSON, a line an event
	Now       func() time.Time  // nil: time.Now
	Transport http.RoundTripper // nil: http.DefaultTransport
}

// Sandbox is a body to test against. Run makes it answer; ServeHTTP takes what
// comes.
type Sandbox struct {
	Deps
	store   *store
	console *console
	client  *http.Client
	mux     *http.ServeMux
	wake    chan struct{}

	mu    sync.Mutex
	state *state
}

// New opens the folder and reads what happened before.
func New(deps Deps) (*Sandbox, error) {
	if deps.Signer == nil || deps.Key == nil {
		return nil, errors.New("sandbox: its own key and that of its client are required")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Name == "" {
		deps.Name = "Тестовый государственный орган"
	}
	for _, r := range deps.Rules {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	s := &Sandbox{
		Deps: deps, state: newState(), wake: make(chan struct{}, 1), console: &console{w: deps.Console, json: deps.JSON},
		client: &http.Client{Timeout: 15 * time.Second, Transport: deps.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	var err error
	if s.store, err = openStore(deps.Dir, s.state.apply); err != nil {
		return nil, err
	}
	if s.state.rules == nil && deps.Rules != nil {
		if err := s.change(change{Rules: &deps.Rules}); err != nil {
			return nil, errors.Join(err, s.store.close())
		}
	}
	s.mux = s.routes()
	return s, nil
}

// Close ends the log. Run must have returned.
func (s *Sandbox) Close() error { return s.store.close() }

// ServeHTTP implements http.Handler.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Sandbox) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.help)
	mux.HandleFunc("GET /key", s.key)
	mux.HandleFunc("POST /submissions", s.signed(s.submit))
	mux.HandleFunc("GET /answers", s.signed(s.answers))
	mux.HandleFunc("GET /organizations/{number}", s.signed(s.organization))
	mux.HandleFunc("GET /tenders", s.signed(s.listTenders))
	mux.HandleFunc("GET /tenders/{number}/documents/{document}", s.signed(s.tenderDocument))
	mux.HandleFunc("GET /participants/{inn}", s.signed(s.participant))
	mux.HandleFunc("GET /participants/{inn}/participations", s.signed(s.listParticipations))
	mux.HandleFunc("POST /payments", s.signed(s.takeOrder))
	mux.HandleFunc("GET /payments/{id}", s.signed(s.findOrder))
	mux.HandleFunc("GET /pay/{id}", s.payPage)
	mux.HandleFunc("POST /pay/{id}", s.payDecision)
	s.adminRoutes(mux)
	return mux
}

// now is the sandbox's clock. The caller holds the lock.
func (s *Sandbox) now() time.Time { return s.Now().Add(s.state.offset).UTC() }

// change puts a change on the disk and then makes it. The caller holds the lock, or
// nobody else knows of s yet.
func (s *Sandbox) change(c change) error {
	if err := s.store.append(c); err != nil {
		return err
	}
	s.state.apply(c)
	s.ring()
	return nil
}

// ring wakes Run.
func (s *Sandbox) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends answers when their time comes, until ctx ends.
func (s *Sandbox) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		wait, err := s.dispatch(ctx)
		if err != nil {
			return err
		}
		again, err := s.tellPayments(ctx)
		if err != nil {
			return err
		}
		timer.Reset(min(wait, again))
	}
}
