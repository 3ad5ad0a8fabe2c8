package power

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

// Deps is what the room stands on. Everything is required.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Files     *file.Store
	Verifier  signature.Verifier
	Sealer    *storage.Sealer
	// Tell tells people what happened, in the caller's transaction
	// (notice.Notices.Tell).
	Tell func(ctx context.Context, e notice.Event) error
	Now  func() time.Time
	Log  *slog.Logger
}

// Powers is the room.
type Powers struct{ Deps }

// New checks the dependencies once.
func New(deps Deps) (*Powers, error) {
	if deps.DB == nil || deps.Directory == nil || deps.Files == nil || deps.Verifier == nil ||
		deps.Sealer == nil || deps.Tell == nil || deps.Now == nil || deps.Log == nil {
		return nil, errors.New("power: DB, Directory, Files, Verifier, Sealer, Tell, Now and Log are required")
	}
	return &Powers{deps}, nil
}

//go:embed openapi.json
var document []byte

const (
	second    = directory.ACRTwoFactors
	qualified = directory.ACRQualified
	// uploadLimit bounds a whole multipart request, in bytes: the largest document,
	// a signature and the fields.
	uploadLimit = 12 << 20
)

// Room is the room's part of the API.
func (p *Powers) Room() api.Room {
	return api.Room{Name: "power", Routes: append(p.organisationRoutes(), p.personRoutes()...), Document: document, Texts: texts, FieldTexts: fieldTexts()}
}

func (p *Powers) organisationRoutes() []api.Route {
	read := func(path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: "GET", Path: path, Access: api.OrganisationToken, Scope: "powers:read", Permission: directory.PowersRead, Handle: handle}
	}
	write := func(path, acr string, handle func(api.Call) error) api.Route {
		return api.Route{
			Method: "POST", Path: path, Access: api.OrganisationToken, Scope: "powers:write", Permission: directory.PowersWrite,
			ACR: acr, Weighty: true, Handle: handle,
		}
	}
	making := func(path string, handle func(api.Call) error) api.Route {
		route := write(path, second, handle)
		route.Idempotent, route.BodyLimit = true, uploadLimit
		return route
	}
	check := read("/v1/powers-of-attorney/{id}/check", p.check)
	check.Method = "POST"
	validate := read("/v1/powers-of-attorney/validate", p.validate)
	validate.Method, validate.BodyLimit = "POST", uploadLimit
	performers := write("/v1/powers-of-attorney/{id}/performers", second, p.namePerformers)
	performers.Method = "PUT"
	return []api.Route{
		{Method: "GET", Path: "/v1/powers", Access: api.AnyToken, Handle: p.classifier},
		read("/v1/powers-of-attorney", p.list),
		making("/v1/powers-of-attorney", p.add),
		validate,
		read("/v1/powers-of-attorney/{id}", p.one),
		read("/v1/powers-of-attorney/{id}/file", p.document),
		read("/v1/powers-of-attorney/{id}/signature", p.detached),
		read("/v1/powers-of-attorney/{id}/archive", p.archive),
		making("/v1/powers-of-attorney/{id}/signature", p.sign),
		check,
		write("/v1/powers-of-attorney/{id}/revoke", qualified, p.revoke),
		write("/v1/powers-of-attorney/{id}/renounce", qualified, p.renounce),
		making("/v1/powers-of-attorney/{id}/delegate", p.delegate),
		performers,
	}
}

// ownScope is a scope of its own: most applications ask for organization to learn for
// whom a person works, and none of them may hand his powers on by that.
const ownScope = "powers:own"

func (p *Powers) personRoutes() []api.Route {
	get := func(path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: "GET", Path: path, Access: api.PersonToken, Scope: ownScope, Handle: handle}
	}
	post := func(path, acr string, handle func(api.Call) error) api.Route {
		return api.Route{Method: "POST", Path: path, Access: api.PersonToken, Scope: ownScope, ACR: acr, Handle: handle}
	}
	delegate, sign := post("/v1/me/powers/{id}/delegate", second, p.myDelegate), post("/v1/me/powers/{id}/signature", second, p.mySign)
	delegate.Idempotent, sign.Idempotent = true, true
	return []api.Route{
		get("/v1/me/powers", p.mine),
		get("/v1/me/powers/{id}", p.myOne),
		get("/v1/me/powers/{id}/file", p.myDocument),
		post("/v1/me/powers/{id}/renounce", qualified, p.myRenounce),
		post("/v1/me/powers/{id}/revoke", qualified, p.myRevoke),
		delegate,
		sign,
	}
}

func (p *Powers) time() storage.Time { return storage.Of(p.Now()) }
