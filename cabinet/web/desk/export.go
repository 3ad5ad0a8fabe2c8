package desk

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/pages"
)

// ExportsPath is where lists that are made into files meanwhile are, see cabinet/web/export.
const ExportsPath = "/cabinet/exports"

// FilterPrefix begins the names of a list's filters in the form that orders an export.
const FilterPrefix = "filter."

// Export hands a list over as a file: path is that of the list's export in the API, kind
// how the API calls the list. One that is too long to be made while somebody waits is
// offered to be made meanwhile.
func (v *Visit) Export(kind, path string, query url.Values) error {
	err := v.Download(path, query)
	problem := AsProblem(err)
	if problem == nil || problem.Code != "export_long" {
		return err
	}
	back := v.r.URL.Query()
	back.Del("format")
	list := strings.TrimSuffix(v.Path(), "/export")
	view := struct {
		Action, Detail, Back string
		Hidden               []pages.Hidden
	}{ExportsPath, problem.Detail, list + "?" + back.Encode(), []pages.Hidden{{Name: "kind", Value: kind}, {Name: "format", Value: query.Get("format")}}}
	for name := range query {
		if value := query.Get(name); value != "" && name != "format" {
			view.Hidden = append(view.Hidden, pages.Hidden{Name: FilterPrefix + name, Value: value})
		}
	}
	slices.SortFunc(view.Hidden, func(a, b pages.Hidden) int { return strings.Compare(a.Name, b.Name) })
	return v.Page(http.StatusOK, "export_long.html", "desk.export.title", view)
}
