package filing

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
	Report     report
	Tag        pages.Tag
	Number     string
	Version    string
	Stages     []pages.Stage // of a draft; nil later
	Lead       string        // where it stands, and what comes next
	LeadKind   string
	Facts      []pages.Pair
	Faults     []faultRow
	Warnings   []faultRow
	More       int // faults beyond those shown
	Signatures []signatureRow
	Receipts   []receiptRow
	Moments    []pages.Moment
	Offers     []pages.Offer
	Danger     []pages.Offer
	Fill       string // the form, while it may be filled in
	FillFirst  bool   // filling it in is what comes next
	Replace    bool   // its file may be replaced
	Due        *time.Time
	Answer     *answerView // what the body asks for
}

// answerView is a clarification that the body asks for, and the ways to answer it.
type answerView struct {
	Text     string
	Number   string
	Due      *time.Time
	Left     string
	Requests string // where its letters are
}

type faultRow struct {
	fault
	Text string
	URL  string // of the field it is about; "" when it has none here
	At   string // line and column of a file
}

type signatureRow struct {
	signature
	Lines []pages.CheckLine
	By    string
	URL   string
}

type receiptRow struct {
	receipt
	Kind   string
	Fields []pages.Pair
	Files  []pages.Attached
}

// one is a report: where it stands, what to do next, and its whole story.
func one(v *desk.Visit) error { return onePage(v, http.StatusOK) }

// mostFaults are shown on the page of a report; the rest is on its steps.
const mostFaults = 30

func onePage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	var view oneView
	path := "/filings/" + desk.Escape(v.PathValue("id"))
	if err := v.Get(path, nil, &view.Report, desk.ETag(&view.Version)); err != nil {
		return err
	}
	var told struct {
		Operations []operation `json:"operations"`
	}
	if err := v.Get(path+"/events", nil, &told); err != nil {
		return err
	}
	r := view.Report
	view.Tag, view.Number = r.tag(), spoken(r.Number)
	view.Moments = moments(v, r, told.Operations)
	view.facts(v)
	view.check(v)
	view.belongings(v)
	view.lead(v)
	view.offers(v)
	return v.Page(status, "filing.html", r.TypeName, view, errs...)
}

// facts are the numbers by which a report is found.
func (view *oneView) facts(v *desk.Visit) {
	r := view.Report
	add := func(label, text, under string) {
		if text != "" {
			view.Facts = append(view.Facts, pages.Pair{Label: label, Text: text, Under: under})
		}
	}
	add("filing.fact.period", r.Period.Name+" "+r.years(), "")
	if r.Correction > 0 {
		add("filing.fact.correction", v.T("filing.correction", "Number", r.Correction), "")
	}
	add("filing.fact.office", r.Office, "")
	add("filing.fact.subject", r.Subject, "")
	add("filing.fact.number", view.Number, "filing.fact.number.hint")
	add("filing.fact.control", r.ControlCode, "filing.fact.control.hint")
	add("filing.fact.body", r.BodyNumber, "")
	if day, err := desk.Day(r.Due); err == nil && r.Due != "" && r.State != "accepted" && r.State != "entered" {
		view.Due = &day
	}
}

// check tells what the last check found, each fault with the way to its field.
func (view *oneView) check(v *desk.Visit) {
	r := view.Report
	if r.Check == nil {
		return
	}
	for _, f := range r.Check.Faults {
		row := faultRow{fault: f, Text: f.plain()}
		if r.made() && r.Actions.Allowed("edit") {
			if path, ok := strings.CutPrefix(f.Element, document); ok {
				row.URL = r.path() + "/fill?" + url.Values{"step": {stepOf(path)}}.Encode() + "#" + prefix + path
			}
		} else if f.Line > 0 {
			row.At = v.T("filing.fault.at", "Line", f.Line, "Column", f.Column)
		}
		switch {
		case f.Severity == "warning":
			view.Warnings = append(view.Warnings, row)
		case len(view.Faults) < mostFaults:
			view.Faults = append(view.Faults, row)
		default:
			view.More++
		}
	}
}

func (view *oneView) belongings(v *desk.Visit) {
	r := view.Report
	for _, s := range r.Signatures {
		row := signatureRow{signature: s, URL: r.path() + "/signatures/" + s.ID}
		if s.Authority != nil && s.Authority.PowerNumber != "" {
			row.By = v.T("filing.signature.power", "Number", s.Authority.PowerNumber)
		}
		for _, c := range s.Checks {
			row.Lines = append(row.Lines, pages.CheckLine{Name: v.T("filing.check." + c.Name), Status: c.Status, Text: c.Text})
		}
		view.Signatures = append(view.Signatures, row)
	}
	for _, one := range r.Receipts {
		view.Receipts = append(view.Receipts, newReceiptRow(r, one))
	}
	slices.Reverse(view.Receipts)
	if r.State == "clarification" {
		view.answer(v)
	}
}

