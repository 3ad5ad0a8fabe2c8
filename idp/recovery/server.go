package recovery

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
	"propusk/idp/session"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Grants are what applications hold for people; *oauth.Provider.
type Grants interface {
	EndGrants(ctx context.Context, personID string) (int, error)
}

// Deps is what the recovery works with. Every field without a default is
// needed.
type Deps struct {
	DB            *storage.DB
	Ephemeral     storage.Ephemeral // budgets
	Directory     *directory.Directory
	Sessions      *session.Store
	Grants        Grants
	Passwords     *factor.Passwords
	TOTP          *factor.TOTP
	Codes         *factor.Codes
	RecoveryCodes *factor.RecoveryCodes
	PINs          *factor.PINs
	Locks         *factor.Locks
	Journal       *journal.Journal
	Jobs          *jobs.Runner // not started yet
	Pages         *pages.Kit

	Issuer  string                // scheme://host[:port], no trailing slash
	Name    string                // of the house, in the codes' messages; "" = Пропуск
	Home    string                // where one signs in at the end; "" = /account
	Timing  Timing                // how long what lasts
	Asks    browser.Limit         // recoveries asked for, links and codes tried by an address; 0 = 30 in 15 minutes
	PerDay  int                   // recoveries of one person, whoever asks; 0 = 20
	PerHour int                   // recoveries of one person that one address asks for; 0 = 3
	Jitter  time.Duration         // by which chance puts off the job; 0 = one second, < 0 = none
	Now     func() time.Time      // nil = time.Now
	Log     *slog.Logger          // nil = nothing is logged
	Metrics prometheus.Registerer // nil = no metrics
}

// Timing says how long what lasts. The zero value is the default.
type Timing struct {
	Link  time.Duration // a link that was asked for; 0 = 30 minutes
	Steps time.Duration // the pages after it; 0 = 15 minutes
	Alone time.Duration // the wait of who has one channel and nothing else; 0 = 24 hours
	Lost  time.Duration // the wait when the other factors go; 0 = 72 hours
	Woken time.Duration // a link that comes after the wait; 0 = 24 hours
}

func (t Timing) withDefaults() Timing {
	t.Link = cmp.Or(t.Link, 30*time.Minute)
	t.Steps = cmp.Or(t.Steps, 15*time.Minute)
	t.Alone = cmp.Or(t.Alone, 24*time.Hour)
	t.Lost = cmp.Or(t.Lost, 72*time.Hour)
	t.Woken = cmp.Or(t.Woken, 24*time.Hour)
	return t
}

// Server is the pages of the recovery. It expects journal.With (request id,
// address) around it.
type Server struct {
	deps    Deps
	face    *browser.Face
	asks    *browser.Budget
	metrics *prometheus.CounterVec
}

