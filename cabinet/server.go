package cabinet

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// Deps is what the cabinet stands on. Everything is required but Limits, Signatures,
// DB, Sealer,
// SignJournal, JournalKeys, Rooms and Metrics.
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
	DB          *storage.DB           // keys of idempotent requests; nil: none are taken
	Sealer      *storage.Sealer       // their answers at rest; required with DB
	SignJournal journal.Sign          // signs the end of an exported journal; nil: none is exported
	JournalKeys func() []byte         // the key set that verifies an export, as it is now (RFC 7517 §5); nil: none is verified
	Rooms       []api.Room            // what the cabinet offers beside the organisation and its people
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
	exports       *turns // and how many exported journals are read
	document      *document
	routes        []api.Route
	book          *api.Book
	desk          *api.Desk
	keys          *idempotency
	echo          *echo.Echo
}

// table is the whole API, in the order in which somebody new meets it.
func (s *Server) table() []api.Route {
	const second = "urn:propusk:2"
	return []api.Route{
		{Method: "GET", Path: "/v1/openapi.json", Access: api.Public, Handle: s.openapi},

		{Method: "GET", Path: "/v1/me", Access: api.AnyToken, Handle: s.me},
		{Method: "GET", Path: "/v1/organizations", Access: api.PersonToken, Scope: "organization", Handle: s.organizations},
		{Method: "POST", Path: "/v1/invitations/accept", Access: api.PersonToken, Scope: "openid", Handle: s.acceptInvitation},

		{Method: "POST", Path: "/v1/signatures/verify", Access: api.AnyToken, Handle: s.verifySignature},
		{Method: "GET", Path: "/v1/certificates", Access: api.PersonToken, Scope: "profile", Handle: s.certificates},

		{Method: "GET", Path: "/v1/organization", Access: api.OrganisationToken, Scope: "organization:read", Permission: directory.OrganizationRead, Handle: s.organization},
		{Method: "PATCH", Path: "/v1/organization", Access: api.OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite, ACR: second, Weighty: true, Handle: s.patchOrganization},
		{Method: "GET", Path: "/v1/organization/policy", Access: api.OrganisationToken, Scope: "organization:read", Permission: directory.OrganizationRead, Handle: s.policy},
		{Method: "PUT", Path: "/v1/organization/policy", Access: api.OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite, ACR: second, Weighty: true, Handle: s.putPolicy},
		{Method: "POST", Path: "/v1/organization/policy/check", Access: api.OrganisationToken, Scope: "organization:write", Permission: directory.OrganizationWrite, ACR: second, Handle: s.checkPolicy},
		{Method: "GET", Path: "/v1/organization/roles", Access: api.OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, Handle: s.roles},

		{Method: "GET", Path: "/v1/organization/members", Access: api.OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, Handle: s.members},
		{Method: "GET", Path: "/v1/organization/members/{id}", Access: api.OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, Handle: s.member},
		{Method: "PATCH", Path: "/v1/organization/members/{id}", Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, Handle: s.patchMember},
		{Method: "DELETE", Path: "/v1/organization/members/{id}", Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, Handle: s.deleteMember},
		{Method: "POST", Path: "/v1/organization/members/{id}/unlock", Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, Handle: s.unlockMember},

		{Method: "GET", Path: "/v1/organization/invitations", Access: api.OrganisationToken, Scope: "members:read", Permission: directory.MembersRead, Handle: s.invitations},
		{Method: "POST", Path: "/v1/organization/invitations", Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, Handle: s.invite},
		{Method: "POST", Path: "/v1/organization/invitations/{id}/resend", Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, Handle: s.resendInvitation},
		{Method: "DELETE", Path: "/v1/organization/invitations/{id}", Access: api.OrganisationToken, Scope: "members:write", Permission: directory.MembersWrite, ACR: second, Weighty: true, Handle: s.withdrawInvitation},

		{Method: "GET", Path: "/v1/recoveries", Access: api.PersonToken, Scope: "recoveries", ACR: second, Handle: s.recoveries},
		{Method: "POST", Path: "/v1/recoveries", Access: api.PersonToken, Scope: "recoveries", ACR: second, Handle: s.proposeRecovery},
		{Method: "POST", Path: "/v1/recoveries/{id}/approve", Access: api.PersonToken, Scope: "recoveries", ACR: second, Handle: s.approveRecovery},
		{Method: "DELETE", Path: "/v1/recoveries/{id}", Access: api.PersonToken, Scope: "recoveries", ACR: second, Handle: s.refuseRecovery},

		{Method: "GET", Path: "/v1/organization/journal", Access: api.OrganisationToken, Scope: "journal:read", Permission: directory.JournalRead, Weighty: true, Handle: s.journal},
		{Method: "GET", Path: "/v1/organization/journal/export", Access: api.OrganisationToken, Scope: "journal:read", Permission: directory.JournalRead, Weighty: true, Handle: s.exportJournal},
		{Method: "POST", Path: "/v1/organization/journal/verify", Access: api.OrganisationToken, Scope: "journal:read", Permission: directory.JournalRead, BodyLimit: verifyLimit, Weighty: true, Handle: s.verifyJournal},
	}
}

