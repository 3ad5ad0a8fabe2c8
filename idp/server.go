package idp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/keys"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/storage"
	"propusk/storage/journal"
)

// Deps is what the server works with. Every field without a default is needed.
type Deps struct {
	DB        *storage.DB
	Ephemeral storage.Ephemeral // attempts, pending sign-outs, budgets
	Provider  *oauth.Provider
	Keys      *keys.Ring
	Directory *directory.Directory
	Passwords *factor.Passwords
	TOTP      *factor.TOTP
	Codes     *factor.Codes
	Pages     *pages.Kit
	Journal   *journal.Journal

	Issuer  string                // scheme://host[:port], no trailing slash
	Contact string                // of the support, on the help page; "" = none
	Home    string                // where one goes on to after accepting an invitation; "" = nowhere
	Session Session               // the zero value is 30 minutes idle, 12 hours in all
	SignIns Budget                // failed proofs an address; default 300 in 15 minutes
	Tokens  Budget                // failed client authentications an address; the same default
	Now     func() time.Time      // nil = time.Now
	Log     *slog.Logger          // nil = nothing is logged
	Metrics prometheus.Registerer // nil = no metrics
}

// Server is the authorization server. It expects journal.With (request id,
// address) around it, and adds nothing to the log but the cause of 5xx answers.
type Server struct {
	deps     Deps
	echo     *echo.Echo
	pages    *pages.Kit // with our own texts
	attempts attempts
	sessions *sessions
	signIns  budget
	tokens   budget
	metrics  metrics
	machines map[string]Kind // paths that answer in JSON
	origin   *http.CrossOriginProtection
}

// New checks the dependencies and wires the routes.
func New(deps Deps) (*Server, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{deps: deps, echo: echo.New(), origin: http.NewCrossOriginProtection()}
	if err := s.origin.AddTrustedOrigin(deps.Issuer); err != nil {
		return nil, errors.New("idp: Issuer must be scheme://host[:port]: " + deps.Issuer)
	}
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	if s.pages, err = ownTexts(deps.Pages); err != nil {
		return nil, err
	}
	s.attempts = attempts{ephemeral: deps.Ephemeral, now: deps.Now}
	s.sessions = &sessions{db: deps.DB, idle: deps.Session.Idle, absolute: deps.Session.Absolute, end: deps.Provider.EndSession}
	s.signIns = budget{Budget: deps.SignIns, name: "signin", ephemeral: deps.Ephemeral, now: deps.Now}
	s.tokens = budget{Budget: deps.Tokens, name: "token", ephemeral: deps.Ephemeral, now: deps.Now}
	s.wire()
	return s, nil
}

func (d Deps) withDefaults() (Deps, error) {
	switch {
	case d.DB == nil, d.Ephemeral == nil, d.Journal == nil:
		return d, errors.New("idp: DB, Ephemeral and Journal are needed")
	case d.Provider == nil, d.Keys == nil, d.Directory == nil, d.Pages == nil:
		return d, errors.New("idp: Provider, Keys, Directory and Pages are needed")
	case d.Passwords == nil, d.TOTP == nil, d.Codes == nil:
		return d, errors.New("idp: Passwords, TOTP and Codes are needed")
	}
	d.Session.Idle = orElse(d.Session.Idle, 30*time.Minute)
	d.Session.Absolute = orElse(d.Session.Absolute, 12*time.Hour)
	for _, b := range []*Budget{&d.SignIns, &d.Tokens} {
		b.Failures = orElse(b.Failures, 300)
		b.Window = orElse(b.Window, 15*time.Minute)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Route is one door of the server.
type Route struct {
	Method, Path string
	Kind         Kind
	handle       echo.HandlerFunc
}

// Kind says who may knock at a route, and what guards it.
type Kind int

const (
	// Page is for a browser on our own pages: a POST from another site is
	// refused.
	Page Kind = iota
	// Entrance is for a browser that another site sends: GET and POST.
	Entrance
	// Machine is for programs: no cookies are read, so nothing can be forged.
	Machine
	// MachineCORS is a Machine that scripts of other sites may call too.
	MachineCORS
)

// Routes lists every route, in the order in which a sign-in meets them.
func (s *Server) Routes() []Route {
	return []Route{
		// An application learns where everything is.
		{http.MethodGet, "/.well-known/openid-configuration", MachineCORS, s.discovery},
		{http.MethodGet, "/.well-known/oauth-authorization-server", MachineCORS, s.discovery},
		{http.MethodGet, "/oauth2/jwks", MachineCORS, s.jwks},

		// It sends the browser here.
		{http.MethodGet, "/oauth2/authorize", Entrance, s.authorize},
		{http.MethodPost, "/oauth2/authorize", Entrance, s.authorizeByPost},

		// The dispatcher, and the steps that go back to it.
		{http.MethodGet, "/signin", Page, s.signIn},
		{http.MethodPost, "/signin/identify", Page, s.identify},
		{http.MethodPost, "/signin/code", Page, s.code},
		{http.MethodPost, "/signin/code/send", Page, s.codeSend},
		{http.MethodPost, "/signin/totp", Page, s.enrol},
		{http.MethodPost, "/signin/organisation", Page, s.organisation},
		{http.MethodPost, "/signin/consent", Page, s.consent},
		{http.MethodPost, "/signin/switch", Page, s.switchPerson},

		// The application fetches tokens and asks about them.
		{http.MethodPost, "/oauth2/token", MachineCORS, s.token},
		{http.MethodGet, "/oauth2/userinfo", MachineCORS, s.userInfo},
		{http.MethodPost, "/oauth2/userinfo", MachineCORS, s.userInfo},
		{http.MethodPost, "/oauth2/introspect", Machine, s.introspect},
		{http.MethodPost, "/oauth2/revoke", MachineCORS, s.revoke},

		// The person leaves.
		{http.MethodGet, "/oauth2/logout", Entrance, s.logout},
		{http.MethodPost, "/oauth2/logout", Entrance, s.logoutByPost},
		{http.MethodGet, "/signout", Page, s.signOut},

		// Beside the sign-in.
		{http.MethodGet, "/invitations/:token", Page, s.invitation},
		{http.MethodPost, "/invitations/:token", Page, s.acceptInvitation},
		{http.MethodGet, "/help", Page, s.help},
		{http.MethodGet, "/assets/*", Page, s.assets},
	}
}

// ServeHTTP serves every route of the server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Sweep ends the sessions that are past their absolute end, with what
// applications got from them. Call it every few minutes from one node.
func (s *Server) Sweep(ctx context.Context) error {
	return s.sessions.sweep(ctx, s.now())
}

func (s *Server) now() storage.Time { return storage.Of(s.deps.Now()) }