// New checks the dependencies, registers the jobs and wires the routes.
func New(deps Deps) (*Server, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{deps: deps}
	s.asks = browser.NewBudget("recovery", deps.Asks, deps.Ephemeral, deps.Now)
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	kit, err := deps.Pages.ExtendRoom(files)
	if err != nil {
		return nil, err
	}
	s.face, err = browser.NewFace(browser.FaceDeps{
		Issuer: deps.Issuer, Pages: kit, Sessions: deps.Sessions, Directory: deps.Directory, Log: deps.Log, Now: deps.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("recovery: %w", err)
	}
	for _, route := range s.Routes() {
		s.face.Route(route)
	}
	deps.Jobs.Handle(sendJob, s.send)
	deps.Jobs.Every("recoveries/wake", wakeEvery, s.Wake)
	return s, nil
}

func (d Deps) withDefaults() (Deps, error) {
	switch {
	case d.DB == nil, d.Ephemeral == nil, d.Journal == nil, d.Jobs == nil, d.Pages == nil, d.Issuer == "":
		return d, errors.New("recovery: DB, Ephemeral, Journal, Jobs, Pages and Issuer are needed")
	case d.Directory == nil, d.Sessions == nil, d.Grants == nil:
		return d, errors.New("recovery: Directory, Sessions and Grants are needed")
	case d.Passwords == nil, d.TOTP == nil, d.Codes == nil, d.RecoveryCodes == nil, d.PINs == nil, d.Locks == nil:
		return d, errors.New("recovery: Passwords, TOTP, Codes, RecoveryCodes, PINs and Locks are needed")
	}
	d.Name = cmp.Or(d.Name, "Пропуск")
	d.Home = cmp.Or(d.Home, "/account")
	d.Timing = d.Timing.withDefaults()
	d.Asks.Failures = cmp.Or(d.Asks.Failures, 30)
	d.PerDay = cmp.Or(d.PerDay, 20)
	d.PerHour = cmp.Or(d.PerHour, 3)
	d.Jitter = cmp.Or(d.Jitter, time.Second)
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

// Routes lists every route, in the order in which a recovery meets them.
func (s *Server) Routes() []browser.Route {
	get := func(path string, handle echo.HandlerFunc) browser.Route {
		return browser.Route{Method: http.MethodGet, Path: path, Handle: s.told(handle)}
	}
	post := func(path string, handle echo.HandlerFunc) browser.Route {
		return browser.Route{Method: http.MethodPost, Path: path, Handle: s.told(handle)}
	}
	return []browser.Route{
		get("/recovery", s.askForPassword),
		post("/recovery", s.recoverPassword),
		get("/recovery/pin", s.askForPIN),
		post("/recovery/pin", s.recoverPIN),
		get("/recovery/sent", s.sent),

		get("/recovery/link/:token", s.link),
		get("/recovery/open", s.opening),
		post("/recovery/open", s.open),
		get("/recovery/code", s.code),
		post("/recovery/code", s.proveByCode),
		post("/recovery/code/send", s.sendAgain),

		get("/recovery/step", s.dispatch),
		post("/recovery/second", s.at(StepSecond, s.second)),
		post("/recovery/second/send", s.at(StepSecond, s.sendSecond)),
		post("/recovery/wait", s.wait),
		post("/recovery/password", s.at(StepPassword, s.setPassword)),
		post("/recovery/pin/new", s.at(StepPIN, s.setPIN)),

		get("/recovery/cancel/:token", s.cancelLink),
		get("/recovery/cancel", s.cancelling),
		post("/recovery/cancel", s.cancel),
	}
}

// ServeHTTP serves every route of the recovery.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.face.ServeHTTP(w, r) }

// errUnproved: this browser's recovery still waits for its link or code.
var errUnproved = errors.New("recovery: not proved yet")

// told draws the page of a recovery that cannot go on in place of its error.
func (s *Server) told(handle echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := handle(c)
		switch {
		case errors.Is(err, errUnproved):
			return browser.SeeOther(c, "/recovery/code")
		case errors.Is(err, directory.ErrRecoveryOver), errors.Is(err, directory.ErrOperatorAccount), errors.Is(err, storage.ErrNotFound):
			s.metrics.WithLabelValues("over").Inc()
			return s.render(c, http.StatusGone, "recovery_over.html", nil, nil)
		}
		return err
	}
}

// render draws a page of this room.
func (s *Server) render(c echo.Context, status int, template string, data any, errs []pages.FieldError) error {
	return s.face.Render(c, status, pages.Custom{Template: template, Title: "recovery.title", Data: data, Errors: errs})
}

func newMetrics(registerer prometheus.Registerer) (*prometheus.CounterVec, error) {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "propusk_recoveries_total",
		Help: "Recoveries of access, by what became of them: asked, sent, nobody, blocked, limited, proved, waiting, woken, done, cancelled, over.",
	}, []string{"outcome"})
	if registerer == nil {
		return counter, nil
	}
	if err := registerer.Register(counter); err != nil {
		return nil, fmt.Errorf("recovery: register metrics: %w", err)
	}
	return counter, nil
}
