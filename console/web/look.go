package web

import (
	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// searchView is the page of a search, with what it found.
type searchView struct {
	Place, Name, Query string
	Done, More         bool
	Found              table
}

func (s searchView) show(v *desk.Visit, status int, errs ...pages.FieldError) error {
	return v.Page(status, "console-search.html", s.Name+".title", s, errs...)
}

// wrong tells what the API would not search for.
func (s searchView) wrong(v *desk.Visit, err error) error {
	status, errs, err := v.Mendable(err, "query")
	if err != nil {
		return err
	}
	return s.show(v, status, errs...)
}

// lookView asks why a card is to be opened.
type lookView struct {
	Name, Action, Reason, Back string
	Looks                      *looksLeft // nil when it is not known
}

// looksLeft is how many cards the operator may open within the hour.
type looksLeft struct {
	Limit int `json:"limit"`
	Used  int `json:"used"`
}

// Left is what remains.
func (l looksLeft) Left() int { return max(0, l.Limit-l.Used) }

// askLook draws the question; name begins its words.
func askLook(v *desk.Visit, status int, name, back string, errs ...pages.FieldError) error {
	me, err := whoami(v)
	if err != nil {
		return err
	}
	view := lookView{Name: name, Action: at(back, v.PathValue("id"), "looks"), Reason: formValue(v, "reason"), Back: back}
	if me.Looks.Limit > 0 {
		view.Looks = &me.Looks
	}
	return v.Page(status, "console-look.html", name+".look", view, errs...)
}

// looked goes on to the card that a reason has opened, or tells what is wrong with the
// reason.
func looked(v *desk.Visit, err error, name, back string) error {
	if err == nil {
		return v.Redirect(at(back, v.PathValue("id")))
	}
	status, errs, err := v.Mendable(err, "reason")
	if err != nil {
		return err
	}
	return askLook(v, status, name, back, errs...)
}

// operator is what the API says about the visitor.
type operator struct {
	Roles []string  `json:"roles"`
	Looks looksLeft `json:"looks"`
}

func whoami(v *desk.Visit) (me operator, err error) {
	err = v.Get("/me", nil, &me)
	return me, err
}
