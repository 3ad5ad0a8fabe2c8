package tender

import (
	"errors"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// tenderView is an announcement as lists show it.
type tenderView struct {
	ID          string             `json:"id"`
	Number      string             `json:"number"`
	Object      string             `json:"object"`
	State       string             `json:"state"`
	StateLabel  string             `json:"state_label"`
	Customer    authority.Customer `json:"customer"`
	Sector      sectorView         `json:"sector"`
	Region      string             `json:"region"`
	Price       int64              `json:"price"` // kopecks
	PublishedAt storage.Time       `json:"published_at"`
	DeadlineAt  storage.Time       `json:"deadline_at"`
	Applied     string             `json:"application_id"` // the organisation's living application, "" = none
}

type sectorView struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

func (t *Tenders) tenderView(a Tender, lang string) tenderView {
	phase := a.phase(t.now())
	c := a.Content.V
	return tenderView{
		ID: a.ID, Number: a.Number, Object: a.Object, State: phase, StateLabel: phaseLabels[phase].in(lang), Customer: c.Customer,
		Sector: sectorView{c.Sectors[0].Code, c.Sectors[0].Name}, Region: a.Region, Price: a.Price, PublishedAt: a.PublishedAt, DeadlineAt: a.DeadlineAt,
	}
}

// wholeTenderView is one announcement with everything.
type wholeTenderView struct {
	tenderView
	Revision            int64             `json:"revision"`
	Change              string            `json:"change"`
	Method              sectorView        `json:"method"`
	Sectors             []sectorView      `json:"sectors"`
	ReviewOn            authority.Date    `json:"review_on"`
	ApplicationSecurity int64             `json:"application_security"`
	ContractSecurity    int64             `json:"contract_security"`
	SmallOnly           bool              `json:"small_only"`
	Term                string            `json:"term"`
	Place               string            `json:"place"`
	Requirements        []string          `json:"requirements"`
	Documents           []documentView    `json:"documents"`
	Protocols           []protocolView    `json:"protocols"`
	Applications        []applicationView `json:"applications"`
	Actions             []api.Action      `json:"actions"`
}

type documentView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Href   string `json:"href"`
}

type protocolView struct {
	Number string       `json:"number"`
	Kind   string       `json:"kind"`
	At     storage.Time `json:"at"`
	Text   string       `json:"text"`
}

func (t *Tenders) wholeTender(c api.Call, a Tender) (wholeTenderView, error) {
	of := a.Content.V
	v := wholeTenderView{
		tenderView: t.tenderView(a, c.Lang()), Revision: a.Revision, Change: of.Change, Method: sectorView{of.Method.Code, of.Method.Name}, ReviewOn: of.ReviewOn,
		ApplicationSecurity: of.ApplicationSecurity, ContractSecurity: of.ContractSecurity, SmallOnly: of.SmallOnly, Term: of.Term, Place: of.Place,
		Requirements: api.List(of.Requirements), Sectors: []sectorView{}, Documents: []documentView{}, Protocols: []protocolView{}, Applications: []applicationView{},
	}
	for _, s := range of.Sectors {
		v.Sectors = append(v.Sectors, sectorView{s.Code, s.Name})
	}
	for _, d := range of.Documents {
		v.Documents = append(v.Documents, documentView{d.ID, d.Name, d.Size, d.SHA256, "/v1/tenders/" + a.ID + "/documents/" + d.ID})
	}
	for _, p := range of.Protocols {
		v.Protocols = append(v.Protocols, protocolView{p.Number, p.Kind, p.At, p.Text})
	}
	mine, err := t.Applications(c.Ctx(), c.Organisation(), Chosen{Tender: a.ID}, api.Page{Limit: 20})
	if err != nil {
		return v, err
	}
	for _, one := range mine[:min(len(mine), 20)] {
		v.Applications = append(v.Applications, t.view(one, c.Lang()))
		if !one.State.Over() && v.Applied == "" {
			v.Applied = one.ID
		}
	}
	apply := api.ActOf("apply", write("POST", onTender+"/applications", nil)).
		Unless(v.Applied == "", "tender_applied").Unless(a.takes(t.now()), "tender_over")
	v.Actions, err = c.Actions(apply)
	return v, err
}

