package application

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/browser"
	"propusk/idp/client"
	"propusk/storage"
	"propusk/storage/journal"
)

// Policy says who may register clients.
type Policy string

// The policies.
const (
	PolicyToken Policy = "token" // whoever has an initial access token
	PolicyOpen  Policy = "open"  // everybody, within Deps.Open
	PolicyOff   Policy = "off"   // nobody; registered clients are still managed
)

// Path is where clients register.
const Path = "/oauth2/register"

// Deps is what Applications work with. DB, Clients, Tokens, Ephemeral, Journal and
// Issuer are needed.
type Deps struct {
	DB        *storage.DB
	Clients   *client.Store
	Tokens    *Tokens
	Ephemeral storage.Ephemeral // budgets
	Journal   *journal.Journal

	Issuer string // scheme://host[:port][/path], no slash at the end
	Policy Policy // "" = PolicyToken
	Open   Bounds // of those without an initial access token
	// Publishers are whose software statements count; StatementRequired refuses
	// registrations without one.
	Publishers        []Publisher
	StatementRequired bool
	Reserved          []string // names that only the house's own clients have

	// Requests is how often one address may ask, whatever comes of it; default 60 in
	// an hour. Registrations is how many clients it may register without an initial
	// access token; default 10 in an hour.
	Requests, Registrations browser.Limit

	Now     func() time.Time      // nil = time.Now
	Log     *slog.Logger          // nil = nothing is logged
	Metrics prometheus.Registerer // nil = no metrics
}

// Applications is the HTTP face of registration. It expects journal.With (request id,
// address) around it.
type Applications struct {
	deps     Deps
	mux      *http.ServeMux
	requests *browser.Budget
	made     *browser.Budget
	counter  *prometheus.CounterVec
}

// New checks the dependencies and wires the routes.
func New(deps Deps) (*Applications, error) {
	if err := deps.complete(); err != nil {
		return nil, err
	}
	a := &Applications{
		deps: deps, mux: http.NewServeMux(),
		requests: browser.NewBudget("registration", deps.Requests, deps.Ephemeral, deps.Now),
		made:     browser.NewBudget("registered", deps.Registrations, deps.Ephemeral, deps.Now),
		counter: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_client_registrations_total",
			Help: "Requests of clients that register themselves (RFC 7591, 7592), by method and by how they came out.",
		}, []string{"method", "outcome"}),
	}
	if deps.Metrics != nil {
		if err := deps.Metrics.Register(a.counter); err != nil {
			return nil, fmt.Errorf("application: register metrics: %w", err)
		}
	}
	for route, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST " + Path:          a.register,
		"GET " + Path + "/{id}": a.show, "PUT " + Path + "/{id}": a.replace, "DELETE " + Path + "/{id}": a.remove,
	} {
		a.mux.HandleFunc(route, a.guarded(handle))
	}
	return a, nil
}

func (d *Deps) complete() error {
	switch {
	case d.DB == nil || d.Clients == nil || d.Tokens == nil || d.Ephemeral == nil || d.Journal == nil || d.Issuer == "":
		return errors.New("application: a dependency is missing")
	case d.Policy == "":
		d.Policy = PolicyToken
	case d.Policy != PolicyToken && d.Policy != PolicyOpen && d.Policy != PolicyOff:
		return fmt.Errorf("application: the policy %q is token, open or off", d.Policy)
	}
	if err := d.Open.check(); err != nil {
		return fmt.Errorf("application: what everybody may register: %w", err)
	}
	if d.Requests == (browser.Limit{}) {
		d.Requests = browser.Limit{Failures: 60, Window: time.Hour}
	}
	if d.Registrations == (browser.Limit{}) {
		d.Registrations = browser.Limit{Failures: 10, Window: time.Hour}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// ServeHTTP serves every route of the package.
func (a *Applications) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	a.mux.ServeHTTP(w, r)
}

// guarded counts a request against its address's budget before it is looked at, and
// answers its error.
func (a *Applications) guarded(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		address := browser.Address(r)
		err := a.requests.Open(r.Context(), address)
		if err == nil {
			err = a.requests.Fail(r.Context(), address)
		}
		if err == nil {
			err = handle(w, r)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	}
}

func (a *Applications) count(r *http.Request, outcome string) {
	a.counter.WithLabelValues(r.Method, outcome).Inc()
}

// bearer is the token of a request (RFC 6750 §2.1); "" = there is none. Two headers,
// or another scheme, are no token.
func bearer(r *http.Request) string {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || len(token) > 512 {
		return ""
	}
	return strings.TrimSpace(token)
}
