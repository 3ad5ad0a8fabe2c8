package request

import (
	"context"
	"fmt"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// The importances of what happens to requests.
const (
	quiet     = notice.Low
	normal    = notice.Normal
	important = notice.High
)

// happening is something that people learn of.
type happening struct {
	what       string // the second half of the notice's type
	importance notice.Importance
	text       string // the other side's words
	source     string
	by         string   // the person who did it
	quiet      bool     // of interest to programs and to few people
	persons    []string // only these
}

// subjects are the notices' subjects: what happened, with the request's type and
// number in front.
var subjects = map[string]label{
	"submitted":      {"отправлено", "sent"},
	"received":       {"получено", "received"},
	"status_changed": {"новый статус", "new status"},
	"message":        {"новое сообщение", "new message"},
	"replied":        {"отправлен ответ", "a reply was sent"},
	"asked":          {"отправлен вопрос", "a question was sent"},
	"explained":      {"отправлено пояснение", "an explanation was sent"},
	"commented":      {"комментарий сотрудника", "a colleague's comment"},
	"assigned":       {"вы назначены ответственным", "you are responsible for it"},
	"overdue":        {"срок истёк", "overdue"},
	"due":            {"срок через три дня", "due in three days"},
	"not_sent":       {"не удалось отправить", "it could not be sent"},
}

// families are the first halves of the notices' types, with their categories.
var families = map[Type]struct {
	name     string
	category notice.Category
}{
	Application: {"application", notice.Application},
	Appeal:      {"appeal", notice.Appeal},
	Correction:  {"appeal", notice.Appeal},
	Message:     {"message", notice.Appeal},
	Requirement: {"requirement", notice.Requirement},
	Ticket:      {"ticket", notice.Appeal},
}

// tell tells the organisation what happened to a request, in the transaction of
// it (row 212: e-mail and cabinet, with the way to the full history).
func (b *Inbox) tell(ctx context.Context, r *Request, h happening) error {
	family := families[r.Type]
	importance := h.importance
	if h.quiet {
		importance = quiet
	}
	category := family.category
	if h.what == "due" || h.what == "overdue" {
		category = notice.Deadline
	}
	return b.Notices.Tell(ctx, notice.Event{
		ID:             "request/" + r.ID + "/" + storage.NewID(),
		Type:           family.name + "." + h.what,
		OrganisationID: r.OrganisationID, Category: category, Importance: importance,
		Permission: directory.RequestsRead, Persons: h.persons,
		Texts:    notice.Texts{RU: r.message(h, "ru"), EN: r.message(h, "en")},
		Path:     "/cabinet/requests/" + r.ID,
		Source:   r.Party,
		Document: noticeDocument(r),
		Data: map[string]any{
			"request_id": r.ID, "number": r.Number, "type": r.Type, "status": r.Status, "created_at": r.CreatedAt, "due_at": r.DueAt,
		},
	})
}

// noticeDocument is the kind of document a notice names (row 222); "" leaves it to
// the category.
func noticeDocument(r *Request) string {
	if r.Direction == In && r.Kind != "" {
		return r.Kind
	}
	return ""
}

// message is one notice in one language.
func (r *Request) message(h happening, lang string) notice.Message {
	say := func(ru, en string) string { return label{ru, en}.in(lang) }
	m := notice.Message{Subject: fmt.Sprintf("%s %s: %s", r.Type.Label(lang), r.Number, subjects[h.what].in(lang))}
	m.Body = fmt.Sprintf(say("«%s».\nСтатус: %s.", "“%s”.\nStatus: %s."), r.Subject, r.Status.Label(lang))
	if r.DueAt > 0 && !r.Status.Final() {
		m.Body += fmt.Sprintf(say("\nСрок: %s (московское время).", "\nDue: %s (Moscow time)."), r.DueAt.Time().In(moscow).Format("02.01.2006 15:04"))
	}
	if h.text != "" {
		m.Body += "\n\n" + cut(h.text, 500)
	}
	return m
}
