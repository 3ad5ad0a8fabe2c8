package power

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type oneView struct {
	Power     power
	Tag       pages.Tag
	From, To  time.Time
	Left      int
	Facts     []pages.Pair
	Lead      string
	LeadKind  string
	Offers    []pages.Offer
	Checks    []pages.CheckLine
	Uses      []use
	Looked    bool // the journal was looked through
	Members   []choice
	ParentURL string
	All       string // pages like it
	Own       bool
	Other     party // who gave it, or who has it
}

// use is an act that somebody did under the power.
type use struct {
	At        time.Time
	What, Who string
}

type choice struct {
	ID, Name string
	Chosen   bool
}

// one is a power: what it allows, for how long, who has used it, and what may be
// done with it.
func one(v *desk.Visit) error { return onePage(v, http.StatusOK) }

func onePage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	var view oneView
	if err := v.Get(api(v), nil, &view.Power); err != nil {
		return err
	}
	if err := named(v, view.Power.Allows); err != nil {
		return err
	}
	p := view.Power
	view.Own = here(v).own
	view.Other = view.other(v)
	view.Tag, view.From, view.To = p.tag(), day(p.IssuedOn), day(p.Until)
	view.Left = v.DaysLeft(view.To)
	view.facts(v)
	view.lead(v)
	view.offers(v)
	view.Checks = p.Validation.checkLines(v)
	view.All = here(v).all
	// Whom a person was given a power by stands above him; what he was given, below what
	// he hands on, is his to see.
	if p.ParentID != "" && (!here(v).own || p.Actions.Find("revoke") != nil) {
		view.ParentURL = view.All + "/" + p.ParentID
	}
	if err := view.uses(v); err != nil {
		return err
	}
	if err := view.performers(v); err != nil {
		return err
	}
	return v.Page(status, "power.html", v.T("power.title", "Name", view.Other.Name), view, errs...)
}

// other is the side of the power that the visitor is not on: who gave it, or who has it.
func (view *oneView) other(v *desk.Visit) party {
	p := view.Power
	given := p.Representative.INN != "" && p.Representative.INN == v.Organisation().INN
	if view.Own {
		given = p.Actions.Find("revoke") == nil // what he handed on is his to take back
	}
	if given {
		return p.Principal
	}
	return p.Representative
}

func (view *oneView) facts(v *desk.Visit) {
	p := view.Power
	add := func(label, text, under string) {
		if text != "" {
			view.Facts = append(view.Facts, pages.Pair{Label: label, Text: text, Under: under})
		}
	}
	number := func(label, value string) string {
		if value == "" {
			return ""
		}
		return v.T(label) + " " + value
	}
	add("power.fact.principal", p.Principal.Name, number("number.inn", p.Principal.INN))
	numbers := slices.DeleteFunc([]string{number("number.inn", p.Representative.INN), number("power.snils", p.Representative.SNILS)},
		func(s string) bool { return s == "" })
	add("power.fact.representative", p.Representative.Name, strings.Join(numbers, " · "))
	add("power.fact.form", p.FormLabel, "")
	add("power.fact.number", p.Number, "")
}

// lead says whether the power works now.
func (view *oneView) lead(v *desk.Visit) {
	p := view.Power
	key := p.Status
	if p.Status == "active" && view.Left <= 30 {
		key = "active.soon"
	}
	text := "power.lead." + key
	switch {
	case key == "draft":
		text = here(v).say(text)
	case key == "active.soon" && p.Actions.Find("renounce") != nil:
		text += ".given" // another one is its principal's to give
	}
	view.Lead = v.T(text, "Count", view.Left, "Days", view.Left, "Reason", p.Reason)
	view.LeadKind = map[string]string{
		"draft": "wait", "checking": "wait", "active": "go", "active.soon": "wait", "expired": "", "revoked": "stop", "refused": "stop",
	}[key]
}

func (view *oneView) offers(v *desk.Visit) {
	p := view.Power
	at := here(v).of(p)
	link := func(title, to string) pages.Act { return pages.Act{Title: title, URL: at + to} }
	revoke, renounce := link("power.act.revoke", "/revoke"), link("power.act.renounce", "/renounce")
	revoke.Stop, renounce.Stop = true, true
	actions := p.Actions
	if p.Delegation == 0 { // it says that it is not to be handed on
		actions = slices.DeleteFunc(slices.Clone(actions), func(a desk.Action) bool { return a.Action == "delegate" })
	}
	view.Offers = v.Offers(actions,
		desk.Offer{Action: "sign", Act: link("power.act.sign", "/sign"), Main: true, Hide: true},
		desk.Offer{Action: "replace", Act: pages.Act{Title: "power.act.replace", URL: organisations.all + "/new?replaces=" + url.QueryEscape(p.ID)}, Hide: true},
		desk.Offer{Action: "delegate", Act: pages.Act{Title: "power.act.hand", URL: here(v).all + "/new?hands_on=" + url.QueryEscape(p.ID)}, Hide: true},
		desk.Offer{Action: "revoke", Act: revoke, Hide: true},
		desk.Offer{Action: "renounce", Act: renounce, Hide: true},
	)
}

// The journal is looked through for acts under the power: so many of its entries, in
// pages of so many.
const (
	usesPages = 3
	usesPage  = 200
	usesMost  = 20
)

// uses are the latest acts under the power, from the journal of whom it was given by.
func (view *oneView) uses(v *desk.Visit) error {
	if here(v).own || !v.May("journal:read") || view.Power.Status == "draft" || view.Power.Status == "checking" {
		return nil
	}
	view.Looked = true
	before := int64(0)
	for range usesPages {
		found, next, err := entries(v, before)
		if err != nil {
			return err
		}
		for _, e := range found {
			if e.Details["power"] == view.Power.Number && len(view.Uses) < usesMost {
				view.Uses = append(view.Uses, use{At: e.At, What: v.T("power.used." + noun(e.Action)), Who: e.ActorName})
			}
		}
		if before = next; next == 0 || len(view.Uses) >= usesMost {
			break
		}
	}
	return nil
}

// performers are the members whom an organisation names to act under a power that it
// was given.
func (view *oneView) performers(v *desk.Visit) error {
	if !view.Power.Actions.Allowed("performers") || !v.May("members:read") {
		return nil
	}
	var found struct {
		Members []member `json:"members"`
	}
	if err := v.Get("/organization/members", url.Values{"limit": {"200"}}, &found); err != nil {
		return err
	}
	for _, m := range found.Members {
		view.Members = append(view.Members, choice{ID: m.ID, Name: m.Person.Name, Chosen: slices.Contains(view.Power.Performers, m.ID)})
	}
	return nil
}

// performers names who acts under the power, instead of those named before.
func performers(v *desk.Visit) error {
	named := v.Form()["member"]
	if named == nil {
		named = []string{}
	}
	if err := v.Put(api(v)+"/performers", map[string]any{"members": named}, nil); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return onePage(v, status, errs...)
	}
	return v.Done(organisations.all+"/"+desk.Escape(v.PathValue("id")), "power.performers.done")
}
