package security

import (
	"embed"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the safety of the organisation.
func Room() desk.Room {
	const all = "/cabinet/security"
	return desk.Room{
		Name: "security", Files: files,
		Scopes: []string{"organization:read", "organization:write", "members:read", "members:write"},
		Nav:    []desk.NavItem{{Key: "place.security", Path: all, Permission: "organization:read", Order: 560}},
		Routes: []desk.Route{
			desk.Get(all, policyForm),
			desk.Post(all, policySent),
			desk.Get(all+"/accesses", accesses),
			desk.Post(all+"/accesses/{id}/end", ended),
			desk.Get(all+"/members/{id}/stop", stopForm),
			desk.Post(all+"/members/{id}/stop", stopped),
		},
	}
}

// tabs are the places of the room.
func tabs(v *desk.Visit) []pages.NavItem {
	items := []pages.NavItem{{Title: "security.tab.policy", URL: "/cabinet/security"}}
	if v.May("members:read") {
		items = append(items, pages.NavItem{Title: "security.tab.accesses", URL: "/cabinet/security/accesses"})
	}
	for i := range items {
		items[i].Current = v.Path() == items[i].URL
	}
	return items
}
