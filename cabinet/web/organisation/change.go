package organisation

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// change is a new state of a block on its way into the profile.
type change struct {
	ID          string         `json:"id"`
	Block       string         `json:"block"`
	State       string         `json:"state"`
	Before      map[string]any `json:"before"`
	After       map[string]any `json:"after"`
	Differences []difference   `json:"differences"`
	Reason      string         `json:"reason"`
	AskedAt     time.Time      `json:"asked_at"`
	ExpiresAt   time.Time      `json:"expires_at"`
	Actions     desk.Actions   `json:"actions"`
}

// difference is what the register says otherwise.
type difference struct {
	Field    string `json:"field"`
	Given    string `json:"given"`
	Register string `json:"register"`
}

type changedLine struct{ Label, Before, After string }

type changeView struct {
	change
	Title   string
	Tag     pages.Tag
	Lines   []changedLine
	Waiting bool
	Guarded bool   // official contacts are moved
	Lost    bool   // … which are lost
	Sent    string // where the code was sent, masked
	May     bool
	Offers  []pages.Offer
}

// movesContacts reports whether the change moves a contact that the organisation had.
func (c change) movesContacts() bool {
	had := func(field string) bool { return c.Before[field] != nil && c.Before[field] != "" }
	return c.Block == "contacts" && (had("phone") || had("email")) &&
		(c.Before["phone"] != c.After["phone"] || c.Before["email"] != c.After["email"])
}

func changePath(v *desk.Visit) string {
	return "/organization/changes/" + desk.Escape(v.PathValue("id"))
}

func ownPath(v *desk.Visit) string { return "/cabinet" + changePath(v) }

// showChange shows what changes, and how it is confirmed.
func showChange(v *desk.Visit) error { return changePage(v, http.StatusOK, "") }

func changePage(v *desk.Visit, status int, sent string, errs ...pages.FieldError) error {
	var view changeView
	if err := v.Get(changePath(v), nil, &view.change); err != nil {
		return err
	}
	view.Title = v.T("company.block." + view.Block)
	view.Tag = pages.Tag{Kind: stateKinds[view.State], Text: v.T("company.state." + view.State)}
	view.Lines = changed(v, sheets[view.Block], view.Before, view.After)
	view.Waiting, view.Sent = view.State == "proposed", sent
	view.Guarded, view.Lost = view.movesContacts(), lost(v)
	view.May = view.Actions.Allowed("confirm") || view.Actions.Find("confirm") != nil && view.Actions.Find("confirm").Reason == "assurance_insufficient"
	view.Offers = v.Offers(view.Actions, desk.Offer{Action: "cancel", Hide: true, Act: pages.Act{
		Title: v.T("company.cancel"), URL: ownPath(v) + "/cancel", Post: true, Stop: true, Ask: v.T("company.cancel.ask"),
	}})
	return v.Page(status, "organisation_change.html", view.Title, view, errs...)
}

// changed are the lines in which two states of a block differ.
func changed(v *desk.Visit, drawn sheet, before, after map[string]any) []changedLine {
	old, now := map[string]string{}, map[string]string{}
	var order []string
	for _, pair := range drawn.pairs(v, before) {
		old[pair.Label] = pair.Text
		order = append(order, pair.Label)
	}
	for _, pair := range drawn.pairs(v, after) {
		now[pair.Label] = pair.Text
		if _, known := old[pair.Label]; !known {
			order = append(order, pair.Label)
		}
	}
	var lines []changedLine
	for _, label := range order {
		if old[label] != now[label] {
			lines = append(lines, changedLine{label, old[label], now[label]})
		}
	}
	return lines
}

// lost reports whether the official contacts, from which they are moved, are lost:
// then the code is of the person's own, and operators decide.
func lost(v *desk.Visit) bool { return v.Value("lost") != "" }

// sendCode sends a code to a contact of the person's own, or to the official contact
// that the change would move away from.
func sendCode(v *desk.Visit) error {
	var sent struct {
		To string `json:"to"`
	}
	err := v.Post(changePath(v)+"/codes", map[string]any{"channel": v.Value("channel"), "lost": lost(v)}, &sent)
	if err == nil {
		return changePage(v, http.StatusOK, sent.To)
	}
	status, errs, err := v.Faults(err, "channel")
	if err != nil {
		return err
	}
	return changePage(v, status, "", errs...)
}

// confirm puts the change into force by its code.
func confirm(v *desk.Visit) error {
	var made change
	err := v.Post(changePath(v)+"/confirm", map[string]any{"code": v.Value("code"), "lost": lost(v)}, &made)
	if err == nil {
		return v.Done("/cabinet/organization", "company.done."+doneState(made.State))
	}
	status, errs, err := v.Faults(err, "code")
	if err != nil {
		return err
	}
	return changePage(v, status, v.Value("sent"), errs...)
}

// doneState is what is told of a change that was confirmed.
func doneState(state string) string {
	if state == "moderation" {
		return state
	}
	return "applied"
}

func cancel(v *desk.Visit) error {
	if err := v.Delete(changePath(v), nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/organization", "company.done.cancelled")
}
