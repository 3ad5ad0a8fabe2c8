package filing

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// states and groups are those of the filter, in its order.
var (
	states = []string{"draft", "signed", "sent", "delivered", "accepted", "refused", "entered", "clarification", "corrected"}
	groups = []string{"tax", "contributions", "bookkeeping", "statistics", "refund", "other"}
)

// filters are the parameters of the list, named as in the API.
var filters = []string{"state", "group", "year", "from", "to", "number"}

type listView struct {
	Tabs        []pages.NavItem
	Due         []deadlineRow // the next ones that nothing was sent for
	Rows        []row
	Filter      map[string]string
	Filtered    bool
	States      []pages.Option
	Groups      []pages.Option
	Years       []pages.Option
	First, Next string
	Export      string // the query of the same list as a file
	May         bool   // begin a report
	Lack        string
}

type row struct {
	brief
	Path string
	Tag  pages.Tag
	When *time.Time
}

// list is the history of reports, newest first, with what is due above it.
func list(v *desk.Visit) error {
	view := listView{Tabs: tabs(v), Filter: map[string]string{}, May: v.May("filings:write")}
	query := url.Values{}
	for _, name := range filters {
		value := v.Query(name)
		if name == "number" {
			value = onlyDigits(value)
		}
		if view.Filter[name] = v.Query(name); value != "" {
			query.Set(name, value)
			view.Filtered = true
		}
	}
	view.Export = query.Encode()
	view.options(v)
	after := v.Query("after")
	if !view.Filtered && after == "" {
		var err error
		if view.Due, err = pressing(v); err != nil {
			return err
		}
	}
	var found page
	asked := url.Values{"limit": {"20"}, "after": {after}}
	for name := range query {
		asked.Set(name, query.Get(name))
	}
	if err := v.Get("/filings", clean(asked), &found); err != nil {
		status, errs, err := v.Mendable(err, filters...)
		if err != nil {
			return err
		}
		return v.Page(status, "filings.html", "place.filings", view, errs...)
	}
	view.fill(found, query, after)
	return v.Page(http.StatusOK, "filings.html", "place.filings", view)
}

func (view *listView) fill(found page, query url.Values, after string) {
	for _, f := range found.Filings {
		when := f.SubmittedAt
		if when == nil {
			when = &f.UpdatedAt
		}
		view.Rows = append(view.Rows, row{brief: f, Path: f.path(), Tag: f.tag(), When: when})
	}
	if after != "" {
		view.First = address("/cabinet/filings", query)
	}
	if found.Next != "" {
		query.Set("after", found.Next)
		view.Next = address("/cabinet/filings", query)
	}
}

func (view *listView) options(v *desk.Visit) {
	every := pages.Option{Label: v.T("filing.any")}
	view.States, view.Groups, view.Years = []pages.Option{every}, []pages.Option{every}, []pages.Option{every}
	for _, name := range states {
		view.States = append(view.States, pages.Option{Value: name, Label: v.T("filing.state." + name)})
	}
	for _, name := range groups {
		view.Groups = append(view.Groups, pages.Option{Value: name, Label: v.T("filing.group." + name)})
	}
	for year := v.Now().In(desk.Moscow).Year(); year > v.Now().Year()-6; year-- {
		view.Years = append(view.Years, pages.Option{Value: strconv.Itoa(year), Label: strconv.Itoa(year)})
	}
}

// address is a page with its query.
func address(path string, query url.Values) string {
	if encoded := query.Encode(); encoded != "" {
		return path + "?" + encoded
	}
	return path
}

// export hands the history over as a file, with the filters of the page.
func export(v *desk.Visit) error {
	return v.Export("filings", "/filings/export", clean(v.Request().URL.Query()))
}

// clean leaves out empty parameters.
func clean(query url.Values) url.Values {
	for name := range query {
		if query.Get(name) == "" {
			query.Del(name)
		}
	}
	return query
}

type operationsView struct {
	Tabs        []pages.NavItem
	Rows        []operationRow
	From, To    string
	Filtered    bool
	First, Next string
}

type operationRow struct {
	operation
	Path string
	Tag  pages.Tag
}

// operations is the journal of operations: date, time and status of each.
func operations(v *desk.Visit) error {
	view := operationsView{Tabs: tabs(v), From: v.Query("from"), To: v.Query("to")}
	view.Filtered = view.From+view.To != ""
	after := v.Query("after")
	query := clean(url.Values{"from": {view.From}, "to": {view.To}})
	var found struct {
		Operations []operation `json:"operations"`
		Next       string      `json:"next"`
	}
	asked := clean(url.Values{"from": {view.From}, "to": {view.To}, "after": {after}, "limit": {"30"}})
	if err := v.Get("/filings/journal", asked, &found); err != nil {
		status, errs, err := v.Mendable(err, "from", "to")
		if err != nil {
			return err
		}
		return v.Page(status, "filing_operations.html", "filing.operations.title", view, errs...)
	}
	for _, o := range found.Operations {
		view.Rows = append(view.Rows, operationRow{
			operation: o, Path: "/cabinet/filings/" + o.FilingID, Tag: pages.Tag{Kind: stateKinds[o.State], Text: o.StateLabel},
		})
	}
	if after != "" {
		view.First = address("/cabinet/filings/operations", query)
	}
	if found.Next != "" {
		query.Set("after", found.Next)
		view.Next = address("/cabinet/filings/operations", query)
	}
	return v.Page(http.StatusOK, "filing_operations.html", "filing.operations.title", view)
}
