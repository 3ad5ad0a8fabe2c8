package filing

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
	"propusk/storage"
)

// Filing is one report of one organisation, from its draft to what came of it.
type Filing struct {
	ID             string                            `db:"id"`
	OrganisationID string                            `db:"organisation_id"`
	Number         string                            `db:"number"` // operation number
	Type           string                            `db:"type"`
	Period         string                            `db:"period"`
	Year           int                               `db:"year"`
	Correction     int                               `db:"correction"`
	Alive          string                            `db:"alive"`
	State          State                             `db:"state"`
	Format         report.Format                     `db:"format"`
	Subject        string                            `db:"subject"`
	Office         string                            `db:"office"` // the body it is for
	Form           storage.JSON[report.Values]       `db:"form"`
	FileName       string                            `db:"file_name"`
	FileID         string                            `db:"file_id"` // "" until there is a file to sign
	FileSHA256     string                            `db:"file_sha256"`
	FileSize       int64                             `db:"file_size"` // bytes
	SourceID       string                            `db:"source_id"` // the spreadsheet it was made from
	Faults         storage.JSON[report.Faults]       `db:"faults"`
	CheckedAt      storage.Time                      `db:"checked_at"` // 0: not checked since its last change
	CheckedAs      string                            `db:"checked_as"` // fingerprint of the profile
	Faulty         bool                              `db:"faulty"`
	Representative bool                              `db:"representative"`
	Amount         int64                             `db:"amount"`  // kopecks
	Control        string                            `db:"control"` // control code, once sent
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	BodyNumber     string                            `db:"body_number"`
	Trouble        string                            `db:"trouble"`
	CorrectsID     string                            `db:"corrects_id"`
	CorrectedBy    string                            `db:"corrected_by"`
	CreatedBy      string                            `db:"created_by"`
	Version        int64                             `db:"version"`
	CreatedAt      storage.Time                      `db:"created_at"`
	UpdatedAt      storage.Time                      `db:"updated_at"`
	SubmittedAt    storage.Time                      `db:"submitted_at"`
}

const columns = `id, organisation_id, number, type, period, year, correction, alive, state, format, subject, office, form,
	file_name, file_id, file_sha256, file_size, source_id, faults, checked_at, checked_as, faulty, representative, amount,
	control, authority, body_number, trouble, corrects_id, corrected_by, created_by, version, created_at, updated_at, submitted_at`

// kind is the filing's type in the catalogue. One that left the catalogue keeps its
// name and can no longer be filed.
func (f Filing) kind() *report.Type {
	if t, ok := report.Find(f.Type); ok {
		return t
	}
	return &report.Type{ID: f.Type, Name: report.Saying{RU: f.Type, EN: f.Type}}
}

func (f Filing) claim() report.Claim {
	return report.Claim{Type: f.kind(), Period: f.Period, Year: f.Year, Correction: f.Correction}
}

// owner is the name under which its files are kept.
func (f Filing) owner() string { return "filing/" + f.ID }

// made reports whether the file is made here of values.
func (f Filing) made() bool { return f.Format == report.Form || f.Format == report.XLSX }

// event is a line of the journal of operations (row 177).
type event struct {
	ID             string       `db:"id"`
	FilingID       string       `db:"filing_id"`
	OrganisationID string       `db:"organisation_id"`
	Event          string       `db:"event"`
	State          State        `db:"state"`
	PersonID       string       `db:"person_id"`
	ClientID       string       `db:"client_id"`
	Who            string       `db:"who"` // how the person is called; "" for a client or the house
	Text           string       `db:"text"`
	At             storage.Time `db:"at"`
}

const eventColumns = `id, filing_id, organisation_id, event, state, person_id, client_id, who, text, at`

