package organisation

import (
	"strings"
	"unicode"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
)

// difference is a field in which what was entered is not what the register says.
type difference struct {
	Field      string `json:"field"` // as a JSON pointer without its slash: head/last_name
	Entered    string `json:"entered"`
	Registered string `json:"registered"`
}

// registered are the requisites as the register has them.
func registered(r authority.Record) directory.Requisites {
	to := directory.Requisites{
		INN: r.INN, KPP: r.KPP, OGRN: r.OGRN, Name: r.ShortName, FullName: r.FullName,
		Address: r.Address.Text, LegalForm: r.Form.Code,
	}
	if to.Name == "" {
		to.Name = r.FullName
	}
	if r.Person != nil {
		to.Head = headOf(*r.Person, "Индивидуальный предприниматель")
	} else if len(r.Heads) > 0 {
		to.Head = headOf(r.Heads[0].Person, r.Heads[0].Position)
	}
	return to
}

func headOf(p authority.Person, position string) directory.OrganisationHead {
	return directory.OrganisationHead{LastName: p.LastName, FirstName: p.FirstName, MiddleName: p.MiddleName, Position: position}
}

// facts are the fields of requisites that the register knows, in the order in
// which differences are named.
func facts(r directory.Requisites) []struct{ field, value string } {
	return []struct{ field, value string }{
		{"inn", r.INN},
		{"ogrn", r.OGRN},
		{"kpp", r.KPP},
		{"full_name", r.FullName},
		{"name", r.Name},
		{"legal_form", r.LegalForm},
		{"address", r.Address},
		{"head/last_name", r.Head.LastName},
		{"head/first_name", r.Head.FirstName},
		{"head/middle_name", r.Head.MiddleName},
		{"head/position", r.Head.Position},
	}
}

// compare holds requisites against the register and names every field that
// differs. What was not entered is not compared, nor what the register does not
// say; of several heads the one whose name was entered counts.
func compare(entered directory.Requisites, record authority.Record) []difference {
	is := registered(record)
	is.Head = namesake(entered.Head, record, is.Head)
	want := facts(is)
	differences := []difference{}
	for i, fact := range facts(entered) {
		if fact.value == "" && fact.field != "head/middle_name" || want[i].value == "" && !headField(fact.field, is) {
			continue
		}
		if !same(fact.field, fact.value, want[i].value) {
			differences = append(differences, difference{fact.field, fact.value, want[i].value})
		}
	}
	return differences
}

// headField reports whether a missing value is the register's word: a head whom
// it names has no patronymic when it gives none.
func headField(field string, is directory.Requisites) bool {
	return field == "head/middle_name" && is.Head.LastName != ""
}

// namesake is the head of the record with the name that was entered, or first.
func namesake(entered directory.OrganisationHead, record authority.Record, first directory.OrganisationHead) directory.OrganisationHead {
	for _, head := range record.Heads {
		if fold(head.Person.Name()) == fold(entered.FullName()) {
			return headOf(head.Person, head.Position)
		}
	}
	return first
}

func same(field, a, b string) bool {
	switch field {
	case "address":
		return foldAddress(a) == foldAddress(b)
	case "inn", "ogrn", "kpp", "legal_form":
		return a == b
	}
	return fold(a) == fold(b)
}

// fold brings a name to the form in which names are compared: without quotation
// marks, case and the dots over ё, with single spaces.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("\"«»„“”'’`", r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case r == 'ё':
			return 'е'
		case r == 'Ё':
			return 'Е'
		}
		return unicode.ToLower(r)
	}, s)
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "ё", "е")
}

// addressWords are written or left out at pleasure in an address; what remains
// are the names and numbers that tell one place from another.
var addressWords = map[string]bool{
	"г": true, "гор": true, "город": true, "ул": true, "улица": true, "д": true, "дом": true, "корп": true, "корпус": true, "к": true,
	"стр": true, "строение": true, "обл": true, "область": true, "р-н": true, "район": true, "пос": true, "поселок": true, "п": true,
	"пр-кт": true, "пр": true, "пр-т": true, "проспект": true, "пер": true, "переулок": true, "наб": true, "набережная": true, "пл": true, "площадь": true,
	"кв": true, "квартира": true, "оф": true, "офис": true, "пом": true, "помещение": true, "лит": true, "литера": true, "литер": true,
	"ш": true, "шоссе": true, "б-р": true, "бульвар": true, "россия": true, "рф": true, "ком": true, "комната": true, "эт": true, "этаж": true,
}

// foldAddress leaves the names and numbers of an address, in their order.
func foldAddress(s string) string {
	var kept []string
	for _, word := range strings.FieldsFunc(fold(s), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",.;№", r) }) {
		if !addressWords[word] {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// registryFields are the fields of requisites whose change the register must bear
// out (A23.10).
var registryFields = map[string]bool{
	"inn": true, "ogrn": true, "kpp": true, "full_name": true, "name": true, "address": true, "legal_form": true,
	"head/last_name": true, "head/first_name": true, "head/middle_name": true, "head/position": true,
}

// touched are the fields in which two states of the requisites differ and of which
// the register knows.
func touched(before, after directory.Requisites) map[string]bool {
	was := facts(before)
	moved := map[string]bool{}
	for i, fact := range facts(after) {
		if fact.value != was[i].value && registryFields[fact.field] {
			moved[fact.field] = true
		}
	}
	return moved
}
