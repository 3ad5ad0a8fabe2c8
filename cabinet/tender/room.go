package tender

import (
	_ "embed" // the OpenAPI fragment
	"errors"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

//go:embed openapi.json
var document []byte

// formLimit bounds what people fill in, signatureLimit a signature, in bytes of JSON.
const (
	formLimit      = 256 << 10
	signatureLimit = signature.MaxUpload*2 + 4<<10
)

// Room is the part of the API that the package serves.
func (t *Tenders) Room() api.Room {
	return api.Room{Name: "tender", Routes: t.routes(), Document: document, Texts: texts, FieldTexts: fieldTexts}
}

func read(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: method, Path: path, Access: api.OrganisationToken, Scope: string(directory.TendersRead), Permission: directory.TendersRead, Handle: handle,
	}
}

func write(method, path string, handle func(api.Call) error) api.Route {
	route := read(method, path, handle)
	route.Scope, route.Permission = string(directory.TendersWrite), directory.TendersWrite
	route.ACR, route.Weighty = directory.ACRTwoFactors, true
	return route
}

func once(route api.Route) api.Route {
	route.Idempotent = true
	return route
}

func sign(method, path string, handle func(api.Call) error) api.Route {
	route := once(write(method, path, handle))
	route.Scope, route.Permission, route.BodyLimit = string(directory.TendersSign), directory.TendersSign, signatureLimit
	return route
}

const (
	onTender      = "/v1/tenders/{id}"
	onApplication = "/v1/tender-applications/{id}"
)

// routes is the room's table, in the order in which somebody new meets it.
func (t *Tenders) routes() []api.Route {
	return []api.Route{
		read("GET", "/v1/tenders", t.getTenders),
		read("GET", onTender, t.getTender),
		read("GET", onTender+"/documents/{document}", t.getDocument),
		once(write("POST", onTender+"/applications", t.postApplication)),

		read("GET", "/v1/tender-searches", t.getSearches),
		once(write("POST", "/v1/tender-searches", t.postSearch)),
		write("DELETE", "/v1/tender-searches/{id}", t.deleteSearch),
		read("GET", "/v1/tender-templates", t.getTemplates),
		once(write("POST", "/v1/tender-templates", t.postTemplate)),
		write("DELETE", "/v1/tender-templates/{id}", t.deleteTemplate),

		read("GET", "/v1/tender-registration", t.getRegistration),
		read("GET", "/v1/tender-registration/document", t.getRegistrationDocument),
		sign("POST", "/v1/tender-registration", t.postRegistration),

		read("GET", "/v1/tender-applications", t.getApplications),
		read("GET", "/v1/tender-applications/export", t.exportApplications),
		read("GET", onApplication, t.getApplication),
		write("PATCH", onApplication, t.patchApplication),
		write("DELETE", onApplication, t.deleteApplication),
		read("GET", onApplication+"/check", t.getCheck),
		read("GET", onApplication+"/document", t.getSigned),
		read("GET", onApplication+"/signature", t.getSignature),
		read("GET", onApplication+"/files/{file}", t.getFile),
		sign("POST", onApplication+"/signature", t.postSignature),
		sign("POST", onApplication+"/submit", t.acting(t.Submit)),
		sign("POST", onApplication+"/withdraw", t.acting(t.Withdraw)),
		once(write("POST", onApplication+"/revision", t.postRevision)),

		read("GET", "/v1/tender-analytics", t.getAnalytics),
	}
}

// refusals are the package's errors in the API's codes.
var refusals = []struct {
	err  error
	code string
}{
	{errStale, "version_changed"}, {errState, "tender_state"}, {errOver, "tender_over"}, {errTooMuch, "tender_files_many"},
	{errNext, "tender_next_version"}, {errKept, "tender_kept_many"}, {errDiffers, "tender_document_differs"}, {errUnavailable, "tender_register_unavailable"},
	{errBusy, "tender_busy"}, {errVerifier, "signatures_unavailable"}, {directory.ErrSigner, "tender_signer"}, {storage.ErrExists, "tender_applied"},
}

// refusal tells the package's errors, and those of what it stands on, in the API's
// codes.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*api.Refusal](err); ok {
		return known
	}
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refusedVerdict(refused)
	}
	if found, ok := errors.AsType[*findingError](err); ok {
		return api.Refuse("tender_" + found.found.Code).Because(found.found.Code).Wrap(err)
	}
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			return api.Refuse(known.code).Wrap(err)
		}
	}
	switch {
	case errors.Is(err, errNoFile):
		return api.InvalidField("/documents", "unknown_document")
	case errors.Is(err, errTemplate):
		return api.InvalidField("/from", "unknown_source")
	case errors.Is(err, signature.ErrBusy):
		return api.Refuse("verifier_busy").After(2).Wrap(err)
	case errors.Is(err, file.ErrDamaged):
		return api.Refuse("file_damaged").Wrap(err)
	}
	if told, ok := errors.AsType[*api.Refusal](api.FileRefusal(err)); ok {
		return told
	}
	return api.DirectoryRefusal(err)
}

// refusedVerdict shows every check that failed, in words.
func refusedVerdict(err *refusedError) error {
	refused := api.Refuse("tender_signature_refused").Because("signature_" + string(err.verdict.Code)).Wrap(err)
	for _, check := range err.verdict.Checks {
		if check.Status == signature.Failed {
			refused = refused.About(api.FieldFault{Pointer: "/signature", Code: "signature_" + string(check.Code)})
		}
	}
	return refused
}
