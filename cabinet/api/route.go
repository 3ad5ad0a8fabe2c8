package api

import (
	"context"

	"github.com/labstack/echo/v4"

	"propusk/idp/directory"
)

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

	// Idempotent lets a client repeat the request safely: with Idempotency-Key the
	// handler runs in one transaction with the key, and a repeat gets the first
	// answer (draft-ietf-httpapi-idempotency-key-header-07). The handler's writes
	// must travel in the call's context. Its body is read into memory, up to
	// BodyLimit.
	Idempotent bool
	// BodyLimit bounds the body, in bytes; 0 leaves it to the reader (JSON: BodyLimit).
	BodyLimit int64

	Handle func(Call) error
}

// Room is one capability of the API. The zero Room adds nothing.
type Room struct {
	Name   string
	Routes []Route
	// Document is a fragment of OpenAPI 3.1 in JSON: paths, and components of the
	// room's own. It may refer to what the main document has.
	Document []byte
	// Texts are the problems only this room has, by code.
	Texts map[string]Text
	// FieldTexts say what is wrong with a field, by "code" or, more exactly, by
	// "field.code".
	FieldTexts map[string]FieldText
}

// Call is one admitted request.
type Call struct {
	echo.Context
	Claims *Claims // nil on a public route
	Desk   *Desk   // answers what the caller may do with a thing; see Actions
}

// Ctx is the request's context.
func (c Call) Ctx() context.Context { return c.Request().Context() }

// Organisation is the id of the one organisation that the request is about; empty
// when the token opens none.
func (c Call) Organisation() string {
	if c.Claims == nil {
		return ""
	}
	return c.Claims.OrganisationID()
}

// Person is the id of the person who acts; empty for a client that acts for itself.
func (c Call) Person() string {
	if c.Claims == nil || c.Claims.Service() {
		return ""
	}
	return c.Claims.Subject
}

// Lang is "ru" or "en", by Accept-Language.
func (c Call) Lang() string { return LanguageOf(c.Request()) }

// Permit applies the route's policy to a genuine, live token.
func (route *Route) Permit(claims *Claims) error {
	switch {
	case route.Access == PersonToken && claims.Service():
		return Refuse("person_required")
	case route.Access == OrganisationToken && claims.Organisation == nil:
		refused := Refuse("organization_required").Challenged("insufficient_scope", "the token opens no organisation")
		refused.challenge.scope = route.Scope
		return refused
	case route.Scope != "" && !claims.HasScope(route.Scope):
		refused := Refuse("scope_missing").With("scope", route.Scope).
			Challenged("insufficient_scope", "the token lacks a scope")
		refused.challenge.scope = route.Scope
		return refused
	case route.Permission != "" && !claims.HasPermission(string(route.Permission)):
		return Refuse("permission_missing").With("permission", string(route.Permission))
	}
	return Assured(claims, route.ACR)
}

// assurance orders the levels; an unknown one is below all of them.
var assurance = map[string]int{"urn:propusk:1": 1, "urn:propusk:2": 2, "urn:propusk:qualified": 3}

// KnownACR reports whether acr is one of the levels of assurance.
func KnownACR(acr string) bool { return assurance[acr] > 0 }

// Assured demands a level of a person's sign-in and says so as RFC 9470 §3 asks,
// so that the client can send the person to sign in more strongly and come back.
func Assured(claims *Claims, acr string) error {
	if acr == "" || claims.Service() || assurance[claims.ACR] >= assurance[acr] {
		return nil
	}
	refused := Refuse("assurance_insufficient").With("acr", acr).
		Challenged("insufficient_user_authentication", "a stronger sign-in is required")
	refused.challenge.acrValues = acr
	return refused
}
