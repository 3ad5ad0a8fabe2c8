package request

import (
	_ "embed"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

//go:embed openapi.json
var document []byte

const second = "urn:propusk:2"

// Room is the inbox's part of the API, in the order in which somebody meets it.
func (b *Inbox) Room() api.Room {
	return api.Room{Name: "request", Routes: b.routes(), Document: document, Texts: problems, FieldTexts: fieldTexts}
}

func read(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "requests:read", Permission: directory.RequestsRead, Handle: handle}
}

func write(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "requests:write", Permission: directory.RequestsWrite,
		ACR: second, Weighty: true, Handle: handle}
}

// creates is write for a route that makes something: a repeat under the same
// Idempotency-Key makes nothing twice.
func creates(path string, handle func(api.Call) error) api.Route {
	route := write(http.MethodPost, path, handle)
	route.Idempotent = true
	return route
}

func (b *Inbox) routes() []api.Route {
	const one = "/v1/organization/requests/{id}"
	upload := write("POST", "/v1/organization/requests/files", b.upload)
	upload.BodyLimit = uploadLimit
	open, post := creates("/v1/organization/requests", b.open), creates(one+"/messages", b.post)
	open.BodyLimit, post.BodyLimit = proseLimit, proseLimit
	return []api.Route{
		{Method: "GET", Path: "/v1/support", Access: api.AnyToken, Handle: b.support},

		read("GET", "/v1/organization/requests", b.list),
		open,
		read("GET", "/v1/organization/requests/export", b.export),
		read("GET", "/v1/organization/requests/history", b.past),
		upload,

		read("GET", one, b.one),
		write("PATCH", one, b.plan),
		read("GET", one+"/messages", b.thread),
		post,
		write("PATCH", one+"/messages/{message}", b.edit),
		read("GET", one+"/messages/{message}/versions", b.versions),
		write("POST", one+"/accept", b.act(b.Accept)),
		write("POST", one+"/withdraw", b.act(b.Withdraw)),
		write("POST", one+"/close", b.act(b.Close)),
		read("GET", one+"/history", b.acts),
		read("GET", one+"/files/{file}", b.file),

		write("GET", one+"/draft", b.draft),
		write("PUT", one+"/draft", b.saveDraft),
		write("DELETE", one+"/draft", b.dropDraft),

		read("GET", "/v1/organization/request-templates", b.templates),
		creates("/v1/organization/request-templates", b.addTemplate),
		write("PUT", "/v1/organization/request-templates/{id}", b.changeTemplate),
		write("DELETE", "/v1/organization/request-templates/{id}", b.removeTemplate),
	}
}

// Refusal tells this package's errors, and those of what it stands on, in the
// API's codes.
func Refusal(err error) error {
	if fault, ok := errors.AsType[*FieldError](err); ok {
		return api.Invalid(api.FieldFault{Pointer: fault.pointer(), Code: fault.Code, Args: fault.Args})
	}
	switch {
	case errors.Is(err, ErrStale):
		return api.Refuse("version_changed").Wrap(err)
	case errors.Is(err, ErrState):
		return api.Refuse("request_state").Wrap(err)
	case errors.Is(err, ErrResponsible):
		return api.InvalidField("/responsible_id", "request_not_responsible").Wrap(err)
	}
	if refused, ok := errors.AsType[*api.Refusal](api.FileRefusal(err)); ok {
		return refused
	}
	return api.DirectoryRefusal(err)
}

// seen is the version that the client has made a condition of, nil when none; the
// record's version is what the tag names.
func seen(c api.Call, version int64) (*int64, error) {
	if !c.Conditional() {
		return nil, nil
	}
	if err := api.CheckIfMatch(c, api.EntityTag(version)); err != nil {
		return nil, err
	}
	return &version, nil
}
