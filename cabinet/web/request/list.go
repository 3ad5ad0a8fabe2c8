package request

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// types are the tabs above the list, in the order in which people need them.
var types = []string{"requirement", "appeal", "correction", "message", "application", "ticket"}

// statuses are those that a request of a type can have, for the filter; of any type
// the first ones.
var statuses = map[string][]string{
	"":            {"open", "accepted", "processing", "in_review", "clarification", "overdue", "answered", "resolved", "approved", "done", "rejected", "closed"},
	"requirement": {"open", "accepted", "answered", "overdue", "done"},
	"appeal":      {"processing", "in_review", "overdue", "resolved", "rejected", "withdrawn"},
	"correction":  {"processing", "in_review", "overdue", "resolved", "rejected", "withdrawn"},
	"message":     {"sent", "delivered", "received", "replied", "answered", "closed", "rejected"},
	"application": {"submitted", "in_review", "in_work", "expertise", "clarification", "approved", "rejected", "withdrawn"},
	"ticket":      {"registered", "in_work", "overdue", "answered", "closed"},
}

// kinds are the colours of the statuses that are not merely on their way.
var kinds = map[string]string{
	"overdue": "stop", "rejected": "stop",
	"approved": "go", "resolved": "go", "done": "go", "answered": "go",
	"clarification": "wait", "open": "wait", "received": "wait", "accepted": "wait",
	"withdrawn": "", "closed": "",
}

// StatusKind is the colour of a status.
func StatusKind(status string) string {
	if kind, known := kinds[status]; known {
		return kind
	}
	return "info"
}

// filters of the list, as its form names them.
var filters = []string{"type", "status", "state", "q", "from", "to", "overdue", "mine", "order", "view"}

// beyond is a due date behind every other: a list up to it goes by due date.
const beyond = "2200-01-01T00:00:00Z"

