package filing

import (
	"embed"
	"net/url"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// fileLimit bounds an uploaded report with the form around it, in bytes: the API
// takes 10 MB.
const fileLimit = 11 << 20

// fillLimit bounds a section of a form, in bytes.
const fillLimit = 1 << 20

// Room is the reports.
func Room() desk.Room {
	upload := desk.Post("/cabinet/filings/upload", uploaded)
	upload.Limit = fileLimit
	replace := desk.Post("/cabinet/filings/{id}/file", replaced)
	replace.Limit = fileLimit
	fill := desk.Post("/cabinet/filings/{id}/fill", filled)
	values := desk.Post("/cabinet/filings/{id}/values", saved)
	try := desk.Post("/cabinet/filings/{id}/try", tried)
	fill.Limit, values.Limit, try.Limit = fillLimit, fillLimit, fillLimit
	sign := desk.Post("/cabinet/filings/{id}/sign", signed)
	sign.Limit = desk.SigningLimit
	download := func(path, from string) desk.Route {
		return desk.Get(path, func(v *desk.Visit) error { return v.Download(expand(v, from), v.Request().URL.Query()) })
	}
	return desk.Room{
		Name: "filing", Files: files,
		Scopes: []string{"filings:read", "filings:write", "filings:sign"},
		Nav:    []desk.NavItem{{Key: "place.filings", Path: "/cabinet/filings", Permission: "filings:read", Order: 110}},
		Search: search,
		Routes: []desk.Route{
			desk.Get("/cabinet/filings", list),
			desk.Get("/cabinet/filings/export", export),
			desk.Get("/cabinet/filings/calendar", calendar),
			desk.Get("/cabinet/filings/operations", operations),
			desk.Get("/cabinet/filings/forms", forms),
			desk.Get("/cabinet/filings/form", form),
			desk.Get("/cabinet/filings/template", template),

			desk.Get("/cabinet/filings/new", newForm),
			desk.Post("/cabinet/filings/new", created),
			desk.Get("/cabinet/filings/upload", uploadForm),
			upload,

			desk.Get("/cabinet/filings/{id}", one),
			desk.Get("/cabinet/filings/{id}/fill", fillForm),
			fill, values, try, replace,
			desk.Post("/cabinet/filings/{id}/check", checked),
			desk.Get("/cabinet/filings/{id}/sign", signForm),
			sign,
			desk.Post("/cabinet/filings/{id}/submit", submitted),
			desk.Post("/cabinet/filings/{id}/correct", corrected),
			desk.Post("/cabinet/filings/{id}/delete", deleted),
			download("/cabinet/filings/{id}/file", "/filings/{id}/file"),
			download("/cabinet/filings/{id}/act", "/filings/{id}/act"),
			download("/cabinet/filings/{id}/signatures/{part}", "/filings/{id}/signatures/{part}"),
			download("/cabinet/filings/{id}/receipts/{part}", "/filings/{id}/receipts/{part}"),
		},
	}
}

// expand puts the parts of the page's path into one of the API's.
func expand(v *desk.Visit, path string) string {
	for _, name := range []string{"id", "part"} {
		path = strings.ReplaceAll(path, "{"+name+"}", desk.Escape(v.PathValue(name)))
	}
	return path
}

// search finds a report by its operation number.
func search(v *desk.Visit, query string) ([]desk.Hit, error) {
	digits := onlyDigits(query)
	if len(digits) != 19 {
		return nil, nil
	}
	var found page
	if err := v.Get("/filings", url.Values{"number": {digits}}, &found); err != nil {
		return nil, err
	}
	var hits []desk.Hit
	for _, f := range found.Filings {
		hits = append(hits, desk.Hit{
			Kind: v.T("filing.hit"), Title: f.TypeName, Text: f.Period.Name + " " + f.years() + " · " + f.StateLabel, Path: f.path(),
		})
	}
	return hits, nil
}

// tabs are the places of the room.
func tabs(v *desk.Visit) []pages.NavItem {
	items := []pages.NavItem{
		{Title: "filing.tab.list", URL: "/cabinet/filings"},
		{Title: "filing.tab.calendar", URL: "/cabinet/filings/calendar"},
		{Title: "filing.tab.operations", URL: "/cabinet/filings/operations"},
		{Title: "filing.tab.forms", URL: "/cabinet/filings/forms"},
	}
	for i := range items {
		items[i].Current = v.Path() == items[i].URL
	}
	return items
}
