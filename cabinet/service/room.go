package service

import (
	_ "embed"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/signature"
)

//go:embed openapi.json
var document []byte

const (
	second    = "urn:propusk:2"
	formLimit = 512 << 10 // bytes of a form's body
)

// Room is the part of the API for services and applications.
func (d *Desk) Room() api.Room {
	return api.Room{Name: "service", Routes: d.routes(), Document: document, Texts: problems, FieldTexts: fieldTexts}
}

func read(path string, handle func(api.Call) error) api.Route {
	return api.Route{Method: "GET", Path: path, Access: api.OrganisationToken, Scope: "requests:read", Permission: directory.RequestsRead, Handle: handle}
}

func write(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: "requests:write", Permission: directory.RequestsWrite,
		ACR: second, Weighty: true, BodyLimit: formLimit, Handle: handle}
}

func creates(path string, handle func(api.Call) error) api.Route {
	route := write(http.MethodPost, path, handle)
	route.Idempotent = true
	return route
}

func (d *Desk) routes() []api.Route {
	const all, one = "/v1/organization/applications", "/v1/organization/applications/{id}"
	return []api.Route{
		read("/v1/services", d.cards),
		read("/v1/services/{service}", d.cardOf),
		read("/v1/services/{service}/prefill", d.prefill),

		read(all, d.list),
		creates(all, d.create),
		read(one, d.one),
		write("PUT", one, d.save),
		write("DELETE", one, d.drop),
		read(one+"/versions", d.versions),
		write("POST", one+"/versions/{version}/restore", d.restore),
		write("POST", one+"/check", d.check),
		read(one+"/content", d.contentOf),
		// Submitted twice with the same signature it is one submission by itself, so
		// that verifying needs no transaction around it.
		write("POST", one+"/submit", d.submitOne),
		read(one+"/protocol", d.protocolOf),
		read(one+"/protocol/file", d.protocolFile),
		creates(one+"/documents", d.supplement),

		read("/v1/organization/application-templates", d.templates),
		creates("/v1/organization/application-templates", d.addTemplate),
		write("DELETE", "/v1/organization/application-templates/{id}", d.removeTemplate),
	}
}

// refusal tells this package's errors in the API's codes.
func refusal(err error) error {
	if faults, ok := errors.AsType[Faults](err); ok {
		return api.Invalid(faults...)
	}
	if refused, ok := errors.AsType[*SignatureError](err); ok {
		return signatureRefusal(refused)
	}
	switch {
	case errors.Is(err, signature.ErrBusy):
		return api.Refuse("verifier_busy").After(1).Wrap(err)
	case errors.Is(err, ErrSubmitted):
		return api.Refuse("application_submitted").Wrap(err)
	case errors.Is(err, ErrNotGranted):
		return api.Refuse("application_not_granted").Wrap(err)
	}
	return request.Refusal(err)
}

// signatureRefusal shows why a signature is not accepted.
func signatureRefusal(e *SignatureError) error {
	pointer, code := "/signature", "application_signature_refused"
	if e.Document != "" {
		pointer = "/documents" + api.Pointer(e.Document)
	}
	if e.Stranger {
		code = "form_signature_stranger"
	}
	var faults []api.FieldFault
	for _, check := range e.Verdict.Checks {
		if check.Status == signature.Failed {
			faults = append(faults, api.FieldFault{Pointer: pointer, Code: code, Args: map[string]string{
				"reason_ru": check.Text("ru"), "reason_en": check.Text("en"), "check": string(check.Name),
			}})
		}
	}
	if len(faults) == 0 {
		faults = []api.FieldFault{{Pointer: pointer, Code: code, Args: map[string]string{
			"reason_ru": e.Verdict.Text("ru"), "reason_en": e.Verdict.Text("en"),
		}}}
	}
	return api.Invalid(faults...)
}
