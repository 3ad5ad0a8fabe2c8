package service

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCatalogueHasTheServicesOfTheRows: rows 190, 191, 194, 291.
func TestCatalogueHasTheServicesOfTheRows(t *testing.T) {
	t.Parallel()
	all := Search(Filter{})
	if len(all) < 15 {
		t.Fatalf("%d services", len(all))
	}
	for _, code := range []string{
		"charter-change", "licence-medical", "permit-foreign-workers", "procurement-registration", "certificate-conformity",
		"tax-filing", "extract-egrul", "debt-certificate",
	} {
		if _, ok := Find(code); !ok {
			t.Errorf("no %s", code)
		}
	}
	for _, c := range all {
		for _, lang := range []string{"ru", "en"} {
			if c.Title.In(lang) == "" || c.Description.In(lang) == "" || c.Term.In(lang) == "" || c.Fee.In(lang) == "" || len(c.Steps) == 0 {
				t.Errorf("%s in %s says too little", c.Code, lang)
			}
			for _, f := range c.Fields {
				if f.Label.In(lang) == "" {
					t.Errorf("%s: field %s in %s", c.Code, f.Name, lang)
				}
			}
		}
		if c.Elsewhere == "" && (len(c.Fields) < 5 || c.Body.Code == "" || len(c.Industries) == 0) {
			t.Errorf("%s cannot be applied for", c.Code)
		}
		if c.Licence && (c.Signature != SignatureRequired || c.document("charter") == nil || c.field("okved") == nil) {
			t.Errorf("%s is no licence of row 194", c.Code)
		}
	}
}

