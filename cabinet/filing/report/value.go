package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"propusk/idp/directory"
)

// Kind is what may stand in an attribute or an element's text.
type Kind struct {
	// Name is stable, for programs that draw the form: text, date, money, inn …
	Name  string
	Says  Saying // what is expected, for the message
	valid func(string) bool
	// Values are what a choice offers.
	Values []Option
}

// Option is one value of a choice.
type Option struct {
	Value string
	Label Saying
}

// Valid reports whether s is a value of the kind.
func (k Kind) Valid(s string) bool { return k.valid(s) }

// numeric kinds are numbers in a spreadsheet.
func (k Kind) numeric() bool {
	return slices.Contains([]string{"money", "rubles", "number", "rate"}, k.Name)
}

// text is 1 to longest characters.
func text(longest int) Kind {
	n := strconv.Itoa(longest)
	return Kind{Name: "text", Says: Saying{"текст до " + n + " знаков", "text of at most " + n + " characters"}, valid: func(s string) bool {
		return s != "" && (len(s) <= longest || utf8.RuneCountInString(s) <= longest) && strings.TrimSpace(s) == s
	}}
}

// digits is exactly n digits.
func digits(name string, n int, says Saying) Kind {
	return Kind{Name: name, Says: says, valid: func(s string) bool { return len(s) == n && allDigits(s) }}
}

// choice is one of the values.
func choice(options ...Option) Kind {
	values := make([]string, len(options))
	for i, o := range options {
		values[i] = o.Value
	}
	list := strings.Join(values, ", ")
	return Kind{
		Name: "choice", Says: Saying{"одно из: " + list, "one of: " + list}, Values: options,
		valid: func(s string) bool { return slices.Contains(values, s) },
	}
}

// option is a value with its label.
func option(value, ru, en string) Option { return Option{value, Saying{ru, en}} }

var (
	dateKind = Kind{Name: "date", Says: Saying{"дата ДД.ММ.ГГГГ", "a date DD.MM.YYYY"}, valid: func(s string) bool { _, ok := dotted(s); return ok }}
	yearKind = Kind{Name: "year", Says: Saying{"год из четырёх цифр", "a year of four digits"}, valid: func(s string) bool {
		return len(s) == 4 && allDigits(s) && s >= "1990"
	}}
	// money is in roubles with kopecks, rubles without: the sums of returns are rounded (НК РФ, article 52 (6)).
	moneyKind  = Kind{Name: "money", Says: Saying{"сумма в рублях, копейки через точку", "a sum in roubles, kopecks after a point"}, valid: func(s string) bool { _, ok := kopecks(s); return ok }}
	rublesKind = Kind{Name: "rubles", Says: Saying{"сумма в полных рублях", "a sum in whole roubles"}, valid: func(s string) bool {
		_, ok := kopecks(s)
		return ok && !strings.Contains(s, ".")
	}}
	rateKind = Kind{Name: "rate", Says: Saying{"ставка в процентах", "a rate in per cent"}, valid: func(s string) bool {
		n, ok := kopecks(s)
		return ok && n >= 0 && n <= 100*100
	}}
	legalKind    = Kind{Name: "inn", Says: Saying{"ИНН организации, 10 цифр", "an organisation's ИНН, 10 digits"}, valid: directory.ValidLegalINN}
	personalKind = Kind{Name: "inn", Says: Saying{"ИНН физического лица, 12 цифр", "a person's ИНН, 12 digits"}, valid: directory.ValidPersonalINN}
	kppKind      = Kind{Name: "kpp", Says: Saying{"КПП, 9 знаков", "a КПП of 9 characters"}, valid: directory.ValidKPP}
	snilsKind    = Kind{Name: "snils", Says: Saying{"СНИЛС вида 112-233-445 95", "a СНИЛС such as 112-233-445 95"}, valid: func(s string) bool {
		_, ok := directory.NormaliseSNILS(s)
		return ok
	}}
	oktmoKind = Kind{Name: "oktmo", Says: Saying{"ОКТМО, 8 или 11 цифр", "an ОКТМО of 8 or 11 digits"}, valid: func(s string) bool {
		return (len(s) == 8 || len(s) == 11) && allDigits(s)
	}}
	kbkKind    = digits("kbk", 20, Saying{"КБК, 20 цифр", "a КБК of 20 digits"})
	kndKind    = digits("knd", 7, Saying{"КНД, 7 цифр", "a КНД of 7 digits"})
	officeKind = digits("office", 4, Saying{"код налогового органа, 4 цифры", "a tax office's code of 4 digits"})
	bikKind    = Kind{Name: "bik", Says: Saying{"БИК, 9 цифр", "a БИК of 9 digits"}, valid: func(s string) bool {
		return len(s) == 9 && allDigits(s) && s[:2] == "04"
	}}
	accountKind = digits("account", 20, Saying{"счёт, 20 цифр", "an account of 20 digits"})
	okvedKind   = Kind{Name: "okved", Says: Saying{"код ОКВЭД 2, например 62.01", "an ОКВЭД 2 code such as 62.01"}, valid: validOKVED}
	phoneKind   = Kind{Name: "phone", Says: Saying{"телефон до 20 знаков", "a telephone of at most 20 characters"}, valid: func(s string) bool {
		return len(s) >= 5 && len(s) <= 20 && strings.Trim(s, "+-() 0123456789") == ""
	}}
)

