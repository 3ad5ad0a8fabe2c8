package filing

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// checked checks a draft; what is found stands on its page.
func checked(v *desk.Visit) error {
	id := desk.Escape(v.PathValue("id"))
	var now report
	if err := v.Post("/filings/"+id+"/check", nil, &now); err != nil {
		return notDone(v, err)
	}
	if now.Check != nil && now.Check.Accepted {
		return v.Done("/cabinet/filings/"+id, "filing.checked")
	}
	return v.Redirect("/cabinet/filings/" + id)
}

// notDone draws the report with the API's reason why an act was not done.
func notDone(v *desk.Visit, err error) error {
	status, errs, err := v.Mendable(err)
	if err != nil {
		return err
	}
	return onePage(v, status, errs...)
}

// signForm is the signing dialog of a report.
func signForm(v *desk.Visit) error {
	s, r, err := signing(v)
	if err != nil {
		return err
	}
	if !r.Actions.Allowed("sign") {
		return v.Redirect(r.path())
	}
	return v.Sign(http.StatusOK, s, nil)
}

// signing shows what is signed: the report's numbers, and each value of its form.
func signing(v *desk.Visit) (desk.Signing, report, error) {
	var r report
	var version string
	if err := v.Get("/filings/"+desk.Escape(v.PathValue("id")), nil, &r, desk.ETag(&version)); err != nil {
		return desk.Signing{}, r, err
	}
	s := desk.Signing{
		Title: v.T("filing.sign.title", "Name", r.TypeName), Lead: "filing.sign.lead",
		Action: r.path() + "/sign", Act: "filing.sign.act", FileURL: r.path() + "/file", BackURL: r.path(), Back: "filing.sign.back",
		Fields: []pages.Hidden{{Name: "version", Value: version}},
		Facts: []pages.Pair{
			{Label: "filing.fact.name", Text: r.TypeName, Under: r.Subject},
			{Label: "filing.fact.period", Text: r.Period.Name + " " + r.years()},
			{Label: "filing.fact.filer", Text: v.Organisation().Name, Under: v.T("number.inn") + " " + v.Organisation().INN},
			{Label: "filing.fact.office", Text: r.Office},
		},
	}
	if r.Correction > 0 {
		s.Facts = append(s.Facts, pages.Pair{Label: "filing.fact.correction", Text: v.T("filing.correction", "Number", r.Correction)})
	}
	if r.File != nil {
		s.FileName, s.Size, s.SHA256 = r.File.Name, r.File.Size, r.File.SHA256
	}
	var err error
	if s.Preview, err = readable(v, r); err != nil {
		return s, r, err
	}
	return s, r, nil
}

// readable is a form as text, section by section; "" for what came as a file.
func readable(v *desk.Visit, r report) (string, error) {
	if !r.made() || len(r.Values) == 0 {
		return "", nil
	}
	var k kind
	if err := v.Get("/report-types/"+desk.Escape(r.Type), nil, &k); err != nil {
		return "", err
	}
	var text strings.Builder
	for _, one := range steps(asked(v, k.Fields), v.T("filing.step.applicant")) {
		section := ""
		for _, g := range one.groups(r.Values, "", func(n int) string { return v.T("filing.row", "Number", n) }) {
			for _, in := range g.Fields {
				if in.Value != "" {
					section += fmt.Sprintf("%s: %s\n", in.Label, in.text())
				}
			}
		}
		if section != "" {
			fmt.Fprintf(&text, "%s\n%s\n", one.Name, section)
		}
	}
	return strings.TrimSpace(text.String()), nil
}

// text is a value as people read it: that of a choice by its label.
func (in input) text() string {
	if at := slices.IndexFunc(in.Options, func(o pages.Option) bool { return o.Value == in.Value }); at >= 0 {
		return in.Options[at].Label
	}
	return in.Value
}

// signed takes the signature and, unless others are to sign too, sends the report.
func signed(v *desk.Visit) error {
	s, r, err := signing(v)
	if err != nil {
		return err
	}
	path := "/filings/" + desk.Escape(v.PathValue("id"))
	made, err := v.Signature()
	if err == nil {
		body := map[string]string{"signature": desk.SignatureText(made)}
		err = v.Post(path+"/signatures", body, nil, desk.IfMatch(v.Value("version")), desk.IdempotencyKey(v.FormKey()))
	}
	if err != nil {
		return v.Unsigned(err, s, path+"/file", made)
	}
	return submittedTo(v, r.path(), "filing.sent")
}

// submitted sends a report that is signed already.
func submitted(v *desk.Visit) error {
	return submittedTo(v, "/cabinet/filings/"+desk.Escape(v.PathValue("id")), "filing.sent")
}

func submittedTo(v *desk.Visit, page, notice string) error {
	if err := v.Post("/filings/"+desk.Escape(v.PathValue("id"))+"/submit", nil, nil); err != nil {
		return notDone(v, err)
	}
	return v.Done(page, notice)
}

// corrected begins a correction with the values of the report.
func corrected(v *desk.Visit) error {
	var next report
	err := v.Post("/filings/"+desk.Escape(v.PathValue("id"))+"/correction", nil, &next, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return notDone(v, err)
	}
	return v.Done(next.path(), "filing.corrected")
}

// deleted throws a draft away.
func deleted(v *desk.Visit) error {
	if err := v.Delete("/filings/"+desk.Escape(v.PathValue("id")), nil, nil, desk.IfMatch(v.Value("version"))); err != nil {
		return notDone(v, err)
	}
	return v.Done("/cabinet/filings", "filing.deleted")
}
