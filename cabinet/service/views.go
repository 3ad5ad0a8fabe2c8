package service

import (
	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/signature"
	"propusk/storage"
)

// cardItem is a service in the catalogue.
type cardItem struct {
	Code          string   `json:"code"`
	Type          string   `json:"type"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Industries    []string `json:"industries"`
	Body          Body     `json:"body"`
	Term          string   `json:"term"`
	Fee           string   `json:"fee"`
	FeeKopecks    int64    `json:"fee_kopecks"`
	Signature     string   `json:"signature"`
	DocumentNames []string `json:"document_names"`
	Elsewhere     string   `json:"elsewhere,omitempty"` // the section of the cabinet that does it
}

func newCardItem(c *Card, lang string) cardItem {
	v := cardItem{
		Code: c.Code, Type: c.Type, Title: c.Title.In(lang), Description: c.Description.In(lang), Industries: c.Industries, Body: c.Body,
		Term: c.Term.In(lang), Fee: c.Fee.In(lang), FeeKopecks: c.FeeKopecks, Signature: c.Signature, DocumentNames: []string{}, Elsewhere: c.Elsewhere,
	}
	for _, d := range c.Documents {
		v.DocumentNames = append(v.DocumentNames, d.Title.In(lang))
	}
	return v
}

// cardView is the whole card: what to do, what to fill in, what to attach.
type cardView struct {
	cardItem
	Steps       []string       `json:"steps"`
	TermDays    int            `json:"term_days"`
	ValidMonths int            `json:"valid_months"`
	Fields      []fieldView    `json:"fields"`
	Documents   []documentView `json:"documents"`
	RenewFields []string       `json:"renew_fields"`
	Rules       []Rule         `json:"rules"`
}

type fieldView struct {
	Name         string       `json:"name"`
	Section      string       `json:"section,omitempty"`
	SectionTitle string       `json:"section_title,omitempty"`
	Label        string       `json:"label"`
	Hint         string       `json:"hint,omitempty"`
	Kind         string       `json:"kind"`
	Required     bool         `json:"required"`
	Max          int          `json:"max,omitempty"`
	Min          int64        `json:"min,omitempty"`
	MaxValue     int64        `json:"max_value,omitempty"`
	Permitted    string       `json:"permitted,omitempty"`
	Choices      []choiceView `json:"choices,omitempty"`
}

type choiceView struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

type documentView struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Hint       string   `json:"hint,omitempty"`
	Required   bool     `json:"required"`
	When       *When    `json:"when,omitempty"`
	Formats    []string `json:"formats"`
	MaxBytes   int64    `json:"max_bytes"`
	Most       int      `json:"most"`
	Signature  string   `json:"signature"`
	Encryption string   `json:"encryption"`
}

func choices(list []Choice, lang string) []choiceView {
	views := make([]choiceView, len(list))
	for i, c := range list {
		views[i] = choiceView{c.Value, c.Label.In(lang)}
	}
	return views
}

func newCardView(c *Card, lang string) cardView {
	v := cardView{
		cardItem: newCardItem(c, lang), TermDays: c.TermDays, ValidMonths: c.ValidMonths, Steps: []string{}, Fields: []fieldView{},
		Documents: []documentView{}, RenewFields: api.List(c.RenewFields), Rules: api.List(c.Rules),
	}
	for _, s := range c.Steps {
		v.Steps = append(v.Steps, s.In(lang))
	}
	for _, f := range c.Fields {
		v.Fields = append(v.Fields, fieldView{
			f.Name, f.Section, known().Sections[f.Section].Title.In(lang), f.Label.In(lang), f.Hint.In(lang), f.Kind, f.Required,
			f.Max, f.Min, f.MaxValue, f.Permitted, choices(f.Choices, lang),
		})
	}
	for _, d := range c.Documents {
		v.Documents = append(v.Documents, documentView{
			d.Name, d.Title.In(lang), d.Hint.In(lang), d.Required, d.When, d.Formats, d.MaxBytes, d.Most, d.Signature, d.Encryption,
		})
	}
	return v
}

// applicationItem is an application in the list.
type applicationItem struct {
	ID            string         `json:"id"`
	Service       string         `json:"service"`
	Title         string         `json:"title"`
	State         string         `json:"state"`
	Number        string         `json:"number,omitempty"`
	Status        request.Status `json:"status,omitempty"`
	StatusLabel   string         `json:"status_label,omitempty"`
	ReviewStatus  request.Status `json:"review_status,omitempty"`  // row 197
	LicenceStatus request.Status `json:"licence_status,omitempty"` // row 196, of licences
	CreatedAt     storage.Time   `json:"created_at"`
	UpdatedAt     storage.Time   `json:"updated_at"`
	SubmittedAt   storage.Time   `json:"submitted_at"`
	ValidUntil    storage.Time   `json:"valid_until"`
}

func newApplicationItem(r Row, lang string) applicationItem {
	v := applicationItem{
		ID: r.ID, Service: r.Service, Title: r.Service, State: r.State, Number: r.Number, Status: r.Status,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, SubmittedAt: r.SubmittedAt, ValidUntil: r.ValidUntil,
	}
	card, ok := Find(r.Service)
	if ok {
		v.Title = card.Title.In(lang)
	}
	if r.Status == "" {
		return v
	}
	v.ReviewStatus, v.StatusLabel = request.ReviewStatus(r.Status), r.Status.Label(lang)
	if ok && card.Licence {
		v.LicenceStatus = request.LicenceStatus(r.Status)
	}
	return v
}

// applicationView is one application.
type applicationView struct {
	applicationItem
	Renews    string             `json:"renews,omitempty"`
	Version   int64              `json:"version"`
	Fields    map[string]string  `json:"fields"`
	Documents []attachmentView   `json:"documents"`
	Checklist []Listed           `json:"checklist"`
	Request   string             `json:"request,omitempty"` // the request of the inbox: status, thread, files, history
	Signature *signature.Verdict `json:"signature,omitempty"`
	Actions   []api.Action       `json:"actions"`
}

// attachmentView is a file with what is known of it.
type attachmentView struct {
	Attachment
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
}

type versionItem struct {
	Version   int64             `json:"version"`
	Fields    map[string]string `json:"fields"`
	Documents []Attachment      `json:"documents"`
	Author    string            `json:"author"`
	Note      string            `json:"note"`
	CreatedAt storage.Time      `json:"created_at"`
}

type checkView struct {
	Ready     bool               `json:"ready"`
	Faults    []api.FieldProblem `json:"faults"`
	Checklist []Listed           `json:"checklist"`
	Signature string             `json:"signature"` // required or optional
}

type templateView struct {
	ID        string            `json:"id"`
	Service   string            `json:"service"`
	Title     string            `json:"title"`
	Fields    map[string]string `json:"fields"`
	CreatedAt storage.Time      `json:"created_at"`
}

func newTemplateView(t Template) templateView {
	return templateView{t.ID, t.Service, t.Title, t.Fields.V, t.CreatedAt}
}
