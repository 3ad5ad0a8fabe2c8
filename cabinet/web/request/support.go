package request

import (
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
)

type supportView struct {
	support
	Q   string
	May bool
}

// showSupport says how the support is reached, and answers frequent questions
// (rows 258, 265, 266, 268).
func showSupport(v *desk.Visit) error {
	view := supportView{Q: v.Query("q"), May: v.May("requests:write")}
	query := url.Values{}
	if view.Q != "" {
		query.Set("q", view.Q)
	}
	if err := v.Get("/support", query, &view.support); err != nil {
		return err
	}
	return v.Page(http.StatusOK, "request_support.html", "request.support.title", view)
}
