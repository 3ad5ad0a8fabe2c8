package filing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// mark is one signature of a filing.
type mark struct {
	ID             string                            `db:"id"`
	FilingID       string                            `db:"filing_id"`
	OrganisationID string                            `db:"organisation_id"`
	PersonID       string                            `db:"person_id"`
	ClientID       string                            `db:"client_id"`
	Signer         string                            `db:"signer"`
	Fingerprint    string                            `db:"fingerprint"`
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	Verdict        storage.JSON[signature.Verdict]   `db:"verdict"`
	CMS            []byte                            `db:"cms"`
	CreatedAt      storage.Time                      `db:"created_at"`
}

const markColumns = `id, filing_id, organisation_id, person_id, client_id, signer, fingerprint, authority, verdict, cms, created_at`

// patience bounds one verification, an outside service's too.
const patience = 25 * time.Second

// sign answers POST /v1/filings/{id}/signatures (row 297): a detached qualified
// signature over the very bytes of the report. Several people may sign; the same
// certificate signs once, so that a retried request is one signature.
func (r *Filings) sign(c api.Call) error {
	var body struct {
		Signature []byte `json:"signature"`
	}
	if err := api.ReadObjectUpTo(c, signature.MaxUpload*2, &body); err != nil {
		return err
	}
	if len(body.Signature) == 0 {
		return api.InvalidField("/signature", "required")
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	f, err := r.get(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	organisation, profile, err := r.profile(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	if why := f.unfit(Sign, profile); why != "" {
		return notNow(f, why)
	}
	m, err := r.verify(c, f, body.Signature)
	if err != nil {
		return err
	}
	signed := f
	changed, err := r.change(c, directory.FilingsSign, func(ctx context.Context, now *Filing, by directory.Authority) error {
		if now.Version != signed.Version {
			return errStale
		}
		return r.signedBy(ctx, c, now, organisation, by, m)
	})
	return r.answer(c, changed, err)
}

// unfit is the code of what forbids signing or sending, "" when nothing does.
func (f Filing) unfit(e Event, p report.Profile) string {
	switch {
	case e == Submit && f.State == Draft:
		return "filing_unsigned"
	case !f.State.Can(e):
		return "filing_state"
	case f.CheckedAt == 0 || f.FileID == "" && !f.Faulty:
		return "filing_not_checked"
	case f.Faulty:
		return "filing_faulty"
	case f.CheckedAs != fingerprint(p):
		return "filing_profile_changed"
	}
	return ""
}

// notNow refuses for the filing's state.
func notNow(f Filing, code string) error { return api.Refuse(code).Said("state", f.State.words()) }

// verify reads the file, with its digest held against what was stored, and judges
// the signature over it. Whose it may be is for the transaction to say.
func (r *Filings) verify(c api.Call, f Filing, sent []byte) (mark, error) {
	_, content, err := r.Files.Read(c.Ctx(), f.OrganisationID, f.FileID, report.MaxFile)
	if err != nil {
		return mark{}, refusal(err)
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), patience)
	defer cancel()
	cms := signature.Decode(sent)
	verdict, err := r.Verifier.Verify(ctx, signature.Request{Signature: cms, Content: content})
	if err != nil {
		return mark{}, api.Refuse("filing_verifier").Wrap(err).After(2)
	}
	if !verdict.Accepted {
		return mark{}, refusedVerdict(verdict)
	}
	return mark{
		ID: storage.NewID(), FilingID: f.ID, OrganisationID: f.OrganisationID, PersonID: c.Person(), ClientID: c.Claims.ClientID,
		Signer: verdict.Subject.Owner(), Fingerprint: verdict.Certificate.Fingerprint,
		Verdict: storage.JSON[signature.Verdict]{V: verdict}, CMS: cms, CreatedAt: storage.Of(r.Now()),
	}, nil
}

// refusedVerdict shows every check that failed, in words.
func refusedVerdict(v signature.Verdict) error {
	refused := api.Refuse("filing_signature_refused").Because("signature_" + string(v.Code))
	for _, check := range v.Checks {
		if check.Status == signature.Failed {
			refused = refused.About(api.FieldFault{Pointer: "/signature", Code: "signature_" + string(check.Code)})
		}
	}
	return refused
}

// signedBy adds the signature if its owner may sign for the organisation.
func (r *Filings) signedBy(ctx context.Context, c api.Call, f *Filing, o directory.Organisation, by directory.Authority, m mark) error {
	err := r.Directory.MaySign(ctx, c.Actor(), by, o.ID, *m.Verdict.V.Subject)
	if errors.Is(err, directory.ErrSigner) {
		return api.Refuse("filing_signer")
	}
	if err != nil {
		return err
	}
	if by.By == directory.ByPower && f.Format != report.PDF && !f.Representative {
		return api.Refuse("filing_signatory").With("power", by.PowerNumber)
	}
	m.Authority.V = by
	n, err := r.DB.Exec(ctx, `INSERT INTO filing_signatures (`+markColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (filing_id, fingerprint) DO NOTHING`,
		m.ID, m.FilingID, m.OrganisationID, m.PersonID, m.ClientID, m.Signer, m.Fingerprint, m.Authority, m.Verdict, m.CMS, m.CreatedAt)
	switch {
	case err != nil:
		return fmt.Errorf("filing: keep a signature: %w", err)
	case n == 0:
		return errUnchanged
	}
	f.State, _ = f.State.Next(Sign)
	details := byAuthority(by)
	details["certificate"], details["signature"] = m.Fingerprint, "accepted"
	return r.note(ctx, c.Actor(), *f, string(Sign), m.Signer, details)
}

// marks are a filing's signatures, in the order of signing.
func (r *Filings) marks(ctx context.Context, filingID string) (list []mark, err error) {
	err = r.DB.Select(ctx, &list, `SELECT `+markColumns+` FROM filing_signatures WHERE filing_id = $1 ORDER BY created_at, id`, filingID)
	if err != nil {
		return nil, fmt.Errorf("filing: read signatures: %w", err)
	}
	return list, nil
}

// signatureFile answers GET /v1/filings/{id}/signatures/{signature} with the CMS.
func (r *Filings) signatureFile(c api.Call) error {
	which, err := c.PathID("signature")
	if err != nil {
		return err
	}
	f, err := r.reading(c)
	if err != nil {
		return err
	}
	var cms []byte
	err = r.DB.Get(c.Ctx(), &cms, `SELECT cms FROM filing_signatures WHERE id = $1 AND filing_id = $2`, which, f.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return api.Refuse("not_found")
	}
	if err != nil {
		return fmt.Errorf("filing: read a signature: %w", err)
	}
	return api.File(c, api.FileAnswer{Name: f.FileName + ".sig", MediaType: "application/pkcs7-signature", Size: int64(len(cms))}, bytes.NewReader(cms))
}

// download answers GET /v1/filings/{id}/file: the very bytes that are signed.
func (r *Filings) download(c api.Call) error {
	f, err := r.reading(c)
	if err != nil {
		return err
	}
	if f.FileID == "" {
		return api.Refuse("filing_no_file")
	}
	stored, content, err := r.Files.Open(c.Ctx(), c.Organisation(), f.FileID)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = content.Close() }()
	return api.File(c, api.FileAnswer{Name: f.FileName, MediaType: stored.MediaType, SHA256: stored.SHA256, Size: stored.Size}, content)
}
