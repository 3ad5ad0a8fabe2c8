package directory

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"propusk/storage"
)

func TestPersonIsKeptAsTyped(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		snils, inn := someSNILS(serial.Add(1)), somePersonalINN(serial.Add(1))
		created, err := w.CreatePerson(w.ctx, NewPerson{
			LastName: " Римский-Корсаков ", FirstName: "Николай", MiddleName: "Андреевич", Locale: "en",
			Email: "Nikolai@Example.RU", Phone: "8 (916) 000-11-22", SNILS: FormatSNILS(snils), INN: inn, PhoneVerified: true,
		})
		w.must(err)
		p, err := w.Person(w.ctx, created.ID)
		w.must(err)
		want := Person{
			ID: created.ID, Number: created.Number, LastName: "Римский-Корсаков", FirstName: "Николай", MiddleName: "Андреевич",
			Email: "nikolai@example.ru", Phone: "+79160001122", PhoneVerified: true, SNILS: snils, INN: inn, Locale: "en",
			Status: StatusActive, CreatedAt: storage.Of(w.clock.Now()), UpdatedAt: storage.Of(w.clock.Now()),
		}
		if p != want || created != want {
			t.Errorf("got  %+v\nwant %+v", p, want)
		}
		if p.FullName() != "Римский-Корсаков Николай Андреевич" || p.ShortName() != "Римский-Корсаков Н. А." {
			t.Errorf("%s, %s", p.FullName(), p.ShortName())
		}
		if e := w.lastEntry(""); e.Action != "person.created" || e.Object != p.ID || e.Details["number"] != p.Number {
			t.Errorf("journal: %+v", e)
		}
		if _, err := w.Person(w.ctx, "nobody"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("unknown person: %v", err)
		}
	})
}

func TestContactsAndNumbersNameOnePerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := serial.Add(1)
		first := NewPerson{
			LastName: "Петров", FirstName: "Пётр", Email: fmt.Sprintf("petrov.%d@example.ru", n),
			Phone: fmt.Sprintf("+7900%07d", n), SNILS: someSNILS(n), INN: somePersonalINN(n),
		}
		_, err := w.CreatePerson(w.ctx, first)
		w.must(err)
		second := first
		second.LastName = "Сидоров"
		second.Email = fmt.Sprintf("PETROV.%d@EXAMPLE.ru", n)
		second.Phone = fmt.Sprintf("8 900 %07d", n)
		_, err = w.CreatePerson(w.ctx, second)
		var faults FieldErrors
		if !errors.As(err, &faults) {
			t.Fatalf("not refused by field: %v", err)
		}
		if got := fmt.Sprint(faults); got != "directory: fields: email: taken, phone: taken, snils: taken, inn: taken" {
			t.Error(got)
		}
		people, _, err := w.Persons(w.ctx, Page{Limit: MaxPage})
		w.must(err)
		if slices.ContainsFunc(people, func(p Person) bool { return p.LastName == "Сидоров" }) {
			t.Error("the refused person was stored")
		}
		// Two without contacts of a kind do not collide.
		for range 2 {
			_, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Ли", FirstName: "Ян", Email: fmt.Sprintf("li.%d@example.ru", serial.Add(1))})
			w.must(err)
		}
	})
}

