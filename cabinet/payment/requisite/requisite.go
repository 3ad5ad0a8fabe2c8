package requisite

import (
	"strings"

	"propusk/idp/directory"
)

// Account is where money goes to or comes from.
type Account struct {
	Number        string `json:"number"` // twenty digits
	BIC           string `json:"bic"`
	Bank          string `json:"bank"`
	Correspondent string `json:"correspondent,omitempty"` // "" when the bank has none
}

// Party is a payer or a payee.
type Party struct {
	Name string `json:"name"`
	INN  string `json:"inn"`
	KPP  string `json:"kpp,omitempty"`
}

// Budget is what the Treasury tells payments apart by.
type Budget struct {
	UIN            string `json:"uin"`
	KBK            string `json:"kbk"`
	OKTMO          string `json:"oktmo"`
	PayerStatus    string `json:"payer_status"`              // поле 101, two digits
	Basis          string `json:"basis,omitempty"`           // поле 106
	TaxPeriod      string `json:"tax_period,omitempty"`      // поле 107
	DocumentNumber string `json:"document_number,omitempty"` // поле 108
	DocumentDate   string `json:"document_date,omitempty"`   // поле 109, dd.mm.yyyy or 0
}

// Requisites are all that a payment of one accrual needs.
type Requisites struct {
	Payee   Party   `json:"payee"`
	Account Account `json:"account"`
	Budget  Budget  `json:"budget"`
}

// Fault is one thing that is wrong: a field, and a code of it.
type Fault struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

// Faults checks the requisites and names everything that is wrong.
func (r Requisites) Faults() (faults []Fault) {
	add := func(wrong bool, field string) {
		if wrong {
			faults = append(faults, Fault{field, "format"})
		}
	}
	b := r.Budget
	add(!ValidUIN(b.UIN), "uin")
	add(len(b.KBK) != 20 || !digits(b.KBK), "kbk")
	add(!directory.ValidOKTMO(b.OKTMO), "oktmo")
	add(len(b.PayerStatus) != 2 || !digits(b.PayerStatus), "payer_status")
	add(!short(b.Basis, 2), "basis")
	add(!short(b.TaxPeriod, 10), "tax_period")
	add(!short(b.DocumentNumber, 15), "document_number")
	add(!short(b.DocumentDate, 10), "document_date")
	add(!line(r.Payee.Name, 160), "payee/name")
	add(!directory.ValidINN(r.Payee.INN) || len(r.Payee.INN) != 10, "payee/inn")
	add(!directory.ValidKPP(r.Payee.KPP), "payee/kpp")
	add(!line(r.Account.Bank, 160), "payee/bank")
	add(!r.Account.Valid(), "payee/account")
	return faults
}

// Valid reports whether the account belongs to its bank. A treasury account (the
// first digit 0) has no key of its own that is published; the Treasury's single
// account, which stands as its correspondent one, has.
func (a Account) Valid() bool {
	if !directory.ValidBIC(a.BIC) || len(a.Number) != 20 || !digits(a.Number) {
		return false
	}
	if a.Number[0] == '0' {
		return treasury(a.BIC, a.Correspondent)
	}
	return directory.ValidAccount(a.BIC, a.Number) &&
		(a.Correspondent == "" || directory.ValidCorrespondentAccount(a.BIC, a.Correspondent))
}

// treasury checks a single treasury account (ЕКС, 40102…): by the division of the
// Bank of Russia that keeps it, as accounts that the Bank keeps itself are.
func treasury(bic, account string) bool {
	return strings.HasPrefix(account, "40102") && directory.ValidAccount(bic[:6]+"000", account)
}

// short is a text of a payment order's field: printable ASCII or Cyrillic, bounded.
func short(s string, most int) bool { return s == "" || line(s, most) }

// line reports whether s is one line of at most so many letters.
func line(s string, most int) bool {
	n := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffd || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return false
		}
		n++
	}
	return n > 0 && n <= most && strings.TrimSpace(s) == s
}

// Line is line for the room: a text without control characters in one line.
func Line(s string, most int) bool { return line(s, most) }
