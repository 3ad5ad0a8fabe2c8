package web

import "propusk/cabinet/web/desk"

// Deps is what the cabinet stands on.
type Deps = desk.Deps

// Paths that the client must be registered with at the issuer.
const (
	CallbackPath  = "/cabinet" + desk.Callback  // redirect_uri
	SignedOutPath = "/cabinet" + desk.SignedOut // post_logout_redirect_uri
)

// New joins the rooms to a cabinet. It makes no request: the issuer may start after
// the cabinet.
func New(deps Deps) (*desk.Desk, error) { return desk.New(deps, Rooms()...) }

// Scopes are what the cabinet asks for, and what its client must be allowed.
func Scopes() []string { return desk.Cabinet().Asks(Rooms()...) }