func TestCatalogueIsFiltered(t *testing.T) {
	t.Parallel()
	codes := func(f Filter) []string {
		var list []string
		for _, c := range Search(f) {
			list = append(list, c.Code)
		}
		return list
	}
	for name, test := range map[string]struct {
		filter   Filter
		has, not string
	}{
		"type":             {Filter{Type: "licence"}, "licence-medical", "charter-change"},
		"industry":         {Filter{Industry: "health"}, "licence-medical", "licence-alcohol"},
		"any industry":     {Filter{Industry: "health"}, "charter-change", "licence-education"},
		"body":             {Filter{Body: "MVD-77"}, "permit-foreign-workers", "licence-medical"},
		"document":         {Filter{Document: "устав"}, "licence-medical", "cash-register"},
		"document by name": {Filter{Document: "passports"}, "permit-foreign-workers", "licence-medical"},
		"words":            {Filter{Words: "медицинской лицензии"}, "licence-medical", "licence-alcohol"},
		"English words":    {Filter{Words: "foreign workers"}, "permit-foreign-workers", "licence-medical"},
		"part of a word":   {Filter{Words: "алкого"}, "licence-alcohol", "licence-medical"},
		"all together":     {Filter{Type: "licence", Industry: "trade", Words: "продажа"}, "licence-alcohol", "licence-medical"},
	} {
		got := codes(test.filter)
		if !slices.Contains(got, test.has) || slices.Contains(got, test.not) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := codes(Filter{Words: "космический лифт"}); got != nil {
		t.Errorf("found %v", got)
	}
}

// TestFaultyCatalogueIsRefused: a card that could not be filled in.
func TestFaultyCatalogueIsRefused(t *testing.T) {
	t.Parallel()
	card := func(change string) string {
		return `{"services":[{"code":"x","fields":[{"name":"a","kind":"text"}],"documents":[{"name":"d","formats":["pdf"],"max_bytes":1,"most":1}]` + change + `}]}`
	}
	if _, err := parseCatalogue([]byte(card(""))); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"no JSON":          `{`,
		"unknown kind":     `{"services":[{"code":"x","fields":[{"name":"a","kind":"colour"}]}]}`,
		"unknown alphabet": `{"services":[{"code":"x","fields":[{"name":"a","kind":"text","permitted":"runes"}]}]}`,
		"field twice":      `{"services":[{"code":"x","fields":[{"name":"a","kind":"text"},{"name":"a","kind":"text"}]}]}`,
		"service twice":    `{"services":[{"code":"x"},{"code":"x"}]}`,
		"rule of nothing":  card(`,"rules":[{"kind":"before","a":"a","b":"z"}]`),
		"renewal of none":  card(`,"renew_fields":["z"]`),
		"format":           `{"services":[{"code":"x","documents":[{"name":"d","formats":["exe"],"max_bytes":1,"most":1}]}]}`,
		"too large":        `{"services":[{"code":"x","documents":[{"name":"d","formats":["pdf"],"max_bytes":99999999,"most":1}]}]}`,
		"when of nothing":  `{"services":[{"code":"x","documents":[{"name":"d","formats":["pdf"],"max_bytes":1,"most":1,"when":{"field":"z","equals":"1"}}]}]}`,
	} {
		if _, err := parseCatalogue([]byte(source)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestValuesAreReadByTheirKinds: good and faulty values with the code that each
// faulty one gets (rows 205, 296).
func TestValuesAreReadByTheirKinds(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		field Field
		value string
		code  string
	}{
		{Field{Kind: "text", Required: true}, " ", "required"},
		{Field{Kind: "text"}, "", ""},
		{Field{Kind: "inn"}, "7707083893", ""}, {Field{Kind: "inn"}, "7707083894", "form_inn"}, {Field{Kind: "inn"}, "770708389", "form_inn"},
		{Field{Kind: "ogrn"}, "1027700132195", ""}, {Field{Kind: "ogrn"}, "304500116000157", ""}, {Field{Kind: "ogrn"}, "1027700132196", "form_ogrn"},
		{Field{Kind: "kpp"}, "770701001", ""}, {Field{Kind: "kpp"}, "77070100", "form_kpp"},
		{Field{Kind: "snils"}, "112-233-445 95", ""}, {Field{Kind: "snils"}, "112-233-445 96", "form_snils"},
		{Field{Kind: "phone"}, "+7 921 000-11-01", ""}, {Field{Kind: "phone"}, "12", "form_phone"},
		{Field{Kind: "email"}, "a@example.ru", ""}, {Field{Kind: "email"}, "a@", "form_email"},
		{Field{Kind: "okved"}, "86.21", ""}, {Field{Kind: "okved"}, "8621", "form_okved"},
		{Field{Kind: "bik"}, "044525225", ""}, {Field{Kind: "bik"}, "144525225", "form_bik"},
		{Field{Kind: "account"}, "40702810138250123017", ""}, {Field{Kind: "account"}, "4070281013825012301", "form_account"},
		{Field{Kind: "cadastral"}, "77:01:0001001:1234", ""}, {Field{Kind: "cadastral"}, "77-01", "form_cadastral"},
		{Field{Kind: "country"}, "UZ", ""}, {Field{Kind: "country"}, "Узбекистан", "form_country"},
		{Field{Kind: "bool"}, "true", ""}, {Field{Kind: "bool"}, "да", "form_bool"},
		{Field{Kind: "choice", Choices: []Choice{{Value: "a"}}}, "a", ""}, {Field{Kind: "choice", Choices: []Choice{{Value: "a"}}}, "b", "form_choice"},
		{Field{Kind: "digits", Min: 4, Max: 10}, "2201", ""}, {Field{Kind: "digits", Min: 4, Max: 10}, "220", "form_digits"}, {Field{Kind: "digits", Min: 4, Max: 10}, "22a1", "form_digits"},
		{Field{Kind: "number", Min: 1, MaxValue: 10}, "10", ""}, {Field{Kind: "number", Min: 1}, "0", "form_too_small"},
		{Field{Kind: "number", MaxValue: 10}, "11", "form_too_big"}, {Field{Kind: "number"}, "1e3", "form_number"}, {Field{Kind: "number"}, "+5", "form_number"},
		{Field{Kind: "number"}, "99999999999999999999", "form_number"},
		{Field{Kind: "money", Min: 1000000}, "10000", ""}, {Field{Kind: "money"}, "12,5", ""}, {Field{Kind: "money", Min: 1000000}, "9999.99", "form_too_small"},
		{Field{Kind: "money"}, "1.234", "form_money"}, {Field{Kind: "money"}, "-5", "form_money"}, {Field{Kind: "money"}, "NaN", "form_money"},
		{Field{Kind: "date"}, "2026-11-22", ""}, {Field{Kind: "date"}, "22.11.2026", "form_date"}, {Field{Kind: "date"}, "2026-02-30", "form_date"},
		{Field{Kind: "date"}, "0001-01-01", "form_date"},
		{Field{Kind: "date", NotAfterToday: true}, "2026-11-23", "form_date_future"}, {Field{Kind: "date", NotAfterToday: true}, "2026-11-22", ""},
		{Field{Kind: "text", Max: 3}, "абв", ""}, {Field{Kind: "text", Max: 3}, "абвг", "form_too_long_by"},
		{Field{Kind: "text", Permitted: "name"}, "Иванова-Петрова Ё.", ""}, {Field{Kind: "text", Permitted: "name"}, "Ivanov", "form_characters_name"},
		{Field{Kind: "text", Permitted: "latin"}, "Ivanov", ""}, {Field{Kind: "text", Permitted: "latin"}, "Иванов", "form_characters_latin"},
		{Field{Kind: "text", Permitted: "russian"}, "ООО «Ромашка», № 5", ""}, {Field{Kind: "text", Permitted: "russian"}, "<script>", "form_characters_russian"},
		{Field{Kind: "text", Permitted: "serial"}, "AB-12", ""}, {Field{Kind: "text", Permitted: "serial"}, "АБ-12", "form_characters_serial"},
		{Field{Kind: "text", Permitted: "document"}, "77.01/12-Э", ""}, {Field{Kind: "text", Permitted: "document"}, "=1+1", "form_characters_document"},
		{Field{Kind: "text", Permitted: "text"}, "a\u0007", "form_characters_text"},
	} {
		got := ""
		if f := test.field.check(test.value, day); f != nil {
			got = f.code
		}
		if got != test.code {
			t.Errorf("%s %q: %q, want %q", test.field.Kind, test.value, got, test.code)
		}
	}
}

// TestEveryFaultHasWordsInBothLanguages, with each of its arguments in them known.
func TestEveryFaultHasWordsInBothLanguages(t *testing.T) {
	t.Parallel()
	for code, text := range fieldTexts {
		if text.RU == "" || text.EN == "" {
			t.Errorf("%s has no words", code)
		}
	}
	for name := range alphabets {
		if _, ok := fieldTexts["form_characters_"+name]; !ok {
			t.Errorf("no words for the alphabet %s", name)
		}
	}
}

// TestFieldsAreHeldAgainstEachOther: dates and sums (row 205).
func TestFieldsAreHeldAgainstEachOther(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	subsidy, _ := Find("subsidy-business")
	good := map[string]string{
		"inn": "7707083893", "ogrn": "1027700132195", "full_name": "ООО «Ромашка»", "address": "Москва", "contact_name": "Иванова Анна",
		"contact_phone": "+79210001101", "contact_email": "a@example.ru", "total_costs": "100.50", "equipment_costs": "60,50",
		"training_costs": "40", "asked": "50", "period_from": "2026-01-01", "period_to": "2026-10-31",
	}
	if faults := subsidy.checkFields(good, now); len(faults) != 0 {
		t.Fatalf("a good form: %+v", faults)
	}
	for name, test := range map[string]struct {
		field, value string
		at, code     string
	}{
		"sum":             {"total_costs", "100.51", "/fields/total_costs", "form_sum"},
		"more than all":   {"asked", "100.51", "/fields/asked", "form_at_most"},
		"backwards":       {"period_from", "2026-11-01", "/fields/period_to", "form_before"},
		"not yet":         {"period_to", "2026-11-23", "/fields/period_to", "form_date_future"},
		"unknown":         {"colour", "red", "/fields/colour", "unknown"},
		"one thing first": {"total_costs", "x", "/fields/total_costs", "form_money"},
	} {
		form := map[string]string{}
		for n, v := range good {
			form[n] = v
		}
		form[test.field] = test.value
		faults := subsidy.checkFields(form, now)
		if len(faults) != 1 || faults[0].Pointer != test.at || faults[0].Code != test.code {
			t.Errorf("%s: %+v", name, faults)
		}
	}
	procurement, _ := Find("procurement-registration")
	bank := map[string]string{"account": "40702810138250123017", "bik": "044525225"}
	if _, f := procurement.checkRule(procurement.Rules[0], bank); f != nil {
		t.Errorf("a good account: %+v", f)
	}
	bank["bik"] = "044525226"
	if at, f := procurement.checkRule(procurement.Rules[0], bank); f == nil || at != "account" || f.code != "form_account_bik" {
		t.Errorf("another bank's account: %s %+v", at, f)
	}
}

// FuzzFields: whatever is filled in, the check ends, names only fields and rules,
// and is the same again.
func FuzzFields(f *testing.F) {
	f.Add("subsidy-business", "total_costs", "1e309", "equipment_costs", "99999999999999")
	f.Add("licence-transport", "buses", "9223372036854775807", "buses_owned", "1")
	f.Add("procurement-registration", "account", "\xff", "bik", "")
	f.Add("licence-alcohol", "valid_from", "9999-99-99", "valid_to", "2026-01-01")
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, code, a, x, b, y string) {
		card, ok := Find(code)
		if !ok {
			return
		}
		fields := map[string]string{a: x, b: y}
		first, second := fmt.Sprint(card.checkFields(fields, now)), fmt.Sprint(card.checkFields(fields, now))
		if first != second {
			t.Errorf("%q and %q", first, second)
		}
		for _, fault := range card.checkFields(fields, now) {
			if !strings.HasPrefix(fault.Pointer, "/fields/") || fault.Code == "" {
				t.Errorf("%+v", fault)
			}
		}
	})
}

// TestCatalogueIsJSONThatReadsAsItself: no field of the file is left unread.
func TestCatalogueIsJSONThatReadsAsItself(t *testing.T) {
	t.Parallel()
	decoder := json.NewDecoder(strings.NewReader(string(catalogueSource)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&catalogue{}); err != nil {
		t.Error(err)
	}
}
