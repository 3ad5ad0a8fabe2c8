package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// found bounds the answer of a search: who gets more must say it more closely.
const found = 20

type searchBody struct {
	Query string `json:"query"`
}

// personLine is somebody as a search shows him.
type personLine struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Number string `json:"number"`
	Email  string `json:"email"`
	Phone  string `json:"phone"`
	SNILS  string `json:"snils"`
	INN    string `json:"inn"`
	Status string `json:"status"`
}

type peopleView struct {
	People []personLine `json:"people"`
	More   bool         `json:"more"`
}

func lineOf(p directory.Person) personLine {
	return personLine{
		ID: p.ID, Name: shortName(p), Number: maskEnd(p.Number, 4), Email: maskMailbox(p.Email), Phone: maskEnd(p.Phone, 4),
		SNILS: maskEnd(p.SNILS, 4), INN: maskEnd(p.INN, 4), Status: p.Status,
	}
}

// query reads a search. It comes in a body, so that no address, and no log of one, has
// a person's number in it. Searches are counted: who asked often enough would have read
// the beginnings of everybody's data, card by card.
func (s *Server) query(c api.Call) (string, error) {
	var body searchBody
	if err := api.ReadObject(c, &body); err != nil {
		return "", err
	}
	if len(body.Query) > 200 {
		return "", api.InvalidField("/query", "too_long")
	}
	return body.Query, s.take(c, "console:searches:", lookSearch, "searches_exhausted", searchesEach*s.LooksPerHour)
}

// searched tells a search's refusal, and writes that it was made: for what kind of
// thing and with how many answers, not for whom.
func (s *Server) searched(c api.Call, what, kind string, n int, err error) error {
	if errors.Is(err, directory.ErrVague) {
		return api.InvalidField("/query", "too_short")
	}
	if err != nil {
		return err
	}
	return s.record(c.Ctx(), c, "console.searched", what, map[string]string{"by": kind, "found": strconv.Itoa(n)})
}

// searchPeople answers POST /console/v1/people/search.
func (s *Server) searchPeople(c api.Call) error {
	text, err := s.query(c)
	if err != nil {
		return err
	}
	people, kind, err := s.Directory.SearchPeople(c.Ctx(), text, found+1)
	if err := s.searched(c, "people", kind, len(people), err); err != nil {
		return err
	}
	view := peopleView{People: []personLine{}, More: len(people) > found}
	for _, p := range people[:min(len(people), found)] {
		view.People = append(view.People, lineOf(p))
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// named is the person of the path.
func (s *Server) named(c api.Call) (directory.Person, error) {
	id, err := c.ID()
	if err != nil {
		return directory.Person{}, err
	}
	p, err := s.Directory.Person(c.Ctx(), id)
	return p, api.DirectoryRefusal(err)
}

// lookAtPerson answers POST /console/v1/people/{id}/looks.
func (s *Server) lookAtPerson(c api.Call) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	p, err := s.named(c)
	if err != nil {
		return err
	}
	if err := s.count(c, lookPerson); err != nil {
		return err
	}
	if err := s.recordPerson(c, "console.person_looked", p.ID, map[string]string{"reason": why}); err != nil {
		return err
	}
	look, err := s.open(c, lookPerson, p.ID)
	if err != nil {
		return err
	}
	return s.answerPerson(c, http.StatusCreated, p, look)
}

// person answers GET /console/v1/people/{id} for a card that is open.
func (s *Server) person(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	p, look, err := s.openPerson(c)
	if err != nil {
		return err
	}
	return s.answerPerson(c, http.StatusOK, p, look)
}

// openPerson is the person of the path, whose card the operator has open. The look is
// asked for first: who has none learns of nobody whether he exists.
func (s *Server) openPerson(c api.Call) (directory.Person, lookView, error) {
	id, err := c.ID()
	if err != nil {
		return directory.Person{}, lookView{}, err
	}
	look, err := s.opened(c, lookPerson, id)
	if err != nil {
		return directory.Person{}, look, err
	}
	p, err := s.named(c)
	return p, look, err
}

type revealBody struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

type revealView struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// revealPerson answers POST /console/v1/people/{id}/reveal: one field, one reason, one
// look of the hour.
func (s *Server) revealPerson(c api.Call) error {
	var body revealBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	why, err := reasonOf(body.Reason)
	if err != nil {
		return err
	}
	p, _, err := s.openPerson(c)
	if err != nil {
		return err
	}
	value, known := map[string]string{
		"name": p.FullName(), "number": p.Number, "email": p.Email, "phone": p.Phone, "snils": p.SNILS, "inn": p.INN,
	}[body.Field]
	if !known {
		return api.InvalidField("/field", "invalid")
	}
	if err := s.count(c, lookField); err != nil {
		return err
	}
	if err := s.recordPerson(c, "console.field_revealed", p.ID, map[string]string{"reason": why, "field": body.Field}); err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", revealView{body.Field, value})
}

// change carries out an operator's act on a person whose card is open, under a reason,
// and answers the card as it is then.
func (s *Server) change(c api.Call, act func(ctx context.Context, p directory.Person, why string) error) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	p, look, err := s.openPerson(c)
	if err != nil {
		return err
	}
	if err := notSelf(c, p.ID); err != nil {
		return err
	}
	ctx := directory.Because(c.Ctx(), why)
	if err := s.DB.Tx(ctx, func(ctx context.Context) error { return act(ctx, p, why) }); err != nil {
		return actRefusal(err)
	}
	if p, err = s.Directory.Person(c.Ctx(), p.ID); err != nil {
		return err
	}
	return s.answerPerson(c, http.StatusOK, p, look)
}

