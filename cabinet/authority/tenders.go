package authority

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
)

// Tender is an announcement of a procurement as an outside register publishes it
// (извещение о закупке, 44-ФЗ ст. 42 ч. 1).
type Tender struct {
	Number   string `json:"number"`   // реестровый номер, 19 digits
	Revision int64  `json:"revision"` // from 1; a higher one takes the place of the lower
	State    string `json:"state"`    // open, review, completed, cancelled
	Object   string `json:"object"`
	Method   Code   `json:"method"` // способ определения поставщика

	Customer Customer `json:"customer"`
	Sectors  []Code   `json:"sectors"` // ОКПД2, the main one first
	Region   string   `json:"region"`  // code of the subject of the Federation, "77"
	Kopecks  int64    `json:"kopecks"` // начальная (максимальная) цена контракта

	PublishedAt storage.Time `json:"published_at"`
	DeadlineAt  storage.Time `json:"deadline_at"` // the end of the taking of applications
	ReviewOn    Date         `json:"review_on,omitempty"`

	ApplicationSecurity int64    `json:"application_security,omitempty"` // kopecks; 0 = none
	ContractSecurity    int64    `json:"contract_security,omitempty"`    // kopecks; 0 = none
	SmallOnly           bool     `json:"small_only,omitempty"`           // for small businesses alone (ст. 30)
	Term                string   `json:"term,omitempty"`                 // when the contract is to be carried out
	Place               string   `json:"place,omitempty"`
	Requirements        []string `json:"requirements,omitempty"`

	Documents []TenderDocument `json:"documents,omitempty"`
	Protocols []Protocol       `json:"protocols,omitempty"` // by the date of each
	Change    string           `json:"change,omitempty"`    // what this revision changes, for people
}

// Customer is who buys.
type Customer struct {
	INN  string `json:"inn"`
	KPP  string `json:"kpp,omitempty"`
	Name string `json:"name"`
}

// TenderDocument is a file of an announcement, to be had by its id.
type TenderDocument struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Protocol is a decision of the commission (протокол).
type Protocol struct {
	Number string       `json:"number"`
	Kind   string       `json:"kind"` // «Протокол рассмотрения заявок»
	At     storage.Time `json:"at"`
	Text   string       `json:"text,omitempty"`
}

// Participation is an organisation's part in a procurement, as the register
// remembers it.
type Participation struct {
	Number      string       `json:"number"` // of the application in the register
	Tender      string       `json:"tender"` // of the announcement
	Object      string       `json:"object"`
	Customer    Customer     `json:"customer"`
	Sector      string       `json:"sector"`
	Region      string       `json:"region"`
	Kopecks     int64        `json:"kopecks"` // the announcement's price
	Offer       int64        `json:"offer"`   // kopecks
	Place       int64        `json:"place,omitempty"`
	Outcome     string       `json:"outcome"` // won, lost, rejected, cancelled, withdrawn
	Comment     string       `json:"comment,omitempty"`
	SubmittedAt storage.Time `json:"submitted_at"`
	DecidedAt   storage.Time `json:"decided_at"`
}

// Participant is an organisation's registration as the register has it.
type Participant struct {
	INN        string       `json:"inn"`
	Number     string       `json:"number"`
	ValidUntil storage.Time `json:"valid_until"`
}

// TenderPage is a part of what has changed in the register, oldest first. Each
// announcement is read by itself: one that cannot be read does not hold up the rest.
type TenderPage struct {
	Tenders []json.RawMessage `json:"tenders"`
	Next    string            `json:"next"` // where to go on, "" when there was nothing
}

// ParticipationPage is a part of an organisation's participations, oldest first.
type ParticipationPage struct {
	Participations []json.RawMessage `json:"participations"`
	Next           string            `json:"next"`
}

const (
	// tenderPageLimit bounds a page, tenderFileLimit a document in base64, in bytes.
	tenderPageLimit = 16 << 20
	tenderFileLimit = 48 << 20
)

// Tenders is a register of procurements asked over HTTP, each message signed both
// ways: GET /tenders?after=, /tenders/NUMBER/documents/ID, /participants/INN,
// /participants/INN/participations?after=.
type Tenders struct{ peer *peer }

// NewTenders asks the body at its URL. A nil transport is http.DefaultTransport.
func NewTenders(body Body, signer *httpsig.Signer, now func() time.Time, transport http.RoundTripper) (*Tenders, error) {
	if err := body.check(); err != nil {
		return nil, err
	}
	return &Tenders{newPeer(body, Deps{Signer: signer, Now: now, Transport: transport})}, nil
}

// Since reads what has changed after a cursor that an earlier page gave; "" is from
// the beginning.
func (t *Tenders) Since(ctx context.Context, after string) (page TenderPage, err error) {
	err = t.read(ctx, "/tenders?limit=50&after="+url.QueryEscape(after), tenderPageLimit, &page)
	return page, err
}

// Participations reads what the register knows of an organisation after a cursor.
func (t *Tenders) Participations(ctx context.Context, inn, after string) (page ParticipationPage, err error) {
	err = t.read(ctx, "/participants/"+url.PathEscape(inn)+"/participations?limit=100&after="+url.QueryEscape(after), tenderPageLimit, &page)
	return page, err
}

// Participant reads an organisation's registration; storage.ErrNotFound when it has
// none.
func (t *Tenders) Participant(ctx context.Context, inn string) (p Participant, err error) {
	if err = t.read(ctx, "/participants/"+url.PathEscape(inn), receiptLimit, &p); err == nil && p.INN != inn {
		err = errors.New("authority: the register of tenders answered with another participant")
	}
	return p, err
}

// Document fetches a file of an announcement; storage.ErrNotFound. Its digest is for
// the caller to compare with what the announcement says.
func (t *Tenders) Document(ctx context.Context, number, id string) (content []byte, err error) {
	var file File
	err = t.read(ctx, "/tenders/"+url.PathEscape(number)+"/documents/"+url.PathEscape(id), tenderFileLimit, &file)
	return file.Content, err
}

func (t *Tenders) read(ctx context.Context, path string, limit int64, into any) error {
	raw, err := t.peer.ask(ctx, http.MethodGet, path, nil, limit)
	if err != nil {
		return fmt.Errorf("authority: ask the register of tenders: %w", err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("authority: read the register of tenders: %w", err)
	}
	return nil
}
