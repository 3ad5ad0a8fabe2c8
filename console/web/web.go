package web

import (
	"embed"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// ClientID is the console's client at the issuer.
const ClientID = "console"

// Paths that the client must be registered with at the issuer.
const (
	Root          = "/console"
	CallbackPath  = Root + desk.Callback  // redirect_uri
	SignedOutPath = Root + desk.SignedOut // post_logout_redirect_uri
)

// House is the operators' console: tokens for a resource of its own, a sign-in no
// older than a working day, and a session that ends a quarter of an hour after its
// last use.
func House() desk.House {
	return desk.House{
		Name: "console.name", Root: Root, API: Root + "/v1", Store: "console", Cookie: "__Host-propusk-console",
		Resource: Root, Scopes: []string{"openid", "profile", "console:read", "console:write"},
		MaxAge: 8 * time.Hour, Life: 8 * time.Hour, Idle: 15 * time.Minute, Words: "console", Kind: "console",
	}
}

// New opens the console. It makes no request: the issuer may start after it.
func New(deps desk.Deps) (*desk.Desk, error) {
	deps.House = House()
	return desk.New(deps, Room())
}

// Scopes are what the console asks for, and what its client must be allowed.
func Scopes() []string { return House().Asks(Room()) }

// The roles of operators, as the API calls them.
const (
	support   = "support"
	moderator = "moderator"
	security  = "security"
)

// Room is all of the console.
func Room() desk.Room {
	return desk.Room{
		Name: "console", Files: files,
		Nav: []desk.NavItem{
			{Key: "console.place.today", Path: Root, Order: 100},
			{Key: "console.place.people", Path: Root + "/people", Permission: support, Order: 110},
			{Key: "console.place.organisations", Path: Root + "/organizations", Permission: support, Order: 120},
			{Key: "console.place.tickets", Path: Root + "/tickets", Permission: support, Order: 130},
			{Key: "console.place.recoveries", Path: Root + "/recoveries", Permission: support, Order: 140},
			{Key: "console.place.moderation", Path: Root + "/moderation", Permission: moderator, Order: 150},
			{Key: "console.place.trust", Path: Root + "/trust", Permission: security, Order: 510},
			{Key: "console.place.keys", Path: Root + "/keys", Permission: security, Order: 520},
			{Key: "console.place.clients", Path: Root + "/clients", Permission: security, Order: 530},
			{Key: "console.place.jobs", Path: Root + "/jobs", Permission: security, Order: 540},
			{Key: "console.place.outbox", Path: Root + "/outbox", Permission: security, Order: 550},
			{Key: "console.place.journal", Path: Root + "/journal", Permission: security, Order: 560},
		},
		Routes: slices.Concat(
			[]desk.Route{desk.Get(Root, today)},
			peopleRoutes(), organisationRoutes(), ticketRoutes(), recoveryRoutes(), moderationRoutes(),
			trustRoutes(), keyRoutes(), clientRoutes(), jobRoutes(), outboxRoutes(), journalRoutes(),
		),
	}
}
