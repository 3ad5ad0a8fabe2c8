package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/organisation"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
)

// TestPowerThatOpensACabinetIsGivenByTheOrganisationToThatPersonForThat: a power
// to file, one with limits, another's or handed-on one, and one that the
// organisation has not signed make nobody an administrator.
func TestPowerThatOpensACabinetIsGivenByTheOrganisationToThatPersonForThat(t *testing.T) {
	t.Parallel()
	authority := signaturetest.New(t, time.Now)
	reader := openingPower{authority.Verifier, time.Now}
	const inn, ogrn, number = "7801234564", "1027800123450", "5f0b1a2c-1111-4222-8333-444455556666"
	person := directory.Person{SNILS: "13455667778", SNILSVerified: true, INN: "781234567090", INNVerified: true}
	issued := time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	head := emchd.Party{Kind: emchd.KindPerson, LastName: "Лебедева", FirstName: "Ирина", SNILS: "14566778813", INN: "780198765455", BirthDate: "1980-01-01", Position: "Директор"}
	good := func() emchd.Form {
		return emchd.Form{
			FileID: emchd.FileID(number, issued), Number: number, IssuedOn: issued, Until: time.Now().AddDate(1, 0, 0).Format(time.DateOnly),
			Principals:      []emchd.Party{{Kind: emchd.KindOrganisation, Name: "ООО «Маяк»", INN: inn, KPP: "780101001", OGRN: ogrn, Heads: []emchd.Party{head}}},
			Representatives: []emchd.Party{{Kind: emchd.KindPerson, LastName: "Соколов", FirstName: "Андрей", SNILS: person.SNILS, INN: person.INN, BirthDate: "1985-01-01"}},
			Powers:          []emchd.Power{{Code: openCabinetPower, Name: "Создание личного кабинета"}, {Code: "CAB_ORGANIZATION", Name: "Просмотр данных организации"}},
		}
	}
	ours := authority.Issue(t, signature.Subject{Kind: signature.KindOrganisation, CommonName: "ООО «Маяк»", INNLE: inn, OGRN: ogrn, SNILS: head.SNILS, INN: head.INN})
	theirs := authority.Issue(t, signature.Subject{Kind: signature.KindOrganisation, CommonName: "ООО «Другое»", INNLE: "7707083893", OGRN: "1027700132195"})
	read := func(f emchd.Form, by signaturetest.Holder) (string, error) {
		xml := emchd.Write(f)
		return reader.read(t.Context(), organisation.PowerClaim{Content: xml, Signature: by.Sign(t, xml), INN: inn, OGRN: ogrn, Person: person})
	}
	if got, err := read(good(), ours); err != nil || got != number {
		t.Fatalf("%q, %v", got, err)
	}
	for name, change := range map[string]func(f *emchd.Form){
		"without the power":     func(f *emchd.Form) { f.Powers = f.Powers[1:] },
		"with limits":           func(f *emchd.Form) { f.Limits = []emchd.Limit{{Code: emchd.LimitReports, Values: []string{"NO_NDS"}}} },
		"of another principal":  func(f *emchd.Form) { f.Principals[0].INN = "7707083893" },
		"to somebody else":      func(f *emchd.Form) { f.Representatives[0].SNILS, f.Representatives[0].INN = head.SNILS, head.INN },
		"with one number wrong": func(f *emchd.Form) { f.Representatives[0].INN = head.INN },
		"to two together": func(f *emchd.Form) {
			f.Representatives = append(f.Representatives, head)
		},
		"that is over": func(f *emchd.Form) {
			f.Until = time.Now().AddDate(0, 0, -3).Format(time.DateOnly)
			f.IssuedOn = "2020-01-01"
		},
	} {
		f := good()
		change(&f)
		if _, err := read(f, ours); !refusedAs(err, "organization_power_refused") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := read(good(), theirs); !refusedAs(err, "organization_power_refused") {
		t.Errorf("signed by another organisation: %v", err)
	}
	_, err := reader.read(t.Context(), organisation.PowerClaim{Content: []byte("<a/>"), INN: inn, OGRN: ogrn, Person: person})
	if !refusedAs(err, "organization_power_refused") || strings.Contains(err.Error(), "panic") {
		t.Errorf("no form at all: %v", err)
	}
}

func refusedAs(err error, code string) bool {
	refusal, ok := errors.AsType[*api.Refusal](err)
	return ok && refusal.Code() == code
}
