package web

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"propusk/idp/pages"
	"propusk/storage"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Paths that the client must be registered with at the issuer.
const (
	CallbackPath  = "/cabinet/callback"   // redirect_uri
	SignedOutPath = "/cabinet/signed-out" // post_logout_redirect_uri
)

// Scopes that the cabinet asks for, and that its client must be allowed.
var Scopes = []string{
	"openid", "profile", "email", "organization",
	"organization:read", "members:read", "members:write", "journal:read",
}

// Deps is what the cabinet stands on. Everything is required unless its line
// says otherwise.
type Deps struct {
	Issuer       string // the issuer's identifier, where discovery is found
	API          string // where the API stands; the "/v1" may be left out
	URL          string // where the cabinet stands, without a path; "" = Issuer
	ClientID     string
	ClientSecret string
	Ephemeral    storage.Ephemeral // sessions and pending sign-ins
	Sealer       *storage.Sealer   // seals them
	Pages        *pages.Kit        // its Assets must be served where the cabinet stands
	HTTPClient   *http.Client      // for the issuer and the API; nil = one that waits 10 s
	Idle         time.Duration     // how long a session may go unused; 0 = 30 minutes
	Log          *slog.Logger
	Now          func() time.Time
}

// Server answers everything under /cabinet.
type Server struct {
	deps      Deps
	pages     *pages.Kit
	issuer    issuer
	api       api
	refreshes singleflight.Group // one refresh a session at a time
	handler   http.Handler
}

// New checks the dependencies and builds the server. It makes no request: the
// issuer may start after the cabinet.
func New(deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	if deps.URL == "" {
		deps.URL = deps.Issuer
	}
	if deps.Idle == 0 {
		deps.Idle = idleLife
	}
	if deps.HTTPClient == nil {
		deps.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	deps.URL = strings.TrimRight(deps.URL, "/")
	deps.API = strings.TrimSuffix(strings.TrimRight(deps.API, "/"), "/v1")
	s := &Server{deps: deps, issuer: issuer{deps: deps}, api: api{base: deps.API, http: deps.HTTPClient}}
	var err error
	if s.pages, err = deps.Pages.ExtendRoom(files); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"Issuer": d.Issuer == "", "API": d.API == "", "ClientID": d.ClientID == "", "ClientSecret": d.ClientSecret == "",
		"Ephemeral": d.Ephemeral == nil, "Sealer": d.Sealer == nil, "Pages": d.Pages == nil, "Log": d.Log == nil, "Now": d.Now == nil,
	} {
		if missing {
			return errors.New("cabinet/web: " + name + " is required")
		}
	}
	return nil
}

// routes lists every page, in the order a person meets them. A private page
// needs a session; whoever has none is sent to sign in and comes back.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+CallbackPath, s.open(s.callback))
	mux.HandleFunc("GET "+SignedOutPath, s.open(s.signedOut))
	mux.HandleFunc("POST /cabinet/signout", s.open(s.signOut))

	mux.HandleFunc("POST /cabinet/prolong", s.private((*visit).prolong))
	mux.HandleFunc("GET /cabinet", s.private((*visit).organisation))
	mux.HandleFunc("GET /cabinet/{$}", s.private((*visit).organisation))
	mux.HandleFunc("GET /cabinet/organisations", s.private((*visit).organisations))
	mux.HandleFunc("POST /cabinet/organisations", s.private((*visit).switchOrganisation))

	mux.HandleFunc("GET /cabinet/members", s.private((*visit).members))
	mux.HandleFunc("GET /cabinet/members/invite", s.private((*visit).inviteForm))
	mux.HandleFunc("POST /cabinet/members/invite", s.private((*visit).invite))
	mux.HandleFunc("GET /cabinet/members/{id}", s.private((*visit).member))
	mux.HandleFunc("POST /cabinet/members/{id}/role", s.private((*visit).changeRole))
	mux.HandleFunc("POST /cabinet/members/{id}/remove", s.private((*visit).removeMember))
	mux.HandleFunc("POST /cabinet/invitations/{id}/resend", s.private((*visit).resendInvitation))
	mux.HandleFunc("POST /cabinet/invitations/{id}/withdraw", s.private((*visit).withdrawInvitation))

	mux.HandleFunc("GET /cabinet/journal", s.private((*visit).journal))
	mux.HandleFunc("/cabinet/", s.open(func(*request) error { return failed(http.StatusNotFound, pages.FailureMissing) }))

	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.open(func(*request) error { return failed(http.StatusForbidden, pages.FailureCrossSite) }))
	return guard.Handler(mux)
}

// formLimit bounds every form, in bytes.
const formLimit = 64 << 10

// ServeHTTP makes the Server an http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if strings.HasPrefix(s.deps.URL, "https://") {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	s.handler.ServeHTTP(w, r)
}
