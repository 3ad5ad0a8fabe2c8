package powertest

import (
	"github.com/google/uuid"

	"propusk/cabinet/power/emchd"
)

// The people and organisations of the forms; numbers have valid check digits.
var (
	Head = emchd.Party{
		Kind: emchd.KindPerson, INN: "771234567070", SNILS: "11223344595", Position: "Генеральный директор",
		LastName: "Северный", FirstName: "Андрей", MiddleName: "Игоревич", BirthDate: "1975-02-03",
	}
	Company = emchd.Party{
		Kind: emchd.KindOrganisation, Name: "ООО «Ромашка»", INN: "7701234560", KPP: "770101001", OGRN: "1027700123450", Heads: []emchd.Party{Head},
	}
	Bookkeeper = emchd.Party{
		Kind: emchd.KindPerson, SNILS: "15376847200", LastName: "Счетова", FirstName: "Анна", MiddleName: "Ильинична", BirthDate: "1988-07-09",
	}
)

// Ours is the principal of the forms.
var Ours = emchd.Principal{INN: Company.INN, OGRN: Company.OGRN}

// Form is a good power to file VAT returns, changed.
func Form(changes ...func(f *emchd.Form)) emchd.Form {
	f := emchd.Form{
		Number: uuid.NewString(), IssuedOn: "2026-03-01", Until: "2027-02-28",
		Principals: []emchd.Party{Company}, Representatives: []emchd.Party{Bookkeeper},
		Powers: []emchd.Power{{Code: "2_FNS02", Name: "Подписывать и представлять отчётность"}},
		Limits: []emchd.Limit{{Code: emchd.LimitReports, Values: []string{"NO_NDS"}}},
	}
	for _, change := range changes {
		change(&f)
	}
	return f
}

// XML is the file of Form.
func XML(changes ...func(f *emchd.Form)) []byte { return emchd.Write(Form(changes...)) }
