package extract

import (
	_ "embed"
	"errors"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/outbox"
)

//go:embed openapi.json
var document []byte

// verifyLimit bounds the body of POST /v1/papers/verify: a PDF in base64.
const verifyLimit = 12 << 20

// Room is the part of the API that the package serves.
func (x *Extracts) Room() api.Room {
	const second = "urn:propusk:2"
	read := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Scope: string(directory.ExtractsRead), Permission: directory.ExtractsRead, Handle: handle}
	}
	act := func(method, path string, handle func(api.Call) error) api.Route {
		route := read(method, path, handle)
		route.ACR, route.Weighty, route.Idempotent = second, true, true
		return route
	}
	return api.Room{
		Name: "extract",
		Routes: []api.Route{
			read("GET", "/v1/extract-types", x.getTypes),
			act("POST", "/v1/extracts", x.post),
			read("GET", "/v1/extracts", x.list),
			read("GET", "/v1/extracts/{id}", x.get),
			read("GET", "/v1/extracts/{id}/files/{part}", x.download),
			act("POST", "/v1/extracts/{id}/cancel", x.changing(x.Cancel)),
			act("POST", "/v1/extracts/{id}/retry", x.changing(x.Retry)),
			act("POST", "/v1/extracts/{id}/renew", x.renew),
			act("POST", "/v1/extracts/{id}/send", x.mail),

			{Method: "GET", Path: "/v1/seal", Access: api.Public, Handle: x.getSeal},
			{Method: "POST", Path: "/v1/papers/verify", Access: api.Public, BodyLimit: verifyLimit, Handle: x.verify},
		},
		Document: document, Texts: texts, FieldTexts: fieldTexts,
	}
}

// refusal tells the package's errors in the API's codes.
func refusal(err error) error {
	if faults, ok := errors.AsType[Faults](err); ok {
		told := make([]api.FieldFault, len(faults))
		for i, fault := range faults {
			told[i] = api.FieldFault{Pointer: "/" + fault.Field, Code: fault.Code}
		}
		return api.Invalid(told...)
	}
	for _, known := range []struct {
		err  error
		code string
	}{
		{ErrState, "extract_state"},
		{ErrTooMany, "extract_too_many"},
		{ErrStale, "version_changed"},
		{file.ErrDamaged, "extract_damaged"},
		{outbox.ErrChannel, "extract_mail_unavailable"},
	} {
		if errors.Is(err, known.err) {
			return api.Refuse(known.code).Wrap(err)
		}
	}
	if errors.Is(err, ErrEmail) {
		return api.InvalidField("/email", "format")
	}
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, directory.ErrForbidden) {
		return api.DirectoryRefusal(err)
	}
	return err
}
