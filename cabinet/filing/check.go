package filing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// faultView is one fault as the API tells it.
type faultView struct {
	Code     string          `json:"code"`
	Severity report.Severity `json:"severity"`
	FNS      string          `json:"fns,omitempty"` // in the classifier of the Federal Tax Service
	Line     int             `json:"line,omitempty"`
	Column   int             `json:"column,omitempty"`
	Element  string          `json:"element,omitempty"`
	Value    string          `json:"value,omitempty"`
	Message  string          `json:"message"`
	Advice   string          `json:"advice"`
}

func faultViews(faults report.Faults, lang string) []faultView {
	list := make([]faultView, len(faults))
	for i, f := range faults {
		list[i] = faultView{
			f.Code, f.Severity(), f.FNS(), f.Line, f.Column, f.Element, f.Value, f.Message(lang), f.Advice(lang),
		}
	}
	return list
}

// inspect checks a filing's file and notes in it what was found. A file that is no
// XML is checked only for its period. tree is of the content, where it was read.
func (r *Filings) inspect(f *Filing, p report.Profile, content []byte, tree *report.Tree) {
	t := f.kind()
	var faults report.Faults
	if f.Format == report.PDF {
		faults = over(t, *f, report.Today(r.Now()))
	} else {
		var header report.Header
		header, faults = report.Check(report.Input{
			FileName: f.FileName, Content: content, Tree: tree, Profile: p, Claim: f.claim(), Today: report.Today(r.Now()),
		})
		f.Representative, f.Amount = header.Representative, header.Amount
		f.Office = or(header.Office, f.Office)
		if !validOffice(f.Office) {
			f.Office = p.Office()
		}
	}
	f.found(faults, p, storage.Of(r.Now()))
}

func over(t *report.Type, f Filing, today report.Date) report.Faults {
	p, known := t.Period(f.Period)
	if !known {
		return nil
	}
	if fault := report.Over(t, p, f.Year, today); fault != nil {
		return report.Faults{*fault}
	}
	return nil
}

// found notes the result of a check.
func (f *Filing) found(faults report.Faults, p report.Profile, at storage.Time) {
	f.Faults.V, f.Faulty, f.CheckedAt, f.CheckedAs = faults, faults.Errors(), at, fingerprint(p)
}

// unchecked forgets the result of a check, after a change.
func (f *Filing) unchecked() {
	f.Faults.V, f.Faulty, f.CheckedAt, f.CheckedAs = nil, false, 0, ""
}

// fingerprint names the requisites that a check went by.
func fingerprint(p report.Profile) string {
	sum := sha256.Sum256([]byte(p.Kind + "\n" + p.INN + "\n" + p.KPP + "\n" + p.Name + "\n" + p.FullName + "\n" + p.TaxOffice))
	return hex.EncodeToString(sum[:8])
}

// check answers POST /v1/filings/{id}/check (row 171): everything that is wrong,
// without sending anything. For a form it makes the file that is then signed.
func (r *Filings) check(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	f, err := r.get(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	if _, err := r.authorise(c.Ctx(), c, directory.FilingsWrite, f); err != nil {
		return refusal(err)
	}
	if f.State == Draft {
		if f, err = r.checked(c, f); err != nil {
			return err
		}
	}
	view, err := r.view(c, f)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(f.Version), view)
}

// checked checks a draft and stores the result. Making and reading the file are
// done before the transaction, which only holds on if the draft is still the same.
func (r *Filings) checked(c api.Call, f Filing) (Filing, error) {
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return f, refusal(err)
	}
	if err := r.prepare(c.Ctx(), &f, profile); err != nil {
		return f, refusal(err)
	}
	err = r.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		stored := f
		by, err := r.authorise(ctx, c, directory.FilingsWrite, f)
		if err != nil {
			return err
		}
		if err := r.keep(ctx, stored); err != nil {
			return err
		}
		if err := r.store(ctx, &stored); err != nil {
			return err
		}
		details := byAuthority(by)
		details["faults"] = itoa(len(f.Faults.V))
		if err := r.note(ctx, c.Actor(), stored, "checked", "", details); err != nil {
			return err
		}
		f = stored
		return nil
	})
	return f, refusal(err)
}

// prepare makes the file of a form, or reads the uploaded one, and inspects it.
func (r *Filings) prepare(ctx context.Context, f *Filing, p report.Profile) error {
	if f.made() {
		return r.write(ctx, f, p)
	}
	if f.FileID == "" {
		return api.Refuse("filing_no_file")
	}
	_, content, err := r.Files.Read(ctx, f.OrganisationID, f.FileID, report.MaxFile)
	if err != nil {
		return err
	}
	r.inspect(f, p, content, nil)
	return nil
}

// write makes the XML of a form and saves it, loose, when it can be made at all.
func (r *Filings) write(ctx context.Context, f *Filing, p report.Profile) error {
	name, content, faults := report.Write(report.Draft{
		Profile: p, Claim: f.claim(), Office: f.Office, Day: report.Today(r.Now()), Unique: f.ID, Program: "Propusk", Values: f.Form.V,
	})
	if len(faults) > 0 {
		f.FileID, f.FileName, f.FileSHA256, f.FileSize = "", "", "", 0
		f.found(faults, p, storage.Of(r.Now()))
		return nil
	}
	if err := r.saveForm(ctx, f, name.String(), content); err != nil {
		return err
	}
	r.inspect(f, p, content, nil)
	return nil
}

// saveForm saves the file of a form, unless the form has made the same before. It is the
// house that makes it: a full archive is no reason for a report to miss its day.
func (r *Filings) saveForm(ctx context.Context, f *Filing, name string, content []byte) error {
	digest := sha256.Sum256(content)
	if f.FileID != "" && f.FileName == name && f.FileSHA256 == hex.EncodeToString(digest[:]) {
		if kept, err := r.Files.Get(ctx, f.OrganisationID, f.FileID); err == nil && kept.Whole() {
			return nil
		}
	}
	saved, err := r.Files.SaveOurs(ctx, f.OrganisationID, name, file.XML, report.MaxFile, bytes.NewReader(content))
	if err != nil {
		return err
	}
	f.put(saved, name)
	return nil
}

// checkFile answers POST /v1/filings/check: the check of a file that is not kept.
func (r *Filings) checkFile(c api.Call) error {
	u, err := readUpload(c, "type")
	if err != nil {
		return err
	}
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	t, header, tree, fault := report.Peek(u.name, u.content)
	if named := u.fields["type"]; named != "" {
		var known bool
		if t, known = report.Find(named); !known || t.Body() == "" {
			return api.InvalidField("/type", "filing_type_unknown")
		}
	}
	var faults report.Faults
	switch {
	case t == nil:
		faults = report.Faults{*fault}
	default:
		header, faults = report.Check(report.Input{
			FileName: u.name, Content: u.content, Tree: tree, Profile: profile, Today: report.Today(r.Now()),
			Claim: report.Claim{Type: t, Correction: header.Correction},
		})
	}
	view := map[string]any{"accepted": !faults.Errors(), "faults": faultViews(faults, c.Lang())}
	if t != nil {
		view["type"], view["period"], view["year"], view["correction"] = t.ID, header.Period, header.Year, header.Correction
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}
