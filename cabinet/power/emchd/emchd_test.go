package emchd_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/power/emchd"
	"propusk/cabinet/power/powertest"
	"propusk/idp/directory"
	"propusk/storage"
)

var now = storage.Of(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))

func check(xml []byte, name string) (*emchd.Form, []emchd.Fault) {
	f, faults := emchd.Parse(xml)
	if f != nil {
		faults = append(faults, f.Check(now, powertest.Ours, name)...)
	}
	return f, faults
}

func TestAGoodFormIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *emchd.Form){
		"given":       func(*emchd.Form) {},
		"irrevocable": func(f *emchd.Form) { f.Irrevocable, f.Delegation, f.InternalNumber = true, 1, "12-Д" },
		"to a company": func(f *emchd.Form) {
			f.Representatives = []emchd.Party{{Kind: emchd.KindOrganisation, Name: "АО «Учёт & Ко»", INN: "7709876545", KPP: "770901001", OGRN: "1027700987654"}}
		},
		"by a sole proprietor": func(f *emchd.Form) {
			f.Principals = []emchd.Party{{Kind: emchd.KindSole, Name: "ИП Северный", INN: powertest.Head.INN, OGRN: "304770123456782", LastName: "Северный", FirstName: "Андрей"}}
		},
		"limits": func(f *emchd.Form) {
			f.Limits = emchd.FormLimits(directory.PowerLimits{Reports: []string{"NO_NDS", "NO_PRIB"}, Extracts: []string{"egrul"}, Services: []string{"s-1"}, MaxSum: 5, MaySign: false})
		},
		"handed on": func(f *emchd.Form) {
			giver := powertest.Bookkeeper
			f.First, f.Parent, f.Giver = powertest.GUID, "00000000-0000-4000-8000-000000000001", &giver
			f.Representatives = []emchd.Party{{Kind: emchd.KindPerson, INN: powertest.Head.INN, LastName: "Помощников", FirstName: "Пётр"}}
		},
	} {
		want := powertest.Form(change)
		want.FileID = emchd.FileID(want.Number, want.IssuedOn)
		got, faults := emchd.Parse(emchd.Write(want))
		if got == nil || len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		} else if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: read\n%+v, written\n%+v", name, *got, want)
		}
	}
}

func TestAGoodFormIsValid(t *testing.T) {
	t.Parallel()
	xml := powertest.XML()
	f, faults := check(xml, "")
	if f == nil || emchd.StatusOf(faults) != emchd.IsValid {
		t.Fatalf("%s: %v", emchd.StatusOf(faults), faults)
	}
	if _, faults := check(xml, strings.ToLower(f.FileID)+".xml"); len(faults) > 0 {
		t.Errorf("under its name: %v", faults)
	}
	limits, _ := f.CabinetLimits()
	if !reflect.DeepEqual(limits, directory.PowerLimits{Reports: []string{"NO_NDS"}, MaySign: true}) {
		t.Errorf("limits %+v", limits)
	}
	windows := append([]byte(`<?xml version="1.0" encoding="windows-1251"?>`), toWindows(string(xml[39:]))...)
	if f, faults := check(windows, ""); f == nil || len(faults) > 0 || f.Principals[0].Name != powertest.Company.Name {
		t.Errorf("in windows-1251: %v", faults)
	}
	spelled := strings.ReplaceAll(string(xml), "153-768-472 00", "15376847200")
	if f, faults := check([]byte(spelled), ""); f == nil || len(faults) > 0 || f.Representatives[0].SNILS != "15376847200" {
		t.Errorf("СНИЛС without separators: %v", faults)
	}
}

