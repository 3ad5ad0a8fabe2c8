package service

import (
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/request"
	"propusk/idp/pages"
)

type listView struct {
	Tabs        []pages.NavItem
	Rows        []listRow
	First, Next string
}

type listRow struct {
	item
	URL string
	Tag pages.Tag
}

// list shows «Мои заявки»: drafts and what was submitted.
func list(v *desk.Visit) error {
	var view listView
	state, after := v.Query("state"), v.Query("after")
	query := url.Values{"limit": {"25"}}
	for name, value := range map[string]string{"state": state, "after": after} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var found struct {
		Applications []item `json:"applications"`
		Next         string `json:"next"`
	}
	if err := v.Get("/organization/applications", query, &found); err != nil {
		return err
	}
	for _, one := range found.Applications {
		view.Rows = append(view.Rows, listRow{one, pathOf(one.ID), tagOf(v, one)})
	}
	for _, name := range []string{"", "draft", "submitted"} {
		view.Tabs = append(view.Tabs, pages.NavItem{Title: "service.list.all" + name, URL: listAddress(name, ""), Current: name == state})
	}
	if after != "" {
		view.First = listAddress(state, "")
	}
	if found.Next != "" {
		view.Next = listAddress(state, found.Next)
	}
	return v.Page(http.StatusOK, "service_list.html", "service.list.title", view)
}

func listAddress(state, after string) string {
	query := url.Values{}
	if state != "" {
		query.Set("state", state)
	}
	if after != "" {
		query.Set("after", after)
	}
	if len(query) == 0 {
		return "/cabinet/applications"
	}
	return "/cabinet/applications?" + query.Encode()
}

// tagOf is the state of an application in a word.
func tagOf(v *desk.Visit, one item) pages.Tag {
	if one.State == "draft" {
		return pages.Tag{Text: v.T("service.draft")}
	}
	return pages.Tag{Kind: request.StatusKind(one.Status), Text: one.StatusLabel}
}
