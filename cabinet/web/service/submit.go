package service

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/request"
	"propusk/idp/pages"
)

type checkView struct {
	Application application
	URL         string
	Stages      []pages.Stage
	Ready       bool
	Signed      bool // a signature is required
	Faults      []faultRow
	Checklist   []pages.CheckLine
}

type faultRow struct{ Label, Text, URL string }

// check is the wizard's last step: what is wrong, what is missing, then the
// signature (rows 193, 205).
func check(v *desk.Visit) error { return checkPage(v, http.StatusOK) }

func checkPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	a, _, err := read(v)
	if err != nil {
		return err
	}
	if a.State != "draft" {
		return v.Redirect(pathOf(a.ID))
	}
	found, err := judge(v)
	if err != nil {
		return err
	}
	var c card
	if err := v.Get("/services/"+desk.Escape(a.Service), nil, &c); err != nil {
		return err
	}
	view := checkView{Application: a, URL: pathOf(a.ID), Stages: stages(2), Ready: found.Ready, Signed: found.Signature == "required"}
	for _, fault := range found.Faults {
		view.Faults = append(view.Faults, newFaultRow(view.URL, fault, c))
	}
	for _, line := range found.Checklist {
		view.Checklist = append(view.Checklist, checkLine(v, line))
	}
	return v.Page(status, "service_check.html", a.Title, view, errs...)
}

// newFaultRow names the field or document that a fault is of, and leads there.
func newFaultRow(at string, fault desk.FieldProblem, c card) faultRow {
	row := faultRow{Text: fault.Detail, URL: at}
	if name, ok := strings.CutPrefix(fault.Pointer, "/fields/"); ok {
		name = unpointed(name)
		row.URL += "?checked=yes#" + inputPrefix + name
		for _, f := range c.Fields {
			if f.Name == name {
				row.Label = f.Label
			}
		}
	}
	if name, ok := strings.CutPrefix(fault.Pointer, "/documents/"); ok {
		name = unpointed(name)
		row.URL += "/documents#d-" + name
		for _, d := range c.Documents {
			if d.Name == name {
				row.Label = d.Title
			}
		}
	}
	return row
}

func checkLine(v *desk.Visit, line listed) pages.CheckLine {
	out := pages.CheckLine{Name: line.Title, Status: pages.CheckSkipped, Text: v.T("service.check.unneeded")}
	switch {
	case line.Missing:
		out.Status, out.Text = pages.CheckFailed, v.T("service.check.missing")
	case line.Attached > 0:
		out.Status, out.Text = pages.CheckPassed, v.T("service.check.attached", "Count", line.Attached)
	}
	return out
}

// content is what is signed, byte for byte.
func content(v *desk.Visit) error { return v.Download(apiOf(v)+"/content", nil) }

// signing is the dialog of a draft that is ready.
func signing(v *desk.Visit, a application) desk.Signing {
	at := pathOf(a.ID)
	return desk.Signing{
		Title: v.T("service.sign.title", "Title", a.Title), Lead: "service.sign.lead",
		Facts:   []pages.Pair{{Label: "service.sign.version", Text: itoa(a.Version)}, {Label: "service.sign.files", Text: strconv.Itoa(len(a.Documents))}},
		FileURL: at + "/content", FileName: "application-" + a.ID + ".xml",
		Action: at + "/submit", Fields: []pages.Hidden{{Name: "number", Value: itoa(a.Version)}}, Act: "service.act.submit",
		BackURL: at + "/check", Back: "service.sign.back",
	}
}

// sign opens the signing dialog.
func sign(v *desk.Visit) error {
	a, _, err := read(v)
	if err != nil {
		return err
	}
	if a.State != "draft" {
		return v.Redirect(pathOf(a.ID))
	}
	return v.Sign(http.StatusOK, signing(v, a), nil)
}

// submit sends the application, signed or, where the card does not ask for it, not.
func submit(v *desk.Visit) error {
	a, _, err := read(v)
	if err != nil {
		return err
	}
	body := map[string]any{}
	made, err := v.Signature()
	unsigned := errors.Is(err, desk.ErrNoSignature)
	switch {
	case unsigned && v.Value("unsigned") == "":
		return v.Unsigned(err, signing(v, a), apiOf(v)+"/content", nil)
	case err != nil && !unsigned:
		return err
	case !unsigned:
		body["signature"] = base64.StdEncoding.EncodeToString(request.DER(made))
		if number, err := strconv.ParseInt(v.Value("number"), 10, 64); err == nil {
			body["version"] = number
		}
	}
	err = v.Post(apiOf(v)+"/submit", body, nil)
	if err == nil {
		return v.Done(pathOf(a.ID), "service.done.submit")
	}
	if unsigned || faulty(err) {
		status, errs, err := v.Faults(err)
		if err != nil {
			return err
		}
		return checkPage(v, status, errs...)
	}
	return v.Unsigned(err, signing(v, a), apiOf(v)+"/content", made)
}

// faulty reports whether the form, not its signature, is refused.
func faulty(err error) bool {
	problem := desk.AsProblem(err)
	if problem == nil {
		return false
	}
	for _, fault := range problem.Errors {
		if !strings.HasPrefix(fault.Pointer, "/signature") {
			return true
		}
	}
	return false
}
