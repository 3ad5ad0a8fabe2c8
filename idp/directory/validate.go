package directory

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of free text, in runes.
const (
	maxName    = 100
	maxTitle   = 1000 // names of organisations are long in the register
	maxAddress = 1000
)

// fields collects the faults of an input while its values become canonical.
type fields struct{ faults FieldErrors }

func (f *fields) err() error { return f.faults.err() }

// optional applies normalise to a value that may be missing.
func (f *fields) optional(field, value string, normalise func(string) (string, bool)) string {
	if strings.TrimSpace(value) == "" {
		return ""
	}
	canonical, ok := normalise(value)
	if !ok {
		f.faults.add(field, "invalid")
	}
	return canonical
}

// exactly checks a number that is not normalised: forms of the register allow
// no spaces in it.
func (f *fields) exactly(field, value string, valid func(string) bool) {
	switch {
	case value == "":
		f.faults.add(field, "required")
	case !valid(value):
		f.faults.add(field, "invalid")
	}
}

// text takes a line of free text: NFC, single spaces, no control or invisible
// characters (a line break in a name would be a header in a message).
func (f *fields) text(field, value string, limit int, required bool) string {
	value, ok := line(value)
	switch {
	case !ok:
		f.faults.add(field, "invalid")
	case value == "" && required:
		f.faults.add(field, "required")
	case utf8.RuneCountInString(value) > limit:
		f.faults.add(field, "too_long")
	}
	return value
}

// name takes a part of a person's name: letters of one script, with hyphens,
// apostrophes, dots and spaces between them. What is stricter than text keeps
// links out of messages that greet the person, and names that only look alike
// out of lists.
func (f *fields) name(field, value string, required bool) string {
	value = f.text(field, value, maxName, required)
	if value != "" && !personalName(value) {
		f.faults.add(field, "invalid")
	}
	return value
}

func line(s string) (string, bool) {
	if _, ok := fold(s); !ok {
		return "", false
	}
	return strings.Join(strings.Fields(norm.NFC.String(s)), " "), true
}

func personalName(s string) bool {
	scripts := map[*unicode.RangeTable]bool{}
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Cyrillic, r):
			scripts[unicode.Cyrillic] = true
		case unicode.Is(unicode.Latin, r):
			scripts[unicode.Latin] = true
		case unicode.IsLetter(r):
			scripts[unicode.L] = true
		case !unicode.Is(unicode.M, r) && !strings.ContainsRune("-'’. ", r):
			return false
		}
	}
	return len(scripts) == 1
}

// standing checks a role with its grants and denials and returns it with the
// lists sorted and without repetitions. An administrator has nothing to grant
// and must not be denied anything: an administrator who cannot manage members
// would be the last one in name only.
func (f *fields) standing(s standing) standing {
	if !s.role.Valid() {
		f.faults.add("role", "invalid")
	}
	s.grants, s.denials = f.permissions("grants", s.grants), f.permissions("denials", s.denials)
	if s.role == Administrator {
		s.grants = nil
		if len(s.denials) > 0 {
			f.faults.add("denials", "not_allowed")
		}
	}
	return s
}

func (f *fields) permissions(field string, list []Permission) []Permission {
	for _, p := range list {
		if !p.Valid() {
			f.faults.add(field, "invalid")
			return nil
		}
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// person brings n to canonical form.
func (f *fields) person(n NewPerson) NewPerson {
	n.LastName = f.name("last_name", n.LastName, true)
	n.FirstName = f.name("first_name", n.FirstName, true)
	n.MiddleName = f.name("middle_name", n.MiddleName, false)
	n.Email = f.optional("email", n.Email, NormaliseEmail)
	n.Phone = f.optional("phone", n.Phone, NormalisePhone)
	n.SNILS = f.optional("snils", n.SNILS, NormaliseSNILS)
	if n.INN != "" {
		f.exactly("inn", n.INN, ValidPersonalINN)
	}
	if n.Email == "" && n.Phone == "" && len(f.faults) == 0 {
		f.faults.add("email", "required")
	}
	n.EmailVerified = n.EmailVerified && n.Email != ""
	n.PhoneVerified = n.PhoneVerified && n.Phone != ""
	if n.Locale == "" {
		n.Locale = "ru"
	}
	if n.Locale != "ru" && n.Locale != "en" {
		f.faults.add("locale", "invalid")
	}
	return n
}

// organisation brings n to canonical form.
func (f *fields) organisation(n NewOrganisation) NewOrganisation {
	switch n.Kind {
	case KindLegal:
		f.exactly("inn", n.INN, ValidLegalINN)
		f.exactly("kpp", n.KPP, ValidKPP)
		f.exactly("ogrn", n.OGRN, ValidOGRN)
	case KindSole:
		f.exactly("inn", n.INN, ValidPersonalINN)
		f.exactly("ogrn", n.OGRN, ValidOGRNIP)
		if n.KPP != "" {
			f.faults.add("kpp", "not_allowed")
		}
	default:
		f.faults.add("kind", "invalid")
	}
	n.Name = f.text("name", n.Name, maxTitle, true)
	if n.FullName == "" {
		n.FullName = n.Name
	}
	n.FullName = f.text("full_name", n.FullName, maxTitle, false)
	n.Address = f.text("address", n.Address, maxAddress, false)
	n.ActualAddress = f.text("actual_address", n.ActualAddress, maxAddress, false)
	n.Phone = f.optional("phone", n.Phone, NormalisePhone)
	n.Email = f.optional("email", n.Email, NormaliseEmail)
	f.acr(n.RequiredACR)
	return n
}

func (f *fields) acr(acr string) {
	switch acr {
	case "", ACROneFactor, ACRTwoFactors, ACRQualified:
	default:
		f.faults.add("required_acr", "invalid")
	}
}
