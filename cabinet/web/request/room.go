package request

import (
	"embed"
	"net/url"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Limits of bodies, in bytes: a post of long texts, and one with its files, twenty of
// 10 MB, of which the API takes each by itself.
const (
	proseLimit = 256 << 10
	filesLimit = 64 << 20
)

// Room is the inbox's part of the cabinet.
func Room() desk.Room {
	return desk.Room{
		Name: "request", Files: files, Routes: routes(), Search: search,
		Scopes: []string{"requests:read", "requests:write", "members:read"},
		Nav:    []desk.NavItem{{Key: "request.place", Path: "/cabinet/requests", Permission: "requests:read", Order: 150}},
	}
}

func withFiles(route desk.Route) desk.Route { route.Limit = filesLimit; return route }

func withProse(route desk.Route) desk.Route { route.Limit = proseLimit; return route }

func routes() []desk.Route {
	const all, one, texts = "/cabinet/requests", "/cabinet/requests/{id}", "/cabinet/request-templates"
	return []desk.Route{
		desk.Get(all, list),
		desk.Get(all+"/export", export),
		desk.Get(all+"/new", newForm),
		withFiles(desk.Post(all+"/new", open)),

		desk.Get(one, show),
		desk.Get(one+"/files/{file}", download),
		withFiles(desk.Post(one+"/messages", answer)),
		withProse(desk.Post(one+"/draft", saveDraft)),
		desk.Get(one+"/sign", signForm),
		withFiles(desk.Post(one+"/sign", answerSigned)),
		desk.Get(one+"/messages/{message}", showPost),
		withFiles(desk.Post(one+"/messages/{message}", editPost)),
		desk.Post(one+"/accept", doing("accept")),
		desk.Post(one+"/withdraw", doing("withdraw")),
		desk.Post(one+"/close", doing("close")),
		desk.Post(one+"/plan", plan),

		desk.Get(texts, textList),
		desk.Get(texts+"/new", textForm),
		withProse(desk.Post(texts+"/new", addText)),
		desk.Get(texts+"/{id}", textForm),
		withProse(desk.Post(texts+"/{id}", changeText)),
		desk.Post(texts+"/{id}/remove", removeText),

		desk.Get("/cabinet/support", showSupport),
	}
}

// search finds requests by their words and numbers.
func search(v *desk.Visit, query string) ([]desk.Hit, error) {
	var found []item
	if err := v.Get("/organization/requests", url.Values{"q": {query}, "limit": {"5"}}, &found); err != nil {
		return nil, err
	}
	hits := make([]desk.Hit, len(found))
	for i, one := range found {
		hits[i] = desk.Hit{Kind: one.TypeLabel, Title: one.Subject, Text: one.Number + " · " + one.StatusLabel, Path: pathOf(one.ID)}
	}
	return hits, nil
}

func pathOf(id string) string { return "/cabinet/requests/" + desk.Escape(id) }

func apiOf(v *desk.Visit) string { return "/organization/requests/" + desk.Escape(v.PathValue("id")) }
