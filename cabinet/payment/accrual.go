package payment

import (
	"slices"
	"time"

	"propusk/cabinet/payment/requisite"
	"propusk/storage"
)

// Kind is what an accrual is for.
type Kind string

// The kinds.
const (
	Tax     Kind = "tax"
	Fee     Kind = "fee"
	Duty    Kind = "duty"
	Fine    Kind = "fine"
	Penalty Kind = "penalty"
)

// Kinds lists the kinds in the order in which they are offered.
func Kinds() []Kind { return []Kind{Tax, Fee, Duty, Fine, Penalty} }

var kindLabels = map[Kind]words{
	Tax: {"Налог", "Tax"}, Fee: {"Сбор или взнос", "Fee or contribution"}, Duty: {"Госпошлина", "State duty"},
	Fine: {"Штраф", "Fine"}, Penalty: {"Пени", "Late charge"},
}

// Accrual is what an organisation owes by one УИН.
type Accrual struct {
	ID             string                             `db:"id"`
	OrganisationID string                             `db:"organisation_id"`
	UIN            string                             `db:"uin"`
	Kind           Kind                               `db:"kind"`
	Status         AccrualStatus                      `db:"status"`
	Amount         int64                              `db:"amount"` // kopecks
	Paid           int64                              `db:"paid"`   // of it; never goes down
	BilledAt       storage.Time                       `db:"billed_at"`
	DueAt          storage.Time                       `db:"due_at"` // the last day; noTerm = there is none
	Purpose        string                             `db:"purpose"`
	Calculation    string                             `db:"calculation"`
	Payee          string                             `db:"payee"`
	PayeeINN       string                             `db:"payee_inn"`
	Requisites     storage.JSON[requisite.Requisites] `db:"requisites"`
	Documents      storage.JSON[[]AccrualDocument]    `db:"documents"`
	Source         string                             `db:"source"`
	PaymentID      string                             `db:"payment_id"` // that is under way
	Search         string                             `db:"search"`     // what is looked for, in lower case
	Version        int64                              `db:"version"`
	CreatedAt      storage.Time                       `db:"created_at"`
	UpdatedAt      storage.Time                       `db:"updated_at"`
	RemindAt       storage.Time                       `db:"remind_at"`
}

const accrualColumns = `id, organisation_id, uin, kind, status, amount, paid, billed_at, due_at, purpose, calculation, payee, payee_inn,
	requisites, documents, source, payment_id, search, version, created_at, updated_at, remind_at`

// AccrualDocument is a document that an accrual rests on.
type AccrualDocument struct {
	Name   string `json:"name"`
	Number string `json:"number,omitempty"`
	Date   string `json:"date,omitempty"` // 2026-01-31
	FileID string `json:"file_id,omitempty"`
	File   string `json:"file,omitempty"` // the name under which it came
}

// AccrualStatus is how an accrual stands by the body's word and our payments.
type AccrualStatus string

// The statuses.
const (
	Due       AccrualStatus = "due"
	Settled   AccrualStatus = "paid"
	Withdrawn AccrualStatus = "cancelled" // by the body
)

// The statuses as people see and filter them: those, and what the clock and a payment
// under way make of Due.
const (
	shownOverdue = "overdue"
	shownPaying  = "paying"
)

var accrualLabels = map[string]words{
	string(Due): {"Ожидает оплаты", "To be paid"}, string(Settled): {"Оплачено", "Paid"}, string(Withdrawn): {"Отозвано", "Withdrawn"},
	shownOverdue: {"Просрочено", "Overdue"}, shownPaying: {"Оплачивается", "Being paid"},
}

// noTerm is the due time of what has no term: after everything that has.
var noTerm = storage.Of(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))

// Left is what is still to be paid, in kopecks.
func (a Accrual) Left() int64 {
	if a.Status != Due {
		return 0
	}
	return a.Amount - a.Paid
}

// shown is the status that people see on a day.
func (a Accrual) shown(today storage.Time) string {
	switch {
	case a.Status != Due:
		return string(a.Status)
	case a.PaymentID != "":
		return shownPaying
	case a.DueAt.Before(today):
		return shownOverdue
	}
	return string(Due)
}

// settle works the status out of the sums.
func (a *Accrual) settle() {
	if a.Status == Withdrawn {
		return
	}
	a.Status = Due
	if a.Paid >= a.Amount {
		a.Status, a.RemindAt = Settled, 0
	}
}

// reminderBefore is how long before the end of the last day people are reminded.
const reminderBefore = 3 * 24 * time.Hour

// remind sets when people are reminded: at nine in the morning of Moscow, three days
// before the last one; never of what has no term.
func (a *Accrual) remind(now storage.Time) {
	a.RemindAt = 0
	if a.Status == Due && a.DueAt != noTerm {
		if at := a.DueAt.Add(6*time.Hour - reminderBefore); at.After(now) {
			a.RemindAt = at
		}
	}
}

// moscow is the zone of days: Moscow has kept it all year since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// dayOf is a moment's day in Moscow, as midnight UTC.
func dayOf(t time.Time) storage.Time {
	t = t.In(moscow)
	return storage.Of(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC))
}

// dayText writes a day as 2026-01-31, "" for none.
func dayText(t storage.Time) string {
	if t == 0 || t == noTerm {
		return ""
	}
	return t.Time().UTC().Format(time.DateOnly)
}

// russianDay writes a day as 31.01.2026.
func russianDay(t storage.Time) string {
	if t == 0 || t == noTerm {
		return "без срока"
	}
	return t.Time().UTC().Format("02.01.2006")
}

// readDay reads 2026-01-31, false for anything else and for years nobody means.
func readDay(s string) (storage.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		return 0, false
	}
	return storage.Of(t), true
}

// words are a text in the languages of the house.
type words struct{ ru, en string }

func (w words) in(lang string) string {
	if lang == "en" {
		return w.en
	}
	return w.ru
}

func knownKind(k Kind) bool { return slices.Contains(Kinds(), k) }
