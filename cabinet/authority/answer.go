package authority

import "propusk/storage"

// Answer is one message of a body: about a submission, or unasked.
type Answer struct {
	ID             string            `json:"id"`                      // the body's, once for ever
	SubmissionID   string            `json:"submission_id,omitempty"` // "" = unasked
	OrganisationID string            `json:"-"`                       // ours; the gateway finds it
	INN            string            `json:"inn,omitempty"`
	OGRN           string            `json:"ogrn,omitempty"`
	Seq            int               `json:"seq,omitempty"` // from 1 within a submission, without gaps; 0 = whenever it comes
	Event          string            `json:"event"`
	Number         string            `json:"number,omitempty"` // the body's registration number
	At             storage.Time      `json:"at"`
	Source         string            `json:"source,omitempty"` // the body's name
	Subject        string            `json:"subject,omitempty"`
	Text           string            `json:"text,omitempty"`
	Due            storage.Time      `json:"due,omitempty"` // by when it wants an answer; null = it does not say
	Faults         []Fault           `json:"faults,omitempty"`
	Fields         map[string]string `json:"fields,omitempty"`
	Files          []File            `json:"files,omitempty"`
}

// Fault is one reason of a refusal or of a wish for clarification, with the code
// of the body's own classifier.
type Fault struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Element string `json:"element,omitempty"` // the full path of the element in the document
	Value   string `json:"value,omitempty"`   // what stands there
}

// The events of answers.
const (
	Delivered     = "delivered"     // it lies with the body (подтверждение даты отправки)
	Accepted      = "accepted"      // квитанция о приёме
	Refused       = "refused"       // уведомление об отказе
	Entered       = "entered"       // извещение о вводе
	Clarification = "clarification" // уведомление об уточнении
	InWork        = "in_work"
	Expertise     = "expertise"
	Approved      = "approved"
	Question      = "question"
	Message       = "message"     // also unasked
	Requirement   = "requirement" // also unasked
	Result        = "result"
	Resolved      = "resolved"
)

// Events lists every event, in the order of the constants.
func Events() []string {
	return []string{Delivered, Accepted, Refused, Entered, Clarification, InWork, Expertise, Approved, Question, Message, Requirement, Result, Resolved}
}

// unasked are the events that may come without a submission, which are also the
// kinds whose handlers take them.
var unasked = map[string]bool{Requirement: true, Message: true}
