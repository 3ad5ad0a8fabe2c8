package organisation

import (
	"slices"

	"propusk/cabinet/api"
)

// The states of a registration.
const (
	registrationDraft      = "draft"      // черновик
	registrationReady      = "ready"      // данные совпали с реестром: кабинет можно создать
	registrationModeration = "moderation" // на проверке у оператора
	registrationDone       = "done"       // кабинет создан
	registrationRefused    = "refused"    // отказано
	registrationWithdrawn  = "withdrawn"  // отозвана заявителем
)

// The states of a change of the profile.
const (
	changeProposed   = "proposed"   // ждёт подтверждения
	changeModeration = "moderation" // на проверке
	changeApplied    = "applied"    // внесено
	changeRefused    = "refused"    // отклонено
	changeCancelled  = "cancelled"  // отменено заявителем
	changeExpired    = "expired"    // не подтверждено вовремя
)

// The states of a piece of moderation.
const (
	moderationWaiting   = "waiting"   // ждёт оператора
	moderationTaken     = "taken"     // взято в работу
	moderationSeconded  = "seconded"  // один согласен, нужен второй
	moderationAccepted  = "accepted"  // принято
	moderationRefused   = "refused"   // отклонено
	moderationWithdrawn = "withdrawn" // отозвано заявителем
)

// The states of a deactivation.
const (
	deactivationAsked     = "asked"     // ждёт кода
	deactivationConfirmed = "confirmed" // будет выполнена
	deactivationUndone    = "undone"    // отменена
	deactivationDone      = "done"      // выполнена
	deactivationExpired   = "expired"   // код не введён
	deactivationNone      = "none"      // её никто не просил
)

// The states of a correction request.
const (
	correctionOpen      = "open"
	correctionOverdue   = "overdue"
	correctionCorrected = "corrected"
	correctionRefused   = "refused"
)

// machine is which state may follow which; a state without followers is final.
type machine map[string][]string

var registrationStates = machine{
	registrationDraft:      {registrationDraft, registrationReady, registrationModeration, registrationWithdrawn},
	registrationReady:      {registrationDraft, registrationReady, registrationModeration, registrationDone, registrationWithdrawn},
	registrationModeration: {registrationReady, registrationRefused, registrationWithdrawn},
	registrationDone:       {},
	registrationRefused:    {},
	registrationWithdrawn:  {},
}

var changeStates = machine{
	changeProposed:   {changeModeration, changeApplied, changeCancelled, changeExpired},
	changeModeration: {changeApplied, changeRefused, changeCancelled},
	changeApplied:    {},
	changeRefused:    {},
	changeCancelled:  {},
	changeExpired:    {},
}

var moderationStates = machine{
	moderationWaiting:   {moderationTaken, moderationWithdrawn},
	moderationTaken:     {moderationTaken, moderationSeconded, moderationAccepted, moderationRefused, moderationWithdrawn},
	moderationSeconded:  {moderationAccepted, moderationRefused, moderationWithdrawn},
	moderationAccepted:  {},
	moderationRefused:   {},
	moderationWithdrawn: {},
}

var deactivationStates = machine{
	deactivationAsked:     {deactivationConfirmed, deactivationUndone, deactivationExpired},
	deactivationConfirmed: {deactivationUndone, deactivationDone},
	deactivationUndone:    {},
	deactivationDone:      {},
	deactivationExpired:   {},
}

var correctionStates = machine{
	correctionOpen:      {correctionOverdue, correctionCorrected, correctionRefused},
	correctionOverdue:   {correctionCorrected, correctionRefused},
	correctionCorrected: {},
	correctionRefused:   {},
}

// may reports whether to may follow from.
func (m machine) may(from, to string) bool { return slices.Contains(m[from], to) }

// over reports whether nothing follows.
func (m machine) over(state string) bool { return len(m[state]) == 0 }

// stateWords are the states' names in what a refusal says: what is refused by a state is
// read by people, too.
var stateWords = map[string]api.FieldText{
	registrationDraft:      {RU: "черновик", EN: "draft"},
	registrationReady:      {RU: "готово к созданию кабинета", EN: "ready for the cabinet to be created"},
	registrationModeration: {RU: "на проверке у оператора", EN: "being checked by an operator"},
	registrationDone:       {RU: "выполнено", EN: "done"},
	registrationRefused:    {RU: "отказано", EN: "refused"},
	registrationWithdrawn:  {RU: "отозвано заявителем", EN: "withdrawn by the applicant"},
	changeProposed:         {RU: "ждёт подтверждения", EN: "waits for a confirmation"},
	changeApplied:          {RU: "внесено", EN: "in force"},
	changeCancelled:        {RU: "отменено заявителем", EN: "cancelled by the applicant"},
	changeExpired:          {RU: "срок вышел", EN: "expired"},
	moderationWaiting:      {RU: "ждёт оператора", EN: "waits for an operator"},
	moderationTaken:        {RU: "взята в работу", EN: "taken"},
	moderationSeconded:     {RU: "нужен второй оператор", EN: "a second operator is needed"},
	moderationAccepted:     {RU: "принято", EN: "accepted"},
	deactivationAsked:      {RU: "ждёт кода подтверждения", EN: "waits for the code"},
	deactivationConfirmed:  {RU: "подтверждена, кабинет будет закрыт в назначенный срок", EN: "confirmed, the cabinet closes on its day"},
	deactivationUndone:     {RU: "отменена", EN: "undone"},
	deactivationNone:       {RU: "не запрошена", EN: "not asked for"},
}

// notAtStep refuses for a state, whose name the problem says.
func notAtStep(code, state string) *api.Refusal {
	return api.Refuse(code).Said("state", stateWords[state])
}
