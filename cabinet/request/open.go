package request

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// NewRequest is what an organisation asks.
type NewRequest struct {
	ID        string // of an application, which had one as a draft; "" makes one
	Type      Type
	Kind      string
	Subject   string
	Body      string
	PartyCode string // the body that it is sent to; none for a ticket
	Party     string
	Files     []string // ids in storage/file
	// Signatures name, by the id of a file, the file that holds its signature.
	Signatures map[string]string
	Details    Details
}

// The bounds of what people write, in characters, and of files.
const (
	MaxSubject = 300
	MaxBody    = 10_000
	MaxFiles   = 20              // of one post
	MaxFile    = 10 << 20        // bytes of one file (A23.4)
	maxThread  = 200             // files of one request
	ticketMost = 5               // files of a ticket's post (row 261)
	ticketSum  = int64(10 << 20) // bytes of them together
)

// appealTerm is by when an authority answers an appeal: thirty days from its
// registration (59-ФЗ, article 12).
const appealTerm = 30 * 24 * time.Hour

// correctionDays are the working days in which wrong data is corrected (row 280).
const correctionDays = 5

// SupportTerm is by when the support answers (row 263).
const SupportTerm = 24 * time.Hour

// dueAt is by when the other side is to answer; 0 = nobody promised.
func dueAt(t Type, now time.Time) storage.Time {
	switch t {
	case Appeal:
		return storage.Of(now.Add(appealTerm))
	case Correction:
		return storage.Of(addWorkingDays(now, correctionDays))
	case Ticket:
		return storage.Of(now.Add(SupportTerm))
	}
	return 0
}

// moscow is the zone of terms that are counted in days.
var moscow = time.FixedZone("MSK", 3*60*60)

// addWorkingDays answers the end of the n-th working day after t in Moscow.
// Saturdays and Sundays do not count; public holidays are not known here and
// count as working days, so the term may end early and never late.
func addWorkingDays(t time.Time, n int) time.Time {
	day := t.In(moscow)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			n--
		}
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, moscow)
}

// Open begins a request of the organisation and sends it: an appeal, a
// correction, a message or an application to its authority, a ticket to the
// support. The directory's refusals, *FieldError, storage.ErrNotFound for a file.
func (b *Inbox) Open(ctx context.Context, actor directory.Actor, organisationID string, n NewRequest) (r Request, err error) {
	if err := n.check(); err != nil {
		return Request{}, err
	}
	err = b.DB.Tx(ctx, func(ctx context.Context) error {
		kind := ""
		if n.Type == Application {
			kind = n.Kind
		}
		w, err := b.writer(ctx, actor, organisationID, kind)
		if err != nil {
			return err
		}
		if err := b.checkEarlier(ctx, organisationID, &n.Details); err != nil {
			return err
		}
		r = n.request(organisationID, w, b.Now())
		return b.begin(ctx, &r, n, w)
	})
	return r, err
}

// begin stores a new request with its opening post and sends it.
func (b *Inbox) begin(ctx context.Context, r *Request, n NewRequest, w writer) error {
	files, err := b.attach(ctx, r, w, n.Files, n.Signatures)
	if err != nil {
		return err
	}
	r.Documents.V = files
	if err := b.insert(ctx, r); err != nil {
		return err
	}
	p := w.post(r, Opening, Out, n.Body, b.now())
	p.Files.V = files
	if err := b.send(ctx, r, &p); err != nil {
		return err
	}
	details := map[string]string{"party": r.PartyCode}
	if err := b.record(ctx, r, w, "created", r.Status, details); err != nil {
		return err
	}
	return b.tell(ctx, r, happening{what: "submitted"})
}

// request is the row that a new request begins as.
func (n NewRequest) request(organisationID string, w writer, now time.Time) Request {
	at := storage.Of(now)
	r := Request{
		ID: n.ID, OrganisationID: organisationID, Type: n.Type, Kind: n.Kind, Direction: Out,
		Subject: n.Subject, PartyCode: n.PartyCode, Party: n.Party, CreatedBy: w.actor.PersonID,
		ResponsibleID: w.authority.MemberID, CreatedAt: at, UpdatedAt: at, StatusAt: at, Version: 1,
	}
	if r.ID == "" {
		r.ID = storage.NewID()
	}
	if n.Type == Ticket {
		r.PartyCode, r.Party = "", supportName
	}
	r.DueAt = dueAt(n.Type, now)
	r.Details.V = n.Details
	r.enter(Initial(n.Type, Out), at)
	return r
}

const supportName = "Служба поддержки"

// post is a post of this writer in the request's thread.
func (w writer) post(r *Request, kind PostKind, d Direction, body string, at storage.Time) Post {
	p := Post{
		ID: storage.NewID(), RequestID: r.ID, OrganisationID: r.OrganisationID, Kind: kind, Direction: d,
		AuthorID: w.actor.PersonID, AuthorClient: w.actor.ClientID, Author: w.name, Body: body, CreatedAt: at,
	}
	p.Authority.V = w.authority
	return p
}

// check refuses what nobody could answer.
func (n NewRequest) check() error {
	if err := checkText("subject", n.Subject, MaxSubject, false); err != nil {
		return err
	}
	if err := checkText("text", n.Body, MaxBody, true); err != nil {
		return err
	}
	switch n.Type {
	case Appeal, Correction, Message:
		return n.checkParty()
	case Ticket:
		return n.checkTicket()
	case Application:
		return nil
	}
	return &FieldError{Field: "type", Code: "not_allowed"}
}

func (n NewRequest) checkParty() error {
	if n.PartyCode == "" {
		return &FieldError{Field: "recipient", Code: "required"}
	}
	if !validBody(n.PartyCode) {
		return &FieldError{Field: "recipient", Code: "request_body_code"}
	}
	return checkText("recipient_name", n.Party, MaxSubject, false)
}

// validBody accepts the code of a body: two to twelve capitals, digits and hyphens.
func validBody(s string) bool {
	if len(s) < 2 || len(s) > 12 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && r != '-'
	})
}

// checkText bounds a text that people read; long ones may have paragraphs.
func checkText(field, s string, most int, paragraphs bool) error {
	trimmed := strings.TrimSpace(s)
	switch {
	case trimmed == "":
		return &FieldError{Field: field, Code: "required"}
	case utf8.RuneCountInString(s) > most:
		return &FieldError{Field: field, Code: "request_too_long", Args: map[string]string{"most": fmt.Sprint(most)}}
	case !utf8.ValidString(s), strings.ContainsFunc(s, func(r rune) bool { return forbidden(r, paragraphs) }):
		return &FieldError{Field: field, Code: "invalid"}
	}
	return nil
}

// forbidden are the characters that no text has: controls, and the marks that turn
// the direction of writing, by which a text reads as another one.
func forbidden(r rune, paragraphs bool) bool {
	if paragraphs && (r == '\n' || r == '\t') {
		return false
	}
	return api.Disguise(r)
}
