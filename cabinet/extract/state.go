package extract

import "slices"

// Status is where an order stands.
type Status string

// The statuses. Whether a ready extract still holds is a matter of its date, not a
// status.
const (
	Requested Status = "requested" // the authority was asked and has not answered
	Making    Status = "making"    // the paper is being made
	Ready     Status = "ready"
	Failed    Status = "failed"    // for a reason in words; can be tried again
	Cancelled Status = "cancelled" // by whoever ordered, before it was ready
)

// Statuses lists all, in the order of an order's life.
func Statuses() []Status { return []Status{Requested, Making, Ready, Failed, Cancelled} }

// moves is the whole state machine: what may follow what.
var moves = map[Status][]Status{
	Requested: {Making, Failed, Cancelled},
	Making:    {Ready, Failed, Cancelled},
	Failed:    {Requested, Making},
	Ready:     {},
	Cancelled: {},
}

// May reports whether an order may go from s to next.
func (s Status) May(next Status) bool { return slices.Contains(moves[s], next) }

// Open reports whether somebody or something still works on it.
func (s Status) Open() bool { return s == Requested || s == Making }

var statusLabels = map[Status]words{
	Requested: {"Запрошено в ведомстве", "Asked of the authority"},
	Making:    {"Формируется", "Being made"},
	Ready:     {"Готово", "Ready"},
	Failed:    {"Не сформировано", "Not made"},
	Cancelled: {"Отменено", "Cancelled"},
}

// Stage says what is being done, for the progress that people watch.
type Stage string

// The stages in their order, with the share of the work done when each begins.
const (
	StageQueued   Stage = "queued"
	StageAsked    Stage = "asked"
	StageAccepted Stage = "accepted" // the authority has it in work
	StageReading  Stage = "reading"
	StagePrinting Stage = "printing"
	StageSealing  Stage = "sealing"
	StageKeeping  Stage = "keeping"
	StageDone     Stage = "done"
)

var stages = map[Stage]struct {
	percent int
	words
}{
	StageQueued:   {0, words{"В очереди", "In the queue"}},
	StageAsked:    {10, words{"Запрос отправляется в ведомство", "The request is on its way to the authority"}},
	StageAccepted: {30, words{"Ведомство готовит ответ", "The authority prepares the answer"}},
	StageReading:  {45, words{"Получение сведений", "Reading the record"}},
	StagePrinting: {60, words{"Формирование документа", "Making the document"}},
	StageSealing:  {80, words{"Подписание", "Signing"}},
	StageKeeping:  {90, words{"Сохранение в архив", "Putting it into the archive"}},
	StageDone:     {100, words{"Готово", "Ready"}},
}

// words are a text in the languages of the house.
type words struct{ ru, en string }

func (w words) in(lang string) string {
	if lang == "en" {
		return w.en
	}
	return w.ru
}
