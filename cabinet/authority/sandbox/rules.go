package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/authority"
)

// Duration is a time.Duration that JSON writes as Go does, "1h30m".
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return errors.New(`a duration is a text such as "250ms" or "72h"`)
	}
	parsed, err := time.ParseDuration(s)
	if err != nil || parsed < 0 {
		return fmt.Errorf(`%q is not a duration such as "250ms" or "72h"`, s)
	}
	*d = Duration(parsed)
	return nil
}

// Rule says how submissions that match are treated. The first rule that matches
// decides; those built in stand behind those given.
type Rule struct {
	Name  string `json:"name"`
	Match Match  `json:"match"`
	// Times bounds for how many submissions the rule is good; 0 = all.
	Times int `json:"times,omitempty"`
	// Intake is trouble at the door; nil = none.
	Intake *Intake `json:"intake,omitempty"`
	// Answers are what comes back, in the order of their numbers. None: silence.
	Answers []Step `json:"answers"`
	// Duplicates is how often each answer is sent once more after it was taken.
	Duplicates int `json:"duplicates,omitempty"`
	// Reverse sends the answers of one submission in the wrong order.
	Reverse bool `json:"reverse,omitempty"`
}

// Match is what a submission must be; "" matches everything.
type Match struct {
	Kind       string `json:"kind,omitempty"`       // filing, application, appeal, message, answer, extract
	Report     string `json:"report,omitempty"`     // beginning of a file's name, "NO_NDS"; of an extract its kind, "tax_debt"
	INN        string `json:"inn,omitempty"`        //
	Recipient  string `json:"recipient,omitempty"`  // the code that it was sent to
	Correction string `json:"correction,omitempty"` // "0", "2" or ">0": fields.correction, or НомКорр of an XML file
}

// Intake is trouble at the door.
type Intake struct {
	Status int      `json:"status,omitempty"` // answered instead of the receipt; 0 = the receipt
	Delay  Duration `json:"delay,omitempty"`  // before anything is answered
	// Accept keeps the submission all the same, so that only the receipt is lost.
	Accept bool `json:"accept,omitempty"`
	// Drop breaks the connection off instead of answering.
	Drop  bool `json:"drop,omitempty"`
	Times int  `json:"times,omitempty"` // for how many requests; 0 = all
}

// Step is one answer.
type Step struct {
	Event   string            `json:"event"`
	After   Duration          `json:"after,omitempty"` // since the submission came
	Subject string            `json:"subject,omitempty"`
	Text    string            `json:"text,omitempty"`
	Due     Duration          `json:"due,omitempty"` // how long there is to answer it; 0 = it does not say
	Faults  []authority.Fault `json:"faults,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
	Files   []authority.File  `json:"files,omitempty"`
	// NoReceipt leaves out the XML document that goes with delivered, accepted,
	// refused, entered and clarification.
	NoReceipt bool `json:"no_receipt,omitempty"`
}

// check refuses what cannot be a rule.
func (r Rule) check() error {
	if r.Name == "" || len(r.Name) > 100 {
		return errors.New("a rule needs a name of at most 100 bytes")
	}
	for n, step := range r.Answers {
		if !slices.Contains(authority.Events(), step.Event) {
			return fmt.Errorf("rule %s, answer %d: event must be one of %s", r.Name, n+1, strings.Join(authority.Events(), ", "))
		}
	}
	if i := r.Intake; i != nil && i.Status != 0 && (i.Status < 400 || i.Status > 599) {
		return fmt.Errorf("rule %s: intake.status must be from 400 to 599", r.Name)
	}
	if c := strings.TrimPrefix(r.Match.Correction, ">"); r.Match.Correction != "" {
		if _, err := strconv.Atoi(c); err != nil {
			return fmt.Errorf(`rule %s: match.correction must be such as "0" or ">0"`, r.Name)
		}
	}
	return nil
}

// ParseRules reads {"rules": […]}, refusing fields that are not known.
func ParseRules(text []byte) ([]Rule, error) {
	var file struct {
		Rules []Rule `json:"rules"`
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("sandbox: read the rules: %w", err)
	}
	for _, r := range file.Rules {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	return file.Rules, nil
}

// fits reports whether the submission is one of those the rule is for.
func (m Match) fits(s authority.Submission) bool {
	return (m.Kind == "" || m.Kind == s.Kind) && (m.INN == "" || m.INN == s.INN) &&
		(m.Recipient == "" || m.Recipient == s.Recipient) &&
		(m.Report == "" || strings.HasPrefix(reportOf(s), m.Report)) && m.corrects(s)
}

// corrects compares the correction number.
func (m Match) corrects(s authority.Submission) bool {
	if m.Correction == "" {
		return true
	}
	number, err := strconv.Atoi(correctionOf(s))
	if err != nil {
		return false
	}
	if least, above := strings.CutPrefix(m.Correction, ">"); above {
		limit, _ := strconv.Atoi(least) // checked
		return number > limit
	}
	return m.Correction == strconv.Itoa(number)
}

// BuiltIn are the rules that stand behind all others: everything goes well, within
// a second.
func BuiltIn() []Rule {
	ms := func(n int) Duration { return Duration(time.Duration(n) * time.Millisecond) }
	return append(append(extractRules(), tenderRules()...), []Rule{
		{Name: "filing", Match: Match{Kind: "filing"}, Answers: []Step{
			{Event: authority.Delivered, After: ms(100)}, {Event: authority.Accepted, After: ms(300)}, {Event: authority.Entered, After: ms(600)},
		}},
		{Name: "application", Match: Match{Kind: "application"}, Answers: []Step{
			{Event: authority.InWork, After: ms(100)}, {Event: authority.Expertise, After: ms(300), Text: "Документы переданы на экспертизу."},
			{Event: authority.Approved, After: ms(600), Text: "Заявление одобрено."},
			{Event: authority.Result, After: ms(700), Subject: "Результат услуги"},
		}},
		{Name: "appeal", Match: Match{Kind: "appeal"}, Answers: []Step{
			{Event: authority.InWork, After: ms(100), Text: "Обращение зарегистрировано и передано исполнителю."},
			{Event: authority.Resolved, After: ms(600), Text: "Обращение рассмотрено. Разъяснение приведено в тексте ответа."},
		}},
		{Name: "answer", Match: Match{Kind: "answer"}, Answers: []Step{
			{Event: authority.Delivered, After: ms(100)}, {Event: authority.Accepted, After: ms(300), Text: "Ответ на требование принят."},
		}},
		{Name: "charges", Match: Match{Kind: "charges"}, Answers: []Step{{Event: authority.Result, After: ms(200)}}},
		{Name: "everything else", Answers: []Step{{Event: authority.Delivered, After: ms(100)}}},
	}...)
}
