package service

import (
	"embed"
	"net/url"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Limits of bodies, in bytes: a form of long fields, and one with files.
const (
	formLimit  = 512 << 10
	filesLimit = 64 << 20
)

// Room is the services' part of the cabinet.
func Room() desk.Room {
	return desk.Room{
		Name: "service", Files: files, Routes: routes(), Search: search,
		Scopes: []string{"requests:read", "requests:write"},
		Nav: []desk.NavItem{
			{Key: "service.place", Path: "/cabinet/services", Permission: "requests:read", Order: 130},
			{Key: "service.place.mine", Path: "/cabinet/applications", Permission: "requests:read", Order: 140},
		},
	}
}

func limited(limit int64, route desk.Route) desk.Route { route.Limit = limit; return route }

func routes() []desk.Route {
	const cards, card, all, one = "/cabinet/services", "/cabinet/services/{service}", "/cabinet/applications", "/cabinet/applications/{id}"
	return []desk.Route{
		desk.Get(cards, catalogue),
		desk.Get(card, showCard),
		desk.Post(card+"/begin", begin),
		desk.Post(card+"/templates/{template}/remove", removeTemplate),

		desk.Get(all, list),
		desk.Get(one, show),
		limited(formLimit, desk.Post(one, save)),
		limited(formLimit, desk.Post(one+"/autosave", autosave)),
		desk.Get(one+"/documents", documentsPage),
		limited(filesLimit, desk.Post(one+"/documents", attach)),
		desk.Post(one+"/documents/remove", detach),
		desk.Get(one+"/check", check),
		desk.Get(one+"/content", content),
		desk.Get(one+"/sign", sign),
		limited(desk.SigningLimit, desk.Post(one+"/submit", submit)),
		desk.Get(one+"/versions", versions),
		desk.Post(one+"/versions/{version}/restore", restore),
		desk.Post(one+"/template", keepTemplate),
		desk.Post(one+"/drop", drop),

		limited(filesLimit, desk.Post(one+"/supplement", supplement)),
		desk.Post(one+"/withdraw", withdraw),
		desk.Post(one+"/renew", renew),
		desk.Get(one+"/protocol", protocol),
	}
}

// search finds services by words.
func search(v *desk.Visit, query string) ([]desk.Hit, error) {
	var found struct {
		Services []card `json:"services"`
	}
	if err := v.Get("/services", url.Values{"q": {query}}, &found); err != nil {
		return nil, err
	}
	var hits []desk.Hit
	for _, one := range found.Services[:min(len(found.Services), 5)] {
		hits = append(hits, desk.Hit{Kind: v.T("service.hit"), Title: one.Title, Text: one.Body.Name, Path: cardPath(one)})
	}
	return hits, nil
}

func pathOf(id string) string { return "/cabinet/applications/" + desk.Escape(id) }

func apiOf(v *desk.Visit) string {
	return "/organization/applications/" + desk.Escape(v.PathValue("id"))
}
