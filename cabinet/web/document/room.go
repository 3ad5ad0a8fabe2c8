package document

import (
	"embed"
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Limits of bodies, in bytes: twenty files of 10 MB at one stroke, and one piece of
// an upload in pieces.
const (
	filesLimit = 201 << 20
	pieceLimit = 4 << 20
)

// Room is the archive's part of the cabinet.
func Room() desk.Room {
	return desk.Room{
		Name: "document", Files: files, Routes: routes(), Search: search,
		Scopes: []string{"documents:read", "documents:write", "documents:sign"},
		Nav:    []desk.NavItem{{Key: "document.place", Path: "/cabinet/documents", Permission: "documents:read", Order: 160}},
	}
}

func limited(limit int64, route desk.Route) desk.Route { route.Limit = limit; return route }

func routes() []desk.Route {
	const all, one, received, upload = "/cabinet/documents", "/cabinet/documents/{id}", "/cabinet/documents/incoming", "/cabinet/documents/uploads"
	return []desk.Route{
		desk.Get(all, list),
		desk.Get(all+"/upload", uploadForm),
		limited(filesLimit, desk.Post(all+"/upload", uploadWhole)),
		desk.Post(upload, beginUpload),
		desk.Get(upload+"/{id}", askUpload),
		limited(pieceLimit, desk.Route{Method: http.MethodPut, Path: upload + "/{id}", Handle: takePiece}),
		desk.Post(upload+"/{id}/finish", finishUpload),

		desk.Get(received, incomingList),
		desk.Get(received+"/{id}", showIncoming),
		desk.Get(received+"/{id}/content", content("/documents/incoming/")),
		desk.Get(received+"/{id}/container", container("/documents/incoming/")),
		desk.Get(received+"/{id}/sign", signIncoming),
		limited(desk.SigningLimit, desk.Post(received+"/{id}/sign", addIncomingSignature)),

		desk.Get(one, show),
		desk.Post(one, edit),
		// What hangs on a document is told by its name here: net/http could not tell
		// "{id}/content" from "incoming/{id}".
		desk.Get(one+"/{part}", part(map[string]page{"content": content("/documents/"), "container": container("/documents/"), "sign": sign})),
		desk.Get(one+"/{part}/{signature}", part(map[string]page{"signatures": signatureFile})),
		limited(filesLimit, desk.Post(one+"/{part}", part(map[string]page{
			"sign": addSignature, "versions": addVersion, "shares": hand, "archive": moving("archive"), "unarchive": moving("unarchive"), "delete": remove,
		}))),
		desk.Post(one+"/versions/{version}/restore", restore),
		desk.Post(one+"/shares/{share}/revoke", revoke),
	}
}

type page = func(*desk.Visit) error

// part is the page or act that the path's part names.
func part(parts map[string]page) page {
	return func(v *desk.Visit) error {
		if handle := parts[v.PathValue("part")]; handle != nil {
			return handle(v)
		}
		return desk.Missing()
	}
}

// search finds documents by their words.
func search(v *desk.Visit, query string) ([]desk.Hit, error) {
	var found struct {
		Documents []document `json:"documents"`
	}
	if err := v.Get("/documents", url.Values{"q": {query}, "limit": {"5"}}, &found); err != nil {
		return nil, err
	}
	hits := make([]desk.Hit, len(found.Documents))
	for i, one := range found.Documents {
		hits[i] = desk.Hit{Kind: v.T("document.hit"), Title: one.Name, Text: one.TypeLabel, Path: pathOf(one.ID)}
	}
	return hits, nil
}

func pathOf(id string) string { return "/cabinet/documents/" + desk.Escape(id) }

func apiOf(v *desk.Visit) string { return "/documents/" + desk.Escape(v.PathValue("id")) }
