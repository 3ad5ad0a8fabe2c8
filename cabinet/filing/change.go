package filing

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
	"propusk/storage/file"
)

// filingPatch changes what is there (RFC 7396). Values are merged one by one: null
// or "" takes one away, so that a page can save field by field.
type filingPatch struct {
	Period     api.Field[string]             `json:"period"`
	Year       api.Field[int]                `json:"year"`
	Correction api.Field[int]                `json:"correction"`
	Office     api.Field[string]             `json:"office"`
	Subject    api.Field[string]             `json:"subject"`
	Values     api.Field[map[string]*string] `json:"values"`
}

// patch answers PATCH /v1/filings/{id}: the autosave of a draft. A signed one loses
// its signatures by it. If-Match tells two people that they edit the same draft.
func (r *Filings) patch(c api.Call) error {
	var body filingPatch
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.MergePatch, api.PlainJSON}, &body, []string{"type", "state", "number"}); err != nil {
		return err
	}
	changed, err := r.change(c, directory.FilingsWrite, func(ctx context.Context, f *Filing, by directory.Authority) error {
		fields, err := body.apply(f, r.Now().In(report.Moscow).Year())
		if err != nil {
			return err
		}
		if len(fields) == 0 {
			return errUnchanged
		}
		return r.edited(ctx, c, f, by, strings.Join(fields, " "))
	})
	return r.answer(c, changed, err)
}

// apply puts the patch onto the filing and names what it changed.
func (p filingPatch) apply(f *Filing, thisYear int) (fields []string, err error) {
	n := newFiling{Type: f.Type, Period: f.Period, Year: f.Year, Correction: f.Correction, Office: f.Office, Subject: f.Subject}
	text := func(name string, to *string, from *string) {
		if from != nil && *from != *to {
			*to = *from
			fields = append(fields, name)
		}
	}
	number := func(name string, to *int, from *int) {
		if from != nil && *from != *to {
			*to = *from
			fields = append(fields, name)
		}
	}
	text("period", &n.Period, p.Period.Change())
	number("year", &n.Year, p.Year.Change())
	number("correction", &n.Correction, p.Correction.Change())
	text("office", &n.Office, p.Office.Change())
	text("subject", &n.Subject, p.Subject.Change())
	t, err := n.check(thisYear)
	if err != nil {
		return nil, err
	}
	if values := p.Values.Change(); values != nil {
		if !f.made() {
			return nil, api.InvalidField("/values", "filing_no_form")
		}
		if merge(f, *values) {
			fields = append(fields, "values")
		}
		if sizeOf(f.Form.V) > formLimit { // patch by patch a form would grow without end
			return nil, api.InvalidField("/values", "too_many")
		}
	}
	f.Period, f.Year, f.Correction, f.Office, f.Subject = n.Period, n.Year, n.Correction, n.Office, n.Subject
	f.Alive = aliveKey(t, f.Period, f.Year, f.Correction)
	return fields, nil
}

// merge puts single values over the form's and reports whether anything changed.
func merge(f *Filing, changes map[string]*string) bool {
	merged := maps.Clone(f.Form.V)
	if merged == nil {
		merged = report.Values{}
	}
	for path, value := range changes {
		if value == nil || *value == "" {
			delete(merged, path)
			continue
		}
		merged[path] = *value
	}
	same := maps.Equal(merged, f.Form.V)
	f.Form.V = merged
	return !same
}

// sizeOf is how many bytes the values of a form take, without their marks.
func sizeOf(values report.Values) (n int) {
	for path, value := range values {
		n += len(path) + len(value)
	}
	return n
}

