package document

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type listView struct {
	Tabs        []pages.NavItem
	Q, Type     string
	From, To    string
	Archived    bool
	Kinds       []pages.Option
	Rows        []document
	Filtered    bool
	Folded      bool // nothing among the folded fields is chosen
	May         bool
	First, Next string
	Reset       string
	Count       string
}

var filters = []string{"status", "type", "q", "from", "to"}

func kept(v *desk.Visit) url.Values { return v.Kept(filters...) }

func address(query url.Values) string {
	if len(query) == 0 {
		return "/cabinet/documents"
	}
	return "/cabinet/documents?" + query.Encode()
}

// list shows the archive.
func list(v *desk.Visit) error {
	view := listView{
		Q: v.Query("q"), Type: v.Query("type"), From: v.Query("from"), To: v.Query("to"), Archived: v.Query("status") == "archived",
		May: v.May("documents:write"),
	}
	query := kept(v)
	first, after, faults := v.Period("from", "to")
	query.Del("from")
	query.Del("to")
	for name, at := range map[string]time.Time{"from": first, "to": after} {
		if !at.IsZero() {
			query.Set(name, at.Format(time.RFC3339))
		}
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusUnprocessableEntity
	} else if err := view.read(v, query); err != nil {
		return err
	}
	if err := view.frame(v); err != nil {
		return err
	}
	return v.Page(status, "document_list.html", "document.title", view, faults...)
}

func (l *listView) read(v *desk.Visit, query url.Values) error {
	query.Set("limit", "25")
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		l.First = address(kept(v))
	}
	var found struct {
		Documents []document `json:"documents"`
		Next      string     `json:"next"`
	}
	if err := v.Get("/documents", query, &found); err != nil {
		return err
	}
	l.Rows = found.Documents
	if found.Next != "" {
		more := kept(v)
		more.Set("after", found.Next)
		l.Next = address(more)
	}
	return nil
}

func (l *listView) frame(v *desk.Visit) error {
	l.Tabs = tabs(map[bool]string{false: "active", true: "archived"}[l.Archived])
	l.Filtered = l.Q != "" || l.Type != "" || l.From != "" || l.To != ""
	l.Folded = l.From == "" && l.To == ""
	l.Reset = address(map[bool]url.Values{true: {"status": {"archived"}}}[l.Archived])
	l.Count = v.T("document.shown", "Count", len(l.Rows))
	known, err := kinds(v)
	if err != nil {
		return err
	}
	l.Kinds = []pages.Option{{Value: "", Label: v.T("document.any")}}
	for _, k := range known {
		l.Kinds = append(l.Kinds, pages.Option{Value: k.Type, Label: k.Label})
	}
	return nil
}

// tabs are the three parts of the archive; here is the present one.
func tabs(here string) []pages.NavItem {
	return []pages.NavItem{
		{Title: "document.tab.active", URL: "/cabinet/documents", Current: here == "active"},
		{Title: "document.tab.incoming", URL: "/cabinet/documents/incoming", Current: here == "incoming"},
		{Title: "document.tab.archived", URL: "/cabinet/documents?status=archived", Current: here == "archived"},
	}
}

func kinds(v *desk.Visit) ([]kind, error) {
	var found struct {
		Types []kind `json:"types"`
	}
	err := v.Get("/documents/types", nil, &found)
	return found.Types, err
}
