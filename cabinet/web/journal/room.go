// Package journal is the cabinet's part about what was done in the organisation's
// name: the journal as a timeline, with filters, export, and the proof that nothing
// in it was changed.
package journal

import (
	"embed"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the part of the cabinet about the journal.
func Room() desk.Room {
	check := desk.Post("/cabinet/journal/verify", verify)
	check.Limit = exportMost
	return desk.Room{
		Name: "journal", Files: files, Scopes: []string{"journal:read"},
		Nav: []desk.NavItem{{Key: "place.journal", Path: "/cabinet/journal", Permission: "journal:read", Order: 590}},
		Routes: []desk.Route{
			desk.Get("/cabinet/journal", list),
			desk.Get("/cabinet/journal/export", export),
			desk.Get("/cabinet/journal/verify", verifyForm), check,
		},
	}
}