// New checks the dependencies once and builds the server. It starts nothing.
func New(deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	s := &Server{Deps: deps, verifications: newTurns(), exports: newTurns()}
	s.routes = s.table()
	for _, room := range deps.Rooms {
		s.routes = append(s.routes, room.Routes...)
	}
	var err error
	if s.book, err = api.NewBook(deps.Rooms...); err != nil {
		return nil, fmt.Errorf("cabinet: %w", err)
	}
	s.desk = api.NewDesk(api.DeskDeps{Directory: deps.Directory, Book: s.book})
	s.keys = &idempotency{db: deps.DB, sealer: deps.Sealer, now: deps.Now}
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	if s.document, err = newDocument(deps.Issuer, deps.Rooms); err != nil {
		return nil, err
	}
	if s.guard, err = newGuard(deps, s.metrics); err != nil {
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
		"Journal": d.Journal == nil, "Sealer": d.DB != nil && d.Sealer == nil, "Ephemeral": d.Ephemeral == nil, "Log": d.Log == nil, "Now": d.Now == nil,
	} {
		if missing {
			return errors.New("cabinet: " + name + " is required")
		}
	}
	return nil
}

// Routes lists the API with the policy of each route.
func (s *Server) Routes() []api.Route { return append([]api.Route(nil), s.routes...) }

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
func (s *Server) handler(route *api.Route) echo.HandlerFunc {
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

func (s *Server) serve(route *api.Route, c echo.Context) error {
	header := c.Response().Header()
	if route.Access == api.Public {
		return route.Handle(api.Call{Context: c})
	}
	header.Set("Cache-Control", "no-store")
	claims, err := s.admit(route, c.Request(), header)
	s.metrics.decision(err)
	if err == nil {
		err = s.keys.handle(route, api.Call{Context: c, Claims: claims, Desk: s.desk}, s.refuse)
	}
	if err != nil {
		s.refusals.note(c.Request().Context(), route, claims, api.AsRefusal(err))
	}
	return err
}

// admit answers the claims of a request that may go on. With an error it still
// answers those of a genuine token, so that the attempt can be journalled.
func (s *Server) admit(route *api.Route, r *http.Request, header http.Header) (*api.Claims, error) {
	claims, err := s.guard.authenticate(r)
	if err != nil {
		return claims, err
	}
	if err := s.limits.take(r.Context(), header, claims); err != nil {
		return claims, err
	}
	return claims, route.Permit(claims)
}

// refuse answers an idempotent request that failed after it had changed something.
func (s *Server) refuse(err error, c api.Call) { s.fail(err, c.Context) }

// fail turns an error into a problem, also the router's own.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		s.Log.ErrorContext(c.Request().Context(), "answer broken off", "err", err)
		return
	}
	s.book.WriteProblem(c.Response(), c.Request(), s.Log, api.AsRefusal(api.Routed(err)))
}
