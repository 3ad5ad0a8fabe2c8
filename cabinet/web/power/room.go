package power

import (
	"embed"
	"net/url"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// uploadLimit bounds a form with its documents, in bytes: the API takes 10 MB.
const uploadLimit = 12 << 20

// Room is the powers of attorney.
func Room() desk.Room {
	const all, at = "/cabinet/powers", "/cabinet/powers/{id}"
	large := func(route desk.Route) desk.Route { route.Limit = uploadLimit; return route }
	sign := desk.Post(at+"/sign", signed)
	sign.Limit = desk.SigningLimit
	file := func(path, from string) desk.Route {
		return desk.Get(at+path, func(v *desk.Visit) error { return v.Download(api(v)+from, nil) })
	}
	return desk.Room{
		Name: "power", Files: files, Search: search,
		Scopes: []string{"powers:read", "powers:write", "members:read", "journal:read", "extracts:read", "filings:read"},
		Nav: []desk.NavItem{{Key: "place.powers", Path: all, Permission: "powers:read", Order: 530}, {
			Key: "place.my_powers", Path: mine.all, Order: 535, Only: func(v *desk.Visit) bool { return v.Power() != "" },
		}},
		Routes: append(ownRoutes(), []desk.Route{
			desk.Get(all, list),
			desk.Get(all+"/new", wizard),
			desk.Post(all+"/new", step),
			desk.Post(all+"/words", words),
			desk.Get(all+"/import", importForm),
			large(desk.Post(all+"/import", imported)),
			desk.Get(all+"/paper", paperForm),
			large(desk.Post(all+"/paper", entered)),

			desk.Get(at, one),
			desk.Get(at+"/sign", signForm), sign,
			desk.Get(at+"/revoke", endForm("revoke")),
			desk.Post(at+"/revoke", ended("revoke")),
			desk.Get(at+"/renounce", endForm("renounce")),
			desk.Post(at+"/renounce", ended("renounce")),
			desk.Post(at+"/performers", performers),
			file("/file", "/file"), file("/signature", "/signature"), file("/archive", "/archive"),
		}...),
	}
}

// ownRoutes are the visitor's own powers: what he was given and may hand on, and what he
// has handed on.
func ownRoutes() []desk.Route {
	at := mine.all + "/{id}"
	sign := desk.Post(at+"/sign", signed)
	sign.Limit = desk.SigningLimit
	return []desk.Route{
		desk.Get(mine.all, myList),
		desk.Get(mine.all+"/new", wizard),
		desk.Post(mine.all+"/new", step),
		desk.Get(at, one),
		desk.Get(at+"/file", func(v *desk.Visit) error { return v.Download(api(v)+"/file", nil) }),
		desk.Get(at+"/sign", signForm), sign,
		desk.Get(at+"/revoke", endForm("revoke")),
		desk.Post(at+"/revoke", ended("revoke")),
		desk.Get(at+"/renounce", endForm("renounce")),
		desk.Post(at+"/renounce", ended("renounce")),
	}
}

// search finds powers by a part of a number or a name.
func search(v *desk.Visit, query string) ([]desk.Hit, error) {
	var hits []desk.Hit
	for _, side := range []string{"granted", "given"} {
		var found page
		if err := v.Get("/powers-of-attorney", url.Values{"side": {side}, "q": {query}, "limit": {"5"}}, &found); err != nil {
			return nil, err
		}
		for _, p := range found.Powers {
			hits = append(hits, desk.Hit{
				Kind: v.T("power.hit"), Title: p.other(side).Name, Text: p.FormLabel + " · " + p.StatusLabel, Path: organisations.of(p),
			})
		}
	}
	return hits, nil
}
