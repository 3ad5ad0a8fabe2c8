package power

import (
	"strings"

	"propusk/cabinet/web/desk"
)

// book is whose powers a page is about: those that the organisation gave and was given,
// or the visitor's own, whatever organisation he acts for.
type book struct {
	all string // the path of its pages
	api string // and of its records in the API
	own bool
}

var (
	organisations = book{all: "/cabinet/powers", api: "/powers-of-attorney"}
	mine          = book{all: "/cabinet/my-powers", api: "/me/powers", own: true}
)

// here is the book that the page belongs to.
func here(v *desk.Visit) book {
	if path := v.Path(); path == mine.all || strings.HasPrefix(path, mine.all+"/") {
		return mine
	}
	return organisations
}

// of is the page of a power.
func (b book) of(p power) string { return b.all + "/" + p.ID }

// one is the API's path of the power that the page is about.
func (b book) one(v *desk.Visit) string { return b.api + "/" + desk.Escape(v.PathValue("id")) }

// say is the key of a text that is another one in the person's own book.
func (b book) say(key string) string {
	if b.own {
		return key + ".own"
	}
	return key
}

func api(v *desk.Visit) string { return here(v).one(v) }
