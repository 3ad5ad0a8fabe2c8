package console

import (
	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// The scopes of the console's tokens.
const (
	scopeRead  = "console:read"
	scopeWrite = "console:write"
)

// Route is one line of the API with its whole policy.
type Route struct {
	Method, Path string // the path as OpenAPI writes it, parameters in braces
	// Role is which operators may come; "" lets any come.
	Role directory.OperatorRole
	// Writes: it changes something. It wants the scope console:write and a sign-in of
	// the last quarter of an hour, and takes an Idempotency-Key.
	Writes bool
	// Card is the kind of card that must be open for it, of the path's id (look.go). It is
	// asked for before anything else, so that a repeat is not shown a kept answer, which
	// has the card in it, when the look is over.
	Card string
	// Public looks at no token.
	Public bool
	// Title says in English what it does; Body and Answer are values of the types that
	// it reads and answers, for the OpenAPI document; nil = none.
	Title        string
	Body, Answer any

	Handle func(api.Call) error
}

// scope is what the application must have been allowed.
func (r *Route) scope() string {
	if r.Writes {
		return scopeWrite
	}
	return scopeRead
}

// Room is a part of the console that somebody else implements, for one role.
type Room struct {
	Role directory.OperatorRole
	api.Room
}

// routes of the room, under the console's policy: whatever does not only read, writes.
func (room Room) routes() []Route {
	var routes []Route
	for _, r := range room.Routes {
		routes = append(routes, Route{
			Method: r.Method, Path: r.Path, Role: room.Role, Writes: r.Method != "GET",
			Title: room.Name + ": as " + r.Path[len("/console"):] + " of the cabinet's API", Handle: r.Handle,
		})
	}
	return routes
}
