package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/authority"
)

// listed is an announcement of the sandbox's register, with the turn in which it came
// or changed last: whoever asks goes by turns.
type listed struct {
	Turn   int              `json:"turn"`
	Tender authority.Tender `json:"tender"`
}

// tookPart is what the register remembers of a participant.
type tookPart struct {
	Turn          int                     `json:"turn"`
	INN           string                  `json:"inn"`
	Participation authority.Participation `json:"participation"`
}

// applyTender makes a change of the register of procurements.
func (s *state) applyTender(c change) {
	if c.Tender != nil {
		s.tenders[c.Tender.Tender.Number] = *c.Tender
		s.turns = max(s.turns, c.Tender.Turn)
	}
	if c.Participant != nil {
		s.participants[c.Participant.INN] = *c.Participant
	}
	if c.Participation != nil {
		s.participations = append(s.participations, *c.Participation)
		s.turns = max(s.turns, c.Participation.Turn)
	}
}

// AddTender publishes an announcement, or its next revision. The files become its
// documents, in place of those with their names.
func (s *Sandbox) AddTender(t authority.Tender, files ...authority.File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.state.tenders[t.Number]; ok && t.Revision == 0 {
		t.Revision = known.Tender.Revision + 1
	}
	t.Revision = max(t.Revision, 1)
	for _, f := range files {
		digest, err := s.store.keep(f.Content)
		if err != nil {
			return err
		}
		t.Documents = append(t.Documents, authority.TenderDocument{
			ID: strconv.Itoa(len(t.Documents) + 1), Name: f.Name, Size: int64(len(f.Content)), SHA256: digest,
		})
	}
	s.console.say("tender", "", t.Number+": "+t.Object)
	return s.change(change{Tender: &listed{Turn: s.state.turns + 1, Tender: t}})
}

// AddParticipation has the register remember a participation of an organisation.
func (s *Sandbox) AddParticipation(inn string, p authority.Participation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change(change{Participation: &tookPart{Turn: s.state.turns + 1, INN: inn, Participation: p}})
}

// AddParticipant has an organisation stand in the register of participants.
func (s *Sandbox) AddParticipant(p authority.Participant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change(change{Participant: &p})
}

// HasTenders reports whether an announcement was ever published here.
func (s *Sandbox) HasTenders() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.state.tenders) > 0
}

// participant answers an organisation's registration.
func (s *Sandbox) participant(r *http.Request, _ []byte) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, known := s.state.participants[r.PathValue("inn")]
	if !known {
		return problem(http.StatusNotFound, "not_found", "there is no such participant"), nil
	}
	return reply{http.StatusOK, p}, nil
}

// afterTurn reads the cursor of a question.
func afterTurn(r *http.Request) (after, limit int) {
	after, _ = strconv.Atoi(r.URL.Query().Get("after")) // what is no number begins at the beginning
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 50
	}
	return after, limit
}

