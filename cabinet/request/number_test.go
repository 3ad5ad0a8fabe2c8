package request

import (
	"strings"
	"testing"
	"time"
)

func TestNumberHasACheckDigit(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, typ := range Types() {
		number := newNumber(typ, at)
		if !strings.HasPrefix(number, string(letters[typ])+"26-") || len(number) != 15 {
			t.Errorf("%s: %s", typ, number)
		}
		if same, ok := ParseNumber(number); !ok || same != number {
			t.Errorf("%s reads as %s, %v", number, same, ok)
		}
	}
	if got := formatNumber('A', 26, 483920175); got != "A26-483920175-4" {
		t.Errorf("the number is %s", got)
	}
}

// TestSlipOfAFingerNamesNothing: any one digit wrong, or the letter of another
// type, and the number is nobody's.
func TestSlipOfAFingerNamesNothing(t *testing.T) {
	t.Parallel()
	const number = "A26-483920175-4"
	for i, c := range number {
		for _, other := range "0123456789ABCMRT" {
			if other == c || c == '-' || (c == 'A') != (other >= 'A') {
				continue
			}
			wrong := number[:i] + string(other) + number[i+1:]
			if _, ok := ParseNumber(wrong); ok {
				t.Errorf("%s is taken for a number", wrong)
			}
		}
	}
}

func TestNumberIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"A26-483920175-4", " a26-483920175-4 ", "А26 483920175 4", "№ A264839201754", "а26-483920175-4"} {
		if got, ok := ParseNumber(typed); !ok || got != "A26-483920175-4" {
			t.Errorf("%q is read as %q, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{"", "A26", "A26-483920175", "Z26-483920175-4", "A26-48392017-54", "A26-483920175-4'--", strings.Repeat("A26-483920175-4", 2)} {
		if got, ok := ParseNumber(typed); ok {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

// FuzzParseNumber: whatever is read is a number that reads as itself.
func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"A26-483920175-4", "а26 483920175 4", "№B26-000000000-0", "", "\xff", "T26-４８３920175-4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		number, ok := ParseNumber(typed)
		if !ok {
			return
		}
		if again, ok := ParseNumber(number); !ok || again != number || len(number) != 15 {
			t.Errorf("%q is read as %q, and that as %q", typed, number, again)
		}
	})
}

func TestStemsJoinTheFormsOfAWord(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"Лицензия лицензии ЛИЦЕНЗИРОВАНИЕ", "лиценз"},
		{"Отчёт об отчетности", "отчет об отчетн"},
		{"ИНН 7707083893, НДС!", "инн 7707083893 ндс"},
		{"a я — «»", ""},
		{"12345678901234567890123", "12345678901234567890"},
	} {
		if got := strings.Join(stems(test.text), " "); got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
	if got := asked("B26-483920175-9"); len(got) != 2 || got[0] != "483920175" {
		t.Errorf("a wrong number is asked as %v", got)
	}
	if got := asked("A26-483920175-4"); len(got) != 1 || got[0] != "483920175" {
		t.Errorf("a number is asked as %v", got)
	}
	if got := asked("в обращении о лицензировании деятельности и прочем ином всяком разном"); len(got) != wordsAsked {
		t.Errorf("a long search has %v", got)
	}
}

func TestWorkingDaysSkipTheWeekend(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"2026-11-20T10:00:00Z": "2026-11-27T23:59:59+03:00", // a Friday
		"2026-11-21T10:00:00Z": "2026-11-27T23:59:59+03:00", // a Saturday
		"2026-11-22T22:30:00Z": "2026-11-30T23:59:59+03:00", // Monday in Moscow already
	} {
		at, err := time.Parse(time.RFC3339, from)
		if err != nil {
			t.Fatal(err)
		}
		if got := addWorkingDays(at, correctionDays).Format(time.RFC3339); got != want {
			t.Errorf("five days after %s end %s, want %s", from, got, want)
		}
	}
}
