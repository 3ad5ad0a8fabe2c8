package service

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// fault says what is wrong with one value and how to mend it: Code is a key of the
// room's field texts.
type fault struct {
	code string
	args map[string]string
}

func wrong(code string, args ...string) *fault {
	f := &fault{code: code, args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.args[args[i]] = args[i+1]
	}
	return f
}

// kinds read the values of fields; nil is a value that is right. today is the day
// in Moscow, where terms are counted.
var kinds = map[string]func(f *Field, value string, today time.Time) *fault{
	"text":      plain(300),
	"prose":     plain(10_000),
	"digits":    digits,
	"number":    number,
	"money":     money,
	"date":      date,
	"choice":    choice,
	"bool":      boolean,
	"inn":       valid(directory.ValidINN, "form_inn"),
	"ogrn":      valid(func(s string) bool { return directory.ValidOGRN(s) || directory.ValidOGRNIP(s) }, "form_ogrn"),
	"kpp":       valid(directory.ValidKPP, "form_kpp"),
	"snils":     valid(func(s string) bool { _, ok := directory.NormaliseSNILS(s); return ok }, "form_snils"),
	"phone":     valid(func(s string) bool { _, ok := directory.NormalisePhone(s); return ok }, "form_phone"),
	"email":     valid(func(s string) bool { _, ok := directory.NormaliseEmail(s); return ok }, "form_email"),
	"okved":     form(`^\d{2}(\.\d{1,2}(\.\d{1,2})?)?$`, "form_okved"),
	"bik":       form(`^04\d{7}$`, "form_bik"),
	"account":   form(`^\d{20}$`, "form_account"),
	"cadastral": form(`^\d{2}:\d{2}:\d{6,7}:\d{1,9}$`, "form_cadastral"),
	"country":   form(`^[A-Z]{2}$`, "form_country"),
}

// alphabets are the permitted characters of a field (row 296).
var alphabets = map[string]func(r rune) bool{
	"russian": func(r rune) bool {
		return cyrillic(r) || latin(r) || digit(r) || strings.ContainsRune(" \n\t-–—.,;:()«»\"'№/+%&!?*@_", r)
	},
	"name":   func(r rune) bool { return cyrillic(r) || strings.ContainsRune(" -.'’", r) },
	"latin":  func(r rune) bool { return latin(r) || strings.ContainsRune(" -.'", r) },
	"serial": func(r rune) bool { return latin(r) || digit(r) || r == '-' },
	"document": func(r rune) bool {
		return cyrillic(r) || latin(r) || digit(r) || strings.ContainsRune(" -–./№()", r)
	},
	"text": func(r rune) bool { return r == '\n' || r == '\t' || !api.Disguise(r) },
}

func cyrillic(r rune) bool { return r >= 'А' && r <= 'я' || r == 'Ё' || r == 'ё' }
func latin(r rune) bool    { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
func digit(r rune) bool    { return r >= '0' && r <= '9' }

// check reads one value, empty or not.
func (f *Field) check(value string, today time.Time) *fault {
	if strings.TrimSpace(value) == "" {
		if f.Required {
			return wrong("required")
		}
		return nil
	}
	if f.Permitted != "" {
		for _, r := range value {
			if !alphabets[f.Permitted](r) {
				return wrong("form_characters_"+f.Permitted, "found", string(r))
			}
		}
	}
	return kinds[f.Kind](f, value, today)
}

func plain(most int) func(*Field, string, time.Time) *fault {
	return func(f *Field, value string, _ time.Time) *fault {
		limit := most
		if f.Max > 0 {
			limit = f.Max
		}
		if n := utf8.RuneCountInString(value); n > limit {
			return wrong("form_too_long_by", "most", fmt.Sprint(limit), "over", fmt.Sprint(n-limit))
		}
		return nil
	}
}

func valid(right func(string) bool, code string) func(*Field, string, time.Time) *fault {
	return func(_ *Field, value string, _ time.Time) *fault {
		if right(value) {
			return nil
		}
		return wrong(code)
	}
}

func form(pattern, code string) func(*Field, string, time.Time) *fault {
	return valid(regexp.MustCompile(pattern).MatchString, code)
}

func digits(f *Field, value string, _ time.Time) *fault {
	if strings.ContainsFunc(value, func(r rune) bool { return !digit(r) }) || int64(len(value)) < f.Min || f.Max > 0 && len(value) > f.Max {
		return wrong("form_digits", "least", fmt.Sprint(f.Min), "most", fmt.Sprint(f.Max))
	}
	return nil
}

func number(f *Field, value string, _ time.Time) *fault {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || strings.HasPrefix(value, "+") {
		return wrong("form_number")
	}
	return f.within(n, func(n int64) string { return strconv.FormatInt(n, 10) })
}

// within holds a number between the field's bounds.
func (f *Field) within(n int64, show func(int64) string) *fault {
	if n < f.Min {
		return wrong("form_too_small", "least", show(f.Min))
	}
	if f.MaxValue > 0 && n > f.MaxValue {
		return wrong("form_too_big", "most", show(f.MaxValue))
	}
	return nil
}

func money(f *Field, value string, _ time.Time) *fault {
	kopecks, ok := kopecksOf(value)
	if !ok {
		return wrong("form_money")
	}
	return f.within(kopecks, rubles)
}

var moneyForm = regexp.MustCompile(`^(\d{1,13})(?:[.,](\d{1,2}))?$`)

// kopecksOf reads a sum in rubles, "1234", "1234.5" or "1234,50".
func kopecksOf(value string) (int64, bool) {
	part := moneyForm.FindStringSubmatch(value)
	if part == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(part[1]+(part[2] + "00")[:2], 10, 64)
	return n, err == nil
}

// rubles writes kopecks as people do.
func rubles(kopecks int64) string {
	return fmt.Sprintf("%d.%02d ₽", kopecks/100, kopecks%100)
}

func date(f *Field, value string, today time.Time) *fault {
	at, err := time.Parse(time.DateOnly, value)
	switch {
	case err != nil || at.Year() < 1900 || at.Year() > 2200:
		return wrong("form_date")
	case f.NotAfterToday && at.After(today):
		return wrong("form_date_future", "today", today.Format(time.DateOnly))
	}
	return nil
}

func choice(f *Field, value string, _ time.Time) *fault {
	values := make([]string, len(f.Choices))
	for i, c := range f.Choices {
		if c.Value == value {
			return nil
		}
		values[i] = c.Value
	}
	return wrong("form_choice", "values", strings.Join(values, ", "))
}

func boolean(_ *Field, value string, _ time.Time) *fault {
	if value == "true" || value == "false" {
		return nil
	}
	return wrong("form_bool")
}
