package filing

import (
	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
)

// State is how far a filing has come.
type State string

// The states, in the order of a smooth exchange.
const (
	Draft         State = "draft"
	Signed        State = "signed"
	Sent          State = "sent"
	Delivered     State = "delivered"
	Accepted      State = "accepted"
	Refused       State = "refused"
	Entered       State = "entered"
	Clarification State = "clarification"
	Corrected     State = "corrected"
)

// Event is something that happens to a filing.
type Event string

// The events. Those of a body have the names that its answers have.
const (
	Edit             Event = "edited"
	Sign             Event = "signed"
	Submit           Event = "submitted"
	DeliveredEvent   Event = "delivered"
	AcceptedEvent    Event = "accepted"
	RefusedEvent     Event = "refused"
	EnteredEvent     Event = "entered"
	ClarifyEvent     Event = "clarification"
	CorrectionSettle Event = "corrected" // a correction of it was accepted
)

// moves is the whole machine: what is not here does not happen.
var moves = map[State]map[Event]State{
	Draft:         {Edit: Draft, Sign: Signed},
	Signed:        {Edit: Draft, Sign: Signed, Submit: Sent},
	Sent:          {DeliveredEvent: Delivered, AcceptedEvent: Accepted, RefusedEvent: Refused},
	Delivered:     {AcceptedEvent: Accepted, RefusedEvent: Refused},
	Accepted:      {EnteredEvent: Entered, ClarifyEvent: Clarification, CorrectionSettle: Corrected},
	Clarification: {EnteredEvent: Entered, CorrectionSettle: Corrected},
	Refused:       {CorrectionSettle: Corrected},
	Entered:       {ClarifyEvent: Clarification, CorrectionSettle: Corrected},
	Corrected:     {},
}

// Next is the state after an event; ok is false when it cannot happen.
func (s State) Next(e Event) (next State, ok bool) {
	next, ok = moves[s][e]
	return next, ok
}

// Can reports whether the event can happen.
func (s State) Can(e Event) bool { _, ok := s.Next(e); return ok }

// Alive reports whether the filing stands for its period: a second one beside it is
// refused. A refused one counts as never filed.
func (s State) Alive() bool { return s != Refused && s != Corrected }

// Correctable reports whether a correction of it can be begun.
func (s State) Correctable() bool { return s.Can(CorrectionSettle) }

// Done reports whether the body has taken the report (row 176, «Принято»).
func (s State) Done() bool {
	return s == Accepted || s == Entered || s == Clarification || s == Corrected
}

// States lists every state.
func States() []State {
	return []State{Draft, Signed, Sent, Delivered, Accepted, Refused, Entered, Clarification, Corrected}
}

// events lists every event.
func events() []Event {
	return []Event{Edit, Sign, Submit, DeliveredEvent, AcceptedEvent, RefusedEvent, EnteredEvent, ClarifyEvent, CorrectionSettle}
}

var stateLabels = map[State]report.Saying{
	Draft:         {RU: "Черновик", EN: "Draft"},
	Signed:        {RU: "Подписан", EN: "Signed"},
	Sent:          {RU: "Отправлен", EN: "Sent"},
	Delivered:     {RU: "Доставлен", EN: "Delivered"},
	Accepted:      {RU: "Принято", EN: "Accepted"},
	Refused:       {RU: "Отказано в приёме", EN: "Refused"},
	Entered:       {RU: "Введено", EN: "Entered"},
	Clarification: {RU: "Требуется уточнение", EN: "Clarification asked for"},
	Corrected:     {RU: "Уточнён другим отчётом", EN: "Corrected"},
}

// Label is the state's name in lang.
func (s State) Label(lang string) string { return stateLabels[s].In(lang) }

// words are the state's name in what a refusal says.
func (s State) words() api.FieldText { return api.FieldText(stateLabels[s]) }

var eventLabels = map[string]report.Saying{
	"created":                {RU: "Создан черновик", EN: "Draft created"},
	string(Edit):             {RU: "Изменён", EN: "Changed"},
	"checked":                {RU: "Проверен", EN: "Checked"},
	string(Sign):             {RU: "Подписан", EN: "Signed"},
	string(Submit):           {RU: "Отправлен", EN: "Sent"},
	string(DeliveredEvent):   {RU: "Получен органом", EN: "Delivered"},
	string(AcceptedEvent):    {RU: "Принят: квитанция о приёме", EN: "Accepted: receipt"},
	string(RefusedEvent):     {RU: "Уведомление об отказе в приёме", EN: "Notice of refusal"},
	string(EnteredEvent):     {RU: "Извещение о вводе", EN: "Notice of entry"},
	string(ClarifyEvent):     {RU: "Уведомление об уточнении", EN: "Clarification asked for"},
	string(CorrectionSettle): {RU: "Уточнён другим отчётом", EN: "Corrected by another filing"},
	"failed":                 {RU: "Не удалось передать органу", EN: "Could not be handed over"},
	"message":                {RU: "Сообщение органа", EN: "Message of the body"},
}

// eventLabel is an event's name in lang.
func eventLabel(event, lang string) string {
	if label, known := eventLabels[event]; known {
		return label.In(lang)
	}
	return event
}
