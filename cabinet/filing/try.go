package filing

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
)

// try answers POST /v1/filings/{id}/try: what the draft's form would come to with
// some values put over its own. Nothing is kept, so that a page can ask while one
// types.
func (r *Filings) try(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Values map[string]*string `json:"values"`
	}
	if err := api.ReadObjectUpTo(c, formLimit, &body); err != nil {
		return err
	}
	f, err := r.get(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	if _, err := r.authorise(c.Ctx(), c, directory.FilingsWrite, f); err != nil {
		return refusal(err)
	}
	if !f.made() {
		return api.InvalidField("/values", "filing_no_form")
	}
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	merge(&f, body.Values)
	faults := r.dry(f, profile)
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"accepted": !faults.Errors(), "faults": faultViews(faults, c.Lang())})
}

// dry makes the XML of a form and checks it, in memory alone.
func (r *Filings) dry(f Filing, p report.Profile) report.Faults {
	today := report.Today(r.Now())
	name, content, faults := report.Write(report.Draft{
		Profile: p, Claim: f.claim(), Office: f.Office, Day: today, Unique: f.ID, Program: "Propusk", Values: f.Form.V,
	})
	if len(faults) > 0 {
		return faults
	}
	_, faults = report.Check(report.Input{FileName: name.String(), Content: content, Profile: p, Claim: f.claim(), Today: today})
	return faults
}
