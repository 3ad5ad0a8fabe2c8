package request

// Type is what kind of request it is.
type Type string

// The types of requests.
const (
	Application Type = "application"
	Appeal      Type = "appeal"
	Requirement Type = "requirement"
	Message     Type = "message"
	Ticket      Type = "ticket"
	Correction  Type = "correction"
)

// Types lists them in the order in which they are shown.
func Types() []Type {
	return []Type{Application, Appeal, Correction, Requirement, Message, Ticket}
}

// Status is where a request stands. Each type uses its own part of the list.
type Status string

// The statuses of all types.
const (
	Submitted     Status = "submitted"
	Processing    Status = "processing"
	InReview      Status = "in_review"
	InWork        Status = "in_work"
	Expertise     Status = "expertise"
	Clarification Status = "clarification"
	Approved      Status = "approved"
	Rejected      Status = "rejected"
	Resolved      Status = "resolved"
	Withdrawn     Status = "withdrawn"
	Open          Status = "open"
	Accepted      Status = "accepted"
	Answered      Status = "answered"
	Done          Status = "done"
	Overdue       Status = "overdue"
	Sent          Status = "sent"
	Delivered     Status = "delivered"
	Received      Status = "received"
	Replied       Status = "replied"
	Registered    Status = "registered"
	Closed        Status = "closed"
)

// Phase is the status in the three words of the history (requirements row 214).
type Phase string

// The phases.
const (
	PhaseProcessing Phase = "processing"
	PhaseCompleted  Phase = "completed"
	PhaseRejected   Phase = "rejected"
)

// Direction says who began: the organisation (out) or somebody else (in).
type Direction string

// The directions; Internal is of messages that only colleagues see.
const (
	Out      Direction = "out"
	In       Direction = "in"
	Internal Direction = "internal"
)

// label is a word in both languages.
type label struct{ ru, en string }

func (l label) in(lang string) string {
	if lang == "en" {
		return l.en
	}
	return l.ru
}

var typeLabels = map[Type]label{
	Application: {"Заявка", "Application"},
	Appeal:      {"Обращение", "Appeal"},
	Requirement: {"Требование", "Requirement"},
	Message:     {"Сообщение", "Message"},
	Ticket:      {"Обращение в поддержку", "Support ticket"},
	Correction:  {"Обращение об исправлении данных", "Correction of data"},
}

// Label is the type as people read it.
func (t Type) Label(lang string) string { return typeLabels[t].in(lang) }

// Valid reports whether t is one of the types.
func (t Type) Valid() bool { _, ok := typeLabels[t]; return ok }

// statusLabels are the words of the requirements' rows 196, 197, 209, 210, 218.
var statusLabels = map[Status]label{
	Submitted:     {"Отправлено", "Submitted"},
	Processing:    {"В обработке", "Being processed"},
	InReview:      {"На рассмотрении", "Under review"},
	InWork:        {"В работе", "In work"},
	Expertise:     {"На экспертизе", "With the experts"},
	Clarification: {"Требуется уточнение", "Clarification required"},
	Approved:      {"Одобрено", "Approved"},
	Rejected:      {"Отклонено", "Rejected"},
	Resolved:      {"Решено", "Resolved"},
	Withdrawn:     {"Отозвано", "Withdrawn"},
	Open:          {"Открыто", "Open"},
	Accepted:      {"Принято к исполнению", "Accepted for execution"},
	Answered:      {"Ответ дан", "Answered"},
	Done:          {"Исполнено", "Done"},
	Overdue:       {"Просрочено", "Overdue"},
	Sent:          {"Отправлено", "Sent"},
	Delivered:     {"Доставлено", "Delivered"},
	Received:      {"Получено", "Received"},
	Replied:       {"Ответ отправлен", "Replied"},
	Registered:    {"Зарегистрировано", "Registered"},
	Closed:        {"Закрыто", "Closed"},
}

// Label is the status as people read it.
func (s Status) Label(lang string) string { return statusLabels[s].in(lang) }

// Valid reports whether s is a status of some type.
func (s Status) Valid() bool { _, ok := statusLabels[s]; return ok }

var phaseLabels = map[Phase]label{
	PhaseProcessing: {"В обработке", "In processing"},
	PhaseCompleted:  {"Завершено", "Completed"},
	PhaseRejected:   {"Отклонено", "Rejected"},
}

// Label is the phase as people read it.
func (p Phase) Label(lang string) string { return phaseLabels[p].in(lang) }

// PhaseOf maps a status to the history's three words (row 214).
func PhaseOf(s Status) Phase {
	switch s {
	case Approved, Resolved, Done, Closed:
		return PhaseCompleted
	case Rejected, Withdrawn:
		return PhaseRejected
	}
	return PhaseProcessing
}

// Final reports whether nothing but comments can follow.
func (s Status) Final() bool { return PhaseOf(s) != PhaseProcessing }

// ReviewStatus maps an application's status to the four of the questions and
// answers (row 197): «На рассмотрении», «Требуется уточнение», «Одобрено»,
// «Отклонено». Whatever is not one of them yet is under review.
func ReviewStatus(s Status) Status {
	switch s {
	case Clarification, Approved, Rejected, Withdrawn:
		return s
	}
	return InReview
}

// LicenceStatus maps an application's status to the four of licences (row 196):
// «В работе», «На экспертизе», «Одобрено», «Отклонено».
func LicenceStatus(s Status) Status {
	switch s {
	case Expertise, Approved, Rejected, Withdrawn:
		return s
	}
	return InWork
}
