package tender

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// plainLines makes the line ends of a form those that the API takes.
func plainLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// dialog is what is signed: the application, which names every file with its digest.
func dialog(v *desk.Visit, a whole) desk.Signing {
	facts := []pages.Pair{
		{Label: "tender.fact.notice", Text: a.TenderNumber}, {Label: "tender.fact.object", Text: a.Object}, {Label: "tender.fact.offer", Text: a.Sum()},
	}
	for _, f := range a.Files {
		facts = append(facts, pages.Pair{Label: "tender.file", Text: f.Name})
	}
	return desk.Signing{
		Title: "tender.sign.title", Lead: "tender.sign.lead", Facts: facts, FileURL: a.path() + "/document", FileName: a.Document.Name,
		Size: a.Document.Size, SHA256: a.Document.SHA256, Action: a.path() + "/sign", Act: "tender.act.sign.submit", BackURL: a.path(), Back: "tender.sign.back",
	}
}

// signing opens the dialog.
func signing(v *desk.Visit) error {
	var a whole
	if err := v.Get(apiMine(v), nil, &a); err != nil {
		return err
	}
	if a.State != "draft" {
		return v.Redirect(a.path())
	}
	return v.Sign(http.StatusOK, dialog(v, a), nil)
}

// signed takes the signature and sends the application: one procedure.
func signed(v *desk.Visit) error {
	var a whole
	if err := v.Get(apiMine(v), nil, &a); err != nil {
		return err
	}
	made, err := v.Signature()
	if err == nil {
		err = v.Post(apiMine(v)+"/signature", map[string]string{"signature": desk.SignatureText(made)}, nil, desk.IdempotencyKey(v.FormKey()))
	}
	if err != nil {
		if problem := desk.AsProblem(err); problem != nil && problem.Status == http.StatusConflict || !errors.Is(err, desk.ErrNoSignature) && problem == nil {
			return notDone(v, err)
		}
		return v.Unsigned(err, dialog(v, a), apiMine(v)+"/document", made)
	}
	if err := v.Post(apiMine(v)+"/submit", nil, nil); err != nil {
		return notDone(v, err) // it is signed, and its page says what is in the way
	}
	return v.Done(here(v), "tender.done.submit")
}

type participant struct {
	State      string     `json:"state"`
	Number     string     `json:"number"`
	Trouble    string     `json:"trouble"`
	SentAt     *time.Time `json:"sent_at"`
	ValidUntil *time.Time `json:"valid_until"`
	Applicant  applicant  `json:"applicant"`
	Contact    contact    `json:"contact"`
	Account    account    `json:"account"`
	Document   signedFile `json:"document"`
	Gate       []string   `json:"gate"`

	Actions desk.Actions `json:"actions"`
}

type registrationView struct {
	Tabs   []pages.NavItem
	One    participant
	Tag    pages.Tag
	Facts  []pages.Pair
	Offers []pages.Offer
	Shut   bool // by the legal status
}

// registration is where the organisation's registration as a participant stands.
func registration(v *desk.Visit) error {
	view := registrationView{Tabs: tabs(registered)}
	if err := v.Get("/tender-registration", nil, &view.One); err != nil {
		return err
	}
	r := view.One
	view.Shut = len(r.Gate) > 0
	view.Tag = pages.Tag{Kind: map[string]string{"registered": "go", "sent": "wait", "refused": "stop"}[r.State], Text: v.T("tender.registration." + r.State)}
	view.Facts = registrationFacts(r)
	view.Offers = v.Offers(r.Actions, desk.Offer{Action: "register", Act: pages.Act{Title: "tender.act.register", URL: registered + "/sign"}, Main: true, Hide: true})
	return v.Page(http.StatusOK, "tender_registration.html", "tender.tab.registration", view)
}

func registrationFacts(r participant) (facts []pages.Pair) {
	text := func(label, value, under string) {
		if value != "" {
			facts = append(facts, pages.Pair{Label: label, Text: value, Under: under})
		}
	}
	text("tender.fact.name", r.Applicant.FullName, "")
	text("number.inn", r.Applicant.INN, "")
	text("number.kpp", r.Applicant.KPP, "")
	text("number.ogrn", r.Applicant.OGRN, "")
	text("tender.fact.address", r.Applicant.Address, "")
	text("tender.fact.activity", r.Applicant.Activity, "")
	text("tender.contact.phone", r.Contact.Phone, "")
	text("tender.contact.email", r.Contact.Email, "")
	text("tender.account.number", r.Account.Number, r.Account.Bank)
	return facts
}

func registrationDialog(r participant) desk.Signing {
	return desk.Signing{
		Title: "tender.registration.title", Lead: "tender.registration.lead", Facts: registrationFacts(r), FileURL: registered + "/document", FileName: r.Document.Name,
		Size: r.Document.Size, SHA256: r.Document.SHA256, Action: registered + "/sign", Act: "tender.act.register.send", BackURL: registered, Back: "tender.registration.back",
	}
}

// registrationSigning opens the dialog over the registration.
func registrationSigning(v *desk.Visit) error {
	var r participant
	if err := v.Get("/tender-registration", nil, &r); err != nil {
		return err
	}
	if r.State == "sent" || r.State == "registered" && !r.Actions.Allowed("register") && r.ValidUntil != nil {
		return v.Redirect(registered)
	}
	return v.Sign(http.StatusOK, registrationDialog(r), nil)
}

// registrationSigned sends the registration.
func registrationSigned(v *desk.Visit) error {
	var r participant
	if err := v.Get("/tender-registration", nil, &r); err != nil {
		return err
	}
	made, err := v.Signature()
	if err == nil {
		err = v.Post("/tender-registration", map[string]string{"signature": desk.SignatureText(made)}, nil, desk.IdempotencyKey(v.FormKey()))
	}
	if err != nil {
		return v.Unsigned(err, registrationDialog(r), "/tender-registration/document", made)
	}
	return v.Done(registered, "tender.done.register")
}