func TestPersonIsChecked(t *testing.T) {
	t.Parallel()
	good := NewPerson{LastName: "О’Нил", FirstName: "Анна-Мария", MiddleName: "Ибн Сина", Email: "a@example.ru"}
	for _, test := range []struct {
		name   string
		change func(*NewPerson)
		want   []string
	}{
		{"nothing wrong", func(*NewPerson) {}, nil},
		{"a phone will do", func(n *NewPerson) { n.Email, n.Phone = "", "89161234567" }, nil},
		{"everything missing", func(n *NewPerson) { *n = NewPerson{} }, []string{"last_name required", "first_name required"}},
		{"no contact", func(n *NewPerson) { n.Email = "" }, []string{"email required"}},
		{"a link for a name", func(n *NewPerson) { n.FirstName = "http://evil.example" }, []string{"first_name invalid"}},
		{"two scripts in a name", func(n *NewPerson) { n.LastName = "Ивaнова" }, []string{"last_name invalid"}},
		{"a line break", func(n *NewPerson) { n.LastName = "Иванова\nBcc: x" }, []string{"last_name invalid"}},
		{"an invisible letter", func(n *NewPerson) { n.FirstName = "Ма\u200bрия" }, []string{"first_name invalid"}},
		{"a name without letters", func(n *NewPerson) { n.FirstName = "-." }, []string{"first_name invalid"}},
		{"a long name", func(n *NewPerson) { n.LastName = string(slices.Repeat([]rune("я"), 101)) }, []string{"last_name too_long"}},
		{"wrong numbers", func(n *NewPerson) { n.SNILS, n.INN = "14537103353", "7707083893" }, []string{"snils invalid", "inn invalid"}},
		{"an unknown language", func(n *NewPerson) { n.Locale = "de" }, []string{"locale invalid"}},
	} {
		var f fields
		n := good
		test.change(&n)
		n = f.person(n)
		var got []string
		for _, fault := range f.faults {
			got = append(got, fault.Field+" "+fault.Code)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// Nothing can be verified that is not there.
func TestMissingContactIsNotVerified(t *testing.T) {
	t.Parallel()
	var f fields
	n := f.person(NewPerson{LastName: "Ли", FirstName: "Ян", Phone: "89161234567", EmailVerified: true, PhoneVerified: true})
	if n.EmailVerified || !n.PhoneVerified {
		t.Errorf("%+v", n)
	}
}

func TestContactIsConfirmedAsItWas(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Ли", FirstName: "Ян", Email: "li@example.ru", Phone: "+79161112233"})
		w.must(err)
		if err := w.ConfirmContact(w.ctx, p.ID, "email", "other@example.ru"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("another mailbox was confirmed: %v", err)
		}
		if err := w.ConfirmContact(w.ctx, p.ID, "sms", ""); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("no phone was confirmed: %v", err)
		}
		if err := w.ConfirmContact(w.ctx, p.ID, "pigeon", "li@example.ru"); err == nil {
			t.Error("an unknown channel is taken")
		}
		w.must(w.ConfirmContact(w.ctx, p.ID, "email", "li@example.ru"))
		if p, _ = w.Person(w.ctx, p.ID); !p.EmailVerified || p.PhoneVerified {
			t.Errorf("%+v", p)
		}
		w.must(w.ConfirmContact(w.ctx, p.ID, "sms", "+79161112233"))
		if p, _ = w.Person(w.ctx, p.ID); !p.PhoneVerified {
			t.Errorf("%+v", p)
		}
		if e := w.lastEntry(""); e.Action != "person.contact_confirmed" || e.Details["channel"] != "sms" {
			t.Errorf("%+v", e)
		}
	})
}

func TestPersonsComeInPages(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var seen []string
		for after, pages := "", 0; ; pages++ {
			people, next, err := w.Persons(w.ctx, Page{After: after, Limit: 3})
			w.must(err)
			for _, p := range people {
				seen = append(seen, p.ID)
			}
			if next == "" {
				if pages != 2 || len(people) != 1 {
					t.Errorf("%d pages, the last of %d", pages+1, len(people))
				}
				break
			}
			after = next
		}
		if len(seen) != 7 || !slices.IsSorted(seen) || len(slices.Compact(seen)) != 7 {
			t.Errorf("%v", seen)
		}
	})
}

