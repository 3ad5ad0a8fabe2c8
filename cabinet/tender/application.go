package tender

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/journal"
)

// Application is an organisation's application for a procurement (заявка).
type Application struct {
	ID             string                            `db:"id"`
	OrganisationID string                            `db:"organisation_id"`
	TenderID       string                            `db:"tender_id"`
	TenderNumber   string                            `db:"tender_number"`
	Object         string                            `db:"object"`
	CustomerINN    string                            `db:"customer_inn"`
	CustomerName   string                            `db:"customer_name"`
	Sector         string                            `db:"sector"`
	Region         string                            `db:"region"`
	StartPrice     int64                             `db:"start_price"` // kopecks
	Revision       int64                             `db:"revision"`    // of the announcement that it answers
	Alive          string                            `db:"alive"`
	State          State                             `db:"state"`
	Form           storage.JSON[Form]                `db:"form"`
	Applicant      storage.JSON[Applicant]           `db:"applicant"`
	Files          storage.JSON[[]Attachment]        `db:"files"`
	FileID         string                            `db:"file_id"` // as it is signed
	FileSHA256     string                            `db:"file_sha256"`
	Signature      storage.JSON[Mark]                `db:"signature"`
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	Number         string                            `db:"number"` // the register's
	Offer          int64                             `db:"offer"`  // kopecks
	Place          int64                             `db:"place"`
	Comment        string                            `db:"comment"` // the customer's
	Trouble        string                            `db:"trouble"`
	Replaces       string                            `db:"replaces_id"`
	Submission     string                            `db:"submission_id"`
	Withdrawal     string                            `db:"withdrawal_id"`
	Origin         string                            `db:"origin"`
	CreatedBy      string                            `db:"created_by"`
	Version        int64                             `db:"version"`
	CreatedAt      storage.Time                      `db:"created_at"`
	UpdatedAt      storage.Time                      `db:"updated_at"`
	SubmittedAt    storage.Time                      `db:"submitted_at"`
	DecidedAt      storage.Time                      `db:"decided_at"`
}

const columns = `id, organisation_id, tender_id, tender_number, object, customer_inn, customer_name, sector, region, start_price,
	revision, alive, state, form, applicant, files, file_id, file_sha256, signature, authority, number, offer, place, comment, trouble,
	replaces_id, submission_id, withdrawal_id, origin, created_by, version, created_at, updated_at, submitted_at, decided_at`

// Where an application comes from.
const (
	fromCabinet  = "cabinet"
	fromRegister = "register" // remembered by the register from before
)

// Form is what people fill in.
type Form struct {
	Price          int64   `json:"price"`           // kopecks: what is asked for the contract
	Consent        bool    `json:"consent"`         // to the terms of the announcement (44-ФЗ ст. 43 ч. 1)
	Proposal       string  `json:"proposal"`        // what is offered, in words
	Country        string  `json:"country"`         // of origin, ОКСМ: "643"
	Security       string  `json:"security"`        // account, guarantee; "" = none
	SecurityNumber string  `json:"security_number"` // of the guarantee
	Small          bool    `json:"small"`           // declared to be a small business (209-ФЗ)
	Contact        Contact `json:"contact"`
	Account        Account `json:"account"`
}

// Contact is whom the customer may ask.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
}

// Account is where the customer pays.
type Account struct {
	Number string `json:"number"`
	BIK    string `json:"bik"`
	Bank   string `json:"bank"`
}

// Applicant is the organisation as its profile says when the application changes.
type Applicant struct {
	Kind     string `json:"kind"`
	INN      string `json:"inn"`
	KPP      string `json:"kpp,omitempty"`
	OGRN     string `json:"ogrn"`
	Name     string `json:"name"`
	FullName string `json:"full_name"`
	Address  string `json:"address"`
	Activity string `json:"activity,omitempty"` // main ОКВЭД
}

// Attachment is a document of the archive in an application. The file never changes.
type Attachment struct {
	DocumentID string `json:"document_id"`
	FileID     string `json:"file_id"`
	Name       string `json:"name"`
	MediaType  string `json:"media_type"`
	Size       int64  `json:"size"` // bytes
	SHA256     string `json:"sha256"`
}

// Mark is an accepted signature.
type Mark struct {
	Signer      string            `json:"signer,omitempty"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	CMS         []byte            `json:"cms,omitempty"` // DER
	Verdict     signature.Verdict `json:"verdict"`
	At          storage.Time      `json:"at"`
}

// The refusals beside those of the directory.
var (
	errStale     = errors.New("tender: changed meanwhile")
	errUnchanged = errors.New("tender: nothing has changed")
)

// owner is the word under which its files are kept.
func (a Application) owner() string { return "tender/" + a.ID }

// under is what doing something with it is as an act: powers and details are limited
// by sums.
func (a Application) under(p directory.Permission) directory.Act {
	return directory.Act{Permission: p, Kind: actKind, Amount: a.Form.V.Price}
}

// actKind is by which powers of attorney are limited to tenders.
const actKind = "tender"

// Get reads an application of the organisation; storage.ErrNotFound.
func (t *Tenders) Get(ctx context.Context, organisationID, id string) (a Application, err error) {
	err = t.DB.Get(ctx, &a, `SELECT `+columns+` FROM tender_applications WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	return a, wrapped("tender: read an application", err)
}

