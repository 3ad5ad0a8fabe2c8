package power

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type listView struct {
	Tabs                []pages.NavItem
	Side, Status, Query string
	Statuses            []pages.Option
	Rows                []row
	Filtered            bool
	First, Next         string
	May                 bool
}

type row struct {
	power
	Other party
	Path  string
	Tag   pages.Tag
	Last  time.Time
	Left  int    // days; of a live one
	Soon  bool   // it ends within a month
	More  string // what it says beyond its first sentence; "" when that is all
}

var statuses = []string{"draft", "checking", "active", "expired", "revoked", "refused"}

// list is the powers that the organisation gave, or was given.
func list(v *desk.Visit) error {
	view := listView{Side: "granted", Status: v.Query("status"), Query: v.Query("q"), May: v.May("powers:write")}
	if v.Query("side") == "given" {
		view.Side = "given"
	}
	view.Filtered = view.Status+view.Query != ""
	for _, side := range []string{"granted", "given"} {
		view.Tabs = append(view.Tabs, pages.NavItem{
			Title: "power.side." + side, URL: "/cabinet/powers?side=" + side, Current: side == view.Side,
		})
	}
	view.Tabs = append(view.Tabs, pages.NavItem{Title: "power.side.mine", URL: mine.all})
	view.Statuses = []pages.Option{{Label: v.T("power.any")}}
	for _, name := range statuses {
		view.Statuses = append(view.Statuses, pages.Option{Value: name, Label: v.T("power.status." + name)})
	}
	query := url.Values{"side": {view.Side}}
	for name, value := range map[string]string{"status": view.Status, "q": view.Query} {
		if value != "" {
			query.Set(name, value)
		}
	}
	here := "/cabinet/powers?" + query.Encode()
	if after := v.Query("after"); after != "" {
		view.First = here
		query.Set("after", after)
	}
	query.Set("limit", "20")
	var found page
	if err := v.Get("/powers-of-attorney", query, &found); err != nil {
		status, errs, err := v.Mendable(err, "q", "status")
		if err != nil {
			return err
		}
		return v.Page(status, "powers.html", "place.powers", view, errs...)
	}
	for _, p := range found.Powers {
		view.Rows = append(view.Rows, newRow(v, p, p.other(view.Side)))
	}
	if found.Next != "" {
		view.Next = here + "&" + url.Values{"after": {found.Next}}.Encode()
	}
	return v.Page(http.StatusOK, "powers.html", "place.powers", view)
}

func newRow(v *desk.Visit, p power, other party) row {
	r := row{power: p, Other: other, Path: here(v).of(p), Tag: p.tag(), Last: day(p.Until)}
	if p.Status == "active" {
		r.Left = v.DaysLeft(r.Last)
		r.Soon = r.Left <= 30
	}
	if n := len(p.Allows); n > 1 {
		r.More = v.T("power.more", "Count", n-1)
	}
	return r
}

type myView struct {
	Given, Handed []row
	Tabs          []pages.NavItem
}

// myList is what the visitor was given himself, and what he has handed on.
func myList(v *desk.Visit) error {
	var view myView
	if v.May("powers:read") {
		for _, side := range []string{"granted", "given"} {
			view.Tabs = append(view.Tabs, pages.NavItem{Title: "power.side." + side, URL: organisations.all + "?side=" + side})
		}
		view.Tabs = append(view.Tabs, pages.NavItem{Title: "power.side.mine", URL: mine.all, Current: true})
	}
	for side, rows := range map[string]*[]row{"given": &view.Given, "handed": &view.Handed} {
		found, err := myPowers(v, side)
		if err != nil {
			return err
		}
		for _, p := range found {
			other := p.Principal
			if side == "handed" {
				other = p.Representative
			}
			*rows = append(*rows, newRow(v, p, other))
		}
	}
	return v.Page(http.StatusOK, "my_powers.html", "place.my_powers", view)
}

func myPowers(v *desk.Visit, side string) ([]power, error) {
	var found page
	err := v.Get(mine.api, url.Values{"side": {side}}, &found)
	return found.Powers, err
}
