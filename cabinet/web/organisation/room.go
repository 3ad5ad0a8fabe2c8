// Package organisation is the cabinet's part about the organisation itself: its
// profile with changes that are confirmed, its legal status, the registration of
// another company.
package organisation

import (
	"embed"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the part of the cabinet about the organisation.
func Room() desk.Room {
	return desk.Room{
		Name: "organisation", Files: files, Scopes: []string{"organization:read"},
		Nav:    []desk.NavItem{{Key: "place.organisation", Path: "/cabinet", Order: 510}},
		Routes: []desk.Route{desk.Get("/cabinet", profile), desk.Get("/cabinet/{$}", profile)},
	}
}
