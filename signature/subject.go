package signature

import (
	"strings"
	"unicode"

	"propusk/signature/pki"
)

// Kind is whose certificate it is.
type Kind string

// The kinds of certificate (Приказ ФСБ № 795).
const (
	// KindPerson names a person alone. An employee's is of this kind too: it opens an
	// organisation only through membership or a power of attorney.
	KindPerson Kind = "person"
	// KindOrganisation names an organisation and the person at its head.
	KindOrganisation Kind = "organisation"
	// KindSole names a sole proprietor.
	KindSole Kind = "sole"
)

// Subject is the owner of a certificate, out of its subject name.
type Subject struct {
	Kind Kind `json:"kind,omitempty"`

	SNILS  string `json:"snils,omitempty"`
	INN    string `json:"inn,omitempty"`    // of the person
	INNLE  string `json:"inn_le,omitempty"` // of the organisation
	OGRN   string `json:"ogrn,omitempty"`
	OGRNIP string `json:"ogrnip,omitempty"`

	CommonName   string `json:"common_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
	GivenNames   string `json:"given_names,omitempty"` // first name and patronymic
	Organisation string `json:"organisation,omitempty"`
	Title        string `json:"title,omitempty"`
	Email        string `json:"email,omitempty"`
	Country      string `json:"country,omitempty"`
	Region       string `json:"region,omitempty"`
	Locality     string `json:"locality,omitempty"`
	Street       string `json:"street,omitempty"`
}

// Object identifiers of subject attributes.
const (
	oidINN    = "1.2.643.3.131.1.1"
	oidINNLE  = "1.2.643.100.4"
	oidOGRN   = "1.2.643.100.1"
	oidOGRNIP = "1.2.643.100.5"
	oidSNILS  = "1.2.643.100.3"
)

// ParseSubject reads the owner out of a certificate's subject. Every number occurs
// at most once, consists of digits alone, and has the right check digits.
//
// Before 2021 an organisation's ИНН stood in the person's attribute, filled up
// with two zeros; no person's ИНН begins so, and such a value is read as ИНН ЮЛ.
func ParseSubject(name pki.Name) (*Subject, *Fault) {
	s := new(Subject)
	for _, attribute := range name.Attributes() {
		if fault := s.add(attribute); fault != nil {
			return nil, fault
		}
	}
	if fault := s.settle(); fault != nil {
		return nil, fault
	}
	return s, nil
}

// number describes one numbered attribute.
type number struct {
	field func(*Subject) *string
	valid func(string) bool
	code  Code
}

var numbers = map[string]number{
	oidINN:    {func(s *Subject) *string { return &s.INN }, validPersonINN, SubjectINN},
	oidINNLE:  {func(s *Subject) *string { return &s.INNLE }, validINNLE, SubjectINNLE},
	oidOGRN:   {func(s *Subject) *string { return &s.OGRN }, validOGRN, SubjectOGRN},
	oidOGRNIP: {func(s *Subject) *string { return &s.OGRNIP }, validOGRNIP, SubjectOGRNIP},
	oidSNILS:  {func(s *Subject) *string { return &s.SNILS }, validSNILS, SubjectSNILS},
}

// validPersonINN also takes the form from before 2021.
func validPersonINN(s string) bool {
	if strings.HasPrefix(s, "00") {
		return validINNLE(s[2:])
	}
	return validINN(s)
}

func (s *Subject) add(a pki.Attribute) *Fault {
	if number, ok := numbers[a.OID]; ok {
		return s.addNumber(a, number)
	}
	return s.addText(a)
}

func (s *Subject) addNumber(a pki.Attribute, n number) *Fault {
	field := n.field(s)
	switch {
	case *field != "":
		return faultf(SubjectAttributeRepeated, "attribute %s occurs twice", a.OID)
	case a.Tag != pki.TagNumericString && a.Tag != pki.TagPrintableString && a.Tag != pki.TagUTF8String:
		return faultf(n.code, "attribute %s has the string type %#02x", a.OID, a.Tag)
	case !n.valid(a.Value):
		return faultf(n.code, "attribute %s: wrong length, characters or check digits", a.OID)
	}
	*field = a.Value
	return nil
}

// addText keeps the first value of a describing attribute. Names decide nothing
// here, so a repeated one (streets, units) is no fault.
func (s *Subject) addText(a pki.Attribute) *Fault {
	field := map[string]*string{
		"2.5.4.3": &s.CommonName, "2.5.4.4": &s.LastName, "2.5.4.42": &s.GivenNames,
		"2.5.4.10": &s.Organisation, "2.5.4.12": &s.Title, "1.2.840.113549.1.9.1": &s.Email,
		"2.5.4.6": &s.Country, "2.5.4.8": &s.Region, "2.5.4.7": &s.Locality, "2.5.4.9": &s.Street,
	}[a.OID]
	if field == nil || *field != "" {
		return nil
	}
	if strings.ContainsFunc(a.Value, hidden) {
		return faultf(SubjectMalformed, "attribute %s has control or direction characters", a.OID)
	}
	*field = a.Value
	return nil
}

// hidden characters make a name read as another one on a page: controls, directions,
// and the two separators that break a line.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// legible shows hidden characters as what they are.
func legible(name string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

// settle moves the old form to its place, sees that the numbers agree, and names
// the kind.
func (s *Subject) settle() *Fault {
	if strings.HasPrefix(s.INN, "00") {
		if s.INNLE != "" && s.INNLE != s.INN[2:] {
			return faultf(SubjectContradiction, "two different ИНН of the organisation")
		}
		s.INNLE, s.INN = s.INN[2:], ""
	}
	organisation := s.INNLE != "" || s.OGRN != ""
	switch {
	case organisation && s.OGRNIP != "":
		return faultf(SubjectContradiction, "an organisation and a sole proprietor at once")
	case organisation:
		s.Kind = KindOrganisation
	case s.OGRNIP != "":
		s.Kind = KindSole
	case s.SNILS != "" || s.INN != "":
		s.Kind = KindPerson
	default:
		return faultf(SubjectIdentifierMissing, "no СНИЛС, ИНН, ОГРН or ОГРНИП")
	}
	return nil
}

// match compares the owner with whom the signature should be of.
func (s *Subject) match(e Expectation) *Fault {
	if !agree([2]string{e.SNILS, s.SNILS}, [2]string{e.INN, s.INN}) {
		return faultf(SubjectOtherPerson, "СНИЛС or ИНН are not those expected")
	}
	if !agree([2]string{e.INNLE, s.INNLE}, [2]string{e.OGRN, s.OGRN}) {
		return faultf(SubjectOtherOrganisation, "ИНН ЮЛ or ОГРН are not those expected")
	}
	return nil
}

// agree reports whether the pairs (expected, found) do not contradict: nothing is
// expected, or at least one number was found and none differs.
func agree(pairs ...[2]string) bool {
	expected, found := false, false
	for _, pair := range pairs {
		if pair[0] == "" {
			continue
		}
		expected = true
		if pair[1] == "" {
			continue
		}
		if pair[0] != pair[1] {
			return false
		}
		found = true
	}
	return !expected || found
}

// Owner is how a certificate names whose it is, without numbers: "Морозова Елена
// Викторовна, ООО «Северный маяк»".
func (s Subject) Owner() string {
	name := s.LastName + " " + s.GivenNames
	if s.LastName == "" {
		name = s.CommonName
	}
	if s.Organisation != "" && s.Organisation != name {
		return name + ", " + s.Organisation
	}
	return name
}
