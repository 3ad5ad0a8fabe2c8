package web

import (
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// card is a page about one thing.
type card struct {
	Tags     []pages.Tag
	Note     string // what to know before reading on
	Offers   []pages.Offer
	Sections []section
	Tables   []table
	Moments  []pages.Moment
	Form     *deedView // the one form of the page, below everything; nil = none
	Back     string    // where the list is
	BackTo   string
}

// section is a part of a card in pairs.
type section struct {
	Title string
	Pairs []pages.Pair
}

// show draws a card.
func (c card) show(v *desk.Visit, status int, title string, errs ...pages.FieldError) error {
	if status == 0 {
		status = http.StatusOK
	}
	return v.Page(status, "console-card.html", title, c, errs...)
}

// pair is a line of a section; one without a value is a dash.
func pair(label, text string) pages.Pair {
	if text == "" {
		text = "—"
	}
	return pages.Pair{Label: label, Text: text}
}

// offer is an act of the API on a thing, as a link to the page that asks for its
// reason.
func offer(action, title, to string, stop bool) desk.Offer {
	return desk.Offer{Action: action, Act: pages.Act{Title: title, URL: to, Stop: stop}}
}
