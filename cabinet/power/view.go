package power

import (
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// powerView is a power of attorney as the API shows it. Numbers of people are
// masked: whoever needs them has the file.
type powerView struct {
	ID             string                 `json:"id"`
	Number         string                 `json:"number"`
	Form           directory.PowerForm    `json:"form"`
	FormLabel      string                 `json:"form_label"`
	Status         directory.PowerStatus  `json:"status"`
	StatusLabel    string                 `json:"status_label"`
	Reason         string                 `json:"reason,omitempty"`
	Principal      partyView              `json:"principal"`
	Representative partyView              `json:"representative"`
	Powers         []codeView             `json:"powers"`
	Permissions    []directory.Permission `json:"permissions"`
	Limits         directory.PowerLimits  `json:"limits"`
	Allows         []string               `json:"allows"`
	Delegation     int                    `json:"delegation"`
	Irrevocable    bool                   `json:"irrevocable"`
	IssuedOn       string                 `json:"issued_on"`
	Until          string                 `json:"until"`
	ParentID       string                 `json:"parent_id,omitempty"`
	ReplacesID     string                 `json:"replaces_id,omitempty"`
	CreatedAt      storage.Time           `json:"created_at"`
	EndedAt        *storage.Time          `json:"ended_at,omitempty"`

	// The rest is in the view of one power only.
	Validation *validationView `json:"validation,omitempty"`
	Requisites *requisites     `json:"requisites,omitempty"`
	Performers []string        `json:"performers,omitempty"` // member ids, for the representative organisation
	HasFile    *bool           `json:"has_file,omitempty"`
	HasSign    *bool           `json:"has_signature,omitempty"`
	Actions    []api.Action    `json:"actions,omitempty"`
}

type partyView struct {
	Kind  string `json:"kind"` // person, organisation
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	INN   string `json:"inn,omitempty"`
	OGRN  string `json:"ogrn,omitempty"`
	SNILS string `json:"snils,omitempty"` // masked
}

type codeView struct {
	Code        string                 `json:"code"`
	Label       string                 `json:"label"`
	Permissions []directory.Permission `json:"permissions"`
}

type validationView struct {
	Status    emchd.Status  `json:"status"`
	Messages  []messageView `json:"messages"`
	Signature *signedView   `json:"signature,omitempty"`
}

type messageView struct {
	Code    string `json:"code"`
	Warning bool   `json:"warning"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Text    string `json:"text"`
}

type signedView struct {
	Accepted bool        `json:"accepted"`
	Code     string      `json:"code"`
	Text     string      `json:"text"`
	Signer   string      `json:"signer,omitempty"`
	Checks   []checkView `json:"checks"`
}

type checkView struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Code   string `json:"code"`
	Text   string `json:"text"`
}

// newView is what every list shows.
func newView(w directory.PowerOfAttorney, o directory.Organisation, now storage.Time, lang string) powerView {
	status := w.StatusAt(now)
	view := powerView{
		ID: w.ID, Number: w.Number, Form: w.Form, FormLabel: formLabels[w.Form].in(lang),
		Status: status, StatusLabel: statusLabels[status].in(lang), Reason: w.Reason,
		Principal:      partyView{Kind: directory.RepresentsOrganisation, ID: o.ID, Name: o.Name, INN: o.INN, OGRN: o.OGRN},
		Representative: newPartyView(w.Representative.V), Permissions: w.Permissions(), Limits: w.Limits.V,
		Allows: allows(w, lang), Delegation: w.Delegation, Irrevocable: w.Irrevocable,
		IssuedOn: w.FirstDay(), Until: w.LastDay(), ParentID: w.ParentID, ReplacesID: w.ReplacesID, CreatedAt: w.CreatedAt,
	}
	for _, code := range w.Powers.V {
		if entry, known := directory.FindPowerCode(code); known {
			view.Powers = append(view.Powers, newCodeView(entry, lang))
		}
	}
	view.Powers = api.List(view.Powers)
	if w.EndedAt != 0 {
		view.EndedAt = &w.EndedAt
	}
	return view
}

func newPartyView(r directory.Representative) partyView {
	view := partyView{Kind: r.Kind, Name: r.FullName(), INN: r.INN, OGRN: r.OGRN, SNILS: directory.MaskNumber(r.SNILS)}
	if r.Kind == directory.RepresentsPerson {
		view.INN = directory.MaskNumber(r.INN)
	}
	return view
}

func newCodeView(entry directory.PowerCode, lang string) codeView {
	return codeView{entry.Code, entry.Label(lang), api.List(entry.Permissions)}
}

func newValidationView(v validation, lang string) *validationView {
	if v.Status == "" {
		return nil
	}
	view := &validationView{Status: v.Status, Messages: []messageView{}}
	for _, f := range v.Faults {
		view.Messages = append(view.Messages, messageView{f.Code, f.Warning, f.Line, f.Column, f.Text(lang)})
	}
	if v.Signature != nil {
		view.Signature = newSignedView(*v.Signature, lang)
	}
	return view
}

func newSignedView(v signature.Verdict, lang string) *signedView {
	view := &signedView{Accepted: v.Accepted, Code: string(v.Code), Text: v.Text(lang), Checks: []checkView{}}
	if s := v.Subject; s != nil {
		view.Signer = strings.TrimSpace(s.LastName + " " + s.GivenNames)
		if view.Signer == "" {
			view.Signer = s.CommonName
		}
	}
	for _, c := range v.Checks {
		view.Checks = append(view.Checks, checkView{string(c.Name), string(c.Status), string(c.Code), c.Text(lang)})
	}
	return view
}

// masked hides the numbers of identity documents.
func (r *requisites) masked() *requisites {
	if r == nil {
		return nil
	}
	out := *r
	for _, one := range []**identity{&out.Principal, &out.Representative} {
		if *one != nil {
			hidden := **one
			hidden.Document = directory.MaskNumber(hidden.Document)
			*one = &hidden
		}
	}
	return &out
}
