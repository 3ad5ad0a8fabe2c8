package tender

import (
	"embed"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

const (
	all        = "/cabinet/tenders"
	oneNotice  = all + "/notices/{id}"
	mine       = all + "/applications"
	oneMine    = mine + "/{id}"
	kept       = all + "/kept"
	registered = all + "/registration"
	counted    = all + "/analytics"
)

// Room is procurement.
func Room() desk.Room {
	return desk.Room{
		Name: "tender", Files: files,
		Scopes: []string{"tenders:read", "tenders:write", "tenders:sign", "documents:read"},
		Nav:    []desk.NavItem{{Key: "place.tenders", Path: all, Permission: "tenders:read", Order: 170}},
		Routes: []desk.Route{
			desk.Get(all, list),
			desk.Get(oneNotice, notice),
			desk.Get(oneNotice+"/documents/{document}", document),
			desk.Post(oneNotice+"/apply", apply),

			desk.Get(mine, applications),
			desk.Get(mine+"/export", exportApplications),
			desk.Get(oneMine, application),
			desk.Get(oneMine+"/progress", progress),
			desk.Get(oneMine+"/edit", edit),
			desk.Post(oneMine+"/edit", edited),
			desk.Get(oneMine+"/document", func(v *desk.Visit) error { return v.Download(apiMine(v)+"/document", nil) }),
			desk.Get(oneMine+"/signature", func(v *desk.Visit) error { return v.Download(apiMine(v)+"/signature", nil) }),
			desk.Get(oneMine+"/files/{file}", file),
			desk.Get(oneMine+"/sign", signing),
			{Method: "POST", Path: oneMine + "/sign", Handle: signed, Limit: desk.SigningLimit},
			desk.Post(oneMine+"/submit", does("submit")),
			desk.Post(oneMine+"/withdraw", does("withdraw")),
			desk.Post(oneMine+"/revise", revised),
			desk.Post(oneMine+"/accept", accepted),
			desk.Post(oneMine+"/remove", removed),
			desk.Post(oneMine+"/template", templateKept),

			desk.Get(kept, keptPage),
			desk.Post(kept+"/searches", searchKept),
			desk.Post(kept+"/searches/{id}/remove", unkept("/tender-searches/", "tender.done.search.removed")),
			desk.Post(kept+"/templates/{id}/remove", unkept("/tender-templates/", "tender.done.template.removed")),

			desk.Get(registered, registration),
			desk.Get(registered+"/document", func(v *desk.Visit) error { return v.Download("/tender-registration/document", nil) }),
			desk.Get(registered+"/sign", registrationSigning),
			{Method: "POST", Path: registered + "/sign", Handle: registrationSigned, Limit: desk.SigningLimit},

			desk.Get(counted, analytics),
			desk.Get(counted+"/export", exportAnalytics),
		},
	}
}

// tabs are the places of the room; at is where the page stands.
func tabs(at string) []pages.NavItem {
	var items []pages.NavItem
	for _, tab := range []struct{ key, path string }{
		{"tender.tab.register", all}, {"tender.tab.mine", mine}, {"tender.tab.archive", mine + "?archive=true"},
		{"tender.tab.analytics", counted}, {"tender.tab.kept", kept}, {"tender.tab.registration", registered},
	} {
		items = append(items, pages.NavItem{Title: tab.key, URL: tab.path, Current: tab.path == at})
	}
	return items
}
