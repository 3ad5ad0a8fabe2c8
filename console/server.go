package console

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/api"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/keys"
	"propusk/idp/trust"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// Gate judges tokens for the console and carries out repeated requests once;
// *cabinet.Gate is one.
type Gate interface {
	Authenticate(r *http.Request) (*api.Claims, error)
	Once(route *api.Route, c api.Call, fail func(error, api.Call)) error
}

// Deps is what the console stands on. Everything is required but LooksPerHour, Rooms,
// SignJournal and Metrics.
type Deps struct {
	Issuer    string
	Gate      Gate
	DB        *storage.DB
	Ephemeral storage.Ephemeral
	Directory *directory.Directory
	Journal   *journal.Journal
	Jobs      *jobs.Runner
	Outbox    *outbox.Outbox
	Trust     *trust.Trust
	Keys      *keys.Ring
	Clients   *client.Store
	Sessions  Sessions
	Tickets   Tickets
	Now       func() time.Time
	Log       *slog.Logger

	// OwnClients are the house's own, which nobody can disable: the console would shut
	// itself out.
	OwnClients []string
	// LooksPerHour bounds how often one operator looks at cards and unmasks fields in an
	// hour; 0 is 60.
	LooksPerHour int
	Rooms        []Room
	SignJournal  journal.Sign          // signs the end of an exported chain; nil: none is exported
	Metrics      prometheus.Registerer // nil: nothing is measured
}

// Server answers everything under /console/v1/.
type Server struct {
	Deps
	routes   []Route
	book     *api.Book
	desk     *api.Desk
	document []byte
	metrics  *metrics
	echo     *echo.Echo
}

const (
	support   = directory.OperatorSupport
	moderator = directory.OperatorModerator
	security  = directory.OperatorSecurity
)

// table is the console's own API; what is handed in comes behind it.
func (s *Server) table() []Route {
	get := func(role directory.OperatorRole, path, title string, answer any, handle func(api.Call) error) Route {
		return Route{Method: "GET", Path: "/console/v1" + path, Role: role, Title: title, Answer: answer, Handle: handle}
	}
	look := func(path, title string, body, answer any, handle func(api.Call) error) Route {
		return Route{Method: "POST", Path: "/console/v1" + path, Role: support, Title: title, Body: body, Answer: answer, Handle: handle}
	}
	act := func(role directory.OperatorRole, path, title string, body, answer any, handle func(api.Call) error) Route {
		return Route{Method: "POST", Path: "/console/v1" + path, Role: role, Writes: true, Title: title, Body: body, Answer: answer, Handle: handle}
	}
	onPerson := func(path, title string, handle func(api.Call) error) Route {
		route := act(support, "/people/{id}/"+path, title, reasonBody{}, personCard{}, handle)
		route.Card = lookPerson
		return route
	}
	check := look("/journal/check", "Check a chain of the journal", chainBody{}, checkView{}, s.checkJournal)
	check.Role = security
	return []Route{
		{Method: "GET", Path: "/console/v1/openapi.json", Public: true, Title: "This document", Handle: s.openapi},
		get("", "/me", "Who the operator is", meView{}, s.me),

		look("/people/search", "Find people; the answer is masked", searchBody{}, peopleView{}, s.searchPeople),
		look("/people/{id}/looks", "Open a person's card, with a reason", reasonBody{}, personCard{}, s.lookAtPerson),
		get(support, "/people/{id}", "An opened card", personCard{}, s.person),
		look("/people/{id}/reveal", "Unmask one field, with a reason", revealBody{}, revealView{}, s.revealPerson),
		onPerson("block", "Block a person", s.blockPerson),
		onPerson("unblock", "Unblock a person", s.unblockPerson),
		onPerson("unlock", "Lift the locks of a person's factors", s.unlockPerson),
		onPerson("end-sessions", "End a person's sessions", s.endSessions),
		look("/organizations/search", "Find organisations", searchBody{}, organisationsView{}, s.searchOrganisations),
		look("/organizations/{id}/looks", "Open an organisation's card, with a reason", reasonBody{}, organisationCard{}, s.lookAtOrganisation),
		get(support, "/organizations/{id}", "An opened card", organisationCard{}, s.organisation),

		get(support, "/tickets", "Tickets that wait for an answer", ticketsView{}, s.tickets),
		get(support, "/tickets/{number}", "A ticket with its thread", ticketCard{}, s.ticket),
		act(support, "/tickets/{number}/take", "Say that somebody works on a ticket", nil, ticketView{}, s.takeTicket),
		act(support, "/tickets/{number}/answer", "Answer a ticket, or ask back", answerBody{}, ticketView{}, s.answerTicket),

		get(support, "/recoveries", "Assisted recoveries that are not over", recoveriesView{}, s.recoveries),
		act(support, "/recoveries", "Propose to help a person back in", proposalBody{}, recoveryView{}, s.proposeRecovery),
		act(support, "/recoveries/{id}/approve", "Agree, as the second operator", nil, recoveryView{}, s.approveRecovery),
		act(support, "/recoveries/{id}/refuse", "Stop a recovery", reasonBody{}, nil, s.refuseRecovery),

		get(security, "/trust", "Trusted authorities and their revocation lists", trustView{}, s.trust),
		act(security, "/trust/refresh", "Fetch the revocation lists now", reasonBody{}, trustView{}, s.refreshTrust),
		get(security, "/keys", "Signing keys, without their material", keysView{}, s.keys),
		act(security, "/keys/rotate", "Begin a new signing key", rotateBody{}, keys.Info{}, s.rotateKey),
		get(security, "/clients", "Applications", clientsView{}, s.clients),
		get(security, "/clients/{id}", "An application", clientCard{}, s.client),
		act(security, "/clients/{id}/disable", "Disable an application", reasonBody{}, clientView{}, s.disableClient),
		act(security, "/clients/{id}/enable", "Enable an application", reasonBody{}, clientView{}, s.enableClient),
		get(security, "/jobs", "How much there is to do", jobsView{}, s.jobs),
		get(security, "/jobs/dead", "Dead letters", deadView{}, s.deadJobs),
		act(security, "/jobs/{id}/retry", "Give a dead letter its attempts again", reasonBody{}, nil, s.retryJob),
		act(security, "/jobs/{id}/drop", "Drop a dead letter", reasonBody{}, nil, s.dropJob),
		get(security, "/outbox", "Messages that leave the house, without their text", outboxView{}, s.outbox),
		get(security, "/journal", "A chain of the journal, newest first", journalView{}, s.journal),
		get(security, "/journal/export", "A whole chain with a signed checkpoint", nil, s.exportJournal),
		check,
	}
}

