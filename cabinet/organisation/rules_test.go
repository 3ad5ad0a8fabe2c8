package organisation

import (
	"maps"
	"slices"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// Every state of every machine, against every other.
func TestStatesFollowOnlyAsDrawn(t *testing.T) {
	t.Parallel()
	final := map[string][]string{
		"registration": {registrationDone, registrationRefused, registrationWithdrawn},
		"change":       {changeApplied, changeCancelled, changeExpired, changeRefused},
		"moderation":   {moderationAccepted, moderationRefused, moderationWithdrawn},
		"deactivation": {deactivationDone, deactivationExpired, deactivationUndone},
		"correction":   {correctionCorrected, correctionRefused},
	}
	moves := map[string]int{"registration": 12, "change": 7, "moderation": 10, "deactivation": 5, "correction": 5}
	for name, m := range map[string]machine{
		"registration": registrationStates, "change": changeStates, "moderation": moderationStates,
		"deactivation": deactivationStates, "correction": correctionStates,
	} {
		states := slices.Sorted(maps.Keys(m))
		count := 0
		var over []string
		for _, from := range states {
			if m.over(from) {
				over = append(over, from)
			}
			for _, to := range states {
				if m.may(from, to) {
					count++
				}
			}
			for _, to := range m[from] {
				if !slices.Contains(states, to) {
					t.Errorf("%s: %s leads to %s, which is no state", name, from, to)
				}
			}
			if m.may(from, "") || m.may("", from) {
				t.Errorf("%s: something follows nothing", name)
			}
		}
		if slices.Sort(final[name]); !slices.Equal(over, final[name]) || count != moves[name] {
			t.Errorf("%s: final %v, %d moves", name, over, count)
		}
	}
}

// TestStatesHaveWords: a refusal names the state to people.
func TestStatesHaveWords(t *testing.T) {
	t.Parallel()
	for _, m := range []machine{registrationStates, changeStates, moderationStates, deactivationStates} {
		for state := range m {
			if words := stateWords[state]; words.RU == "" || words.EN == "" {
				t.Errorf("%s has no words", state)
			}
		}
	}
}

// Who of operators may decide, in every state.
func TestOperatorsDecideAsTheStateAndFourEyesAllow(t *testing.T) {
	t.Parallel()
	m := moderation{AskedBy: "applicant", TakenBy: "one", FirstBy: "one"}
	for _, test := range []struct {
		state    string
		fourEyes bool
		operator string
		accept   bool
		next     string // "" is refused
	}{
		{moderationWaiting, false, "one", true, ""},
		{moderationTaken, false, "one", true, moderationAccepted},
		{moderationTaken, true, "one", true, moderationSeconded},
		{moderationTaken, true, "one", false, moderationRefused},
		{moderationTaken, false, "two", true, ""},
		{moderationTaken, false, "two", false, ""},
		{moderationTaken, false, "applicant", true, ""},
		{moderationTaken, false, "applicant", false, ""},
		{moderationSeconded, true, "one", true, ""},
		{moderationSeconded, true, "two", true, moderationAccepted},
		{moderationSeconded, true, "one", false, moderationRefused}, // the first may think better of it
		{moderationSeconded, true, "applicant", true, ""},
		{moderationAccepted, true, "two", true, ""},
		{moderationRefused, true, "two", true, ""},
		{moderationWithdrawn, true, "two", false, ""},
	} {
		m.State, m.FourEyes = test.state, test.fourEyes
		next, err := m.decide(test.operator, test.accept, "reason")
		if test.next == "" && err == nil || test.next != "" && (err != nil || next.State != test.next) {
			t.Errorf("%s, %s, accept %v: %s, %v", test.state, test.operator, test.accept, next.State, err)
		}
	}
}

func TestWorkingDaysSkipWeekendsAndHolidays(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"2026-10-19T09:00:00Z": "2026-10-26", // Monday
		"2026-10-23T12:00:00Z": "2026-10-30", // Friday
		"2026-10-24T12:00:00Z": "2026-10-30", // Saturday
		"2026-10-18T22:00:00Z": "2026-10-26", // Monday in Moscow already
		"2026-11-02T09:00:00Z": "2026-11-10", // over 4 November
		"2026-12-30T09:00:00Z": "2027-01-14", // over the New Year
	} {
		at, err := time.Parse(time.RFC3339, from)
		if err != nil {
			t.Fatal(err)
		}
		due := afterWorkdays(at, 5)
		if got := due.In(moscow).Format("2006-01-02 15:04:05"); got != want+" 23:59:59" {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}

// Names and addresses are compared as people write them.
func TestEqualRequisitesMayBeWrittenDifferently(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		field, a, b string
		equal       bool
	}{
		{"name", "ООО «Северный маяк»", "ООО \"СЕВЕРНЫЙ МАЯК\"", true},
		{"name", "ООО «Берёза»", "ооо Береза", true},
		{"name", "ООО «Северный маяк»", "ООО «Южный маяк»", false},
		{"head/last_name", "Фёдоров", "ФЕДОРОВ", true},
		{"address", "199034, г. Санкт-Петербург, ул. Морская, д. 7, кв. 12", "199034, САНКТ-ПЕТЕРБУРГ, УЛИЦА МОРСКАЯ, ДОМ 7, КВАРТИРА 12", true},
		{"address", "г. Санкт-Петербург, ул. Морская, д. 7, кв. 12", "г. Санкт-Петербург, ул. Морская, д. 12, кв. 7", false},
		{"address", "г. Санкт-Петербург, ул. Морская, д. 7", "г. Санкт-Петербург, ул. Речная, д. 7", false},
		{"kpp", "780101001", "780101002", false},
	} {
		if got := same(test.field, test.a, test.b); got != test.equal {
			t.Errorf("%s: %q and %q: %v", test.field, test.a, test.b, got)
		}
	}
}

func TestComparisonPassesOverWhatOneSideDoesNotSay(t *testing.T) {
	t.Parallel()
	record := authority.Record{
		Kind: authority.Legal, INN: "7801234564", OGRN: "1027800123450", FullName: "ООО МАЯК",
		Heads: []authority.Head{
			{Person: authority.Person{LastName: "Лебедева", FirstName: "Ирина"}, Position: "Директор"},
			{Person: authority.Person{LastName: "Соколов", FirstName: "Андрей"}, Position: "Управляющий"},
		},
	}
	second := directory.OrganisationHead{LastName: "Соколов", FirstName: "Андрей", Position: "Управляющий"}
	r := directory.Requisites{INN: "7801234564", OGRN: "1027800123450", KPP: "780101001", FullName: "ООО Маяк", Address: "Москва", Head: second}
	if got := compare(r, record); len(got) != 0 {
		t.Errorf("of two heads one was entered: %+v", got)
	}
	r.Head.MiddleName = "Викторович"
	if got := compare(r, record); len(got) == 0 {
		t.Error("a patronymic that the register does not have is no difference")
	}
}

func TestListingInTheRegister(t *testing.T) {
	t.Parallel()
	now := storage.Of(time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC))
	p := directory.Person{LastName: "Лебедева", FirstName: "Ирина", MiddleName: "Павловна", INN: "780198765455", INNVerified: true}
	named := authority.Person{LastName: "ЛЕБЕДЕВА", FirstName: "ИРИНА", MiddleName: "ПАВЛОВНА"}
	numbered, stranger := named, named
	numbered.INN, stranger.INN = p.INN, "781234567090"
	unproved := p
	unproved.INNVerified = false
	head := func(person authority.Person) authority.Record {
		return authority.Record{Heads: []authority.Head{{Person: person}}}
	}
	founder := func(person authority.Person) authority.Record {
		return authority.Record{Founders: []authority.Founder{{Kind: authority.FounderState}, {Kind: authority.FounderPerson, Person: &person}}}
	}
	both := head(stranger)
	both.Founders = founder(numbered).Founders
	barred := head(numbered)
	barred.Heads[0].DisqualifiedUntil = "2027-01-01"
	over := head(numbered)
	over.Heads[0].DisqualifiedUntil = "2026-01-01"
	for name, test := range map[string]struct {
		record authority.Record
		p      directory.Person
		want   listing
		opens  bool
	}{
		"head by ИНН":                    {head(numbered), p, listing{As: listedHead, Proved: true}, true},
		"head by name":                   {head(named), p, listing{As: listedHead}, false},
		"another of the name":            {head(stranger), p, listing{}, false},
		"ИНН that nobody vouches for":    {head(numbered), unproved, listing{As: listedHead}, false},
		"founder by ИНН":                 {founder(numbered), p, listing{As: listedFounder, Proved: true}, false},
		"founder, and a namesake heads":  {both, p, listing{As: listedFounder, Proved: true}, false},
		"disqualified":                   {barred, p, listing{As: listedHead, Proved: true, Barred: true}, false},
		"disqualified once":              {over, p, listing{As: listedHead, Proved: true}, true},
		"nobody":                         {authority.Record{}, p, listing{}, false},
		"proprietor by the record's ИНН": {authority.Record{Kind: authority.Sole, INN: p.INN, Person: &named}, p, listing{As: listedHead, Proved: true}, true},
	} {
		if got := listed(test.record, test.p, now); got != test.want || got.opens() != test.opens {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if bindingListing(barred, p, now) != "" || bindingListing(head(named), p, now) != "" || bindingListing(founder(numbered), p, now) != listedFounder {
		t.Error("binding")
	}
}

func TestContactsAreMaskedAndTextsFilledInOnePass(t *testing.T) {
	t.Parallel()
	for contact, want := range map[string]string{
		"office@mayak.example": "o•••@mayak.example", "+78120001101": "+7•••01", "a@b": "•••@b", "1": "•••",
	} {
		if got := maskContact(contact); got != want {
			t.Errorf("%s: %s, want %s", contact, got, want)
		}
	}
	filled := boundTexts.with("{person}", "{organisation}\r\nBcc: x", "{organisation}", "ООО").ru
	if filled.Subject != "{organisation} Bcc: x: привязка к организации" {
		t.Errorf("subject %q", filled.Subject)
	}
	if got := deactivationTexts["done"].exchange(3).en.Body; got != "The cabinet is deactivated, nobody has access to it. Journal and documents are kept. Note: 3 submissions are still being exchanged with state bodies; their receipts and answers will not reach the cabinet." {
		t.Errorf("body %q", got)
	}
	if got := deactivationTexts["done"].exchange(0).ru.Body; got != "Кабинет деактивирован, доступ всех участников закрыт. Журнал и документы хранятся. " {
		t.Errorf("body %q", got)
	}
}

// FuzzMergePatch: whatever is patched in, a draft stays a draft that can be read
// again as it was written.
func FuzzMergePatch(f *testing.F) {
	f.Add(`{"inn":"7801234564","head":{"last_name":"Лебедева"}}`)
	f.Add(`{"head":null,"name":null}`)
	f.Add(`{"head":[],"INN":1}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, patch string) {
		r := directory.Requisites{INN: "7801234564"}
		before := r
		if faults := mergePatch(&r, []byte(patch), ""); len(faults) > 0 {
			if r != before {
				t.Error("a refused patch has changed something")
			}
			return
		}
		b, err := directory.DecodeBlock(directory.BlockRequisites, directory.EncodeBlock(&r))
		if err != nil || *b.(*directory.Requisites) != r {
			t.Errorf("%v %+v", err, r)
		}
	})
}
