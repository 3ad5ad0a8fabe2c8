package tender

import (
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type mineView struct {
	Tabs        []pages.NavItem
	Archive     bool
	State       string
	States      []pages.Option
	Rows        []participation
	Filtered    bool
	First, Next string
	Export      string
}

var living = []string{"draft", "signed", "sent", "registered", "admitted", "withdrawing"}
var over = []string{"won", "lost", "rejected", "cancelled", "withdrawn", "replaced", "refused", "failed"}

// applications are those under way or, with archive=true, those that are over.
func applications(v *desk.Visit) error {
	view := mineView{Archive: v.Query("archive") == "true", State: v.Query("state")}
	query, at, states := url.Values{"archive": {"false"}}, mine, living
	if view.Archive {
		query, at, states = url.Values{"archive": {"true"}}, mine+"?archive=true", over
	}
	view.Tabs, view.Filtered = tabs(at), view.State != ""
	view.States = []pages.Option{{Label: v.T("tender.any")}}
	for _, name := range states {
		view.States = append(view.States, pages.Option{Value: name, Label: v.T("tender.state." + name)})
	}
	if view.State != "" {
		query.Set("state", view.State)
	}
	here := mine + "?" + query.Encode()
	view.Export = mine + "/export?" + query.Encode()
	if after := v.Query("after"); after != "" {
		view.First = here
		query.Set("after", after)
	}
	query.Set("limit", "20")
	var found struct {
		Items []participation `json:"items"`
		Next  string          `json:"next"`
	}
	title := "tender.tab.mine"
	if view.Archive {
		title = "tender.tab.archive"
	}
	if err := v.Get("/tender-applications", query, &found); err != nil {
		status, errs, err := v.Mendable(err, "state")
		if err != nil {
			return err
		}
		return v.Page(status, "tender_applications.html", title, view, errs...)
	}
	view.Rows = found.Items
	if found.Next != "" {
		view.Next = here + "&" + url.Values{"after": {found.Next}}.Encode()
	}
	return v.Page(http.StatusOK, "tender_applications.html", title, view)
}

// exportApplications hands the list over as a workbook.
func exportApplications(v *desk.Visit) error {
	return v.Export("tender_applications", "/tender-applications/export", v.Kept("state", "archive"))
}

func apiMine(v *desk.Visit) string { return "/tender-applications/" + desk.Escape(v.PathValue("id")) }

type applicationView struct {
	One     whole
	ETag    string
	Watch   string // where its progress is told while somebody else works on it
	Percent int
	Facts   []pages.Pair
	Moments []pages.Moment
	Offers  []pages.Offer
	Danger  []pages.Offer
	Stops   []finding
	Warns   []finding
	Changed bool // the announcement has a new revision
	Keep    bool // its text may be kept as a template
}

// percents are how far an application is while others work on it.
var percents = map[string]int{"sent": 20, "registered": 50, "withdrawing": 60, "admitted": 75}

// application is one: where it stands, what stops it, what can be done.
func application(v *desk.Visit) error { return applicationPage(v, http.StatusOK) }

func applicationPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	view := applicationView{}
	if err := v.Get(apiMine(v), nil, &view.One, desk.ETag(&view.ETag)); err != nil {
		return err
	}
	a := view.One
	if percent, under := percents[a.State]; under {
		view.Percent, view.Watch = percent, a.path()+"/progress?state="+a.State
	}
	for _, f := range a.Findings {
		view.Changed = view.Changed || f.Code == "changed"
		if f.Severity == "error" {
			view.Stops = append(view.Stops, f)
		} else {
			view.Warns = append(view.Warns, f)
		}
	}
	view.Keep = a.Origin == "cabinet" && v.May("tenders:write")
	view.facts(v)
	view.story()
	view.offers(v)
	return v.Page(status, "tender_application.html", "tender.application", view, errs...)
}

func (view *applicationView) facts(v *desk.Visit) {
	a := view.One
	text := func(label, value, under string) {
		if value != "" {
			view.Facts = append(view.Facts, pages.Pair{Label: label, Text: value, Under: under})
		}
	}
	notice := pages.Pair{Label: "tender.fact.notice", Text: a.TenderNumber}
	if a.TenderID != "" {
		notice.Act = &pages.Act{Title: "tender.open", URL: all + "/notices/" + a.TenderID}
	}
	view.Facts = append(view.Facts, notice)
	text("tender.fact.customer", a.Customer, "")
	text("tender.fact.price", a.Start(), "")
	text("tender.fact.offer", a.Sum(), "")
	text("tender.fact.number", a.Number, "")
	if a.Place > 0 {
		text("tender.fact.rank", grouped(a.Place), "")
	}
	if a.DeadlineAt != nil && !a.Over {
		view.Facts = append(view.Facts, pages.Pair{Label: "tender.fact.deadline", At: *a.DeadlineAt})
	}
	if a.SubmittedAt != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "tender.fact.submitted", At: *a.SubmittedAt})
	}
	if a.DecidedAt != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "tender.fact.decided", At: *a.DecidedAt})
	}
	if a.Signature != nil {
		text("tender.fact.signer", a.Signature.Signer, "")
	}
}