// New checks the dependencies once and builds the server. It starts nothing.
func New(deps Deps) (*Server, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	if deps.LooksPerHour == 0 {
		deps.LooksPerHour = defaultLooks
	}
	s := &Server{Deps: deps}
	s.routes = s.table()
	words := []api.Room{{Name: "console", Texts: texts, FieldTexts: fieldTexts}}
	for _, room := range deps.Rooms {
		s.routes = append(s.routes, room.routes()...)
		words = append(words, api.Room{Name: room.Name, Texts: besides(room.Texts), FieldTexts: room.FieldTexts})
	}
	var err error
	if s.book, err = api.NewBook(words...); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	s.desk = api.NewDesk(api.DeskDeps{Directory: deps.Directory, Book: s.book})
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	if s.document, err = document(deps.Issuer, s.routes, s.book); err != nil {
		return nil, err
	}
	s.echo = s.router()
	return s, nil
}

// besides are the words of a room but those that the console says itself: a code has one
// meaning in the whole house, and here the console's guard speaks first.
func besides(words map[string]api.Text) map[string]api.Text {
	rest := maps.Clone(words)
	maps.DeleteFunc(rest, func(code string, _ api.Text) bool { _, own := texts[code]; return own })
	return rest
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"Issuer": d.Issuer == "", "Gate": d.Gate == nil, "DB": d.DB == nil, "Ephemeral": d.Ephemeral == nil,
		"Directory": d.Directory == nil, "Journal": d.Journal == nil, "Jobs": d.Jobs == nil, "Outbox": d.Outbox == nil,
		"Trust": d.Trust == nil, "Keys": d.Keys == nil, "Clients": d.Clients == nil, "Sessions": d.Sessions == nil,
		"Tickets": d.Tickets == nil, "Now": d.Now == nil, "Log": d.Log == nil,
	} {
		if missing {
			return errors.New("console: " + name + " is required")
		}
	}
	return nil
}

// Routes lists the API with the policy of each route.
func (s *Server) Routes() []Route { return append([]Route(nil), s.routes...) }

// ServeHTTP makes the Server an http.Handler. No page of another origin is let in by
// CORS: the console's own pages ask from their server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	s.echo.ServeHTTP(w, r)
}

func (s *Server) router() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	for i := range s.routes {
		route := &s.routes[i]
		e.Add(route.Method, strings.NewReplacer("{", ":", "}", "").Replace(route.Path), s.handler(route))
	}
	return e
}

func (s *Server) handler(route *Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := s.Now()
		if err := s.serve(route, c); err != nil {
			s.fail(err, c)
		}
		s.metrics.request(route, c.Response().Status, s.Now().Sub(began))
		return nil
	}
}

func (s *Server) serve(route *Route, c echo.Context) error {
	if route.Public {
		return route.Handle(api.Call{Context: c})
	}
	claims, err := s.admit(route, c.Request(), c.Response().Header())
	s.metrics.decision(err)
	if err == nil {
		err = s.cardOpen(route, api.Call{Context: c, Claims: claims, Desk: s.desk})
	}
	if err == nil {
		once := api.Route{Method: route.Method, Path: route.Path, Idempotent: route.Writes, Handle: route.Handle}
		err = s.Gate.Once(&once, api.Call{Context: c, Claims: claims, Desk: s.desk}, func(err error, c api.Call) { s.fail(err, c.Context) })
	}
	if err != nil {
		s.noteRefusal(c.Request(), route, claims, api.AsRefusal(err))
	}
	return err
}

// fail turns an error into a problem, also the router's own.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		s.Log.ErrorContext(c.Request().Context(), "answer broken off", "err", err)
		return
	}
	s.book.WriteProblem(c.Response(), c.Request(), s.Log, api.AsRefusal(api.Routed(err)))
}
