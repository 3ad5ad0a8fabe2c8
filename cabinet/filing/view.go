package filing

import (
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// briefView is a filing in a list.
type briefView struct {
	ID          string        `json:"id"`
	Number      string        `json:"number"`
	Type        string        `json:"type"`
	TypeName    string        `json:"type_name"`
	KND         string        `json:"knd"`
	Period      periodView    `json:"period"`
	Year        int           `json:"year"`
	Correction  int           `json:"correction"`
	State       State         `json:"state"`
	StateLabel  string        `json:"state_label"`
	Format      report.Format `json:"format"`
	Subject     string        `json:"subject,omitempty"`
	Office      string        `json:"office"`
	FileName    string        `json:"file_name,omitempty"`
	ControlCode string        `json:"control_code,omitempty"`
	BodyNumber  string        `json:"body_number,omitempty"`
	CreatedAt   storage.Time  `json:"created_at"`
	UpdatedAt   storage.Time  `json:"updated_at"`
	SubmittedAt storage.Time  `json:"submitted_at"`
}

// view is one filing with all that belongs to it.
type view struct {
	briefView
	Values      report.Values        `json:"values"`
	File        *fileView            `json:"file"`
	Amount      int64                `json:"amount,omitempty"` // kopecks
	Checked     *checkedView         `json:"check"`
	Signatures  []signatureView      `json:"signatures"`
	Receipts    []receiptView        `json:"receipts"`
	Authority   *directory.Authority `json:"authority,omitempty"`
	Trouble     string               `json:"trouble,omitempty"`
	CorrectsID  string               `json:"corrects_id,omitempty"`
	CorrectedBy string               `json:"corrected_by,omitempty"`
	Due         string               `json:"due,omitempty"`
	CreatedBy   string               `json:"created_by,omitempty"`
	Actions     []api.Action         `json:"actions"`
}

type fileView struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type checkedView struct {
	At       storage.Time `json:"at"`
	Accepted bool         `json:"accepted"`
	Faults   []faultView  `json:"faults"`
}

// signatureView is a signature without the signer's numbers.
type signatureView struct {
	ID          string               `json:"id"`
	Signer      string               `json:"signer"`
	Certificate string               `json:"certificate"` // fingerprint
	Algorithm   string               `json:"algorithm"`
	ValidUntil  time.Time            `json:"valid_until"`
	Accepted    bool                 `json:"accepted"`
	Text        string               `json:"text"`
	Checks      []checkView          `json:"checks"`
	Authority   *directory.Authority `json:"authority,omitempty"`
	At          storage.Time         `json:"at"`
}

type checkView struct {
	Name   signature.CheckName `json:"name"`
	Status signature.Status    `json:"status"`
	Text   string              `json:"text"`
}

type receiptView struct {
	ID      string            `json:"id"`
	Event   string            `json:"event"`
	Label   string            `json:"label"`
	Number  string            `json:"number,omitempty"`
	Source  string            `json:"source,omitempty"`
	Subject string            `json:"subject,omitempty"`
	Text    string            `json:"text,omitempty"`
	Due     storage.Time      `json:"due"`
	Faults  []authority.Fault `json:"faults"`
	Fields  map[string]string `json:"fields"`
	Files   []attached        `json:"files"`
	At      storage.Time      `json:"at"`
}

func brief(f Filing, lang string) briefView {
	t := f.kind()
	p, _ := t.Period(f.Period)
	return briefView{
		ID: f.ID, Number: f.Number, Type: f.Type, TypeName: t.Name.In(lang), KND: t.KND,
		Period: periodView{f.Period, p.Name.In(lang), p.Ending}, Year: f.Year, Correction: f.Correction,
		State: f.State, StateLabel: f.State.Label(lang), Format: f.Format, Subject: f.Subject, Office: f.Office, FileName: f.FileName,
		ControlCode: f.Control, BodyNumber: f.BodyNumber, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt, SubmittedAt: f.SubmittedAt,
	}
}

// view gathers a filing with its signatures, receipts and what can be done.
func (r *Filings) view(c api.Call, f Filing) (view, error) {
	lang := c.Lang()
	api.Speaks(c, lang)
	v := view{
		briefView: brief(f, lang), Values: f.Form.V, Amount: f.Amount, Trouble: f.Trouble, CorrectsID: f.CorrectsID,
		CorrectedBy: f.CorrectedBy, CreatedBy: f.CreatedBy,
	}
	if v.Values == nil {
		v.Values = report.Values{}
	}
	if f.FileID != "" {
		v.File = &fileView{f.FileName, f.FileSize, f.FileSHA256}
	}
	if !f.CheckedAt.IsZero() {
		v.Checked = &checkedView{f.CheckedAt, !f.Faulty, faultViews(f.Faults.V, lang)}
	}
	if f.Authority.V.By != "" {
		v.Authority = &f.Authority.V
	}
	if err := r.belongings(c, f, &v); err != nil {
		return v, err
	}
	var err error
	v.Actions, err = c.Actions(r.acts(f)...)
	return v, err
}

// belongings reads what stands in other tables.
func (r *Filings) belongings(c api.Call, f Filing, v *view) error {
	v.Signatures, v.Receipts = []signatureView{}, []receiptView{}
	organisation, err := r.Directory.Organisation(c.Ctx(), f.OrganisationID)
	if err != nil {
		return refusal(err)
	}
	if due, ok := f.kind().Due(organisation.Kind, f.Period, f.Year); ok {
		v.Due = due.Day.String()
	}
	if f.State == Draft {
		return nil
	}
	marks, err := r.marks(c.Ctx(), f.ID)
	if err != nil {
		return err
	}
	for _, m := range marks {
		v.Signatures = append(v.Signatures, newSignatureView(m, c.Lang()))
	}
	if f.State == Signed {
		return nil
	}
	receipts, err := r.receipts(c.Ctx(), f.ID)
	if err != nil {
		return err
	}
	for _, one := range receipts {
		v.Receipts = append(v.Receipts, newReceiptView(one, c.Lang()))
	}
	return nil
}

func newSignatureView(m mark, lang string) signatureView {
	verdict := m.Verdict.V
	v := signatureView{
		ID: m.ID, Signer: m.Signer, Certificate: m.Fingerprint, Accepted: verdict.Accepted, Text: verdict.Text(lang), At: m.CreatedAt,
		Authority: &m.Authority.V, Checks: []checkView{},
	}
	for _, check := range verdict.Checks {
		v.Checks = append(v.Checks, checkView{check.Name, check.Status, check.Text(lang)})
	}
	if verdict.Certificate != nil {
		v.Algorithm, v.ValidUntil = verdict.Certificate.Algorithm, verdict.Certificate.NotAfter
	}
	return v
}

func newReceiptView(r receipt, lang string) receiptView {
	v := receiptView{
		ID: r.ID, Event: r.Event, Label: eventLabel(r.Event, lang), Number: r.Number, Source: r.Source, Subject: r.Subject, Text: r.Text,
		Due: r.Due, Faults: api.List(r.Faults.V), Fields: r.Fields.V, Files: api.List(r.Files.V), At: r.At,
	}
	if v.Fields == nil {
		v.Fields = map[string]string{}
	}
	return v
}

// acts are what can be done with a filing, each as its route has it.
func (r *Filings) acts(f Filing) []api.Act {
	of := func(name, method, path string) api.Act {
		for _, route := range r.own {
			if route.Method == method && route.Path == "/v1/filings/{id}"+path {
				return api.ActOf(name, route)
			}
		}
		return api.Act{Name: name}
	}
	ready := func(e Event) (bool, string) {
		why := f.unfit(e, report.Profile{})
		return why == "" || why == "filing_profile_changed", why // the profile is looked at when it is done
	}
	signable, whyNotSigned := ready(Sign)
	sendable, whyNotSent := ready(Submit)
	deletable := "filing_locked"
	if f.State == Signed {
		deletable = "filing_signed"
	}
	acts := []api.Act{
		of("edit", "PATCH", "").Unless(f.State.Can(Edit), "filing_locked"),
		of("check", "POST", "/check").Unless(f.State == Draft, "filing_locked"),
		of("sign", "POST", "/signatures").Unless(signable, whyNotSigned),
		of("submit", "POST", "/submit").Unless(sendable, whyNotSent),
		of("correct", "POST", "/correction").Unless(f.State.Correctable(), "filing_not_correctable"),
		of("delete", "DELETE", "").Unless(f.State == Draft, deletable),
		of("print", "GET", "/act").Unless(f.Control != "", "filing_nothing_to_print"),
	}
	for i := range acts {
		acts[i] = acts[i].Said("state", f.State.words())
	}
	return acts
}

// one answers GET /v1/filings/{id}.
func (r *Filings) one(c api.Call) error {
	f, err := r.reading(c)
	return r.answer(c, f, err)
}
