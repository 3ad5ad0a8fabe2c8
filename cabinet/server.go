package cabinet

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// Deps is what the cabinet stands on. Everything is required but Limits, Signatures and Metrics.
type Deps struct {
	Issuer      string    // iss that tokens must have; the OpenAPI document's server
	Audience    string    // aud that tokens must have, usually Issuer + "/v1"
	MutualTLS   string    // scheme://host[:port] where clients present certificates (RFC 8705); "" = nowhere
	Keys        KeySource // the issuer's public keys, usually NewJWKS(…).Key
	Revocations *revocation.List
	Directory   *directory.Directory
	Journal     *journal.Journal
	Ephemeral   storage.Ephemeral // limits and the bound on journalled refusals
	Log         *slog.Logger
	Now         func() time.Time
	Limits      Limits
	Signatures  signature.Verifier    // nil: no signature is verified
	Metrics     prometheus.Registerer // nil: nothing is measured
}

// Server answers everything under /v1/.
type Server struct {
	Deps
	guard    *guard
	limits   *limits
	refusals *refusals
	metrics  *metrics
	// verifications bounds how many signatures are verified at a time.
	verifications *turns
	document      *document
	routes        []Route
	echo          *echo.Echo
}

// Access says whose token a route takes.
type Access int

// The kinds of access, from the widest to the narrowest.
const (
	Public            Access = iota // no token is looked at
	AnyToken                        // a person or a client that acts for itself, with or without an organisation
	PersonToken                     // a person, with or without an organisation
	OrganisationToken               // whoever holds a token of one organisation
)

// Route is one line of the API with its whole policy: what is not demanded here
// is not demanded anywhere. An empty Scope, Permission or ACR demands nothing.
type Route struct {
	Method, Path string // the path as OpenAPI writes it, parameters in braces
	Access       Access
	Scope        string               // what the application must have been allowed
	Permission   directory.Permission // what the holder may do in the token's organisation
	ACR          string               // how strongly a person must have signed in; a client that acts for itself has no acr and is bound by its permissions alone
	Weighty      bool                 // refused attempts go to the organisation's journal
	handle       func(*Server, call) error
}

// call is one admitted request.
type call struct {
	echo.Context
	claims *Claims // nil on a public route
}

func (c call) ctx() context.Context { return c.Request().Context() }

// table is the whole API, in the order in which somebody new meets it.
func table() []Route {
	const second = "urn:propusk:2"
	return []Route{
		{Method: "GET", Path: "/v1/openapi.json", Access: Public, handle: (*Server).openapi},

		{Method: "GET", Path: "/v1/me", Access: AnyToken, handle: (*Server).me},
		{Method: "GET", Path: "/v1/organizations", Access: PersonToken, Scope: "organization", handle: (*Server).organizations},
		{Method: "POST", Path: "/v1/invitations/accept", Access: PersonToken, Scope: "openid", handle: (*Server).acceptInvitation},

		{Method: "POST", Path: "/v1/signatures/verify", Access: AnyToken, handle: (*Server).verifySignature},
		{Method: "GET", Path: "/v1/certificates", Access: PersonToken, Scope: "profile", handle: (*Server).certificates},

		{Method: "GET", Path: "/v1/organization", Access: OrganisationToken, Scope: "organization:read", Permission: directory.OrganizationRead, handle: (*Server).organization},
		{Method: "PATCH", Path: "/v1/organization", Access: OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite, ACR: second, Weighty: true, handle: (*Server).patchOrganization},
		{Method: "GET", Path: "/v1/organization/policy", Access: OrganisationToken, Scope: "organization:read", Permission: directory.OrganizationRead, handle: (*Server).policy},
		{Method: "PUT", Path: "/v1/organization/policy", Access: OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite, ACR: second, Weighty: true, handle: (*Server).putPolicy},
		{Method: "POST", Path: "/v1/organization/policy/check", Access: OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite, ACR: second, handle: (*Server).checkPolicy},
		{Method: "GET", Path: "/v1/organization/roles", Access: OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, handle: (*Server).roles},

		{Method: "GET", Path: "/v1/organization/members", Access: OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, handle: (*Server).members},
		{Method: "GET", Path: "/v1/organization/members/{id}", Access: OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, handle: (*Server).member},
		{Method: "PATCH", Path: "/v1/organization/members/{id}", Access: OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, handle: (*Server).patchMember},
		{Method: "DELETE", Path: "/v1/organization/members/{id}", Access: OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, handle: (*Server).deleteMember},
		{Method: "POST", Path: "/v1/organization/members/{id}/unlock", Access: OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, handle: (*Server).unlockMember},

		{Method: "GET", Path: "/v1/organization/invitations", Access: OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, handle: (*Server).invitations},
		{Method: "POST", Path: "/v1/organization/invitations", Access: OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, handle: (*Server).invite},
		{Method: "POST", Path: "/v1/organization/invitations/{id}/resend", Access: OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, handle: (*Server).resendInvitation},
		{Method: "DELETE", Path: "/v1/organization/invitations/{id}", Access: OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, handle: (*Server).withdrawInvitation},

		{Method: "GET", Path: "/v1/recoveries", Access: PersonToken, Scope: "recoveries", ACR: second, handle: (*Server).recoveries},
		{Method: "POST", Path: "/v1/recoveries", Access: PersonToken, Scope: "recoveries", ACR: second, handle: (*Server).proposeRecovery},
		{Method: "POST", Path: "/v1/recoveries/{id}/approve", Access: PersonToken, Scope: "recoveries", ACR: second, handle: (*Server).approveRecovery},
		{Method: "DELETE", Path: "/v1/recoveries/{id}", Access: PersonToken, Scope: "recoveries", ACR: second, handle: (*Server).refuseRecovery},

		{Method: "GET", Path: "/v1/organization/journal", Access: OrganisationToken, Scope: "journal:read", Permission: directory.JournalRead, Weighty: true, handle: (*Server).journal},
	}
}

