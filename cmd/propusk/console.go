package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet"
	"propusk/cabinet/request"
	"propusk/console"
	"propusk/console/web"
	"propusk/idp/directory"
	"propusk/idp/session"
	"propusk/storage"
)

// indexEvery is how soon operators find somebody by a new name.
const indexEvery = 30 * time.Second

// openConsole opens the operators' API: the cabinet's gate with an audience of its own,
// and the parts of the house that operators look after.
func (h *house) openConsole(context.Context) error {
	gate, err := cabinet.NewGate(cabinet.Deps{
		Issuer: h.cfg.Issuer, Audience: h.cfg.Issuer + "/console", MutualTLS: h.cfg.MutualTLS.URL,
		Keys:        cabinet.NewJWKS(h.cfg.Issuer+"/oauth2/jwks", inProcess{h}).Key,
		Revocations: h.revoked, Ephemeral: h.volatile, DB: h.db, Sealer: h.sealer, Now: h.now,
	})
	if err != nil {
		return fmt.Errorf("open the console: %w", err)
	}
	desk, err := request.NewHelpdesk(request.HelpdeskDeps{DB: h.db, Journal: h.journal, Notices: h.notices, Outbox: h.outbox, Now: h.now})
	if err != nil {
		return fmt.Errorf("open the console: %w", err)
	}
	h.console, err = console.New(console.Deps{
		Issuer: h.cfg.Issuer, Gate: gate, DB: h.db, Ephemeral: h.volatile, Directory: h.directory, Journal: h.journal,
		Jobs: h.jobs, Outbox: h.outbox, Trust: h.trust, Keys: h.keys, Clients: h.clients,
		Sessions: consoleSessions{h.sessions}, Tickets: consoleTickets{desk, h.now}, Rooms: h.consoleRooms,
		OwnClients: []string{cabinetClientID, web.ClientID}, LooksPerHour: h.cfg.Limits.OperatorLooks,
		SignJournal: h.signCheckpoint, Metrics: h.metrics, Now: h.now, Log: h.log,
	})
	if err != nil {
		return err
	}
	h.jobs.Every("directory/words", indexEvery, h.directory.IndexWords)
	return nil
}

// consoleSessions shows the console the issuer's sessions.
type consoleSessions struct{ store *session.Store }

// OfPerson implements console.Sessions.
func (s consoleSessions) OfPerson(ctx context.Context, personID string) ([]console.Session, error) {
	list, err := s.store.OfPerson(ctx, personID)
	if err != nil {
		return nil, err
	}
	sessions := make([]console.Session, len(list))
	for i, one := range list {
		sessions[i] = console.Session{
			ID: one.ID, BeganAt: one.CreatedAt, SeenAt: one.SeenAt, ExpiresAt: one.ExpiresAt,
			Country: one.Country, IP: one.IP, UserAgent: one.UserAgent,
		}
	}
	return sessions, nil
}

// End implements console.Sessions.
func (s consoleSessions) End(ctx context.Context, personID string) (int, error) {
	return s.store.DropOfPerson(ctx, personID, "")
}

// supportName is who answers tickets, as organisations see it.
const supportName = "Служба поддержки"

// consoleTickets shows the console the helpdesk.
type consoleTickets struct {
	desk *request.Helpdesk
	now  func() time.Time
}

func (t consoleTickets) ticket(r request.Request) console.Ticket {
	now, d := storage.Of(t.now()), r.Details.V
	return console.Ticket{
		Number: r.Number, OrganisationID: r.OrganisationID, Kind: r.Kind, Status: string(r.Shown(now)), Subject: r.Subject,
		ReplyChannel: d.ReplyChannel, Phone: d.Phone, Email: d.Email, CreatedAt: r.CreatedAt, DueAt: r.DueAt, Overdue: r.Late(now),
	}
}

// Waiting implements console.Tickets.
func (t consoleTickets) Waiting(ctx context.Context, limit int) ([]console.Ticket, error) {
	list, err := t.desk.Waiting(ctx, limit)
	tickets := make([]console.Ticket, len(list))
	for i, r := range list {
		tickets[i] = t.ticket(r)
	}
	return tickets, err
}

// Find implements console.Tickets. What the organisation's people say among themselves
// is not for the support.
func (t consoleTickets) Find(ctx context.Context, number string) (console.Ticket, []console.Post, error) {
	r, thread, err := t.desk.Find(ctx, number)
	if err != nil {
		return console.Ticket{}, nil, err
	}
	var posts []console.Post
	for _, p := range thread {
		if p.Direction != request.Internal {
			posts = append(posts, console.Post{
				ID: p.ID, Author: p.Author, Event: string(p.Event), Text: p.Body, At: p.CreatedAt, FromSupport: p.Direction == request.In,
			})
		}
	}
	return t.ticket(r), posts, nil
}

// Answer implements console.Tickets.
func (t consoleTickets) Answer(ctx context.Context, w console.Word) (console.Ticket, error) {
	word := request.Word{Number: w.Number, Event: request.EventResolved, Author: supportName, Text: w.Text, Operator: w.Operator}
	switch {
	case w.Text == "":
		word.Event = request.EventInWork
	case w.Question:
		word.Event = request.EventQuestion
	}
	r, err := t.desk.Answer(ctx, word)
	if wrong, ok := errors.AsType[*request.FieldError](err); ok {
		if wrong.Field == "number" {
			return console.Ticket{}, storage.ErrNotFound
		}
		return console.Ticket{}, &directory.FieldError{Field: wrong.Field, Code: wrong.Code}
	}
	if errors.Is(err, request.ErrState) {
		return console.Ticket{}, fmt.Errorf("%w: %w", console.ErrTicketClosed, err)
	}
	return t.ticket(r), err
}
