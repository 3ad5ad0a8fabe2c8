package request

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// HelpdeskDeps is what a Helpdesk works with; all are required.
type HelpdeskDeps struct {
	DB      *storage.DB
	Journal *journal.Journal
	Notices *notice.Notices
	Outbox  *outbox.Outbox
	Now     func() time.Time
}

// Helpdesk is the support's side of tickets, of all organisations (rows 259 to
// 264). It is for the house's own people: nothing of it is in the cabinet's API.
type Helpdesk struct {
	inbox  *Inbox
	outbox *outbox.Outbox
}

// NewHelpdesk checks the dependencies.
func NewHelpdesk(deps HelpdeskDeps) (*Helpdesk, error) {
	if deps.DB == nil || deps.Journal == nil || deps.Notices == nil || deps.Outbox == nil || deps.Now == nil {
		return nil, errors.New("request: a helpdesk needs DB, Journal, Notices, Outbox and Now")
	}
	return &Helpdesk{&Inbox{Deps: Deps{DB: deps.DB, Journal: deps.Journal, Notices: deps.Notices, Now: deps.Now}}, deps.Outbox}, nil
}

// Waiting lists the tickets that wait for an answer, the nearest due first.
func (h *Helpdesk) Waiting(ctx context.Context, limit int) ([]Request, error) {
	var rows []Request
	err := h.inbox.DB.Select(ctx, &rows, `SELECT `+columns+` FROM requests WHERE type = 'ticket'
		AND status IN ('registered', 'in_work', 'overdue') ORDER BY due_at, id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("request: waiting tickets: %w", err)
	}
	return rows, nil
}

// threadRead bounds the posts of a ticket that the support reads at once.
const threadRead = 200

// Find reads a ticket by its number with its thread, newest first; storage.ErrNotFound.
func (h *Helpdesk) Find(ctx context.Context, text string) (r Request, thread []Post, err error) {
	number, ok := ParseNumber(text)
	if !ok {
		return r, nil, fmt.Errorf("request: ticket: %w", storage.ErrNotFound)
	}
	if err := h.inbox.DB.Get(ctx, &r, `SELECT `+columns+` FROM requests WHERE number = $1 AND type = 'ticket'`, number); err != nil {
		return r, nil, fmt.Errorf("request: ticket: %w", err)
	}
	thread, err = h.inbox.Thread(ctx, r.OrganisationID, r.ID, api.Page{Limit: threadRead - 1})
	return r, thread, err
}

// Word is what the support says about a ticket.
type Word struct {
	Number   string
	Event    Event  // EventInWork («В работе», Text may be empty), EventQuestion or EventResolved
	Author   string // the name that the organisation sees
	Text     string
	Operator string // who it is, for the journal
}

func (w Word) check() error {
	if w.Event != EventInWork && w.Event != EventQuestion && w.Event != EventResolved {
		return &FieldError{Field: "event", Code: "not_allowed"}
	}
	if w.Event != EventInWork || w.Text != "" {
		if err := checkText("text", w.Text, MaxBody, true); err != nil {
			return err
		}
	}
	return checkText("author", w.Author, 200, false)
}

// Answer enters the support's word into the ticket's thread and moves the ticket.
// storage.ErrNotFound for an unknown number, ErrState for a ticket that is closed.
func (h *Helpdesk) Answer(ctx context.Context, w Word) (r Request, err error) {
	number, ok := ParseNumber(w.Number)
	if !ok {
		return Request{}, &FieldError{Field: "number", Code: "request_number"}
	}
	if err := w.check(); err != nil {
		return Request{}, err
	}
	b := h.inbox
	err = b.DB.Tx(ctx, func(ctx context.Context) error {
		var found due
		err := b.DB.Get(ctx, &found, `SELECT organisation_id, id FROM requests WHERE number = $1 AND type = 'ticket'`, number)
		if err != nil {
			return fmt.Errorf("request: ticket: %w", err)
		}
		if r, err = b.lock(ctx, found.OrganisationID, found.ID); err != nil {
			return err
		}
		if err := b.supported(ctx, &r, w); err != nil {
			return err
		}
		return h.mail(ctx, &r, w)
	})
	return r, err
}

// mail sends the answer to the address that the ticket wants it at (rows 260, 267).
// It stands in the cabinet in any case, so a house without mail does without.
func (h *Helpdesk) mail(ctx context.Context, r *Request, w Word) error {
	to := r.Details.V.Email
	if r.Details.V.ReplyChannel != "email" || to == "" || w.Text == "" {
		return nil
	}
	err := h.outbox.Send(ctx, outbox.Message{
		Channel: "email", To: to, Subject: Ticket.Label("ru") + " " + r.Number + ": " + r.Status.Label("ru"), Text: w.Text + "\n\n" + w.Author,
	})
	if errors.Is(err, outbox.ErrChannel) {
		return nil
	}
	return err
}

func (b *Inbox) supported(ctx context.Context, r *Request, w Word) error {
	before := r.Status
	if err := r.happen(w.Event, b.now()); err != nil {
		return err
	}
	if w.Text != "" {
		p := outside(w.Author).post(r, FromOutside, In, w.Text, b.now())
		p.Event = w.Event
		if _, err := b.insertPost(ctx, &p); err != nil {
			return err
		}
	}
	if err := b.update(ctx, r); err != nil {
		return err
	}
	details := map[string]string{"event": string(w.Event), "source": w.Author, "operator": w.Operator}
	if err := b.record(ctx, r, outside(w.Author), "answered", before, details); err != nil {
		return err
	}
	what := "status_changed"
	if before == r.Status {
		what = "message"
	}
	return b.tell(ctx, r, happening{what: what, text: w.Text, source: w.Author})
}
