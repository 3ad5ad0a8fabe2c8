package notice

import (
	"embed"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the notices' part of the cabinet.
func Room() desk.Room {
	return desk.Room{
		Name: "notice", Files: files, Routes: routes(),
		Scopes: []string{"notices", "organization:read", "organization:write"},
		Nav:    []desk.NavItem{{Key: "notices.place", Path: "/cabinet/notices", Order: 190}},
	}
}

func routes() []desk.Route {
	const all = "/cabinet/notices"
	return []desk.Route{
		desk.Get(all, list),
		desk.Post(all+"/read", readAll),
		desk.Post(all+"/{id}/read", mark(true)),
		desk.Post(all+"/{id}/unread", mark(false)),
		desk.Post(all+"/{id}/open", open),

		desk.Get(all+"/settings", own.show),
		desk.Post(all+"/settings", own.save),
		desk.Post(all+"/settings/reset", own.reset),
		desk.Get(all+"/organisation", common.show),
		desk.Post(all+"/organisation", common.save),
		desk.Post(all+"/organisation/reset", common.reset),

		desk.Get(all+"/devices", deviceList),
		desk.Post(all+"/devices", subscribe),
		desk.Post(all+"/devices/{id}/remove", unsubscribe),
		desk.Get(all+"/worker.js", worker),

		desk.Get(all+"/deliveries", deliveryList),
		desk.Post(all+"/deliveries/{id}/resend", resend),
		desk.Get("/cabinet/news", newsList),
	}
}

// tabs are the pages of notices; here is the path of the present one.
func tabs(v *desk.Visit) []pages.NavItem {
	var items []pages.NavItem
	for _, place := range []struct{ key, path, permission string }{
		{"notices.tab.list", "/cabinet/notices", ""},
		{"notices.tab.settings", "/cabinet/notices/settings", ""},
		{"notices.tab.devices", "/cabinet/notices/devices", ""},
		{"notices.tab.deliveries", "/cabinet/notices/deliveries", ""},
		{"notices.tab.organisation", "/cabinet/notices/organisation", "organization:read"},
		{"notices.tab.news", "/cabinet/news", ""},
	} {
		if place.permission == "" || v.May(place.permission) {
			items = append(items, pages.NavItem{Title: place.key, URL: place.path, Current: v.Path() == place.path})
		}
	}
	return items
}
