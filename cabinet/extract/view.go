package extract

import (
	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// typeView is one kind that can be ordered.
type typeView struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Body        string          `json:"body"`
	Period      periodRule      `json:"period"`
	PeriodYears int             `json:"period_years,omitempty"`
	Formats     []string        `json:"formats"`
	Parameters  []parameterView `json:"parameters"`
	ValidDays   int             `json:"valid_days,omitempty"`
	Usually     string          `json:"usually"`
}

type parameterView struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Required bool         `json:"required"`
	Values   []optionView `json:"values"`
}

type optionView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (t Type) view(lang string) typeView {
	v := typeView{
		ID: t.id, Name: t.name.in(lang), Description: t.about.in(lang), Body: t.body.in(lang), Period: t.period, PeriodYears: t.years,
		Formats: []string{FormatPDF, FormatXML, FormatBoth}, Parameters: []parameterView{}, ValidDays: t.validDays, Usually: t.usually.in(lang),
	}
	for _, p := range t.params {
		view := parameterView{ID: p.id, Name: p.name.in(lang), Required: p.required}
		for _, o := range p.values {
			view.Values = append(view.Values, optionView{o.id, o.name.in(lang)})
		}
		v.Parameters = append(v.Parameters, view)
	}
	return v
}

// extractView is an order as lists show it.
type extractView struct {
	ID          string       `json:"id"`
	Number      string       `json:"number"`
	Kind        string       `json:"kind"`
	Name        string       `json:"name"`
	Status      Status       `json:"status"`
	StatusLabel string       `json:"status_label"`
	Stage       Stage        `json:"stage"`
	StageLabel  string       `json:"stage_label"`
	Progress    int          `json:"progress"` // percent
	Format      string       `json:"format"`
	Period      *periodView  `json:"period"`
	Valid       bool         `json:"valid"`
	ValidUntil  storage.Time `json:"valid_until"`
	CreatedAt   storage.Time `json:"created_at"`
	UpdatedAt   storage.Time `json:"updated_at"`
	ReadyAt     storage.Time `json:"ready_at"`
	Failure     *failureView `json:"failure"`
}

type periodView struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type failureView struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Advice string `json:"advice"`
	Retry  bool   `json:"retry"`
}

// wholeView is one order with all that is known about it.
type wholeView struct {
	extractView
	Purpose    string              `json:"purpose"`
	Parameters map[string]string   `json:"parameters"`
	Email      string              `json:"email"` // masked; "" = none
	Subject    Subject             `json:"subject"`
	OrderedBy  ordererView         `json:"ordered_by"`
	Authority  directory.Authority `json:"authority"`
	Source     *sourceView         `json:"source"`
	Renews     string              `json:"renews,omitempty"`
	Files      []fileView          `json:"files"`
	Actions    []api.Action        `json:"actions"`
}

type ordererView struct {
	PersonID string `json:"person_id,omitempty"`
	ClientID string `json:"client_id"`
}

type sourceView struct {
	Name   string       `json:"name,omitempty"`
	Number string       `json:"number,omitempty"`
	At     storage.Time `json:"at"`
}

type fileView struct {
	Part      Part   `json:"part"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Href      string `json:"href"`
}

func (x *Extracts) view(e Extract, lang string) extractView {
	v := extractView{
		ID: e.ID, Number: e.Number, Kind: e.Kind, Name: e.kind().name.in(lang), Status: e.Status, StatusLabel: statusLabels[e.Status].in(lang),
		Stage: e.Stage, StageLabel: stages[e.Stage].in(lang), Progress: stages[e.Stage].percent, Format: e.Format, Valid: e.Valid(x.now()),
		ValidUntil: e.ValidUntil, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt, ReadyAt: e.ReadyAt,
	}
	if p := e.Order.V; p.From != "" {
		v.Period = &periodView{p.From, p.To}
	}
	if f := e.Failure.V; e.Status == Failed {
		v.Failure = &failureView{f.Code, f.title(lang), f.advice(lang), failures[f.Code].retry}
	}
	return v
}

// whole is the order with its files and what the caller may do.
func (x *Extracts) whole(c api.Call, e Extract) (wholeView, error) {
	v := wholeView{
		extractView: x.view(e, c.Lang()), Purpose: e.Order.V.Purpose, Parameters: e.Order.V.Parameters, Subject: e.Subject.V,
		OrderedBy: ordererView{e.OrderedBy, e.ClientID}, Authority: e.Authority.V, Renews: e.Renews, Files: []fileView{},
	}
	if v.Parameters == nil {
		v.Parameters = map[string]string{}
	}
	if a := e.Answer.V; a.At != 0 {
		v.Source = &sourceView{a.Source, a.Number, a.At}
	}
	if len(e.Email) > 0 {
		email, err := x.Sealer.Open(e.Email, emailContext(e.ID))
		if err != nil {
			return v, err
		}
		v.Email = masked(string(email))
	}
	for _, part := range e.Files.V.parts() {
		f, err := x.Files.Get(c.Ctx(), e.OrganisationID, e.Files.V.id(part))
		if err != nil {
			return v, err
		}
		v.Files = append(v.Files, e.fileView(part, f))
	}
	var err error
	v.Actions, err = c.Actions(x.acts(e)...)
	return v, err
}

func (e Extract) fileView(part Part, f file.File) fileView {
	return fileView{part, f.Name, f.MediaType, f.Size, f.SHA256, "/v1/extracts/" + e.ID + "/files/" + string(part)}
}

// acts are what can be done with an order, as its routes demand it.
func (x *Extracts) acts(e Extract) []api.Act {
	act := func(name string, possible bool, why string) api.Act {
		a := api.Act{Name: name, Scope: string(directory.ExtractsRead), Permission: directory.ExtractsRead, ACR: "urn:propusk:2"}
		return a.Unless(possible, why)
	}
	download := act("download", e.Status == Ready, "extract_not_ready")
	download.ACR = ""
	return []api.Act{
		download,
		act("send", e.Status == Ready, "extract_not_ready"),
		act("renew", e.Status == Ready, "extract_not_ready"),
		act("retry", e.Status == Failed && failures[e.Failure.V.Code].retry, "extract_not_failed"),
		act("cancel", e.Status.May(Cancelled), "extract_over"),
	}
}

// etag names the state of an order with its progress.
func (e Extract) etag() string { return api.EntityTag(e.Version, e.UpdatedAt) }
