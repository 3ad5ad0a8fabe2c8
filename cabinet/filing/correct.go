package filing

import (
	"context"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
)

// correct answers POST /v1/filings/{id}/correction: a new draft with the values of
// this filing and the next correction number. After a refusal the report counts as
// never filed, so the new draft keeps the number; "correction" chooses otherwise.
func (r *Filings) correct(c api.Call) error {
	var body struct {
		Correction api.Field[int] `json:"correction"`
	}
	if c.Request().ContentLength != 0 {
		if err := api.ReadObject(c, &body); err != nil {
			return err
		}
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	earlier, err := r.get(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	if !earlier.State.Correctable() {
		return notNow(earlier, "filing_not_correctable")
	}
	number, err := earlier.nextCorrection(body.Correction.Change())
	if err != nil {
		return err
	}
	_, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	f := r.draft(c.Organisation(), c.Person(), earlier.kind(), newFiling{
		Period: earlier.Period, Year: earlier.Year, Correction: number, Office: earlier.Office, Subject: earlier.Subject,
	})
	f.CorrectsID = earlier.ID
	if f.Format = report.PDF; earlier.Format != report.PDF {
		f.Format = report.Form
		if f.Form.V, err = r.valuesOf(c.Ctx(), earlier); err != nil {
			return refusal(err)
		}
	}
	return r.begin(c, &f, profile, earlier.Number)
}

// nextCorrection is the number of the filing that corrects this one.
func (f Filing) nextCorrection(asked *int) (int, error) {
	next := f.Correction + 1
	switch {
	case asked == nil && f.State == Refused:
		return f.Correction, nil
	case asked == nil:
	case *asked == next, *asked == f.Correction && f.State == Refused:
		next = *asked
	default:
		return 0, api.InvalidField("/correction", "filing_correction_next")
	}
	if next > 999 {
		return 0, api.InvalidField("/correction", "filing_correction")
	}
	return next, nil
}

// valuesOf are the values of a filing: those of its form, or what its file says.
func (r *Filings) valuesOf(ctx context.Context, f Filing) (report.Values, error) {
	if f.made() {
		return f.Form.V, nil
	}
	_, content, err := r.Files.Read(ctx, f.OrganisationID, f.FileID, report.MaxFile)
	if err != nil {
		return nil, err
	}
	values, fault := f.kind().ReadValues(content)
	if fault != nil {
		return report.Values{}, nil // it passed a check once; the formats have moved on since
	}
	return values, nil
}
