package registration

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/jobs"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Deps is what the registration works with. Every field without a default is
// needed.
type Deps struct {
	DB        *storage.DB
	Ephemeral storage.Ephemeral // budgets
	Directory *directory.Directory
	Passwords *factor.Passwords
	Codes     *factor.Codes
	Jobs      *jobs.Runner // not started yet
	Pages     *pages.Kit

	Issuer   string                // scheme://host[:port], no trailing slash
	Name     string                // of the house, in the codes' messages; "" = Пропуск
	Home     string                // where one goes on to; "" = /account
	Cabinet  string                // where one goes on to as a member; "" = /cabinet
	Deadline time.Duration         // to prove the contacts; 0 = 24 hours
	Asks     browser.Limit         // registrations begun by an address; 0 = 30 in 15 minutes
	PerHour  int                   // codes to one contact, whoever asks; 0 = 6
	Abroad   int                   // codes by SMS to other countries (not +7) in an hour, of the whole house; 0 = 120
	Jitter   time.Duration         // by which chance puts off the job; 0 = one second, < 0 = none
	Now      func() time.Time      // nil = time.Now
	Log      *slog.Logger          // nil = nothing is logged
	Metrics  prometheus.Registerer // nil = no metrics
}

// Server is the pages of the registration. It expects journal.With (request id,
// address) around it.
type Server struct {
	deps    Deps
	face    *browser.Face
	asks    *browser.Budget
	metrics *prometheus.CounterVec
}

// New checks the dependencies, registers the job and wires the routes.
func New(deps Deps) (*Server, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{deps: deps}
	s.asks = browser.NewBudget("registration", deps.Asks, deps.Ephemeral, deps.Now)
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	kit, err := deps.Pages.ExtendRoom(files)
	if err != nil {
		return nil, err
	}
	s.face, err = browser.NewFace(browser.FaceDeps{Issuer: deps.Issuer, Pages: kit, Log: deps.Log, Now: deps.Now})
	if err != nil {
		return nil, fmt.Errorf("registration: %w", err)
	}
	for _, route := range s.Routes() {
		s.face.Route(route)
	}
	deps.Jobs.Handle(sendJob, s.send)
	deps.Jobs.Every("registrations/sweep", sweepEvery, s.Sweep)
	return s, nil
}

func (d Deps) withDefaults() (Deps, error) {
	if d.DB == nil || d.Ephemeral == nil || d.Directory == nil || d.Passwords == nil || d.Codes == nil ||
		d.Jobs == nil || d.Pages == nil || d.Issuer == "" {
		return d, errors.New("registration: DB, Ephemeral, Directory, Passwords, Codes, Jobs, Pages and Issuer are needed")
	}
	d.Name = cmp.Or(d.Name, "Пропуск")
	d.Home = cmp.Or(d.Home, "/account")
	d.Cabinet = cmp.Or(d.Cabinet, "/cabinet")
	d.Deadline = cmp.Or(d.Deadline, 24*time.Hour)
	d.Asks.Failures = cmp.Or(d.Asks.Failures, 30)
	d.PerHour = cmp.Or(d.PerHour, 6)
	d.Abroad = cmp.Or(d.Abroad, 120)
	d.Jitter = cmp.Or(d.Jitter, time.Second)
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

// Routes lists every route, in the order in which somebody new meets them.
func (s *Server) Routes() []browser.Route {
	return []browser.Route{
		{Method: http.MethodGet, Path: "/registration", Handle: s.form},
		{Method: http.MethodPost, Path: "/registration", Handle: s.begin},
		{Method: http.MethodGet, Path: "/registration/terms", Handle: s.document(documentTerms)},
		{Method: http.MethodGet, Path: "/registration/consent", Handle: s.document(documentConsent)},
		{Method: http.MethodGet, Path: "/registration/confirm", Handle: s.told(s.confirmation)},
		{Method: http.MethodPost, Path: "/registration/confirm", Handle: s.told(s.confirm)},
		{Method: http.MethodPost, Path: "/registration/confirm/send", Handle: s.told(s.sendAgain)},
		{Method: http.MethodGet, Path: "/registration/password", Handle: s.told(s.password)},
		{Method: http.MethodPost, Path: "/registration/password", Handle: s.told(s.finish)},
	}
}

// ServeHTTP serves every route of the registration.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.face.ServeHTTP(w, r) }

// sweepEvery is how often registrations are looked through.
const sweepEvery = 10 * time.Minute

// Sweep locks the registrations whose time is over and drops the oldest. A job
// calls it by itself.
func (s *Server) Sweep(ctx context.Context) error {
	locked, _, err := s.deps.Directory.SweepRegistrations(ctx)
	s.metrics.WithLabelValues("locked").Add(float64(locked))
	return err
}

// overPage says why a registration cannot go on.
type overPage struct{ Reason string }

// told draws the page of a registration that is over in place of the error.
func (s *Server) told(handle func(c echo.Context, r directory.Registration) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, err := s.deps.Directory.Registration(c.Request().Context(), browser.Cookie(c.Request(), cookieRegistration))
		if err == nil && r.State == directory.RegistrationOpen {
			err = handle(c, r)
		}
		status, reason := http.StatusGone, "gone"
		switch {
		case errors.Is(err, directory.ErrRegistrationLocked), err == nil && r.State == directory.RegistrationLocked:
			reason = s.lockedBy(c.Request().Context(), r)
		case errors.Is(err, errTaken):
			status, reason = http.StatusConflict, "taken"
		case errors.Is(err, storage.ErrNotFound), err == nil && r.State == directory.RegistrationDone:
		default:
			return err
		}
		return s.render(c, status, "registration_over.html", overPage{Reason: reason}, nil)
	}
}

// lockedBy reads the reason anew: the lock may be of this very request, and it
// may be that another tab has finished.
func (s *Server) lockedBy(ctx context.Context, r directory.Registration) string {
	again, err := s.deps.Directory.RegistrationByID(ctx, r.ID)
	if err != nil || again.State != directory.RegistrationLocked {
		return "gone"
	}
	return again.Reason
}

// render draws a page of this room.
func (s *Server) render(c echo.Context, status int, template string, data any, errs []pages.FieldError) error {
	return s.face.Render(c, status, pages.Custom{
		Template: template, Title: "registration.title", Data: data, Errors: errs,
	})
}

func newMetrics(registerer prometheus.Registerer) (*prometheus.CounterVec, error) {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "propusk_registrations_total",
		Help: "Registrations, by what became of them: begun, known (a contact has an account), limited, proved, done, locked.",
	}, []string{"outcome"})
	if registerer == nil {
		return counter, nil
	}
	if err := registerer.Register(counter); err != nil {
		return nil, fmt.Errorf("registration: register metrics: %w", err)
	}
	return counter, nil
}