func actRefusal(err error) error {
	switch {
	case errors.Is(err, directory.ErrClosed):
		return api.Refuse("account_closed").Wrap(err)
	case errors.Is(err, directory.ErrOperatorAccount):
		return api.Refuse("operator_record").Wrap(err)
	}
	return api.DirectoryRefusal(err)
}

// blockPerson answers POST /console/v1/people/{id}/block.
func (s *Server) blockPerson(c api.Call) error { return s.setStatus(c, directory.StatusBlocked) }

// unblockPerson answers POST /console/v1/people/{id}/unblock.
func (s *Server) unblockPerson(c api.Call) error { return s.setStatus(c, directory.StatusActive) }

func (s *Server) setStatus(c api.Call, status string) error {
	return s.change(c, func(ctx context.Context, p directory.Person, _ string) error {
		if p.Status == status {
			return api.Refuse("status_unchanged")
		}
		return s.Directory.SetPersonStatus(ctx, actor(c), p.ID, status)
	})
}

// unlockPerson answers POST /console/v1/people/{id}/unlock.
func (s *Server) unlockPerson(c api.Call) error {
	return s.change(c, func(ctx context.Context, p directory.Person, _ string) error {
		return s.Directory.UnlockFactors(ctx, actor(c), p.ID)
	})
}

// endSessions answers POST /console/v1/people/{id}/end-sessions.
func (s *Server) endSessions(c api.Call) error {
	return s.change(c, func(ctx context.Context, p directory.Person, why string) error {
		n, err := s.Sessions.End(ctx, p.ID)
		if err != nil {
			return err
		}
		return s.record(ctx, c, "console.sessions_ended", p.ID, map[string]string{"count": strconv.Itoa(n), "reason": why})
	})
}

// Session is a sign-in session of a person, as the console shows it.
type Session struct {
	ID        string
	BeganAt   storage.Time
	SeenAt    storage.Time
	ExpiresAt storage.Time
	Country   string
	IP        string
	UserAgent string
}

// Sessions are people's sign-in sessions.
type Sessions interface {
	OfPerson(ctx context.Context, personID string) ([]Session, error)
	// End ends all of a person's and answers how many there were.
	End(ctx context.Context, personID string) (int, error)
}
