package web

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// cell is what one column of a row says. Texts are keys of words or texts.
type cell struct {
	Text  string
	URL   string    // makes the text a link
	At    time.Time // shown after the text when not zero
	Under []string  // small lines below
	Tags  []pages.Tag
	Acts  []pages.Act
	Mono  bool // an identifier: it may break anywhere
}

// words is the cell of a text.
func words(text string, under ...string) cell { return cell{Text: text, Under: under} }

// link is the cell of a text that leads to a page.
func link(text, to string, under ...string) cell { return cell{Text: text, URL: to, Under: under} }

// moment is the cell of a time; one that has not come is a dash.
func moment(at time.Time) cell {
	if at.IsZero() {
		return cell{Text: "—"}
	}
	return cell{At: at}
}

// state is the cell of a tag.
func state(kind, text string) cell { return cell{Tags: []pages.Tag{{Kind: kind, Text: text}}} }

// table is a list with columns. On a phone a row becomes a card, in which every cell
// but the first says the name of its column.
type table struct {
	Title    string
	Text     string   // under the title; ""
	Heads    []string // names of the columns
	Rows     [][]cell
	None     string // when there is no row: what will be here
	NoneText string
}

// listView is a page of tables.
type listView struct {
	Lead        string
	Acts        []pages.Act
	Tabs        []pages.NavItem
	Filter      *filter
	Notes       []pages.Tag // told above the tables
	Pairs       []pages.Pair
	Tables      []table
	First, Next string
}

// filter is a form that narrows a list (GET).
type filter struct {
	Action string
	Fields []field
	Act    string
	On     bool // something is filtered
}

// field is one field of a filter or of a deed.
type field struct {
	Kind             string // "" = a line, "date", "select", "box", "prose", "email"
	Name, Label      string
	Hint             string
	Value            string
	Options          []pages.Option
	Most             int // characters; 0 = 500
	Optional, Marked bool
}

// show draws a list.
func (l listView) show(v *desk.Visit, title string, errs ...pages.FieldError) error {
	status := http.StatusOK
	if len(errs) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return v.Page(status, "console-list.html", title, l, errs...)
}

// onward sets where the list begins and goes on: kept are the parameters that stay.
func (l *listView) onward(v *desk.Visit, at, cursor, next string, kept url.Values) {
	if v.Query(cursor) != "" {
		l.First = address(at, kept)
	}
	if next != "" {
		kept = url.Values(http.Header(kept).Clone())
		if kept == nil {
			kept = url.Values{}
		}
		kept.Set(cursor, next)
		l.Next = address(at, kept)
	}
}

func address(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// at is the path of a thing below a place, each part escaped.
func at(place string, parts ...string) string {
	for _, part := range parts {
		place += "/" + desk.Escape(part)
	}
	return place
}

// named says a word of a group, "console.status.active"; a name without words as it
// is.
func named(v *desk.Visit, group, name string) string {
	key := "console." + group + "." + name
	if text := v.T(key); text != key {
		return text
	}
	return name
}

// options are the choices of a group, with "any" first.
func options(v *desk.Visit, group string, names ...string) []pages.Option {
	out := []pages.Option{{Label: v.T("console.any")}}
	for _, name := range names {
		out = append(out, pages.Option{Value: name, Label: named(v, group, name)})
	}
	return out
}
