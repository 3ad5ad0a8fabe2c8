package integration

import (
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type overviewView struct {
	Tabs     []pages.NavItem
	Clients  []clientRow
	Webhooks []hookRow
	May      bool
}

type hookRow struct {
	webhook
	Path string
	Tag  pages.Tag
	Name string
}

func tabs(v *desk.Visit) []pages.NavItem {
	var items []pages.NavItem
	for _, place := range []struct{ key, path string }{
		{"integration.tab.all", "/cabinet/integrations"}, {"integration.tab.sandbox", "/cabinet/integrations/sandbox"},
	} {
		items = append(items, pages.NavItem{Title: place.key, URL: place.path, Current: v.Path() == place.path})
	}
	return items
}

// overview shows what is connected (rows 253, 254).
func overview(v *desk.Visit) error {
	view := overviewView{Tabs: tabs(v), May: v.May("clients:write")}
	var err error
	if view.Clients, err = clients(v); err != nil {
		return err
	}
	var found struct {
		Webhooks []webhook `json:"webhooks"`
	}
	if err := v.Get("/webhooks", nil, &found); err != nil {
		return err
	}
	for _, one := range found.Webhooks {
		view.Webhooks = append(view.Webhooks, hookRow{one, hookPath(one.ID), hookTag(v, one), hookName(one)})
	}
	return v.Page(http.StatusOK, "integration_list.html", "integration.title", view)
}

func hookPath(id string) string { return "/cabinet/integrations/webhooks/" + desk.Escape(id) }

// hookName is what people call it: the program, or where it is.
func hookName(w webhook) string {
	if w.Program != "" {
		return w.Program
	}
	return w.URL
}

// hookTag is the state of a webhook in a word.
func hookTag(v *desk.Visit, w webhook) pages.Tag {
	switch {
	case w.State == "disabled":
		return pages.Tag{Kind: "stop", Text: v.T("integration.state.disabled")}
	case w.State == "paused":
		return pages.Tag{Kind: "wait", Text: v.T("integration.state.paused")}
	case !w.FailingSince.IsZero():
		return pages.Tag{Kind: "stop", Text: v.T("integration.state.failing")}
	case w.Connected:
		return pages.Tag{Kind: "go", Text: v.T("integration.state.connected")}
	}
	return pages.Tag{Kind: "info", Text: v.T("integration.state.new")}
}

type sandboxView struct {
	Tabs   []pages.NavItem
	Issuer string
}

// sandbox explains how a program is tried without consequences.
func sandbox(v *desk.Visit) error {
	return v.Page(http.StatusOK, "integration_sandbox.html", "integration.sandbox.title", sandboxView{tabs(v), v.Issuer()})
}