// applicationView is an application as lists show it.
type applicationView struct {
	ID           string       `json:"id"`
	TenderID     string       `json:"tender_id"` // "" when the announcement is not here
	TenderNumber string       `json:"tender_number"`
	Object       string       `json:"object"`
	Customer     string       `json:"customer"`
	CustomerINN  string       `json:"customer_inn"`
	Sector       string       `json:"sector"`
	State        State        `json:"state"`
	StateLabel   string       `json:"state_label"`
	Over         bool         `json:"over"`
	Number       string       `json:"number"`
	StartPrice   int64        `json:"start_price"`
	Offer        int64        `json:"offer"`
	Place        int64        `json:"place"` // 0 = not told
	Comment      string       `json:"comment"`
	Trouble      string       `json:"trouble"`
	Origin       string       `json:"origin"`
	CreatedAt    storage.Time `json:"created_at"`
	UpdatedAt    storage.Time `json:"updated_at"`
	SubmittedAt  storage.Time `json:"submitted_at"`
	DecidedAt    storage.Time `json:"decided_at"`
}

func (t *Tenders) view(a Application, lang string) applicationView {
	offer := a.Offer
	if offer == 0 {
		offer = a.Form.V.Price
	}
	return applicationView{
		ID: a.ID, TenderID: a.TenderID, TenderNumber: a.TenderNumber, Object: a.Object, Customer: a.CustomerName, CustomerINN: a.CustomerINN, Sector: a.Sector,
		State: a.State, StateLabel: a.State.Label(lang), Over: a.State.Over(), Number: a.Number, StartPrice: a.StartPrice, Offer: offer, Place: a.Place,
		Comment: a.Comment, Trouble: trouble(a.Trouble, lang), Origin: a.Origin, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
		SubmittedAt: a.SubmittedAt, DecidedAt: a.DecidedAt,
	}
}

// wholeView is one application with everything.
type wholeView struct {
	applicationView
	Revision   int64               `json:"revision"`
	Deadline   storage.Time        `json:"deadline_at"`
	Form       Form                `json:"form"`
	Applicant  Applicant           `json:"applicant"`
	Files      []attachmentView    `json:"files"`
	Document   signedView          `json:"document"`
	Signature  *markView           `json:"signature"`
	Authority  directory.Authority `json:"authority"`
	Replaces   string              `json:"replaces_id"`
	ReplacedBy string              `json:"next_id"` // its next version that is being prepared or sent
	Findings   []findingView       `json:"findings"`
	Events     []eventView         `json:"events"`
	Actions    []api.Action        `json:"actions"`
}

type attachmentView struct {
	DocumentID string `json:"document_id"`
	Name       string `json:"name"`
	MediaType  string `json:"media_type"`
	Size       int64  `json:"size"`
	SHA256     string `json:"sha256"`
	Href       string `json:"href"`
}

type signedView struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type markView struct {
	Signer      string       `json:"signer"`
	Certificate string       `json:"certificate"`
	At          storage.Time `json:"at"`
}

type findingView struct {
	Code     string `json:"code"`
	Severity string `json:"severity"` // error, warning
	Field    string `json:"field"`
	Title    string `json:"title"`
	Advice   string `json:"advice"`
}

type eventView struct {
	Event      string       `json:"event"`
	State      State        `json:"state"`
	StateLabel string       `json:"state_label"`
	Who        string       `json:"who"`
	Text       string       `json:"text"`
	At         storage.Time `json:"at"`
}

func findingViews(found []Finding, lang string) []findingView {
	list := make([]findingView, len(found))
	for i, f := range found {
		severity := "warning"
		if f.Stops() {
			severity = "error"
		}
		list[i] = findingView{f.Code, severity, f.Field, f.Title(lang), f.Advice(lang)}
	}
	return list
}

