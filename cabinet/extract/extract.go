package extract

import (
	"propusk/idp/directory"
	"propusk/storage"
)

// The formats of an order.
const (
	FormatPDF  = "pdf"
	FormatXML  = "xml"
	FormatBoth = "both"
)

// Extract is one order and, when it is ready, what was made of it.
type Extract struct {
	ID             string                            `db:"id"`
	OrganisationID string                            `db:"organisation_id"`
	Kind           string                            `db:"kind"`
	Number         string                            `db:"number"` // of the paper
	Status         Status                            `db:"status"`
	Stage          Stage                             `db:"stage"`
	Format         string                            `db:"format"`
	Order          storage.JSON[Particulars]         `db:"particulars"`
	Email          []byte                            `db:"email"`     // sealed; empty = none
	Subject        storage.JSON[Subject]             `db:"subject"`   // who it is about, as of the order
	Answer         storage.JSON[Answered]            `db:"answer"`    // of the authority
	Failure        storage.JSON[Failure]             `db:"failure"`   // when it is Failed
	Authority      storage.JSON[directory.Authority] `db:"authority"` // by which right it was ordered
	OrderedBy      string                            `db:"ordered_by"`
	ClientID       string                            `db:"client_id"`
	Submission     string                            `db:"submission_id"` // of the last request to the authority
	Renews         string                            `db:"renews_id"`     // the extract it replaces; "" = none
	Files          storage.JSON[Files]               `db:"files"`
	Version        int64                             `db:"version"`
	CreatedAt      storage.Time                      `db:"created_at"`
	UpdatedAt      storage.Time                      `db:"updated_at"`
	ReadyAt        storage.Time                      `db:"ready_at"`
	ValidUntil     storage.Time                      `db:"valid_until"` // 0 = for ever
}

const columns = `id, organisation_id, kind, number, status, stage, format, particulars, email, subject, answer, failure,
	authority, ordered_by, client_id, submission_id, renews_id, files, version, created_at, updated_at, ready_at, valid_until`

// Particulars are what an order says beside kind and format.
type Particulars struct {
	From       string            `json:"from,omitempty"` // days, 2026-01-31; both or none
	To         string            `json:"to,omitempty"`
	Purpose    string            `json:"purpose,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Subject is the organisation that an extract is about.
type Subject struct {
	Kind string `json:"kind"`
	INN  string `json:"inn"`
	KPP  string `json:"kpp,omitempty"`
	OGRN string `json:"ogrn"`
	Name string `json:"name"`
}

// Answered is what the authority said.
type Answered struct {
	Number string            `json:"number,omitempty"` // its own
	Source string            `json:"source,omitempty"`
	Text   string            `json:"text,omitempty"`
	At     storage.Time      `json:"at"`
	Fields map[string]string `json:"fields,omitempty"`
}

// Failure is why an extract was not made: a code of failures (failure.go) with what
// fills its words.
type Failure struct {
	Code string            `json:"code,omitempty"`
	Args map[string]string `json:"args,omitempty"`
}

// Files are the ids of the files in the archive; "" where there is none.
type Files struct {
	PDF          string `json:"pdf,omitempty"`
	PDFSignature string `json:"pdf_signature,omitempty"`
	XML          string `json:"xml,omitempty"`
	XMLSignature string `json:"xml_signature,omitempty"`
}

// ids are those that there are.
func (f Files) ids() []string {
	var ids []string
	for _, id := range []string{f.PDF, f.PDFSignature, f.XML, f.XMLSignature} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// Valid reports whether a ready extract still holds.
func (e Extract) Valid(now storage.Time) bool {
	return e.Status == Ready && (e.ValidUntil == 0 || now.Before(e.ValidUntil))
}

func (e Extract) wants(format string) bool { return e.Format == format || e.Format == FormatBoth }

func (e Extract) kind() Type {
	t, _ := typeOf(e.Kind) // a kind is checked before it is stored and never leaves the catalogue
	return t
}
