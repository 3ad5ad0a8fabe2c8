package document

import (
	_ "embed"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

//go:embed openapi.json
var openAPI []byte

const second = "urn:propusk:2"

// Room is the archive's part of the API, in the order in which somebody meets it.
func (d *Documents) Room() api.Room {
	return api.Room{Name: "document", Routes: d.routes(), Document: openAPI, Texts: problems, FieldTexts: fieldTexts()}
}

func read(path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: http.MethodGet, Path: path, Access: api.OrganisationToken, Scope: "documents:read", Permission: directory.DocumentsRead, Handle: handle,
	}
}

func write(method, path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: method, Path: path, Access: api.OrganisationToken, Scope: "documents:write", Permission: directory.DocumentsWrite,
		ACR: second, Weighty: true, Handle: handle,
	}
}

// creates is write for what makes something: a repeat under one Idempotency-Key
// makes it once.
func creates(path string, handle func(api.Call) error) api.Route {
	route := write(http.MethodPost, path, handle)
	route.Idempotent = true
	return route
}

// signs takes a signature, which carries its own proof.
func signs(path string, handle func(api.Call) error) api.Route {
	return api.Route{
		Method: http.MethodPost, Path: path, Access: api.OrganisationToken, Scope: "documents:sign", Permission: directory.DocumentsSign,
		ACR: second, Weighty: true, Idempotent: true, Handle: handle,
	}
}

// sized bounds a route's body.
func sized(route api.Route, limit int64) api.Route {
	route.BodyLimit = limit
	return route
}

func (d *Documents) routes() []api.Route {
	const all, one, received, upload = "/v1/documents", "/v1/documents/{id}", "/v1/documents/incoming", "/v1/documents/uploads"
	return []api.Route{
		read(all+"/types", d.getTypes),
		sized(creates(all, d.post), maxForm),
		read(all, d.getAll),
		read(one, d.getOne),
		write(http.MethodPatch, one, d.patch),
		write(http.MethodDelete, one, d.delete),
		write(http.MethodPost, one+"/archive", d.moving(d.Archive)),
		write(http.MethodPost, one+"/unarchive", d.moving(d.Unarchive)),
		read(one+"/content", d.getContent),
		read(one+"/container", d.getContainer),

		read(one+"/versions", d.getVersions),
		sized(creates(one+"/versions", d.postVersion), maxForm),
		creates(one+"/versions/{number}/restore", d.restore),

		read(one+"/signatures", d.getSignatures),
		sized(signs(one+"/signatures", d.postSignature), maxSignatureBody),
		read(one+"/signatures/{signature}", d.getSignature),

		read(one+"/shares", d.getShares),
		creates(one+"/shares", d.postShare),
		write(http.MethodDelete, one+"/shares/{share}", d.deleteShare),

		read(received, d.getIncoming),
		read(received+"/{id}", d.getReceived),
		read(received+"/{id}/content", d.getReceivedContent),
		read(received+"/{id}/container", d.getReceivedContainer),
		sized(signs(received+"/{id}/signatures", d.postReceivedSignature), maxSignatureBody),

		creates(upload, d.postUpload),
		write(http.MethodGet, upload+"/{id}", d.getUpload),
		sized(write(http.MethodPatch, upload+"/{id}", d.patchUpload), maxPiece),
		write(http.MethodDelete, upload+"/{id}", d.deleteUpload),
		creates(upload+"/{id}/finish", d.postFinish),

		{Method: http.MethodGet, Path: linkPath + "{token}", Access: api.Public, Handle: d.getLink},
		{Method: http.MethodPost, Path: linkPath + "{token}", Access: api.Public, Handle: d.postLink},
	}
}

// actions are what can be done with a document, each judged as its route would be.
// held is why it cannot be removed, nil when it can.
func (d *Documents) actions(c api.Call, doc Document, held error) ([]api.Action, error) {
	active, own := doc.Status == Active, doc.Source == ""
	const one = "/v1/documents/{id}"
	edit := api.ActOf("edit", write(http.MethodPatch, one, nil)).Unless(active, "document_archived")
	remove := api.ActOf("delete", write(http.MethodDelete, one, nil))
	if held != nil {
		refused, ok := errors.AsType[*api.Refusal](Refusal(held))
		if !ok {
			return nil, held
		}
		remove = remove.Unless(false, refused.Code())
	}
	version := api.ActOf("add_version", write(http.MethodPost, one+"/versions", nil)).Unless(own, "document_received").Unless(active, "document_archived")
	actions := []api.Act{
		api.ActOf("download", read(one+"/content", nil)),
		edit, version,
		api.ActOf("sign", signs(one+"/signatures", nil)).Unless(active, "document_archived").
			Unless(doc.Size <= maxSigned, "document_sign_large").Unless(d.Verifier != nil, "signatures_unavailable"),
		api.ActOf("share", write(http.MethodPost, one+"/shares", nil)).Unless(active, "document_archived"),
		api.ActOf("archive", write(http.MethodPost, one+"/archive", nil)).Unless(active, "document_archived"),
		api.ActOf("unarchive", write(http.MethodPost, one+"/unarchive", nil)).Unless(!active, "document_active"),
		remove,
	}
	return c.Actions(actions...)
}