// listTenders answers what has changed after a cursor, oldest first.
func (s *Sandbox) listTenders(r *http.Request, _ []byte) (reply, error) {
	after, limit := afterTurn(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	byTurn := map[int]authority.Tender{}
	for _, l := range s.state.tenders {
		byTurn[l.Turn] = l.Tender
	}
	out, next := []authority.Tender{}, ""
	for turn := after + 1; turn <= s.state.turns && len(out) < limit; turn++ {
		if t, ok := byTurn[turn]; ok {
			out, next = append(out, t), strconv.Itoa(turn)
		}
	}
	return reply{http.StatusOK, map[string]any{"tenders": out, "next": next}}, nil
}

// tenderDocument answers a file of an announcement.
func (s *Sandbox) tenderDocument(r *http.Request, _ []byte) (reply, error) {
	s.mu.Lock()
	l := s.state.tenders[r.PathValue("number")]
	s.mu.Unlock()
	for _, d := range l.Tender.Documents {
		if d.ID != r.PathValue("document") {
			continue
		}
		content, err := s.store.content(d.SHA256)
		if err != nil {
			return reply{}, err
		}
		return reply{http.StatusOK, authority.File{Name: d.Name, Content: content}}, nil
	}
	return problem(http.StatusNotFound, "not_found", "there is no such document"), nil
}

// listParticipations answers what the register remembers of a participant.
func (s *Sandbox) listParticipations(r *http.Request, _ []byte) (reply, error) {
	after, limit := afterTurn(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	out, next := []authority.Participation{}, ""
	for _, p := range s.state.participations {
		if p.Turn > after && p.INN == r.PathValue("inn") && len(out) < limit {
			out, next = append(out, p.Participation), strconv.Itoa(p.Turn)
		}
	}
	return reply{http.StatusOK, map[string]any{"participations": out, "next": next}}, nil
}

// publishTender is the admin API's way to publish an announcement.
func (s *Sandbox) publishTender(_ *http.Request, body []byte) (any, error) {
	var q struct {
		Tender authority.Tender `json:"tender"`
		Files  []authority.File `json:"files"`
	}
	if err := read(body, &q); err != nil {
		return nil, err
	}
	if len(q.Tender.Number) != 19 || q.Tender.Object == "" {
		return nil, badRequest("tender.number has 19 digits, and tender.object says what is bought")
	}
	return map[string]string{"number": q.Tender.Number}, s.AddTender(q.Tender, q.Files...)
}

// rememberParticipation is the admin API's way to have one remembered.
func (s *Sandbox) rememberParticipation(_ *http.Request, body []byte) (any, error) {
	var q struct {
		INN           string                  `json:"inn"`
		Participation authority.Participation `json:"participation"`
	}
	if err := read(body, &q); err != nil {
		return nil, err
	}
	if q.INN == "" || q.Participation.Number == "" {
		return nil, badRequest("inn and participation.number are needed")
	}
	return map[string]string{"number": q.Participation.Number}, s.AddParticipation(q.INN, q.Participation)
}

// tenderRules answer applications: everything is taken, let in and won; a withdrawal
// and a registration are taken.
func tenderRules() []Rule {
	ms := func(n int) Duration { return Duration(time.Duration(n) * time.Millisecond) }
	return []Rule{
		{Name: "tender", Match: Match{Kind: "tender"}, Answers: []Step{
			{Event: authority.Accepted, After: ms(200), Text: "Заявка зарегистрирована.", NoReceipt: true},
			{Event: authority.Approved, After: ms(2000), Text: "Комиссия допустила участника.", NoReceipt: true},
			{Event: authority.Result, After: ms(4000), Text: "Подведены итоги: участник признан победителем.",
				Fields: map[string]string{"outcome": "won", "place": "1", "comment": "Предложение полностью отвечает требованиям."}},
		}},
		{Name: "tender withdrawal", Match: Match{Kind: "tender_withdrawal"}, Answers: []Step{{Event: authority.Accepted, After: ms(200), Text: "Заявка отозвана.", NoReceipt: true}}},
		{Name: "tender registration", Match: Match{Kind: "tender_registration"}, Answers: []Step{{Event: authority.Accepted, After: ms(500), Text: "Участник зарегистрирован.", NoReceipt: true}}},
	}
}

// TenderRule answers the applications for one announcement otherwise than the built-in
// rule does: registered at once, and the end in words.
func TenderRule(number, outcome string, place int, comment string) Rule {
	ms := func(n int) Duration { return Duration(time.Duration(n) * time.Millisecond) }
	rule := Rule{Name: "tender " + number, Match: Match{Kind: "tender", Report: "zayavka-" + number}, Answers: []Step{
		{Event: authority.Accepted, After: ms(200), Text: "Заявка зарегистрирована.", NoReceipt: true},
	}}
	if outcome != "" {
		rule.Answers = append(rule.Answers, Step{Event: authority.Result, After: ms(2000), Fields: map[string]string{
			"outcome": outcome, "place": fmt.Sprint(place), "comment": strings.TrimSpace(comment),
		}})
	}
	return rule
}
