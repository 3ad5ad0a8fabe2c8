package organisation

import (
	"errors"
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
	Restores    int64          `json:"restores"`
	Attachments []paper        `json:"attachments"`
	How         string         `json:"confirmed_how"`
	Reason      string         `json:"reason"`
	AskedByName string         `json:"asked_by_name"`
	AskedAt     time.Time      `json:"asked_at"`
	DecidedBy   string         `json:"decided_by"`
	DecidedAt   time.Time      `json:"decided_at"`
	ExpiresAt   time.Time      `json:"expires_at"`
	TextToSign  string         `json:"text_to_sign"`
	Actions     desk.Actions   `json:"actions"`
	Authority   *struct {
		By          string `json:"by"`
		Role        string `json:"role"`
		PowerNumber string `json:"power_number"`
	} `json:"authority"`
	Verdict *struct {
		Text string `json:"text"`
	} `json:"verdict"`
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
	Attach  bool         // files may be added
	Papers  []pages.Held // that speak for it
	Facts   []pages.Pair // who asked, by which right, who decided and when
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
	view.May, view.Attach = possible(view.Actions, "confirm"), possible(view.Actions, "attach")
	view.Papers, view.Facts = held(v, ownPath(v)+"/attachments/", view.Attachments, false), view.facts(v)
	view.Offers = v.Offers(view.Actions, desk.Offer{Action: "cancel", Hide: true, Act: pages.Act{
		Title: v.T("company.cancel"), URL: ownPath(v) + "/cancel", Post: true, Stop: true, Ask: v.T("company.cancel.ask"),
	}})
	return v.Page(status, "organisation_change.html", view.Title, view, errs...)
}

// possible reports whether an act may be done, though a stronger sign-in may be needed
// for it.
func possible(actions desk.Actions, name string) bool {
	action := actions.Find(name)
	return action != nil && (action.Allowed || action.Reason == "assurance_insufficient")
}

// facts say who asked, how it was confirmed and by which right, and whose word ended
// it.
func (c change) facts(v *desk.Visit) []pages.Pair {
	facts := []pages.Pair{{Label: "company.fact.asked", Text: who(v, c.AskedByName)}, {Label: "company.fact.asked.at", At: c.AskedAt}}
	add := func(label, text string) {
		if text != "" {
			facts = append(facts, pages.Pair{Label: label, Text: text})
		}
	}
	if c.Restores > 0 {
		add("company.fact.restores", v.T("company.version.number", "Number", c.Restores))
	}
	if c.How != "" {
		add("company.fact.how", v.T("company.how."+c.How))
	}
	if c.Verdict != nil {
		add("company.fact.signature", c.Verdict.Text)
	}
	if c.Authority != nil {
		add("company.fact.right", c.right(v))
	}
	if c.DecidedBy != "" {
		add("company.fact.decided", v.T("company.by."+c.DecidedBy))
	}
	if !c.DecidedAt.IsZero() {
		facts = append(facts, pages.Pair{Label: "company.fact.decided.at", At: c.DecidedAt})
	}
	return facts
}

// right is by which right the change was confirmed.
func (c change) right(v *desk.Visit) string {
	switch {
	case c.Authority.PowerNumber != "":
		return v.T("role.power") + c.Authority.PowerNumber
	case c.Authority.Role != "":
		return v.T("role." + c.Authority.Role)
	}
	return v.T("company.right." + c.Authority.By)
}

// attach adds a file that speaks for the change.
func attach(v *desk.Visit) error {
	all, end, err := parts(v)
	defer end()
	if errors.Is(err, desk.ErrNoFile) {
		return changePage(v, http.StatusUnprocessableEntity, "", pages.FieldError{Field: "file", Key: "company.paper.none"})
	}
	if err != nil {
		return err
	}
	if err = v.Upload(changePath(v)+"/attachments", all, nil); err == nil {
		return v.Done(ownPath(v), "company.done.attached")
	}
	status, errs, err := v.Mendable(err, "file")
	if err != nil {
		return err
	}
	return changePage(v, status, "", errs...)
}

func getAttachment(v *desk.Visit) error {
	return v.Download(changePath(v)+"/attachments/"+desk.Escape(v.PathValue("file")), nil)
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
