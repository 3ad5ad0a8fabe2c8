package directory

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a profile's lists and texts.
const (
	maxAccounts   = 20
	maxActivities = 100
	maxRegimes    = 20
	maxReports    = 100
	maxMethods    = 20
	maxWebsite    = 200
)

// CheckBlock brings a block to canonical form for an organisation of a kind
// (KindLegal, KindSole) and returns FieldErrors for what is wrong with it. Fields
// of lists are named as JSON pointers are: accounts/0/bic.
//
// The codes beside the directory's others say what is wrong with a number:
// number_digits (there is something else in it), number_length, number_checksum,
// phone_region, phone_characters, okved_incomplete, account_bic.
func CheckBlock(kind string, b Block) error {
	var f fields
	b.check(&f, kind)
	return f.err()
}

func (r *Requisites) check(f *fields, kind string) {
	f.number("inn", r.INN, innFault(kind))
	f.number("ogrn", r.OGRN, ogrnFault(kind))
	switch {
	case kind == KindLegal:
		f.number("kpp", r.KPP, kppFault)
	case r.KPP != "":
		f.faults.add("kpp", "not_allowed")
	}
	r.Name = f.text("name", r.Name, maxTitle, true)
	r.FullName = f.text("full_name", r.FullName, maxTitle, true)
	r.Address = f.text("address", r.Address, maxAddress, true)
	f.legalForm(kind, r.LegalForm)
	if r.OwnershipForm != "" && !isDigits(r.OwnershipForm, 2) {
		f.faults.add("ownership_form", "invalid")
	}
	r.Head.check(f)
}

func (h *OrganisationHead) check(f *fields) {
	h.LastName = f.name("head/last_name", h.LastName, true)
	h.FirstName = f.name("head/first_name", h.FirstName, true)
	h.MiddleName = f.name("head/middle_name", h.MiddleName, false)
	h.Position = f.text("head/position", h.Position, maxTitle, true)
}

func (f *fields) legalForm(kind, code string) {
	switch {
	case code == "":
	case !isDigits(code, 5):
		f.faults.add("legal_form", "invalid")
	case (kind == KindSole) != strings.HasPrefix(code, "501"):
		f.faults.add("legal_form", "not_allowed")
	}
}

// number takes a number exactly as it stands; fault says what is wrong with it.
func (f *fields) number(field, value string, fault func(string) string) {
	if value == "" {
		f.faults.add(field, "required")
	} else if code := fault(value); code != "" {
		f.faults.add(field, code)
	}
}

// digitsFault tells spaces and other signs from a wrong length.
func digitsFault(s string, length int) string {
	switch {
	case !isDigits(s, len(s)):
		return "number_digits"
	case len(s) != length:
		return "number_length"
	}
	return ""
}

func innFault(kind string) func(string) string {
	length, valid := 10, ValidLegalINN
	if kind == KindSole {
		length, valid = 12, ValidPersonalINN
	}
	return checked(length, valid)
}

func ogrnFault(kind string) func(string) string {
	if kind == KindSole {
		return checked(15, ValidOGRNIP)
	}
	return checked(13, ValidOGRN)
}

// checked is a number of so many digits of which some check the others.
func checked(length int, valid func(string) bool) func(string) string {
	return func(s string) string {
		if code := digitsFault(s, length); code != "" {
			return code
		}
		if !valid(s) {
			return "number_checksum"
		}
		return ""
	}
}

func kppFault(s string) string {
	if len(s) != 9 {
		return "number_length"
	}
	if !ValidKPP(s) {
		return "invalid"
	}
	return ""
}

func (c *Contacts) check(f *fields, _ string) {
	c.ActualAddress = f.text("actual_address", c.ActualAddress, maxAddress, false)
	c.Phone = f.phone("phone", c.Phone)
	if c.Email == "" {
		f.faults.add("email", "required")
	}
	c.Email = f.optional("email", c.Email, NormaliseEmail)
	c.Website = f.website("website", c.Website)
}

// phone takes a number with its region's code, +7 812 000-11-01: what is too
// short has no region, what has letters is no number.
func (f *fields) phone(field, value string) string {
	canonical, ok := NormalisePhone(value)
	switch {
	case value == "":
		f.faults.add(field, "required")
	case ok:
		return canonical
	case strings.Trim(value, "+-() 0123456789") != "":
		f.faults.add(field, "phone_characters")
	default:
		f.faults.add(field, "phone_region")
	}
	return value
}

func (f *fields) website(field, value string) string {
	value = f.text(field, value, maxWebsite, false)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Host, ".") || u.User != nil {
		f.faults.add(field, "invalid")
	}
	return value
}

func (b *Bank) check(f *fields, _ string) {
	if len(b.Accounts) > maxAccounts {
		f.faults.add("accounts", "too_many")
		return
	}
	seen := map[string]bool{}
	for i := range b.Accounts {
		a := &b.Accounts[i]
		at := fmt.Sprintf("accounts/%d/", i)
		a.check(f, at)
		if seen[a.BIC+a.Account] {
			f.faults.add(at+"account", "duplicate")
		}
		seen[a.BIC+a.Account] = true
	}
	f.one("accounts", count(b.Accounts, func(a BankAccount) bool { return a.Main }), len(b.Accounts))
	slices.SortStableFunc(b.Accounts, func(x, y BankAccount) int { return first(y.Main) - first(x.Main) })
}

