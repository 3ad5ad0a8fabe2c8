package people

import (
	"embed"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the part of the cabinet about people.
func Room() desk.Room {
	return desk.Room{
		Name: "people", Files: files, Scopes: []string{"members:read", "members:write"},
		Nav: []desk.NavItem{{Key: "place.members", Path: "/cabinet/members", Permission: "members:read", Order: 520}},
		Routes: []desk.Route{
			desk.Get("/cabinet/members", list),
			desk.Get("/cabinet/members/roles", matrix),
			desk.Get("/cabinet/members/invite", inviteForm),
			desk.Post("/cabinet/members/invite", invite),
			desk.Get("/cabinet/members/{id}", show),
			desk.Post("/cabinet/members/{id}/role", changeRole),
			desk.Post("/cabinet/members/{id}/remove", remove),
			desk.Post("/cabinet/members/{id}/resume", resume),
			desk.Post("/cabinet/invitations/{id}/resend", resend),
			desk.Post("/cabinet/invitations/{id}/withdraw", withdraw),
		},
	}
}