// number is a whole number from least to most.
func number(least, most int) Kind {
	says := strconv.Itoa(least) + "…" + strconv.Itoa(most)
	return Kind{Name: "number", Says: Saying{"целое число " + says, "a whole number " + says}, valid: func(s string) bool {
		n, err := strconv.Atoi(s)
		return err == nil && n >= least && n <= most && strconv.Itoa(n) == s
	}}
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// validOKVED is a class, with a group and a kind after points: 62, 62.01, 62.01.1.
func validOKVED(s string) bool {
	parts := strings.Split(s, ".")
	for i, part := range parts {
		if !allDigits(part) || len(part) > 2 || i == 0 && len(part) != 2 {
			return false
		}
	}
	return len(parts) <= 3 && parts[0] != "00"
}

// kopecks reads a sum: an optional minus, up to fifteen digits without leading
// zeros, and up to two after a point.
func kopecks(s string) (int64, bool) {
	unsigned, negative := strings.CutPrefix(s, "-")
	whole, fraction, pointed := strings.Cut(unsigned, ".")
	if !allDigits(whole) || len(whole) > 15 || len(whole) > 1 && whole[0] == '0' || pointed && (!allDigits(fraction) || len(fraction) > 2) {
		return 0, false
	}
	var n int64 // of seventeen digits at most
	for _, c := range []byte(whole) {
		n = n*10 + int64(c-'0')
	}
	for i := range 2 {
		n *= 10
		if i < len(fraction) {
			n += int64(fraction[i] - '0')
		}
	}
	if negative && n == 0 {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// rubles writes kopecks as a sum, without kopecks when there are none.
func rubles(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	text := sign + strconv.FormatInt(n/100, 10)
	if n%100 != 0 {
		text += "." + twoDigits(int(n%100))
	}
	return text
}

// ValidAccount reports whether the account's check digit agrees with the bank's
// БИК: weights 7, 1, 3 over the last three digits of the БИК and the account, the
// sum of the products' last digits is a multiple of ten (Банк России, 08.09.1997
// № 515). Accounts at the Bank of Russia itself take digits 5 and 6 of the БИК.
func ValidAccount(bik, account string) bool {
	if !bikKind.valid(bik) || !accountKind.valid(account) {
		return false
	}
	prefix := bik[6:]
	if prefix == "000" || prefix == "001" || prefix == "002" || strings.HasPrefix(account, "301") {
		prefix = "0" + bik[4:6]
	}
	sum := 0
	for i, c := range []byte(prefix + account) {
		sum += int(c-'0') * [3]int{7, 1, 3}[i%3] % 10
	}
	return sum%10 == 0
}
