package filing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
)

// typeView is one type of report as the catalogue shows it.
type typeView struct {
	ID        string          `json:"id"`
	KND       string          `json:"knd"`
	Version   string          `json:"version"`
	Group     report.Group    `json:"group"`
	Name      string          `json:"name"`
	NameRU    string          `json:"name_ru"`
	NameEN    string          `json:"name_en"`
	Recipient string          `json:"recipient"`
	Periods   []periodView    `json:"periods"`
	Formats   []report.Format `json:"formats"`
	Duties    []dutyView      `json:"duties"`
	Deadlines []dueView       `json:"deadlines"`
	Several   bool            `json:"several"`
	Template  bool            `json:"template"`
}

type periodView struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Ending bool   `json:"ending,omitempty"`
}

type dutyView struct {
	Kind   string        `json:"kind,omitempty"`
	Regime report.Regime `json:"regime,omitempty"`
}

type dueView struct {
	Period string `json:"period"`
	Months int    `json:"months"`
	Day    int    `json:"day"`
	Kind   string `json:"kind,omitempty"`
}

// fieldView is one value of the form.
type fieldView struct {
	Path     string       `json:"path"`
	Line     string       `json:"line,omitempty"`
	Label    string       `json:"label"`
	Section  string       `json:"section"`
	Kind     string       `json:"kind"`
	Expected string       `json:"expected"`
	Required bool         `json:"required"`
	Options  []optionView `json:"options,omitempty"`
	When     *whenView    `json:"when,omitempty"`
}

type optionView struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

type whenView struct {
	Path string   `json:"path"`
	Is   []string `json:"is"`
}

func newTypeView(t *report.Type, lang string) typeView {
	view := typeView{
		ID: t.ID, KND: t.KND, Version: t.Version, Group: t.Group, Name: t.Name.In(lang), NameRU: t.Name.RU, NameEN: t.Name.EN,
		Recipient: t.Recipient.In(lang), Periods: []periodView{}, Formats: t.Formats, Duties: []dutyView{}, Deadlines: []dueView{},
		Several: t.Several, Template: t.Takes(report.XLSX),
	}
	for _, p := range t.Periods {
		view.Periods = append(view.Periods, periodView{p.Code, p.Name.In(lang), p.Ending})
	}
	for _, d := range t.Duties {
		view.Duties = append(view.Duties, dutyView(d))
	}
	for _, d := range t.Dues {
		view.Deadlines = append(view.Deadlines, dueView(d))
	}
	return view
}

func newFieldView(f report.Field, lang string) fieldView {
	view := fieldView{
		Path: f.Path, Line: f.Line, Label: f.Label.In(lang), Section: f.Section.In(lang), Kind: f.Kind.Name,
		Expected: f.Kind.Says.In(lang), Required: f.Required,
	}
	for _, o := range f.Kind.Values {
		view.Options = append(view.Options, optionView{o.Value, o.Label.In(lang)})
	}
	if f.When != nil {
		view.When = &whenView{f.When.Path, f.When.Is}
	}
	return view
}

// types answers GET /v1/report-types (row 165).
func (r *Filings) types(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list := []typeView{}
	for _, t := range report.Types() {
		list = append(list, newTypeView(t, c.Lang()))
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"report_types": list})
}

// typeOf is the type that the path names.
func typeOf(c api.Call) (*report.Type, error) {
	if t, known := report.Find(c.Param("id")); known {
		return t, nil
	}
	return nil, api.Refuse("not_found")
}

// typeOne answers GET /v1/report-types/{id}: the type with the fields of its form.
func (r *Filings) typeOne(c api.Call) error {
	t, err := typeOf(c)
	if err != nil {
		return err
	}
	view := struct {
		typeView
		Fields []fieldView `json:"fields"`
	}{newTypeView(t, c.Lang()), []fieldView{}}
	for _, f := range t.Fields() {
		view.Fields = append(view.Fields, newFieldView(f, c.Lang()))
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// template answers GET /v1/report-types/{id}/template with the workbook to fill in.
func (r *Filings) template(c api.Call) error {
	t, err := typeOf(c)
	if err != nil {
		return err
	}
	book, err := r.workbook(t, c.Lang())
	if err != nil {
		return err
	}
	if book == nil {
		return api.Refuse("filing_no_template")
	}
	sum := sha256.Sum256(book)
	api.Speaks(c, c.Lang())
	return api.File(c, api.FileAnswer{
		Name: t.ID + ".xlsx", MediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		SHA256: hex.EncodeToString(sum[:]), Size: int64(len(book)),
	}, bytes.NewReader(book))
}

// workbook makes each template once: making one costs a thousand times its sending.
func (r *Filings) workbook(t *report.Type, lang string) ([]byte, error) {
	if made, ok := r.templates.Load(t.ID + lang); ok {
		return made.([]byte), nil
	}
	book, err := t.Template(lang)
	if err == nil {
		r.templates.Store(t.ID+lang, book)
	}
	return book, err
}
