package filing

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type newView struct {
	Kind    kind
	Stages  []pages.Stage
	Form    newFiling
	Periods []pages.Option
	Years   []pages.Option
	ByForm  bool // there is a form to fill in here
	Accept  string
	Power   string // the number of the power of attorney that the visitor acts under
}

type newFiling struct {
	Type       string `json:"type"`
	Period     string `json:"period"`
	Year       int    `json:"year"`
	Correction int    `json:"correction,omitempty"`
	Office     string `json:"office,omitempty"`
	Subject    string `json:"subject,omitempty"`
}

var newFields = []string{"period", "year", "correction", "office", "subject"}

// newForm asks which report it is to be, and then for which period.
func newForm(v *desk.Visit) error {
	kept := v.Draft()
	if kept != nil && kept.Get("type") != "" {
		return newPage(v, http.StatusOK, readNew(kept.Get))
	}
	if v.Query("type") == "" {
		return chooseForm(v)
	}
	form := newFiling{Type: v.Query("type"), Period: v.Query("period"), Office: v.Query("office")}
	form.Year, _ = strconv.Atoi(v.Query("year"))
	return newPage(v, http.StatusOK, form)
}

func readNew(get func(string) string) newFiling {
	form := newFiling{Type: get("type"), Period: get("period"), Office: get("office"), Subject: get("subject")}
	form.Year, _ = strconv.Atoi(get("year"))
	form.Correction, _ = strconv.Atoi(get("correction"))
	return form
}

func newPage(v *desk.Visit, status int, form newFiling, errs ...pages.FieldError) error {
	view := newView{Form: form, Stages: stages(v, 0)}
	if err := v.Get("/report-types/"+desk.Escape(form.Type), nil, &view.Kind); err != nil {
		return err
	}
	view.ByForm, view.Accept = view.Kind.has("form"), accepted(view.Kind)
	if view.ByForm || view.Kind.has("xml") { // a PDF names nobody
		view.Power = v.Power()
	}
	for _, p := range view.Kind.Periods {
		view.Periods = append(view.Periods, pages.Option{Value: p.Code, Label: p.Name})
	}
	this := v.Now().In(desk.Moscow).Year()
	for year := this; year > this-4; year-- {
		view.Years = append(view.Years, pages.Option{Value: strconv.Itoa(year), Label: strconv.Itoa(year)})
	}
	if view.Form.Year == 0 {
		view.Form.Year = this
	}
	return v.Page(status, "filing_begin.html", view.Kind.Name, view, errs...)
}

// accepted are the file types that the kind is filed as.
func accepted(k kind) string {
	var list []string
	for _, format := range []string{"xml", "xlsx", "pdf"} {
		if k.has(format) {
			list = append(list, "."+format)
		}
	}
	return strings.Join(list, ",")
}

// stages of a report's way, as the wizard shows it.
func stages(v *desk.Visit, at int) []pages.Stage {
	list := make([]pages.Stage, 4)
	for i, name := range []string{"what", "fill", "check", "sign"} {
		list[i] = pages.Stage{Title: v.T("filing.stage." + name), Done: i < at, Current: i == at}
	}
	return list
}

// created makes the draft and leads on to its form, or to its page when the kind is
// filed as a file.
func created(v *desk.Visit) error {
	form := readNew(v.Value)
	var made report
	if err := v.Post("/filings", form, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err, newFields...)
		if err != nil {
			return err
		}
		return newPage(v, status, form, errs...)
	}
	if made.Format == "form" {
		return v.Redirect(made.path() + "/fill")
	}
	return v.Redirect(made.path())
}

type uploadView struct{ Accept string }

// uploadForm takes a report that was made elsewhere.
func uploadForm(v *desk.Visit) error { return uploadPage(v, http.StatusOK) }

func uploadPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	return v.Page(status, "filing_upload.html", "filing.upload.title", uploadView{Accept: ".xml,.xlsx,.pdf"}, errs...)
}

// uploaded makes a draft of the file; what is wrong with its content stands on the
// draft's page.
func uploaded(v *desk.Visit) error {
	var made report
	err := send(v, func(part desk.Part) error {
		parts := []desk.Part{part}
		for _, name := range []string{"type", "period", "year", "subject"} {
			if value := v.Value(name); value != "" {
				parts = append(parts, desk.Part{Name: name, Value: value})
			}
		}
		return v.Upload("/filings/upload", parts, &made, desk.IdempotencyKey(v.FormKey()))
	})
	if err == nil {
		return v.Done(made.path(), "filing.uploaded")
	}
	if errors.Is(err, desk.ErrNoFile) {
		return uploadPage(v, http.StatusUnprocessableEntity, pages.FieldError{Field: "file", Key: "filing.upload.none"})
	}
	status, errs, err := v.Mendable(err, "file", "type", "period", "year")
	if err != nil {
		return err
	}
	return uploadPage(v, status, errs...)
}

// send opens the form's file for a call of the API.
func send(v *desk.Visit, call func(desk.Part) error) error {
	file, header, err := v.File("file")
	if err != nil {
		return err
	}
	defer file.Close()
	return call(desk.FilePart("file", file, header))
}

// replaced puts another file in the place of a draft's.
func replaced(v *desk.Visit) error {
	path := "/cabinet/filings/" + desk.Escape(v.PathValue("id"))
	err := send(v, func(part desk.Part) error {
		return v.Upload("/filings/"+desk.Escape(v.PathValue("id"))+"/file", []desk.Part{part}, nil, desk.Method(http.MethodPut), desk.IfMatch(v.Value("version")))
	})
	if err == nil {
		return v.Done(path, "filing.replaced")
	}
	if errors.Is(err, desk.ErrNoFile) {
		return onePage(v, http.StatusUnprocessableEntity, pages.FieldError{Field: "file", Key: "filing.upload.none"})
	}
	status, errs, err := v.Mendable(err, "file")
	if err != nil {
		return err
	}
	return onePage(v, status, errs...)
}
