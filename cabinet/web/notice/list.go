package notice

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type listView struct {
	Tabs        []pages.NavItem
	Category    string
	Importance  string
	From, To    string
	Unread      bool
	Categories  []pages.Option
	Importances []pages.Option
	Rows        []row
	Count       count
	Newest      string // id of the newest notice shown: all up to it are marked
	Filtered    bool
	Folded      bool
	First, Next string
}

type row struct {
	notice
	Label string // of the category
	Opens bool   // it has a page in the cabinet
}

var importances = []string{"low", "normal", "high", "critical"}

var filters = []string{"category", "importance", "unread", "from", "to"}

func kept(v *desk.Visit) url.Values { return v.Kept(filters...) }

func address(query url.Values) string {
	if len(query) == 0 {
		return "/cabinet/notices"
	}
	return "/cabinet/notices?" + query.Encode()
}

// list shows the person's notices in the organisation (row 222).
func list(v *desk.Visit) error {
	view := listView{
		Tabs: tabs(v), Category: v.Query("category"), Importance: v.Query("importance"), Unread: v.Query("unread") != "",
		From: v.Query("from"), To: v.Query("to"),
	}
	view.Folded = view.From == "" && view.To == "" && view.Importance == ""
	view.Filtered = view.Category != "" || view.Unread || !view.Folded
	labels, err := categories(v)
	if err != nil {
		return err
	}
	status := http.StatusOK
	first, after, faults := v.Period("from", "to")
	if len(faults) > 0 {
		status = http.StatusUnprocessableEntity
	} else if err := view.read(v, first, after, labels); err != nil {
		return err
	}
	if err := v.Get("/notices/count", nil, &view.Count); err != nil {
		return err
	}
	view.options(v, labels)
	return v.Page(status, "notices_list.html", "notices.title", view, faults...)
}

// categories are named by the settings, as the API has no other list of them.
func categories(v *desk.Visit) ([]labelled, error) {
	var known settings
	err := v.Get("/notices/settings", nil, &known)
	return known.Categories, err
}

func (l *listView) read(v *desk.Visit, first, after time.Time, labels []labelled) error {
	query := kept(v)
	query.Del("from")
	query.Del("to")
	for name, at := range map[string]time.Time{"from": first, "to": after} {
		if !at.IsZero() {
			query.Set(name, at.Format(time.RFC3339))
		}
	}
	query.Set("limit", "25")
	if cursor := v.Query("after"); cursor != "" {
		query.Set("after", cursor)
		l.First = address(kept(v))
	}
	var found struct {
		Notices []notice `json:"notices"`
		Next    string   `json:"next"`
	}
	if err := v.Get("/notices", query, &found); err != nil {
		return err
	}
	for _, one := range found.Notices {
		l.Rows = append(l.Rows, row{one, labelOf(labels, one.Category), strings.HasPrefix(one.Path, "/cabinet/")})
	}
	if len(found.Notices) > 0 {
		l.Newest = found.Notices[0].ID
	}
	if found.Next != "" {
		more := kept(v)
		more.Set("after", found.Next)
		l.Next = address(more)
	}
	return nil
}

func labelOf(labels []labelled, category string) string {
	for _, one := range labels {
		if one.Category == category {
			return one.Label
		}
	}
	return category
}

func (l *listView) options(v *desk.Visit, labels []labelled) {
	l.Categories = []pages.Option{{Value: "", Label: v.T("notices.any")}}
	for _, one := range labels {
		l.Categories = append(l.Categories, pages.Option{Value: one.Category, Label: one.Label})
	}
	l.Importances = []pages.Option{{Value: "", Label: v.T("notices.any")}}
	for _, name := range importances {
		l.Importances = append(l.Importances, pages.Option{Value: name, Label: v.T("notices.from." + name)})
	}
}

// readAll marks what the person has seen: all up to the newest notice on the page.
func readAll(v *desk.Visit) error {
	body := map[string]string{}
	if newest := v.Value("up_to"); newest != "" {
		body["up_to"] = newest
	}
	if err := v.Post("/notices/read", body, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/notices", "notices.done.read")
}

func set(v *desk.Visit, read bool) error {
	return v.Patch("/notices/"+desk.Escape(v.PathValue("id")), map[string]bool{"read": read}, nil)
}

// mark makes a notice read, or unread again.
func mark(read bool) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		if err := set(v, read); err != nil {
			return err
		}
		return v.Redirect("/cabinet/notices")
	}
}

// open marks a notice as read and leads to what it is about. Where that is the API
// says, not the form.
func open(v *desk.Visit) error {
	var one notice
	if err := v.Get("/notices/"+desk.Escape(v.PathValue("id")), nil, &one); err != nil {
		return err
	}
	if err := set(v, true); err != nil {
		return err
	}
	if !strings.HasPrefix(one.Path, "/cabinet/") {
		return v.Redirect("/cabinet/notices")
	}
	return v.Redirect(one.Path)
}
