package console

import (
	"context"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Ticket is what an organisation has asked the support.
type Ticket struct {
	Number, OrganisationID, Kind, Status, Subject, ReplyChannel, Phone, Email string
	CreatedAt, DueAt                                                          storage.Time
	Overdue                                                                   bool
}

// Post is one message of a ticket's thread.
type Post struct {
	ID, Author, Event, Text string
	At                      storage.Time
	FromSupport             bool
}

// Word is what an operator says to a ticket: with Text an answer, or with Question one
// back; without, that somebody works on it.
type Word struct {
	Number, Text, Operator string
	Question               bool
}

// ErrTicketClosed: the ticket takes no more words.
var ErrTicketClosed = errors.New("console: the ticket is closed")

// Tickets are those of all organisations. storage.ErrNotFound for an unknown number,
// ErrTicketClosed, a *directory.FieldError for a text that cannot be sent.
type Tickets interface {
	Waiting(ctx context.Context, limit int) ([]Ticket, error) // the nearest due first
	Find(ctx context.Context, number string) (Ticket, []Post, error)
	Answer(ctx context.Context, w Word) (Ticket, error)
}

type ticketView struct {
	Number         string       `json:"number"`
	OrganisationID string       `json:"organization_id"`
	Kind           string       `json:"kind"`
	Status         string       `json:"status"`
	Subject        string       `json:"subject"`
	CreatedAt      storage.Time `json:"created_at"`
	DueAt          storage.Time `json:"due_at"`
	Overdue        bool         `json:"overdue"`
	ReplyChannel   string       `json:"reply_channel"`
	Phone          string       `json:"phone"`
	Email          string       `json:"email"`
}

type ticketsView struct {
	Tickets []ticketView `json:"tickets"`
}

type ticketCard struct {
	ticketView
	Posts []postView `json:"posts"`
}

type postView struct {
	ID     string       `json:"id"`
	At     storage.Time `json:"at"`
	Side   string       `json:"side"` // organization, support
	Author string       `json:"author"`
	Event  string       `json:"event"`
	Text   string       `json:"text"`
}

func ticketViewOf(t Ticket) ticketView {
	return ticketView{
		t.Number, t.OrganisationID, t.Kind, t.Status, t.Subject, t.CreatedAt, t.DueAt, t.Overdue, t.ReplyChannel, maskEnd(t.Phone, 4), maskMailbox(t.Email),
	}
}

// tickets answers GET /console/v1/tickets.
func (s *Server) tickets(c api.Call) error {
	q := c.Query("limit")
	limit := int(q.Number("limit", 1, api.MaxPage, api.DefaultPage))
	if err := q.Err(); err != nil {
		return err
	}
	list, err := s.Tickets.Waiting(c.Ctx(), limit)
	if err != nil {
		return err
	}
	view := ticketsView{Tickets: []ticketView{}}
	for _, t := range list {
		view.Tickets = append(view.Tickets, ticketViewOf(t))
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// ticket answers GET /console/v1/tickets/{number}. Its text was written to be read here,
// by whoever answers it: that it was, the journal says, and it is a look, so that nobody
// reads all tickets that there ever were.
func (s *Server) ticket(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	t, posts, err := s.Tickets.Find(c.Ctx(), c.Param("number"))
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	err = s.glance(c, lookTicket, t.Number, func() error { return s.record(c.Ctx(), c, "console.ticket_read", t.Number, nil) })
	if err != nil {
		return err
	}
	card := ticketCard{ticketViewOf(t), []postView{}}
	for _, p := range posts {
		side := "organization"
		if p.FromSupport {
			side = "support"
		}
		card.Posts = append(card.Posts, postView{p.ID, p.At, side, p.Author, p.Event, p.Text})
	}
	return api.Answer(c, http.StatusOK, "", card)
}

// takeTicket answers POST /console/v1/tickets/{number}/take.
func (s *Server) takeTicket(c api.Call) error { return s.say(c, Word{}) }

type answerBody struct {
	Text     string `json:"text"`
	Question bool   `json:"question"`
}

// answerTicket answers POST /console/v1/tickets/{number}/answer.
func (s *Server) answerTicket(c api.Call) error {
	var body answerBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if body.Text == "" {
		return api.InvalidField("/text", "required")
	}
	return s.say(c, Word{Text: body.Text, Question: body.Question})
}

// say enters the operator's word. The organisation sees the support, and the journal of
// the house the operator.
func (s *Server) say(c api.Call, w Word) error {
	w.Number, w.Operator = c.Param("number"), c.Person()
	var t Ticket
	err := s.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		if t, err = s.Tickets.Answer(ctx, w); err != nil {
			return err
		}
		action := "console.ticket_answered"
		if w.Text == "" {
			action = "console.ticket_taken"
		}
		return s.record(ctx, c, action, t.Number, nil)
	})
	if errors.Is(err, ErrTicketClosed) {
		return api.Refuse("ticket_closed").Wrap(err)
	}
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, "", ticketViewOf(t))
}
