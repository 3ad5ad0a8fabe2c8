package filing

import (
	"context"
	"fmt"
	"strconv"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// submit answers POST /v1/filings/{id}/submit: the report goes to its body, in the
// transaction that says by which right. Retried, it is one submission: the second
// request finds the filing sent and is answered with it.
func (r *Filings) submit(c api.Call) error {
	organisation, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	changed, err := r.change(c, directory.FilingsSign, func(ctx context.Context, f *Filing, by directory.Authority) error {
		if f.Control != "" {
			return errUnchanged
		}
		if why := f.unfit(Submit, profile); why != "" {
			return notNow(*f, why)
		}
		return r.sent(ctx, c, f, organisation, by)
	})
	return r.answer(c, changed, err)
}

// sent moves a filing to the body.
func (r *Filings) sent(ctx context.Context, c api.Call, f *Filing, o directory.Organisation, by directory.Authority) error {
	var signatures int
	if err := r.DB.Get(ctx, &signatures, `SELECT COUNT(*) FROM filing_signatures WHERE filing_id = $1`, f.ID); err != nil {
		return fmt.Errorf("filing: count signatures: %w", err)
	}
	if signatures == 0 {
		return api.Refuse("filing_unsigned")
	}
	f.State, _ = f.State.Next(Submit)
	f.SubmittedAt = storage.Of(r.Now())
	f.Control = controlCode(*f, o.INN)
	f.Authority.V = by
	if err := r.linkCorrected(ctx, f); err != nil {
		return err
	}
	if err := r.Gateway.Submit(ctx, authority.Load{Kind: kind, ID: f.ID}); err != nil {
		return err
	}
	details := byAuthority(by)
	details["sha256"], details["control"] = f.FileSHA256, f.Control
	if err := r.note(ctx, c.Actor(), *f, string(Submit), "", details); err != nil {
		return err
	}
	return r.tell(ctx, *f, "submitted", notice.Low, "", nil)
}

// linkCorrected finds what a correction that came as a file corrects: the living
// filing with the number before it.
func (r *Filings) linkCorrected(ctx context.Context, f *Filing) error {
	if f.CorrectsID != "" || f.Correction == 0 || f.Alive == "" {
		return nil
	}
	earlier, err := r.standing(ctx, f.OrganisationID, aliveKey(f.kind(), f.Period, f.Year, f.Correction-1))
	if err == nil && earlier.State.Correctable() {
		f.CorrectsID = earlier.ID
	}
	return ignoreNotFound(err)
}

// load makes the submission when the gateway sends it. The content is what was
// signed: a stored file never changes.
func (r *Filings) load(ctx context.Context, id string) (authority.Submission, error) {
	f, err := r.byID(ctx, id)
	if err != nil {
		return authority.Submission{}, err
	}
	o, err := r.Directory.Organisation(ctx, f.OrganisationID)
	if err != nil {
		return authority.Submission{}, err
	}
	stored, content, err := r.Files.Read(ctx, f.OrganisationID, f.FileID, report.MaxFile)
	if err != nil {
		return authority.Submission{}, fmt.Errorf("filing: read what is sent: %w", err)
	}
	marks, err := r.marks(ctx, f.ID)
	if err != nil {
		return authority.Submission{}, err
	}
	main := authority.File{Name: f.FileName, MediaType: stored.MediaType, Content: content}
	for _, m := range marks {
		main.Signatures = append(main.Signatures, m.CMS)
	}
	t := f.kind()
	return authority.Submission{
		ID: f.ID, Kind: kind, OrganisationID: o.ID, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Name: o.Name, Recipient: f.Office,
		Subject: or(f.Subject, t.Name.RU), Files: []authority.File{main},
		Fields: map[string]string{
			"report": f.Type, "knd": t.KND, "period": f.Period, "year": strconv.Itoa(f.Year),
			"correction": strconv.Itoa(f.Correction), "operation": f.Number, "control": f.Control,
		},
	}, nil
}
