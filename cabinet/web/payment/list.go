package payment

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// filters of the list, as its form names them; they are the API's.
var filters = []string{"period", "from", "to", "kind", "status", "payee", "q", "sort"}

type listView struct {
	Tabs                           []pages.NavItem
	Values                         map[string]string
	Periods, Kinds, States, Payees []pages.Option
	Rows                           []accrual
	Columns                        []column
	Summary                        summary
	Inquiry                        inquiry
	Filtered, More, May, Choice    bool
	First, Next, XLSX, PDF         string
}

// column is a head of the table by which it can be sorted.
type column struct {
	Title, URL, Sort string // Sort is ascending, descending or none
}

type summary struct {
	Count     int    `json:"count"`
	Left      int64  `json:"left"`
	Overdue   int64  `json:"overdue"`
	NextDueOn string `json:"next_due_on"`
}

func (s summary) LeftSum() string    { return desk.Rubles(s.Left) }
func (s summary) OverdueSum() string { return desk.Rubles(s.Overdue) }
func (s summary) Next() string       { return people(s.NextDueOn) }

type inquiry struct {
	State      string     `json:"state"`
	Reason     string     `json:"reason"`
	Faults     []struct{} `json:"faults"`
	AskedAt    *time.Time `json:"asked_at"`
	AnsweredAt *time.Time `json:"answered_at"`
}

// kept are the filters of the page, but for the named ones.
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

func address(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// asks are the filters in the API's terms: dates that were written are for the period
// "dates" alone.
func asks(v *desk.Visit) url.Values {
	query := kept(v)
	for _, name := range []string{"from", "to"} {
		if day, err := desk.Day(query.Get(name)); err == nil && !day.IsZero() {
			query.Set(name, day.Format(time.DateOnly))
		}
	}
	if query.Get("period") != "" {
		query.Del("from")
		query.Del("to")
	}
	return query
}

// list is what the organisation owes and owed (rows 223 and 224).
func list(v *desk.Visit) error {
	view := listView{Tabs: tabs(v), Values: map[string]string{}, May: v.May("finance:write")}
	for _, name := range filters {
		view.Values[name] = v.Query(name)
		view.Filtered = view.Filtered || name != "sort" && v.Query(name) != ""
	}
	view.More = view.Values["from"]+view.Values["to"]+view.Values["payee"] != ""
	if err := view.around(v); err != nil {
		return err
	}
	status, faults, err := view.read(v)
	if err != nil {
		return err
	}
	return v.Page(status, "finance.html", "payment.place", view, faults...)
}

// around reads what stands beside the list.
func (l *listView) around(v *desk.Visit) error {
	if err := v.Get("/accruals/summary", nil, &l.Summary); err != nil {
		return err
	}
	if err := v.Get("/accruals/inquiry", nil, &l.Inquiry); err != nil {
		return err
	}
	var payees struct {
		Items []payee `json:"items"`
	}
	if err := v.Get("/accruals/payees", nil, &payees); err != nil {
		return err
	}
	option := func(key, value string) pages.Option { return pages.Option{Value: value, Label: v.T(key + value)} }
	any := pages.Option{Label: v.T("payment.any")}
	l.Periods, l.Kinds, l.States, l.Payees = []pages.Option{{Label: v.T("payment.period.any")}}, []pages.Option{any}, []pages.Option{any}, []pages.Option{any}
	for _, value := range []string{"month", "quarter", "year"} {
		l.Periods = append(l.Periods, option("payment.period.", value))
	}
	for _, value := range []string{"tax", "fee", "duty", "fine", "penalty"} {
		l.Kinds = append(l.Kinds, option("payment.kind.", value))
	}
	for _, value := range []string{"unpaid", "due", "overdue", "paying", "paid", "cancelled"} {
		l.States = append(l.States, option("payment.status.", value))
	}
	for _, p := range payees.Items {
		l.Payees = append(l.Payees, pages.Option{Value: p.INN, Label: p.Name})
	}
	l.columns(v)
	for format, link := range map[string]*string{"xlsx": &l.XLSX, "pdf": &l.PDF} {
		query := kept(v)
		query.Set("format", format)
		*link = address(all+"/export", query)
	}
	return nil
}

// columns are the heads that sort; the one that does is turned round by another press.
func (l *listView) columns(v *desk.Visit) {
	now := l.Values["sort"]
	if now == "" {
		now = "-billed"
	}
	for _, name := range []string{"purpose", "billed", "due", "amount"} {
		c, next := column{Title: v.T("payment.col." + name), Sort: "none"}, "-"+name
		if name == "purpose" {
			next = name // words are read from the first on
		}
		switch now {
		case name:
			c.Sort = "ascending"
		case "-" + name:
			c.Sort, next = "descending", name
		}
		query := kept(v)
		query.Set("sort", next)
		c.URL = address(all, query)
		l.Columns = append(l.Columns, c)
	}
}

// read asks for one page of the list.
func (l *listView) read(v *desk.Visit) (int, []pages.FieldError, error) {
	query := asks(v)
	query.Set("limit", "25")
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		l.First = address(all, kept(v))
	}
	var found struct {
		Items []accrual `json:"items"`
		Next  string    `json:"next"`
	}
	if err := v.Get("/accruals", query, &found); err != nil {
		return v.Mendable(err, filters...)
	}
	l.Rows = found.Items
	for _, a := range l.Rows {
		l.Choice = l.Choice || l.May && a.Payable()
	}
	if found.Next != "" {
		more := kept(v)
		more.Set("after", found.Next)
		l.Next = address(all, more)
	}
	return http.StatusOK, nil, nil
}

// export hands the list over as a file, with the filters of the page.
func export(v *desk.Visit) error {
	query := asks(v)
	query.Set("format", v.Query("format"))
	return v.Export("accruals", "/accruals/export", query)
}

// asked has the accruals asked for now; where no source of them is configured, the
// list says so.
func asked(v *desk.Visit) error {
	err := v.Post("/accruals/inquiry", nil, nil)
	if problem := desk.AsProblem(err); problem != nil && problem.Code == "payment_unavailable" {
		v.Notice("stop", strings.TrimSpace(problem.Title+". "+problem.Detail))
		return list(v)
	}
	if err != nil {
		return err
	}
	return v.Done(all, "payment.done.ask")
}
