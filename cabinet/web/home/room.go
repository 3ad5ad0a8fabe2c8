// Package home is the first page of the cabinet: what needs the visitor, by date, and
// how the organisation's matters stand. It asks the rooms' own lists of the API and
// keeps nothing.
package home

import (
	"embed"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the first page.
func Room() desk.Room {
	return desk.Room{
		Name: "home", Files: files, Scopes: []string{"organization:read", "filings:read", "requests:read", "finance:read"},
		Nav:    []desk.NavItem{{Key: "home.place", Path: "/cabinet", Order: 100}},
		Routes: []desk.Route{desk.Get("/cabinet", today), desk.Get("/cabinet/{$}", today)},
	}
}