// asked are the filters in the API's terms.
func asked(v *desk.Visit) (url.Values, []pages.FieldError) {
	query := url.Values{}
	for _, name := range []string{"type", "status", "state", "q", "overdue"} {
		if value := v.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	first, after, faults := v.Period("from", "to")
	if !first.IsZero() {
		query.Set("from", first.Format(time.RFC3339))
	}
	if !after.IsZero() {
		query.Set("to", after.Format(time.RFC3339))
	}
	if v.Query("order") == "due" {
		query.Set("due", beyond)
	}
	return query, faults
}

// kept are the filters in the page's own terms, but for the named ones.
func kept(v *desk.Visit, without ...string) url.Values {
	query := url.Values{}
	for _, name := range filters {
		if value := v.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	for _, name := range without {
		query.Del(name)
	}
	return query
}

func address(query url.Values) string {
	if len(query) == 0 {
		return "/cabinet/requests"
	}
	return "/cabinet/requests?" + query.Encode()
}

type listView struct {
	Tabs, Views         []pages.NavItem
	Type, Status, State string
	Q, From, To, Order  string
	Overdue, History    bool
	Statuses, States    []pages.Option
	Orders              []pages.Option
	Rows                []row
	Past                []past
	Filtered, More      bool // anything but the type is chosen; something among the folded fields
	May                 bool // write
	First, Next, Reset  string
	XLSX, PDF, Count    string
}

type row struct {
	item
	URL  string
	Tag  pages.Tag
	Left string // "через 3 дня"
}

// list shows the organisation's requests, as a list or as the history of rows 214
// and 215.
func list(v *desk.Visit) error {
	view := listView{
		Type: v.Query("type"), Status: v.Query("status"), State: v.Query("state"), Q: v.Query("q"), From: v.Query("from"), To: v.Query("to"),
		Order: v.Query("order"), Overdue: v.Query("overdue") != "", History: v.Query("view") == "history", May: v.May("requests:write"),
	}
	query, faults := asked(v)
	status := http.StatusUnprocessableEntity
	if len(faults) == 0 {
		var err error
		if status, faults, err = view.read(v, query); err != nil {
			return err
		}
	}
	view.frame(v)
	return v.Page(status, "request_list.html", "request.title", view, faults...)
}

// read asks for one page of the list.
func (l *listView) read(v *desk.Visit, query url.Values) (int, []pages.FieldError, error) {
	path, out := "/organization/requests", any(&[]item{})
	if l.History {
		path, out = path+"/history", &l.Past
	}
	query.Set("limit", "25")
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		l.First = address(kept(v))
	}
	var next string
	if err := v.Get(path, query, out, desk.NextPage(&next)); err != nil {
		return v.Faults(err, filters...)
	}
	if next != "" {
		more := kept(v)
		more.Set("after", next)
		l.Next = address(more)
	}
	if !l.History {
		for _, one := range *out.(*[]item) {
			l.Rows = append(l.Rows, newRow(v, one))
		}
	}
	return http.StatusOK, nil, nil
}

func newRow(v *desk.Visit, one item) row {
	return row{item: one, URL: pathOf(one.ID), Tag: pages.Tag{Kind: StatusKind(one.Status), Text: one.StatusLabel}, Left: left(v, one)}
}

// awaited reports whether the due date still asks something of anybody: of the
// organisation until it has answered, of the other side until it has decided.
func awaited(one item) bool {
	switch one.Type {
	case "requirement":
		return one.Status == "open" || one.Status == "accepted" || one.Status == "overdue"
	case "application":
		return one.Status == "clarification"
	}
	return one.Phase == "processing"
}

// left says how long there is until a due date that still matters.
func left(v *desk.Visit, one item) string {
	switch days := v.DaysLeft(one.DueAt); {
	case one.DueAt.IsZero() || !awaited(one):
		return ""
	case one.Overdue:
		return v.T("request.late")
	case days <= 0:
		return v.T("request.today")
	default:
		return v.T("request.left", "Count", days)
	}
}

// frame fills in what stands around the list.
func (l *listView) frame(v *desk.Visit) {
	l.Tabs = []pages.NavItem{{Title: "request.tab.all", URL: address(kept(v, "type", "status")), Current: l.Type == ""}}
	for _, name := range types {
		query := kept(v, "status")
		query.Set("type", name)
		l.Tabs = append(l.Tabs, pages.NavItem{Title: "request.tab." + name, URL: address(query), Current: l.Type == name})
	}
	history := kept(v, "order", "overdue", "status")
	history.Set("view", "history")
	l.Views = []pages.NavItem{
		{Title: "request.view.list", URL: address(kept(v, "view", "state")), Current: !l.History},
		{Title: "request.view.history", URL: address(history), Current: l.History},
	}
	l.options(v)
	l.Filtered = l.Status != "" || l.State != "" || l.Q != "" || l.From != "" || l.To != "" || l.Overdue
	l.More = l.From != "" || l.To != "" || l.Overdue || l.Order != ""
	reset := url.Values{}
	for _, name := range []string{"type", "view"} {
		if value := v.Query(name); value != "" {
			reset.Set(name, value)
		}
	}
	l.Reset = address(reset)
	l.XLSX, l.PDF = exportAddress(v, "xlsx"), exportAddress(v, "pdf")
	l.Count = v.T("request.shown", "Count", len(l.Rows)+len(l.Past))
}

func (l *listView) options(v *desk.Visit) {
	l.Statuses = []pages.Option{{Value: "", Label: v.T("request.any")}}
	for _, name := range statuses[l.Type] {
		l.Statuses = append(l.Statuses, pages.Option{Value: name, Label: v.T("request.status." + name)})
	}
	l.States = []pages.Option{{Value: "", Label: v.T("request.any")}}
	for _, name := range []string{"processing", "completed", "rejected"} {
		l.States = append(l.States, pages.Option{Value: name, Label: v.T("request.state." + name)})
	}
	l.Orders = []pages.Option{{Value: "", Label: v.T("request.order.created")}, {Value: "due", Label: v.T("request.order.due")}}
}

func exportAddress(v *desk.Visit, format string) string {
	query := kept(v)
	query.Set("format", format)
	return "/cabinet/requests/export?" + query.Encode()
}

// export hands the list over as a file, with the filters of the page.
func export(v *desk.Visit) error {
	query, faults := asked(v)
	if len(faults) > 0 {
		return v.Redirect(address(kept(v)))
	}
	for _, name := range []string{"format", "view"} {
		if value := v.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	return v.Export("requests", "/organization/requests/export", query)
}
