package authority

import (
	"errors"

	"propusk/storage"
)

// File is a document that goes to a body or comes from one.
type File struct {
	Name       string   `json:"name"`
	MediaType  string   `json:"media_type"`
	Content    []byte   `json:"content"`              // base64 on the wire
	Signatures [][]byte `json:"signatures,omitempty"` // detached CMS over Content, DER
}

// Submission is what an organisation sends to a body.
type Submission struct {
	// ID is the Load's. The far side recognises a repeat by it, so whatever is sent
	// under one ID must be one thing.
	ID             string            `json:"id"`
	Kind           string            `json:"kind"` // filing, application, appeal, message, answer, extract
	OrganisationID string            `json:"-"`    // ours; it means nothing over there
	INN            string            `json:"inn"`
	KPP            string            `json:"kpp,omitempty"`
	OGRN           string            `json:"ogrn"`
	Name           string            `json:"name"`
	Recipient      string            `json:"recipient"` // the body's code, "7701"
	Subject        string            `json:"subject,omitempty"`
	Fields         map[string]string `json:"fields,omitempty"`
	Files          []File            `json:"files,omitempty"`
}

// Load names what a room wants submitted: the kind whose loader makes the
// Submission, and the room's id of it, which becomes Submission.ID. Ids are
// unique over all kinds (storage.NewID).
type Load struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// ErrWithdrawn is what a loader returns when the thing is not to be sent any
// more: the submission is dropped without a dead letter.
var ErrWithdrawn = errors.New("authority: withdrawn before it was sent")

// Delivery says how the sending of a submission ended.
type Delivery struct {
	Load
	OrganisationID string
	State          string // Sent or Dead
	Number         string // the body's own, when its receipt gave one
	At             storage.Time
	Reason         string // why it is Dead, for operators
}

// The ends of a sending. A Dead one can be retried by operators and be Sent after.
const (
	Sent = "sent"
	Dead = "dead"
)