func (t *Tenders) bySubmission(ctx context.Context, column, id string) (a Application, err error) {
	err = t.DB.Get(ctx, &a, `SELECT `+columns+` FROM tender_applications WHERE `+column+` = $1 AND `+column+` <> ''`, id)
	return a, wrapped("tender: read an application", err)
}

// insert adds an application; storage.ErrExists when another one lives in its place.
func (t *Tenders) insert(ctx context.Context, a Application) error {
	n, err := t.DB.Exec(ctx, `INSERT INTO tender_applications (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
		$14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35) ON CONFLICT DO NOTHING`,
		a.ID, a.OrganisationID, a.TenderID, a.TenderNumber, a.Object, a.CustomerINN, a.CustomerName, a.Sector, a.Region, a.StartPrice,
		a.Revision, a.Alive, a.State, a.Form, a.Applicant, a.Files, a.FileID, a.FileSHA256, a.Signature, a.Authority, a.Number, a.Offer, a.Place,
		a.Comment, a.Trouble, a.Replaces, a.Submission, a.Withdrawal, a.Origin, a.CreatedBy, a.Version, a.CreatedAt, a.UpdatedAt, a.SubmittedAt, a.DecidedAt)
	if err == nil && n == 0 {
		err = storage.ErrExists
	}
	return wrapped("tender: add an application", err)
}

// store writes what can change, as the next version; errStale when somebody was
// faster.
func (t *Tenders) store(ctx context.Context, a *Application) error {
	read := a.Version
	a.Version, a.UpdatedAt = read+1, t.now()
	n, err := t.DB.Exec(ctx, `UPDATE tender_applications SET revision = $1, alive = $2, state = $3, form = $4, applicant = $5, files = $6,
		file_id = $7, file_sha256 = $8, signature = $9, authority = $10, number = $11, offer = $12, place = $13, comment = $14, trouble = $15,
		submission_id = $16, withdrawal_id = $17, submitted_at = $18, decided_at = $19, start_price = $20, object = $21, updated_at = $22, version = $23
		WHERE id = $24 AND version = $25`,
		a.Revision, a.Alive, a.State, a.Form, a.Applicant, a.Files, a.FileID, a.FileSHA256, a.Signature, a.Authority, a.Number, a.Offer, a.Place,
		a.Comment, a.Trouble, a.Submission, a.Withdrawal, a.SubmittedAt, a.DecidedAt, a.StartPrice, a.Object, a.UpdatedAt, a.Version, a.ID, read)
	if err == nil && n == 0 {
		return errStale
	}
	return wrapped("tender: store an application", err)
}

// move brings it to a state; whether it lives and when it ended follow from that.
func (t *Tenders) move(a *Application, to State) {
	a.State = to
	if to.Over() {
		a.Alive, a.DecidedAt = "", t.now()
	}
	t.metrics.applications.WithLabelValues(string(to)).Inc()
}

// event is a line of an application's history.
type event struct {
	ID            string       `db:"id"`
	ApplicationID string       `db:"application_id"`
	Event         string       `db:"event"`
	State         State        `db:"state"`
	Who           string       `db:"who"` // "" = the house, the register or a program
	Text          string       `db:"text"`
	At            storage.Time `db:"at"`
}

// note writes one act into the application's history and the organisation's journal,
// in the transaction of ctx.
func (t *Tenders) note(ctx context.Context, actor directory.Actor, a Application, what, text string, details map[string]string) error {
	who := ""
	if actor.PersonID != "" {
		person, err := t.Directory.Person(ctx, actor.PersonID)
		if err != nil {
			return err
		}
		who = person.ShortName()
	}
	_, err := t.DB.Exec(ctx, `INSERT INTO tender_events (id, application_id, organisation_id, event, state, who, text, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, storage.NewID(), a.ID, a.OrganisationID, what, a.State, who, text, t.now())
	if err != nil {
		return fmt.Errorf("tender: history: %w", err)
	}
	all := map[string]string{"tender": a.TenderNumber, "state": string(a.State)}
	if a.Number != "" {
		all["number"] = a.Number
	}
	maps.Copy(all, details)
	return t.journal(ctx, actor, a.OrganisationID, "tender.application_"+what, "tender_application:"+a.ID, all)
}

func (t *Tenders) journal(ctx context.Context, actor directory.Actor, organisationID, action, object string, details map[string]string) error {
	return t.Journal.Append(ctx, journal.Entry{
		Organisation: organisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: object, Outcome: "success", Details: details,
	})
}

// history is everything that happened to an application, oldest first.
func (t *Tenders) history(ctx context.Context, id string) (list []event, err error) {
	err = t.DB.Select(ctx, &list, `SELECT id, application_id, event, state, who, text, at FROM tender_events WHERE application_id = $1 ORDER BY at, id`, id)
	return list, wrapped("tender: read the history", err)
}
