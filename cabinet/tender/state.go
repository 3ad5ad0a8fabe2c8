package tender

import "slices"

// State is where an application stands.
type State string

// The states, in the order of an application's life.
const (
	Draft       State = "draft"
	Signed      State = "signed"
	Sent        State = "sent"        // on its way to the register
	Registered  State = "registered"  // the register has it under a number
	Admitted    State = "admitted"    // the commission lets it take part
	Withdrawing State = "withdrawing" // its withdrawal is on its way
	Won         State = "won"
	Lost        State = "lost"
	Rejected    State = "rejected"  // by the commission
	Void        State = "cancelled" // the procurement was cancelled
	Withdrawn   State = "withdrawn" // by the participant
	Replaced    State = "replaced"  // by its next version
	Refused     State = "refused"   // not taken by the register
	Failed      State = "failed"    // it did not reach the register in time
)

// States lists all.
func States() []State {
	return []State{Draft, Signed, Sent, Registered, Admitted, Withdrawing, Won, Lost, Rejected, Void, Withdrawn, Replaced, Refused, Failed}
}

// moves is the whole state machine: what may follow what. A register may tell the end
// without the steps before it.
var moves = map[State][]State{
	Draft:       {Signed},
	Signed:      {Draft, Sent},
	Sent:        {Registered, Admitted, Won, Lost, Rejected, Void, Refused, Failed},
	Registered:  {Admitted, Withdrawing, Won, Lost, Rejected, Void, Replaced},
	Admitted:    {Won, Lost, Rejected, Void, Replaced},
	Withdrawing: {Withdrawn, Registered, Won, Lost, Rejected, Void},
}

// May reports whether an application may go from s to next.
func (s State) May(next State) bool { return slices.Contains(moves[s], next) }

// Over reports whether nothing follows any more.
func (s State) Over() bool { return len(moves[s]) == 0 }

// Editable reports whether it can still be changed.
func (s State) Editable() bool { return s == Draft || s == Signed }

var stateLabels = map[State]words{
	Draft:       {"Черновик", "Draft"},
	Signed:      {"Подписана", "Signed"},
	Sent:        {"Отправляется", "On its way"},
	Registered:  {"Зарегистрирована", "Registered"},
	Admitted:    {"Допущена", "Admitted"},
	Withdrawing: {"Отзывается", "Being withdrawn"},
	Won:         {"Победа", "Won"},
	Lost:        {"Проигрыш", "Lost"},
	Rejected:    {"Отклонена", "Rejected"},
	Void:        {"Закупка отменена", "The tender was cancelled"},
	Withdrawn:   {"Отозвана", "Withdrawn"},
	Replaced:    {"Заменена", "Replaced"},
	Refused:     {"Не принята", "Not taken"},
	Failed:      {"Не отправлена", "Not sent"},
}

// Label is the state in lang.
func (s State) Label(lang string) string { return stateLabels[s].in(lang) }
