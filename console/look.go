package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

const (
	defaultLooks = 60               // of one operator, in lookWindow
	searchesEach = 5                // searches that go with a look
	lookWindow   = time.Hour        // fixed: it begins with the first look
	lookOpen     = 30 * time.Minute // how long a card stays open
	reasonLeast  = 10               // characters
	reasonMost   = 500
)

// What can be looked at.
const (
	lookPerson       = "person"
	lookOrganisation = "organisation"
	lookField        = "field"
	lookChain        = "journal" // an organisation's
	lookTicket       = "ticket"
	lookSearch       = "search"
	lookWhole        = "chain" // a whole one, exported or checked
)

type reasonBody struct {
	Reason string `json:"reason"`
}

// lookView says until when a card is open.
type lookView struct {
	Until storage.Time `json:"until"`
}

// reason reads a body of a reason alone.
func reason(c api.Call) (string, error) {
	var body reasonBody
	if err := api.ReadObject(c, &body); err != nil {
		return "", err
	}
	return reasonOf(body.Reason)
}

// reasonOf cleans a reason. It stays in the journal for good, so it must say something.
func reasonOf(text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", api.InvalidField("/reason", "required")
	case n < reasonLeast:
		return "", api.InvalidField("/reason", "too_short")
	case n > reasonMost:
		return "", api.InvalidField("/reason", "too_long")
	}
	return text, nil
}

// count takes one look from the operator's hour.
func (s *Server) count(c api.Call, kind string) error {
	return s.take(c, "console:looks:", kind, "looks_exhausted", s.LooksPerHour)
}

// take takes one of so many from the operator's hour. It fails closed: a counter that
// cannot count is no reason to read on.
func (s *Server) take(c api.Call, counter, kind, exhausted string, most int) error {
	n, left, err := s.Ephemeral.Incr(c.Ctx(), counter+c.Person(), lookWindow)
	if err != nil {
		return fmt.Errorf("console: count looks: %w", err)
	}
	if n > int64(most) {
		s.metrics.looks.WithLabelValues("exhausted").Inc()
		seconds := int(max(left/time.Second, 1))
		return api.Refuse(exhausted).With("limit", strconv.Itoa(most)).After(seconds)
	}
	s.metrics.looks.WithLabelValues(kind).Inc()
	return nil
}

// glance is a look at what opens without a reason of its own: counted and written down
// once, and open for as long as a card is.
func (s *Server) glance(c api.Call, kind, id string, record func() error) error {
	_, err := s.opened(c, kind, id)
	if err == nil || api.AsRefusal(err).Code() != "look_required" {
		return err
	}
	if err := s.count(c, kind); err != nil {
		return err
	}
	if err := record(); err != nil {
		return err
	}
	_, err = s.open(c, kind, id)
	return err
}

// record writes what an operator did into the system's chain, with his name.
func (s *Server) record(ctx context.Context, c api.Call, action, object string, details map[string]string) error {
	return s.Journal.Append(ctx, journal.Entry{
		Actor: c.Claims.Subject, Client: c.Claims.ClientID, Action: action, Object: object, Outcome: "success", Details: details,
	})
}

// recordPerson writes that a card or a field of a person was opened: with the
// operator's name to the system's chain, and without it, and without his address, to
// what the person reads of his own account, which lists the entries that are his.
func (s *Server) recordPerson(c api.Call, action, personID string, details map[string]string) error {
	return s.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := s.record(ctx, c, action, personID, details); err != nil {
			return err
		}
		return s.Journal.Append(journal.With(ctx, journal.Circumstances{RequestID: journal.From(ctx).RequestID}), journal.Entry{
			Actor: personID, Action: "signin.looked_at", Object: personID, Outcome: "success", Details: map[string]string{"by": "operator"},
		})
	})
}