func (a *BankAccount) check(f *fields, at string) {
	a.Bank = f.text(at+"bank", a.Bank, maxTitle, false)
	bic := digitsFault(a.BIC, 9)
	if bic == "" && !ValidBIC(a.BIC) {
		bic = "invalid"
	}
	f.number(at+"bic", a.BIC, func(string) string { return bic })
	account := digitsFault(a.Account, 20)
	if account == "" && bic == "" && !ValidAccount(a.BIC, a.Account) {
		account = "account_bic"
	}
	f.number(at+"account", a.Account, func(string) string { return account })
	if a.CorrespondentAccount != "" && bic == "" && !ValidCorrespondentAccount(a.BIC, a.CorrespondentAccount) {
		f.faults.add(at+"correspondent_account", "account_bic")
	}
}

// one demands that exactly one of a list that is not empty is marked.
func (f *fields) one(field string, marked, of int) {
	if of > 0 && marked != 1 {
		f.faults.add(field, "one_main")
	}
}

func count[T any](list []T, holds func(T) bool) (n int) {
	for _, one := range list {
		if holds(one) {
			n++
		}
	}
	return n
}

func first(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (a *Activities) check(f *fields, _ string) {
	f.number("main", a.Main, okvedFault)
	if len(a.Additional) > maxActivities {
		f.faults.add("additional", "too_many")
		return
	}
	for i, code := range a.Additional {
		at := fmt.Sprintf("additional/%d", i)
		f.number(at, code, okvedFault)
		if code == a.Main || slices.Contains(a.Additional[:i], code) {
			f.faults.add(at, "duplicate")
		}
	}
}

var reportPrefix = regexp.MustCompile(`^[A-Z]{2}_[A-Z0-9]{2,20}$`)

func (t *Taxes) check(f *fields, kind string) {
	if t.TaxOffice != "" && !ValidTaxOffice(t.TaxOffice) {
		f.faults.add("tax_office", "invalid")
	}
	if t.OKTMO != "" && !ValidOKTMO(t.OKTMO) {
		f.faults.add("oktmo", "invalid")
	}
	if len(t.Regimes) > maxRegimes {
		f.faults.add("regimes", "too_many")
		return
	}
	slices.SortStableFunc(t.Regimes, func(x, y TaxRegime) int { return strings.Compare(x.Since, y.Since) })
	for i, regime := range t.Regimes {
		regime.check(f, "regimes/"+strconv.Itoa(i)+"/", kind)
	}
	f.excluding(t.Regimes)
	if len(t.Reports) > maxReports {
		f.faults.add("reports", "too_many")
		return
	}
	for i, prefix := range t.Reports {
		if !reportPrefix.MatchString(prefix) || slices.Contains(t.Reports[:i], prefix) {
			f.faults.add("reports/"+strconv.Itoa(i), "invalid")
		}
	}
}

// soleOnly are regimes of which a legal entity has no use (НК РФ ст. 346.43;
// 422-ФЗ ст. 2).
var soleOnly = []string{"PSN", "NPD"}

func (r TaxRegime) check(f *fields, at, kind string) {
	switch {
	case !slices.Contains(TaxRegimeCodes(), r.Code):
		f.faults.add(at+"code", "invalid")
	case kind == KindLegal && slices.Contains(soleOnly, r.Code):
		f.faults.add(at+"code", "not_allowed")
	}
	if _, err := time.Parse(time.DateOnly, r.Since); err != nil {
		f.faults.add(at+"since", "invalid")
	}
	if r.Until == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, r.Until); err != nil || r.Until < r.Since {
		f.faults.add(at+"until", "invalid")
	}
}

// excluding refuses regimes that cannot be in force on the same day. A patent
// stands beside another regime (НК РФ ст. 346.43 п. 1); of the others there is
// one at a time.
func (f *fields) excluding(regimes []TaxRegime) {
	for i, later := range regimes {
		for _, earlier := range regimes[:i] {
			if later.Code != earlier.Code && (later.Code == "PSN" || earlier.Code == "PSN") {
				continue
			}
			if earlier.Until == "" || later.Since <= earlier.Until {
				f.faults.add("regimes/"+strconv.Itoa(i)+"/since", "regimes_overlap")
				break
			}
		}
	}
}

var (
	maskedCard = regexp.MustCompile(`^[0-9]{6}\*{6,9}[0-9]{4}$`)
	cardMonth  = regexp.MustCompile(`^20[0-9]{2}-(0[1-9]|1[0-2])$`)
)

func (p *Payments) check(f *fields, _ string) {
	if len(p.Methods) > maxMethods {
		f.faults.add("methods", "too_many")
		return
	}
	for i := range p.Methods {
		p.Methods[i].check(f, fmt.Sprintf("methods/%d/", i))
	}
	f.one("methods", count(p.Methods, func(m PaymentMethod) bool { return m.Default }), len(p.Methods))
}

func (m *PaymentMethod) check(f *fields, at string) {
	m.Label = f.text(at+"label", m.Label, maxName, false)
	switch m.Kind {
	case "account":
		if m.Card != "" || m.Expires != "" {
			f.faults.add(at+"card", "not_allowed")
		}
		f.number(at+"bic", m.BIC, checked(9, ValidBIC))
		f.number(at+"account", m.Account, func(s string) string {
			if code := digitsFault(s, 20); code != "" || ValidAccount(m.BIC, s) {
				return code
			}
			return "account_bic"
		})
	case "card":
		m.checkCard(f, at)
	default:
		f.faults.add(at+"kind", "invalid")
	}
}

func (m *PaymentMethod) checkCard(f *fields, at string) {
	switch {
	case m.Account != "" || m.BIC != "":
		f.faults.add(at+"account", "not_allowed")
	case isDigits(m.Card, len(m.Card)) && len(m.Card) >= 12:
		f.faults.add(at+"card", "card_full")
		m.Card = "" // it must not go any further
	case !maskedCard.MatchString(m.Card):
		f.faults.add(at+"card", "invalid")
	}
	if !cardMonth.MatchString(m.Expires) {
		f.faults.add(at+"expires", "invalid")
	}
}