// toWindows encodes Cyrillic in windows-1251.
func toWindows(s string) (out []byte) {
	for _, r := range s {
		switch {
		case r < 0x80:
			out = append(out, byte(r))
		case r == '«':
			out = append(out, 0xab)
		case r == '»':
			out = append(out, 0xbb)
		case r == 'ё':
			out = append(out, 0xb8)
		default:
			out = append(out, byte(r-'А')+0xc0)
		}
	}
	return out
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	cases := powertest.Faulty()
	if len(cases) < 60 {
		t.Errorf("%d faulty forms", len(cases))
	}
	for _, c := range cases {
		f, faults := check(c.XML, c.FileName)
		if got := emchd.StatusOf(faults); got != c.Status {
			t.Errorf("%s: %s, want %s: %v", c.Name, got, c.Status, texts(faults))
		}
		if (f == nil) != (c.Status == emchd.ValidationError) {
			t.Errorf("%s: form %v with %s", c.Name, f, c.Status)
		}
		if !strings.Contains(strings.Join(texts(faults), "\n"), c.Message) {
			t.Errorf("%s: %q, want %q", c.Name, texts(faults), c.Message)
		}
		for _, fault := range faults {
			if en := fault.Text("en"); en == fault.Text("ru") || strings.Contains(en, "{") {
				t.Errorf("%s: English is %q", c.Name, en)
			}
		}
	}
}

func texts(faults []emchd.Fault) (list []string) {
	for _, f := range faults {
		list = append(list, f.Text("ru"))
	}
	return list
}

func TestAFaultNamesItsLineAndColumnInCharacters(t *testing.T) {
	t.Parallel()
	xml := strings.Replace(string(powertest.XML()), "7701234560", "7701234561", 1)
	_, faults := emchd.Parse([]byte(xml))
	if len(faults) != 1 || faults[0].Line != 9 || faults[0].Column != 13 ||
		!strings.HasPrefix(faults[0].Text("ru"), "Строка 9, позиция 13: СвРосОрг@ИННЮЛ") || faults[0].Path() != "СвРосОрг@ИННЮЛ:9:13" {
		t.Errorf("%+v %v", faults, texts(faults))
	}
	twoLines := strings.Replace(xml, "<Документ", "<!-- Ы -->  <Документ", 1)
	if _, faults := emchd.Parse([]byte(strings.Replace(twoLines, "<Документ КНД", "<Документ Цвет=\"1\" КНД", 1))); faults[0].Line != 3 || faults[0].Column != 15 {
		t.Errorf("after Cyrillic: %+v", faults[0])
	}
}

func TestEveryCodeHasWordsAndAStatus(t *testing.T) {
	t.Parallel()
	for code, words := range emchd.FaultCodes() {
		if words[0] == "" || words[1] == "" || words[0] == words[1] {
			t.Errorf("%s has no words", code)
		}
	}
	if got := (emchd.Fault{Code: "none"}).Text("ru"); got != "none" {
		t.Errorf("an unknown code says %q", got)
	}
	if got := emchd.StatusOf([]emchd.Fault{{Code: "joint", Warning: true}, {Code: "limit_unknown"}}); got != emchd.CanNotBeValidated {
		t.Errorf("status %s", got)
	}
}

// One signature is checked: where several hand a power on together, it is not enough.
func TestSeveralWhoHandOnAreNotTakenForOne(t *testing.T) {
	t.Parallel()
	xml := string(powertest.XML(func(f *emchd.Form) {
		f.First, f.Parent, f.Giver = powertest.GUID, powertest.GUID, &powertest.Head
	}))
	begin, end := strings.Index(xml, "<СвПередПолн"), strings.Index(xml, "</СвПередПолн>")+len("</СвПередПолн>")
	for more, want := range map[string]bool{"": false, xml[begin:end]: true} {
		form, faults := emchd.Parse([]byte(xml[:end] + more + xml[end:]))
		if form == nil {
			t.Fatal(faults)
		}
		got := slices.ContainsFunc(form.Check(now, powertest.Ours, ""), func(f emchd.Fault) bool { return f.Code == "givers_several" && !f.Warning })
		if got != want {
			t.Errorf("with %q: told %t", more, got)
		}
	}
}

// What is read once is written and read again alike, and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add(powertest.XML())
	for _, c := range powertest.Faulty() {
		f.Add(c.XML)
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		form, faults := emchd.Parse(xml)
		if form == nil {
			if len(faults) == 0 {
				t.Error("refused without a fault")
			}
			for _, fault := range faults {
				if fault.Text("ru") == "" {
					t.Errorf("%s has no words", fault.Code)
				}
			}
			return
		}
		if len(form.Principals) == 0 || len(form.Representatives) == 0 {
			t.Fatal("a form without parties")
		}
		form.Check(now, powertest.Ours, "a")
	})
}
