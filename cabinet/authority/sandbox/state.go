package sandbox

import (
	"cmp"
	"slices"
	"time"

	"propusk/cabinet/authority"
)

// received is a submission as the sandbox keeps it: the contents of the files are
// in files/, by their digest.
type received struct {
	Submission authority.Submission `json:"submission"` // without contents
	Digests    []string             `json:"digests,omitempty"`
	Digest     string               `json:"digest"` // of the whole message
	Number     string               `json:"number"`
	At         time.Time            `json:"at"` // by the sandbox's clock
	Rule       string               `json:"rule"`
}

// planned is an answer with how it fares.
type planned struct {
	Answer     authority.Answer `json:"answer"`
	Due        time.Time        `json:"due"` // by the sandbox's clock
	Duplicates int              `json:"duplicates,omitempty"`
	Reverse    bool             `json:"reverse,omitempty"`
	State      string           `json:"state,omitempty"` // "" = to be sent; taken, refused
	Sent       int              `json:"sent,omitempty"`  // how often it was taken
	Fault      string           `json:"fault,omitempty"` // of the last sending

	failures int
	tryAt    time.Time // by the real clock
}

// The ends of an answer's sending.
const (
	taken   = "taken"
	refused = "refused"
)

// change is one line of the log: exactly one of its parts is set.
type change struct {
	Received      *received              `json:"received,omitempty"`
	Answers       []*planned             `json:"answers,omitempty"` // those of Received, or added later
	Taken         string                 `json:"taken,omitempty"`   // the id of an answer that was taken
	Refused       string                 `json:"refused,omitempty"`
	Rules         *[]Rule                `json:"rules,omitempty"`
	Offset        *Duration              `json:"offset,omitempty"` // of the clock
	Record        *authority.Record      `json:"record,omitempty"`
	Forget        string                 `json:"forget,omitempty"` // ОГРН of a record
	Tender        *listed                `json:"tender,omitempty"`
	Participation *tookPart              `json:"participation,omitempty"`
	Participant   *authority.Participant `json:"participant,omitempty"`
	Charge        charge                 `json:"charge,omitempty"`
	Payment       *paid                  `json:"payment,omitempty"`
}

// state is everything the log says.
type state struct {
	offset         time.Duration
	rules          []Rule
	submissions    map[string]*received
	order          []string // ids of submissions as they came
	answers        map[string]*planned
	queue          []*planned // all, by time and id
	records        map[string]authority.Record
	byINN          map[string]string
	tenders        map[string]listed                // by number
	participations []tookPart                       // by turn
	participants   map[string]authority.Participant // by ИНН
	turns          int                              // of the register of procurements
	used           map[string]int                   // of rules with Times
	knocks         map[string]int                   // of rules with trouble at the door
	charges        map[string]charge                // by УИН
	payments       map[string]*paid
}

func newState() *state {
	return &state{
		submissions: map[string]*received{}, answers: map[string]*planned{},
		records: map[string]authority.Record{}, byINN: map[string]string{}, tenders: map[string]listed{}, participants: map[string]authority.Participant{}, used: map[string]int{}, knocks: map[string]int{},
		charges: map[string]charge{}, payments: map[string]*paid{},
	}
}

// apply makes a change of what the log says happened.
func (s *state) apply(c change) {
	if c.Received != nil {
		s.submissions[c.Received.Submission.ID] = c.Received
		s.order = append(s.order, c.Received.Submission.ID)
		s.used[c.Received.Rule]++
	}
	for _, p := range c.Answers {
		s.answers[p.Answer.ID] = p
		s.queue = append(s.queue, p)
	}
	if len(c.Answers) > 0 {
		slices.SortStableFunc(s.queue, byTime)
	}
	if p := s.answers[c.Taken]; p != nil {
		p.State, p.Fault = taken, ""
		p.Sent++
	}
	if p := s.answers[c.Refused]; p != nil {
		p.State = refused
	}
	if c.Rules != nil {
		s.rules, s.used, s.knocks = *c.Rules, map[string]int{}, map[string]int{}
	}
	if c.Offset != nil {
		s.offset = time.Duration(*c.Offset)
	}
	if c.Charge != nil {
		s.charges[c.Charge.uin()] = c.Charge
	}
	if c.Payment != nil {
		s.payments[c.Payment.Order.ID] = c.Payment
	}
	s.applyRecord(c)
	s.applyTender(c)
}

func (s *state) applyRecord(c change) {
	if c.Record != nil {
		s.records[c.Record.OGRN] = *c.Record
		s.byINN[c.Record.INN] = c.Record.OGRN
	}
	if gone, known := s.records[c.Forget]; known {
		delete(s.records, c.Forget)
		delete(s.byINN, gone.INN)
	}
}

// byTime orders answers as they are published. Ids grow with the time that they
// were made at, so what is added later never stands before what was published.
func byTime(a, b *planned) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Answer.ID, b.Answer.ID))
}

// record finds an organisation by ИНН or ОГРН.
func (s *state) record(number string) (authority.Record, bool) {
	if ogrn, known := s.byINN[number]; known {
		number = ogrn
	}
	r, known := s.records[number]
	return r, known
}

// rule is the one that decides about the submission.
func (s *state) rule(sub authority.Submission) Rule {
	for _, r := range s.rules {
		if r.Match.fits(sub) && (r.Times == 0 || s.used[r.Name] < r.Times) {
			return r
		}
	}
	for _, r := range BuiltIn() {
		if r.Match.fits(sub) {
			return r
		}
	}
	return Rule{Name: "silence"}
}