// story is the history, the latest first.
func (view *applicationView) story() {
	events := view.One.Events
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		m := pages.Moment{Title: "tender.event." + e.Event, Who: e.Who, Text: e.Text, Here: i == len(events)-1, Kind: stateKinds[e.State]}
		if e.Event == "status" {
			m.Title = e.StateLabel
		}
		if e.At != nil {
			m.At = *e.At
		}
		view.Moments = append(view.Moments, m)
	}
}

func (view *applicationView) offers(v *desk.Visit) {
	a := view.One
	act := func(title, to string, post bool) pages.Act {
		return pages.Act{Title: title, URL: a.path() + to, Post: post}
	}
	withdraw, remove := act("tender.act.withdraw", "/withdraw", true), act("tender.act.remove", "/remove", true)
	withdraw.Ask, withdraw.Stop = "tender.act.withdraw.ask", true
	remove.Ask, remove.Stop = "tender.act.remove.ask", true
	editable := a.State == "draft" || a.State == "signed"
	ready := len(view.Stops) == 0
	if a.State == "draft" && ready {
		view.Offers = append(view.Offers, v.Offers(a.Actions, desk.Offer{Action: "sign", Act: act("tender.act.sign", "/sign", false), Main: true})...)
	}
	if a.State == "signed" && ready {
		view.Offers = append(view.Offers, v.Offers(a.Actions, desk.Offer{Action: "submit", Act: act("tender.act.submit", "/submit", true), Main: true})...)
	}
	if editable {
		view.Offers = append(view.Offers, v.Offers(a.Actions, desk.Offer{Action: "edit", Act: act("tender.act.edit", "/edit", false), Main: !ready, Hide: true})...)
	}
	view.Offers = append(view.Offers, v.Offers(a.Actions, desk.Offer{Action: "revise", Act: act("tender.act.revise", "/revise", true), Hide: true})...)
	view.Danger = v.Offers(a.Actions,
		desk.Offer{Action: "withdraw", Act: withdraw, Hide: true},
		desk.Offer{Action: "remove", Act: remove, Hide: true},
	)
}

// progress tells the page's script whether the application is where the page shows it.
func progress(v *desk.Visit) error {
	var a participation
	if err := v.Get(apiMine(v), nil, &a); err != nil {
		return v.Refusal(err)
	}
	return v.JSON(http.StatusOK, map[string]any{"percent": percents[a.State], "stage": a.StateLabel, "over": a.State != v.Query("state")})
}

// file hands an attached file over.
func file(v *desk.Visit) error {
	return v.Download(apiMine(v)+"/files/"+desk.Escape(v.PathValue("file")), nil)
}

func here(v *desk.Visit) string { return mine + "/" + desk.Escape(v.PathValue("id")) }

// does is an act that needs nothing but the press of its button.
func does(act string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		if err := v.Post(apiMine(v)+"/"+act, nil, nil, desk.IdempotencyKey(v.FormKey())); err != nil {
			return notDone(v, err)
		}
		return v.Done(here(v), "tender.done."+act)
	}
}

// notDone draws the application again with the reason why an act was not done.
func notDone(v *desk.Visit, err error) error {
	status, errs, err := v.Mendable(err, "name")
	if err != nil {
		return err
	}
	return applicationPage(v, status, errs...)
}

// revised begins the next version.
func revised(v *desk.Visit) error {
	var made whole
	if err := v.Post(apiMine(v)+"/revision", nil, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		return notDone(v, err)
	}
	return v.Redirect(made.path() + "/edit")
}

// accepted makes the application one to the announcement's present revision.
func accepted(v *desk.Visit) error {
	var a whole
	var tender announcement
	err := v.Get(apiMine(v), nil, &a)
	if err == nil {
		err = v.Get("/tenders/"+desk.Escape(a.TenderID), nil, &tender)
	}
	if err != nil {
		return err
	}
	if v.Value("revision") != grouped(tender.Revision) { // another change came while this one was read
		return v.Redirect(here(v))
	}
	if err := v.Patch(apiMine(v), map[string]any{"revision": tender.Revision}, nil); err != nil {
		return notDone(v, err)
	}
	return v.Done(here(v), "tender.done.accept")
}

// removed throws a draft away.
func removed(v *desk.Visit) error {
	if err := v.Delete(apiMine(v), nil, nil); err != nil {
		return notDone(v, err)
	}
	return v.Done(mine, "tender.done.remove")
}

// templateKept keeps the text as a template.
func templateKept(v *desk.Visit) error {
	body := map[string]string{"name": v.Value("name"), "application_id": v.PathValue("id")}
	if err := v.Post("/tender-templates", body, nil, desk.IdempotencyKey(v.FormKey())); err != nil {
		return notDone(v, err)
	}
	return v.Done(kept, "tender.done.template")
}