// whole is the application with its check, while it is prepared, and what can be
// done.
func (t *Tenders) whole(c api.Call, a Application) (wholeView, error) {
	v := wholeView{
		applicationView: t.view(a, c.Lang()), Revision: a.Revision, Form: a.Form.V, Applicant: a.Applicant.V, Files: []attachmentView{},
		Authority: a.Authority.V, Replaces: a.Replaces, Findings: []findingView{}, Events: []eventView{},
	}
	for _, f := range a.Files.V {
		v.Files = append(v.Files, attachmentView{f.DocumentID, f.Name, f.MediaType, f.Size, f.SHA256, "/v1/tender-applications/" + a.ID + "/files/" + f.FileID})
	}
	if m := a.Signature.V; m.Fingerprint != "" {
		v.Signature = &markView{m.Signer, m.Fingerprint, m.At}
	}
	if a.Origin == fromCabinet {
		content, sha, err := t.content(c.Ctx(), a)
		if err != nil {
			return v, refusal(err)
		}
		v.Document = signedView{a.documentName(), int64(len(content)), sha}
	}
	var tender Tender
	var err error
	if a.TenderID != "" {
		if tender, err = t.Announcement(c.Ctx(), a.TenderID); err != nil {
			return v, err
		}
		v.Deadline = tender.DeadlineAt
	}
	if err := t.story(c, a, &v); err != nil {
		return v, err
	}
	v.Actions, err = c.Actions(t.acts(a, tender, v)...)
	return v, err
}

// story fills in the check, the history and the next version.
func (t *Tenders) story(c api.Call, a Application, v *wholeView) error {
	if a.State.Editable() {
		found, err := t.Check(c.Ctx(), a)
		if err != nil {
			return err
		}
		v.Findings = findingViews(found, c.Lang())
	}
	history, err := t.history(c.Ctx(), a.ID)
	if err != nil {
		return err
	}
	for _, e := range history {
		v.Events = append(v.Events, eventView{e.Event, e.State, e.State.Label(c.Lang()), e.Who, e.Text, e.At})
	}
	if a.State != Registered {
		return nil
	}
	next, err := t.living(c.Ctx(), a.OrganisationID, a.TenderID+nextPlace)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	v.ReplacedBy = next.ID
	return err
}

// acts are what can be done with an application, as its routes demand it.
func (t *Tenders) acts(a Application, tender Tender, v wholeView) []api.Act {
	takes := tender.takes(t.now())
	of := func(name string, route api.Route, possible bool, why string) api.Act {
		return api.ActOf(name, route).Unless(possible, why)
	}
	edit := of("edit", write("PATCH", onApplication, nil), a.State.Editable(), "tender_not_draft")
	remove := of("remove", write("DELETE", onApplication, nil), a.State.Editable(), "tender_not_draft")
	signing := of("sign", sign("POST", onApplication+"/signature", nil), a.State == Draft, "tender_not_draft")
	submit := of("submit", sign("POST", onApplication+"/submit", nil), a.State == Signed, "tender_unsigned")
	if one := worst(v.Findings); one != "" {
		signing, submit = signing.Unless(a.State != Draft, "tender_"+one), submit.Unless(a.State != Signed, "tender_"+one)
	}
	withdraw := of("withdraw", sign("POST", onApplication+"/withdraw", nil), a.State == Registered, "tender_not_registered_yet")
	revise := of("revise", write("POST", onApplication+"/revision", nil), a.State == Registered && v.ReplacedBy == "", "tender_not_registered_yet")
	if a.State == Registered {
		withdraw, revise = withdraw.Unless(takes, "tender_over").Unless(v.ReplacedBy == "", "tender_next_version"), revise.Unless(takes, "tender_over")
	}
	return []api.Act{edit, signing, submit, withdraw, revise, remove}
}

// worst is the first finding that stops.
func worst(list []findingView) string {
	for _, f := range list {
		if f.Severity == "error" {
			return f.Code
		}
	}
	return ""
}

func (a Application) etag() string { return api.EntityTag(a.Version) }

// blank reports whether a text says nothing.
func blank(text string) bool { return strings.TrimSpace(text) == "" }
