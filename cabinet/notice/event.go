package notice

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"propusk/idp/directory"
)

// Event is something that happened and that people, or their programs, learn of.
type Event struct {
	// ID makes telling idempotent: of two events with one ID the second is
	// dropped. Made of what happened ("filing/<id>/accepted"), at most 200 bytes.
	ID string
	// Type is stable and documented (Catalogue): "filing.accepted".
	Type string
	// OrganisationID is whose event it is; "" with Persons is a personal one, ""
	// without Persons is for everybody (news).
	OrganisationID string
	Category       Category
	Importance     Importance // the zero value is Normal
	// Permission is who of the organisation learns of it: members that hold it
	// when they are told. "" is every member.
	Permission directory.Permission
	// Persons, when not empty, are the only ones told; in an organisation they
	// must still be of it and hold Permission.
	Persons []string
	Texts   Texts
	// Path is where the thing is in the cabinet: "/cabinet/filings/<id>".
	Path string
	// Source is who it comes from, such as an authority's name; "" is the service.
	Source string
	// Document is what kind of document it brings: requirement, certificate,
	// decision, extract, receipt, message; "" is the one of the category.
	Document string
	// Data is what webhooks carry: a JSON object without personal numbers.
	Data any
}

// Texts are an event's words in the languages of the house.
type Texts struct {
	RU Message `json:"ru"`
	EN Message `json:"en"`
}

// Message is one event in one language.
type Message struct {
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

// in is the message in lang; Russian where English is missing.
func (t Texts) in(lang string) Message {
	if lang == "en" && t.EN.Subject != "" {
		return t.EN
	}
	return t.RU
}

// Category groups events for settings.
type Category string

// The categories, in the order in which settings show them.
const (
	Filing       Category = "filing"
	Deadline     Category = "deadline"
	Application  Category = "application"
	Appeal       Category = "appeal"
	Requirement  Category = "requirement"
	Document     Category = "document"
	Extract      Category = "extract"
	Finance      Category = "finance"
	Tender       Category = "tender"
	Member       Category = "member"
	Power        Category = "power"
	Security     Category = "security"
	Organisation Category = "organisation"
	News         Category = "news"
)

// Categories lists the categories in the order in which they are shown.
func Categories() []Category {
	return []Category{
		Filing, Deadline, Application, Appeal, Requirement, Document, Extract,
		Finance, Tender, Member, Power, Security, Organisation, News,
	}
}

// Importance orders events; thresholds are set by it.
type Importance int

// The importances. Normal is the zero value.
const (
	Low Importance = iota - 1
	Normal
	High
	Critical
)

var importances = []string{"low", "normal", "high", "critical"}

// String is the importance's name in JSON.
func (i Importance) String() string {
	if i < Low || i > Critical {
		return fmt.Sprintf("importance(%d)", int(i))
	}
	return importances[i-Low]
}

// MarshalText writes the name.
func (i Importance) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads the name.
func (i *Importance) UnmarshalText(text []byte) error {
	at := slices.Index(importances, string(text))
	if at < 0 {
		return fmt.Errorf("notice: no importance %q", text)
	}
	*i = Low + Importance(at)
	return nil
}

// documents are the kinds of document that a notice may bring, by category where
// an event names none.
var documents = map[Category]string{
	Requirement: "requirement", Extract: "extract", Application: "decision", Appeal: "message",
	Filing: "receipt", Document: "document",
}

func (e Event) document() string {
	if e.Document != "" {
		return e.Document
	}
	return documents[e.Category]
}

// The longest texts of an event, in bytes, and the largest Data.
const (
	maxID      = 200
	maxSubject = 300
	maxBody    = 4000
	maxPath    = 500
	maxSource  = 300
	maxData    = 32 << 10
	maxPersons = 100
)

var (
	typeName     = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	documentName = regexp.MustCompile(`^[a-z_]{0,40}$`)
)

// check refuses what cannot be told. It is a mistake of the room that tells, so
// it fails its transaction and its tests.
func (e Event) check() error {
	switch {
	case e.ID == "" || len(e.ID) > maxID:
		return fmt.Errorf("notice: an event's ID has 1 to %d bytes", maxID)
	case !typeName.MatchString(e.Type) || len(e.Type) > 80:
		return fmt.Errorf("notice: %q is no event type", e.Type)
	case !slices.Contains(Categories(), e.Category):
		return fmt.Errorf("notice: %s: no category %q", e.Type, e.Category)
	case e.Importance < Low || e.Importance > Critical:
		return fmt.Errorf("notice: %s: no importance %d", e.Type, e.Importance)
	case e.Permission != "" && !e.Permission.Valid():
		return fmt.Errorf("notice: %s: no permission %q", e.Type, e.Permission)
	case e.OrganisationID == "" && len(e.Persons) == 0 && e.Category != News:
		return fmt.Errorf("notice: %s: nobody to tell", e.Type)
	case e.Category == News && (e.OrganisationID != "" || len(e.Persons) > 0):
		return fmt.Errorf("notice: %s: news are for everybody", e.Type)
	case len(e.Persons) > maxPersons || slices.Contains(e.Persons, ""):
		return fmt.Errorf("notice: %s: at most %d persons, each with an id", e.Type, maxPersons)
	case e.Path != "" && !localPath(e.Path):
		return fmt.Errorf("notice: %s: the path must begin with one slash", e.Type)
	case !documentName.MatchString(e.Document):
		return fmt.Errorf("notice: %s: no document kind %q", e.Type, e.Document)
	}
	return e.Texts.check(e)
}

// localPath reports whether a path leads nowhere but into our own pages.
func localPath(path string) bool {
	return len(path) <= maxPath && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") &&
		!strings.ContainsAny(path, "\\\r\n\t ")
}

func (t Texts) check(e Event) error {
	if t.RU.Subject == "" {
		return fmt.Errorf("notice: %s: a Russian subject is needed", e.Type)
	}
	for _, m := range []Message{t.RU, t.EN} {
		if len(m.Subject) > maxSubject || len(m.Body) > maxBody || strings.ContainsAny(m.Subject, "\r\n") {
			return fmt.Errorf("notice: %s: a subject is one line of %d bytes, a body has %d", e.Type, maxSubject, maxBody)
		}
	}
	return nil
}

// source is Source within its bound. Rooms pass on what others call themselves, so a
// long one is cut and not refused.
func (e Event) source() string {
	if len(e.Source) <= maxSource {
		return e.Source
	}
	return strings.ToValidUTF8(e.Source[:maxSource-len("…")], "") + "…"
}

// data is Data as JSON; "{}" when there is none.
func (e Event) data() (string, error) {
	if e.Data == nil {
		return "{}", nil
	}
	text, err := json.Marshal(e.Data)
	switch {
	case err != nil:
		return "", fmt.Errorf("notice: %s: data: %w", e.Type, err)
	case len(text) > maxData:
		return "", fmt.Errorf("notice: %s: data has more than %d bytes", e.Type, maxData)
	case len(text) < 2 || text[0] != '{':
		return "", errors.New("notice: " + e.Type + ": data must be a JSON object")
	}
	return string(text), nil
}