// edited takes a filing back to its draft after a change: signatures were over
// other bytes, a check was of another report, and a made file is made anew.
func (r *Filings) edited(ctx context.Context, c api.Call, f *Filing, by directory.Authority, what string) error {
	next, ok := f.State.Next(Edit)
	if !ok {
		return api.Refuse("filing_locked")
	}
	if standing, err := r.standing(ctx, f.OrganisationID, f.Alive); err == nil && standing.ID != f.ID {
		return api.Refuse("filing_exists").With("number", standing.Number)
	}
	if f.State == Signed {
		if _, err := r.DB.Exec(ctx, `DELETE FROM filing_signatures WHERE filing_id = $1`, f.ID); err != nil {
			return err
		}
	}
	f.State = next
	f.unchecked()
	if f.made() {
		f.FileID, f.FileName, f.FileSHA256, f.FileSize = "", "", "", 0
	}
	if err := r.keep(ctx, *f); err != nil {
		return err
	}
	details := byAuthority(by)
	details["fields"] = what
	return r.note(ctx, c.Actor(), *f, string(Edit), "", details)
}

// replace answers PUT /v1/filings/{id}/file: another file for a draft that is filed
// as one, or another spreadsheet.
func (r *Filings) replace(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	f, err := r.get(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	if !f.State.Can(Edit) {
		return api.Refuse("filing_locked")
	}
	u, err := readUpload(c)
	if err != nil {
		return err
	}
	kinds := file.Kinds(0)
	for format, k := range kindsOf {
		if slices.Contains(f.kind().Formats, format) {
			kinds |= k
		}
	}
	saved, err := r.Files.Save(c.Ctx(), c.Organisation(), u.name, kinds, report.MaxFile, bytes.NewReader(u.content))
	if err != nil {
		return refusal(err)
	}
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	changed, err := r.change(c, directory.FilingsWrite, func(ctx context.Context, f *Filing, by directory.Authority) error {
		return r.replaced(ctx, c, f, by, profile, u, saved)
	})
	return r.answer(c, changed, err)
}

func (r *Filings) replaced(ctx context.Context, c api.Call, f *Filing, by directory.Authority, p report.Profile, u uploaded, saved file.File) error {
	f.Format, f.SourceID, f.Form.V = formatOf(saved), "", nil
	if f.Format == report.XLSX {
		_, values, faults := report.ReadTemplate(u.content, f.kind())
		if len(faults) > 0 {
			return unreadableReport(c, faults[0])
		}
		var err error
		if f.Form.V, err = r.defaults(ctx, c.Person(), representing(c), f.kind(), p, values); err != nil {
			return err
		}
		f.SourceID = saved.ID
		return r.edited(ctx, c, f, by, "file")
	}
	f.put(saved, u.name)
	if err := r.edited(ctx, c, f, by, "file"); err != nil {
		return err
	}
	r.inspect(f, p, u.content, nil)
	return nil
}

// remove answers DELETE /v1/filings/{id}. Only a draft goes: what was signed or
// sent stays for years.
func (r *Filings) remove(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	err = r.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		f, err := r.get(ctx, c.Organisation(), id)
		if err != nil {
			return err
		}
		if err := c.Matches(api.EntityTag(f.Version)); err != nil {
			return err
		}
		switch {
		case f.State == Signed:
			return api.Refuse("filing_signed")
		case f.State != Draft:
			return api.Refuse("filing_locked")
		}
		by, err := r.authorise(ctx, c, directory.FilingsWrite, f)
		if err != nil {
			return err
		}
		if err := r.Files.Release(ctx, f.owner()); err != nil {
			return err
		}
		n, err := r.DB.Exec(ctx, `DELETE FROM filings WHERE id = $1 AND version = $2`, f.ID, f.Version)
		if err != nil {
			return err
		}
		if n == 0 {
			return errStale
		}
		return r.note(ctx, c.Actor(), f, "deleted", "", byAuthority(by))
	})
	if err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}

// answer shows a filing after a change.
func (r *Filings) answer(c api.Call, f Filing, err error) error {
	if err != nil {
		return err
	}
	view, err := r.view(c, f)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(f.Version), view)
}
