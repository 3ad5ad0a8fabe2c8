package organisation

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type code struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// legalStatus is what the register says.
type legalStatus struct {
	Found      bool   `json:"found"`
	INN        string `json:"inn"`
	OGRN       string `json:"ogrn"`
	Registered string `json:"registered"`
	Name       string `json:"name"`
	FullName   string `json:"full_name"`
	Address    string `json:"address"`
	Head       string `json:"head"`
	Status     code   `json:"status"`
	Form       code   `json:"form"`
	Licences   []struct {
		Number     string   `json:"number"`
		From       string   `json:"from"`
		Until      string   `json:"until"`
		Activities []string `json:"activities"`
		Issuer     string   `json:"issuer"`
	} `json:"licences"`
	Restrictions   []restriction `json:"restrictions"`
	CourtDecisions []restriction `json:"court_decisions"`
	Gates          []struct {
		Gate string `json:"gate"`
		Open bool   `json:"open"`
	} `json:"gates"`
	CheckedAt  time.Time    `json:"checked_at"`
	Refreshing bool         `json:"refreshing"`
	Fault      string       `json:"fault"`
	Actions    desk.Actions `json:"actions"`
}

type restriction struct {
	Code  string `json:"code"`
	Text  string `json:"text"`
	Since string `json:"since"`
}

type correction struct {
	ID      string    `json:"id"`
	Field   string    `json:"field"`
	Shown   string    `json:"shown"`
	Claimed string    `json:"claimed"`
	State   string    `json:"state"`
	Answer  string    `json:"answer"`
	AskedAt time.Time `json:"asked_at"`
	DueAt   time.Time `json:"due_at"`
}

type correctionRow struct {
	correction
	Label string
	Tag   pages.Tag
}

type statusView struct {
	legalStatus
	Tag         pages.Tag
	Corrections []correctionRow
	Fields      []pages.Option
	Field       string
	Claimed     string
	Explanation string
	May         bool
	Lack        *pages.Lack
}

// correctable are the members of the status that a correction may be asked for.
var correctable = []string{"address", "name", "full_name", "head", "status"}

// correctionKinds are the colours of corrections.
var correctionKinds = map[string]string{"open": "info", "overdue": "stop", "corrected": "go", "refused": "stop"}

func status(v *desk.Visit) error { return statusPage(v, http.StatusOK) }

func statusPage(v *desk.Visit, code int, errs ...pages.FieldError) error {
	var view statusView
	if err := v.Get("/organization/legal-status", nil, &view.legalStatus); err != nil {
		return err
	}
	var found struct {
		Corrections []correction `json:"corrections"`
	}
	if err := v.Get("/organization/legal-status/corrections", nil, &found); err != nil {
		return err
	}
	for _, one := range found.Corrections {
		view.Corrections = append(view.Corrections, correctionRow{
			one, v.T("company.field." + one.Field), pages.Tag{Kind: correctionKinds[one.State], Text: v.T("company.correction." + one.State)},
		})
	}
	view.Tag = pages.Tag{Kind: "go", Text: view.Status.Name}
	if view.Status.Code != "" {
		view.Tag.Kind = "wait"
	}
	for _, name := range correctable {
		view.Fields = append(view.Fields, pages.Option{Value: name, Label: v.T("company.field." + name)})
	}
	view.Lack, view.May = v.Lack("organization:write"), v.May("organization:write")
	form := v.Form()
	view.Field, view.Claimed, view.Explanation = form.Get("field"), form.Get("claimed"), form.Get("explanation")
	return v.Page(code, "organisation_status.html", "company.status.title", view, errs...)
}

func statusDocument(v *desk.Visit) error {
	return v.Download("/organization/legal-status/document", nil)
}

// askCorrection says that the register is wrong.
func askCorrection(v *desk.Visit) error {
	body := map[string]string{"field": v.Value("field"), "claimed": v.Value("claimed"), "explanation": v.Value("explanation")}
	err := v.Post("/organization/legal-status/corrections", body, nil, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Done("/cabinet/organization/legal-status", "company.done.correction")
	}
	status, errs, err := v.Faults(err, "field", "claimed", "explanation")
	if err != nil {
		return err
	}
	return statusPage(v, status, errs...)
}