// New checks the dependencies once and builds the server. It starts nothing.
func New(deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	s := &Server{Deps: deps, routes: table(), verifications: newTurns()}
	var err error
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	if s.document, err = newDocument(deps.Issuer); err != nil {
		return nil, err
	}
	if s.guard, err = newGuard(deps); err != nil {
		return nil, err
	}
	s.limits = newLimits(deps, s.metrics)
	s.refusals = &refusals{journal: deps.Journal, ephemeral: deps.Ephemeral, log: deps.Log}
	s.echo = s.router()
	return s, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"Issuer": d.Issuer == "", "Audience": d.Audience == "", "Keys": d.Keys == nil,
		"Revocations": d.Revocations == nil, "Directory": d.Directory == nil,
		"Journal": d.Journal == nil, "Ephemeral": d.Ephemeral == nil, "Log": d.Log == nil, "Now": d.Now == nil,
	} {
		if missing {
			return errors.New("cabinet: " + name + " is required")
		}
	}
	return nil
}

// Routes lists the API with the policy of each route.
func (s *Server) Routes() []Route { return append([]Route(nil), s.routes...) }

// ServeHTTP makes the Server an http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if crossOrigin(w, r) {
		return
	}
	s.echo.ServeHTTP(w, r)
}

func (s *Server) router() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	for i := range s.routes {
		route := &s.routes[i]
		path := strings.NewReplacer("{", ":", "}", "").Replace(route.Path)
		handler := s.handler(route)
		e.Add(route.Method, path, handler)
		if route.Method == http.MethodGet {
			e.Add(http.MethodHead, path, handler) // RFC 9110 §9.3.2; net/http leaves the body out
		}
	}
	return e
}

// handler is the order in which every request passes: guard, limits, policy, handler.
func (s *Server) handler(route *Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := s.Now()
		err := s.serve(route, c)
		if err != nil {
			s.fail(err, c)
		}
		s.metrics.request(route, c.Response().Status, s.Now().Sub(began))
		return nil
	}
}

func (s *Server) serve(route *Route, c echo.Context) error {
	header := c.Response().Header()
	if route.Access == Public {
		return route.handle(s, call{Context: c})
	}
	header.Set("Cache-Control", "no-store")
	claims, err := s.admit(route, c.Request(), header)
	s.metrics.decision(err)
	if err == nil {
		err = route.handle(s, call{c, claims})
	}
	if err != nil {
		s.refusals.note(c.Request().Context(), route, claims, asRefusal(err))
	}
	return err
}

// admit answers the claims of a request that may go on. With an error it still
// answers those of a genuine token, so that the attempt can be journalled.
func (s *Server) admit(route *Route, r *http.Request, header http.Header) (*Claims, error) {
	claims, err := s.guard.authenticate(r)
	if err != nil {
		return claims, err
	}
	if err := s.limits.take(r.Context(), header, claims); err != nil {
		return claims, err
	}
	return claims, route.permit(claims)
}

// fail turns an error into a problem, also the router's own.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		s.Log.ErrorContext(c.Request().Context(), "answer broken off", "err", err)
		return
	}
	if known, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch known.Code {
		case http.StatusNotFound:
			err = refuse("not_found")
		case http.StatusMethodNotAllowed:
			err = refuse("method_not_allowed")
		}
	}
	writeProblem(c.Response(), c.Request(), s.Log, asRefusal(err))
}