func newReceiptRow(r report, one receipt) receiptRow {
	row := receiptRow{receipt: one, Kind: stateKinds[one.Event]}
	names := make([]string, 0, len(one.Fields))
	for name := range one.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		row.Fields = append(row.Fields, pages.Pair{Label: name, Text: one.Fields[name]})
	}
	for _, f := range one.Files {
		row.Files = append(row.Files, pages.Attached{Name: f.Name, URL: r.path() + "/receipts/" + f.ID})
	}
	return row
}

// answer is the latest request for a clarification.
func (view *oneView) answer(v *desk.Visit) {
	view.Answer = &answerView{}
	if v.May("requests:read") {
		view.Answer.Requests = "/cabinet/requests"
	}
	for _, one := range view.Report.Receipts {
		if one.Event != "clarification" {
			continue
		}
		view.Answer.Text, view.Answer.Number, view.Answer.Due = one.Text, one.Number, one.Due
		if one.Due != nil {
			view.Answer.Left = left(v, v.DaysLeft(*one.Due), true)
		}
	}
}

// lead says where the report stands and what comes next.
func (view *oneView) lead(v *desk.Visit) {
	r := view.Report
	key := r.State
	if r.State == "draft" {
		view.Stages = stages(v, 1)
		switch {
		case r.Check == nil && r.File == nil && !r.made():
			key = "draft.empty"
		case r.Check != nil && r.Check.Accepted:
			key, view.Stages = "draft.ready", stages(v, 3)
		case r.Check != nil:
			key, view.Stages = "draft.faulty", stages(v, 2)
		}
	}
	if r.State == "signed" {
		view.Stages = stages(v, 3)
	}
	if r.Trouble != "" {
		key = "trouble"
	}
	view.Lead = v.T("filing.lead."+key, "Trouble", r.Trouble)
	view.LeadKind = map[string]string{
		"draft.faulty": "stop", "draft.ready": "go", "trouble": "wait", "accepted": "go", "entered": "go", "refused": "stop", "clarification": "wait",
	}[key]
}

// offers are what may be done, the one that comes next as the main button.
func (view *oneView) offers(v *desk.Visit) {
	r := view.Report
	at := r.path()
	ready := r.Check != nil && r.Check.Accepted
	send := func(title, to string) pages.Act { return pages.Act{Title: title, URL: at + to, Post: true} }
	var offers []desk.Offer
	if r.State == "draft" || r.State == "signed" {
		if r.made() && r.Actions.Allowed("edit") {
			view.Fill, view.FillFirst = at+"/fill", !ready
		}
		view.Replace = !r.made() && r.State == "draft"
		offers = append(offers,
			desk.Offer{Action: "check", Act: send("filing.act.check", "/check"), Main: !ready && view.Fill == "", Hide: true},
			desk.Offer{Action: "sign", Act: pages.Act{Title: "filing.act.sign", URL: at + "/sign"}, Main: ready && r.State == "draft", Hide: true},
			desk.Offer{Action: "submit", Act: send("filing.act.submit", "/submit"), Main: r.State == "signed", Hide: true},
		)
	}
	offers = append(offers,
		desk.Offer{Action: "print", Act: pages.Act{Title: "filing.act.print", URL: at + "/act"}, Hide: true},
		desk.Offer{Action: "correct", Act: send("filing.act.correct", "/correct"), Main: r.State == "refused" || r.State == "clarification", Hide: true},
	)
	view.Offers = v.Offers(r.Actions, offers...)
	view.Danger = v.Offers(r.Actions, desk.Offer{Action: "delete", Hide: true, Act: pages.Act{
		Title: "filing.act.delete", URL: at + "/delete", Post: true, Stop: true, Ask: "filing.act.delete.ask",
		Fields: []pages.Hidden{{Name: "version", Value: view.Version}},
	}})
}

// ahead are the states that a report of which nothing is wrong goes through.
var ahead = map[string][]string{
	"draft": {"signed", "sent", "delivered", "accepted"}, "signed": {"sent", "delivered", "accepted"},
	"sent": {"delivered", "accepted"}, "delivered": {"accepted"}, "accepted": {"entered"},
}

// moments tell a report's story: what was done, and what is still to come.
func moments(v *desk.Visit, r report, told []operation) []pages.Moment {
	var list []pages.Moment
	for i, o := range told {
		m := pages.Moment{Title: o.Label, At: o.At, Who: o.Who, Text: o.Text, Kind: stateKinds[o.Event]}
		if i == len(told)-1 {
			m.Here = true
		}
		if same := len(list); same > 0 && o.Event == "edited" && list[same-1].Title == o.Label && list[same-1].Who == o.Who {
			list[same-1] = m // of many edits in a row the last one is told
			continue
		}
		list = append(list, m)
	}
	for _, state := range ahead[r.State] {
		list = append(list, pages.Moment{Title: v.T("filing.state." + state), Ahead: true})
	}
	return list
}