func TestResolve(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := serial.Add(1)
		phone := fmt.Sprintf("9161%06d", n)
		p, err := w.CreatePerson(w.ctx, NewPerson{
			LastName: "Петров", FirstName: "Пётр", Email: fmt.Sprintf("petrov.%d@example.ru", n), Phone: "+7" + phone, SNILS: someSNILS(n),
		})
		w.must(err)
		company, _ := w.organisation(p.ID)
		sole, _, err := w.CreateOrganisation(w.ctx, NewOrganisation{Kind: KindSole, INN: somePersonalINN(n), OGRN: someOGRNIP(n), Name: "ИП Петров"}, p.ID, "")
		w.must(err)
		for login, organisation := range map[string]string{
			fmt.Sprintf("petrov.%d@example.ru", n):         "",
			fmt.Sprintf("  PETROV.%d@Example.RU\u00a0", n): "",
			"+7" + phone: "", "8" + phone: "", "7" + phone: "", "8 (" + phone[:3] + ") " + phone[3:]: "",
			p.SNILS: "", FormatSNILS(p.SNILS): "", p.Number: "",
			company.INN: company.ID, company.OGRN: company.ID, sole.INN: sole.ID, sole.OGRN: sole.ID,
		} {
			got, err := w.Resolve(w.ctx, login)
			if err != nil || got.Person != p || got.OrganisationID != organisation {
				t.Errorf("%q: %v, %v, %v", login, got.Person.ID, got.OrganisationID, err)
			}
		}
		for name, login := range map[string]string{
			"empty":                    "",
			"spaces":                   " \t ",
			"unknown mailbox":          "nobody@example.ru",
			"Cyrillic е":               fmt.Sprintf("pеtrov.%d@example.ru", n),
			"zero-width joiner":        fmt.Sprintf("petrov\u200d.%d@example.ru", n),
			"right-to-left mark":       "\u200f" + p.Number,
			"phone without code":       phone,
			"a number's wrong check":   p.Number[:8] + fmt.Sprint((digit(p.Number, 8)+1)%10),
			"СНИЛС with wrong check":   p.SNILS[:9] + "99",
			"organisation of several":  w.org.INN,
			"an unknown ИНН":           someINN(9_999_999),
			"a spaced ИНН":             company.INN[:4] + " " + company.INN[4:],
			"SQL":                      "' OR 1=1 --",
			"NUL":                      p.Number + "\x00",
			"not UTF-8":                "\xff\xfe",
			"too long to be looked at": string(slices.Repeat([]byte(" "), 300)) + p.Number,
			"the person's id":          p.ID,
			"the name":                 p.LastName,
		} {
			if got, err := w.Resolve(w.ctx, login); !errors.Is(err, storage.ErrNotFound) || !reflect.ValueOf(got).IsZero() {
				t.Errorf("%s: %q resolves to %+v, %v", name, login, got, err)
			}
		}
	})
}

// An organisation's number names its one active member; a removed or blocked one
// does not count, a closed organisation has none.
func TestResolveByOrganisationNeedsExactlyOneActiveMember(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		only, second := w.person("only"), w.person("second")
		o, first := w.organisation(only.ID)
		m := w.add(o.ID, second.ID, Operator)
		if _, err := w.Resolve(w.ctx, o.INN); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("two members: %v", err)
		}
		w.must(w.RemoveMember(w.ctx, System(), o.ID, m.ID, nil))
		if got, err := w.Resolve(w.ctx, o.INN); err != nil || got.Person.ID != only.ID {
			t.Errorf("one was removed: %v", err)
		}
		w.add(o.ID, second.ID, Operator)
		w.must(w.SetPersonStatus(w.ctx, System(), second.ID, StatusBlocked))
		if got, err := w.Resolve(w.ctx, o.OGRN); err != nil || got.Person.ID != only.ID || got.OrganisationID != o.ID {
			t.Errorf("one is blocked: %v", err)
		}
		_ = first
		w.must(w.CloseOrganisation(w.ctx, System(), o.ID))
		if _, err := w.Resolve(w.ctx, o.INN); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("closed: %v", err)
		}
	})
}

// A caller who only knows ErrNotFound treats a blocked person like an unknown
// one.
func TestResolveOfBlockedPerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("blocked")
		w.must(w.SetPersonStatus(w.ctx, System(), p.ID, StatusBlocked))
		got, err := w.Resolve(w.ctx, p.Email)
		if !errors.Is(err, ErrBlocked) || !errors.Is(err, storage.ErrNotFound) || got.Person.ID != p.ID {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Bare digits that are both a Russian phone and a СНИЛС by their check digits
// name the phone's owner, so that nobody can take a phone's login over by
// claiming a СНИЛС.
func TestResolvePrefersPhoneToSNILSOfTheSameDigits(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var digits string
		for n := int64(79_161_000_000); ; n++ {
			if digits = fmt.Sprint(n); ValidSNILS(digits) {
				break
			}
		}
		_, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Чужой", FirstName: "Ян", Email: "thief@example.ru", SNILS: digits})
		w.must(err)
		if got, err := w.Resolve(w.ctx, digits); err != nil || got.Person.LastName != "Чужой" {
			t.Errorf("СНИЛС alone: %v", err)
		}
		owner, err := w.CreatePerson(w.ctx, NewPerson{LastName: "Ли", FirstName: "Ян", Phone: "+" + digits})
		w.must(err)
		if got, err := w.Resolve(w.ctx, digits); err != nil || got.Person.ID != owner.ID {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