// recordOrganisation does so for an organisation, whose own chain says that it was the
// house, and not who of it.
func (s *Server) recordOrganisation(c api.Call, organisationID string, details map[string]string) error {
	return s.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := s.record(ctx, c, "console.organisation_looked", organisationID, details); err != nil {
			return err
		}
		return s.Journal.Append(journal.With(ctx, journal.Circumstances{RequestID: journal.From(ctx).RequestID}), journal.Entry{
			Organisation: organisationID, Action: "organisation.looked_at", Object: organisationID, Outcome: "success",
			Details: map[string]string{"by": "operator", "reason": details["reason"]},
		})
	})
}

func lookKey(c api.Call, kind, id string) string {
	return "console:look:" + c.Person() + ":" + kind + ":" + id
}

// open notes that the operator has a card open.
func (s *Server) open(c api.Call, kind, id string) (lookView, error) {
	until := storage.Of(s.Now().Add(lookOpen))
	err := s.Ephemeral.Put(c.Ctx(), lookKey(c, kind, id), []byte(strconv.FormatInt(int64(until), 10)), lookOpen)
	if err != nil {
		return lookView{}, fmt.Errorf("console: open a card: %w", err)
	}
	return lookView{until}, nil
}

// opened refuses whoever has not opened the card, or opened it too long ago.
func (s *Server) opened(c api.Call, kind, id string) (lookView, error) {
	text, err := s.Ephemeral.Get(c.Ctx(), lookKey(c, kind, id))
	if errors.Is(err, storage.ErrNotFound) {
		return lookView{}, api.Refuse("look_required")
	}
	if err != nil {
		return lookView{}, fmt.Errorf("console: an open card: %w", err)
	}
	until, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return lookView{}, fmt.Errorf("console: an open card: %w", err)
	}
	return lookView{storage.Time(until)}, nil
}

// cardOpen refuses whoever has not opened the card that a route asks for.
func (s *Server) cardOpen(route *Route, c api.Call) error {
	if route.Card == "" {
		return nil
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	_, err = s.opened(c, route.Card, id)
	return err
}

// notSelf keeps operators from acting on themselves.
func notSelf(c api.Call, personID string) error {
	if c.Person() == personID {
		return api.Refuse("own_record")
	}
	return nil
}

type meView struct {
	ID         string                   `json:"id"`
	Name       string                   `json:"name"`
	Roles      []directory.OperatorRole `json:"roles"`
	AuthTime   storage.Time             `json:"auth_time"`
	WriteUntil storage.Time             `json:"write_until"`
	Looks      looksView                `json:"looks"`
}

type looksView struct {
	Limit         int   `json:"limit"`
	Used          int   `json:"used"`
	WindowSeconds int64 `json:"window_seconds"`
}

// me answers GET /console/v1/me.
func (s *Server) me(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	p, err := s.Directory.Person(c.Ctx(), c.Person())
	if err != nil {
		return err
	}
	roles, err := s.Directory.OperatorOf(c.Ctx(), p.ID)
	if err != nil {
		return err
	}
	used, err := s.looksUsed(c)
	if err != nil {
		return err
	}
	at := time.Unix(c.Claims.AuthTime, 0)
	return api.Answer(c, http.StatusOK, "", meView{
		ID: p.ID, Name: p.FullName(), Roles: roles, AuthTime: storage.Of(at), WriteUntil: storage.Of(at.Add(writeAge)),
		Looks: looksView{s.LooksPerHour, used, int64(lookWindow.Seconds())},
	})
}

// looks are the actions that an operator's hour counts.
var looks = []string{"console.person_looked", "console.field_revealed", "console.organisation_looked", "console.ticket_read"}

// looksUsed counts the operator's looks of the last hour in the journal, where every one
// of them is.
func (s *Server) looksUsed(c api.Call) (used int, err error) {
	filter := journal.Filter{Actor: c.Person(), From: storage.Of(s.Now().Add(-lookWindow)), Action: "console.", Limit: 500}
	entries, err := s.Journal.List(c.Ctx(), filter)
	for _, e := range entries {
		if slices.Contains(looks, e.Action) {
			used++
		}
	}
	return used, err
}