// get reads an organisation's filing; storage.ErrNotFound.
func (r *Filings) get(ctx context.Context, organisationID, id string) (f Filing, err error) {
	err = r.DB.Get(ctx, &f, `SELECT `+columns+` FROM filings WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return f, fmt.Errorf("filing: read: %w", err)
	}
	return f, nil
}

// byID reads a filing whoever's it is: for jobs and answers, never for a request.
func (r *Filings) byID(ctx context.Context, id string) (f Filing, err error) {
	if err = r.DB.Get(ctx, &f, `SELECT `+columns+` FROM filings WHERE id = $1`, id); err != nil {
		return f, fmt.Errorf("filing: read: %w", err)
	}
	return f, nil
}

// insert adds a filing with a number of its own. When a living one stands in its
// place, it answers that one and false.
func (r *Filings) insert(ctx context.Context, f *Filing) (Filing, bool, error) {
	for range 3 {
		f.Number = newNumber(report.Today(r.Now()))
		n, err := r.DB.Exec(ctx, `INSERT INTO filings (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
			$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)
			ON CONFLICT DO NOTHING`,
			f.ID, f.OrganisationID, f.Number, f.Type, f.Period, f.Year, f.Correction, f.Alive, f.State, f.Format, f.Subject, f.Office, f.Form,
			f.FileName, f.FileID, f.FileSHA256, f.FileSize, f.SourceID, f.Faults, f.CheckedAt, f.CheckedAs, f.Faulty, f.Representative, f.Amount,
			f.Control, f.Authority, f.BodyNumber, f.Trouble, f.CorrectsID, f.CorrectedBy, f.CreatedBy, f.Version, f.CreatedAt, f.UpdatedAt, f.SubmittedAt)
		if err != nil {
			return Filing{}, false, fmt.Errorf("filing: add: %w", err)
		}
		if n == 1 {
			return *f, true, nil
		}
		standing, err := r.standing(ctx, f.OrganisationID, f.Alive)
		if err == nil {
			return standing, false, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return Filing{}, false, err
		}
	}
	return Filing{}, false, errors.New("filing: no free operation number")
}

// standing is the living filing that stands in a place.
func (r *Filings) standing(ctx context.Context, organisationID, alive string) (f Filing, err error) {
	err = r.DB.Get(ctx, &f, `SELECT `+columns+` FROM filings WHERE organisation_id = $1 AND alive = $2 AND alive <> ''`, organisationID, alive)
	if err != nil {
		return f, fmt.Errorf("filing: read what stands there: %w", err)
	}
	return f, nil
}

// store writes a changed filing over the version it was read at; storage.ErrNotFound
// when another change came first.
func (r *Filings) store(ctx context.Context, f *Filing) error {
	f.UpdatedAt = storage.Of(r.Now())
	n, err := r.DB.Exec(ctx, `UPDATE filings SET period = $1, year = $2, correction = $3, alive = $4, state = $5, subject = $6,
		office = $7, form = $8, file_name = $9, file_id = $10, file_sha256 = $11, file_size = $12, source_id = $13, faults = $14,
		checked_at = $15, checked_as = $16, faulty = $17, representative = $18, amount = $19, control = $20, authority = $21,
		body_number = $22, trouble = $23, corrected_by = $24, format = $25, updated_at = $26, submitted_at = $27, corrects_id = $28, version = version + 1
		WHERE id = $29 AND version = $30`,
		f.Period, f.Year, f.Correction, f.Alive, f.State, f.Subject, f.Office, f.Form, f.FileName, f.FileID, f.FileSHA256, f.FileSize,
		f.SourceID, f.Faults, f.CheckedAt, f.CheckedAs, f.Faulty, f.Representative, f.Amount, f.Control, f.Authority, f.BodyNumber,
		f.Trouble, f.CorrectedBy, f.Format, f.UpdatedAt, f.SubmittedAt, f.CorrectsID, f.ID, f.Version)
	switch {
	case err != nil:
		return fmt.Errorf("filing: store: %w", err)
	case n == 0:
		return errStale
	}
	f.Version++
	return nil
}

// errStale: somebody else has changed the filing since it was read.
var errStale = errors.New("filing: changed meanwhile")
