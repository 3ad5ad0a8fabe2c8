package filing

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"math/big"
	"strings"

	"propusk/cabinet/filing/report"
)

// The operation number (row 174: уникальный номер операции) is what a person names
// on the telephone: the day, twelve digits of chance, and a check digit that finds
// every single wrong digit and nearly every swapped pair (ISO/IEC 7064, MOD 11,10).

// newNumber makes one. It is unique by chance and by the index; whoever stores it
// makes another one in the unlikely case.
func newNumber(day report.Date) string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000_000))
	if err != nil {
		panic(fmt.Sprintf("filing: no randomness: %v", err)) // crypto/rand never fails on what we run on
	}
	digits := strings.ReplaceAll(day.String(), "-", "")[2:] + fmt.Sprintf("%012d", n)
	return digits + string(rune('0'+checkDigit(digits)))
}

// ValidNumber reports whether s is an operation number that was read rightly.
func ValidNumber(s string) bool {
	if len(s) != 19 || strings.Trim(s, "0123456789") != "" {
		return false
	}
	return checkDigit(s[:18]) == int(s[18]-'0')
}

// checkDigit is ISO/IEC 7064 MOD 11,10 over the digits.
func checkDigit(digits string) int {
	product := 10
	for i := range len(digits) {
		sum := (product + int(digits[i]-'0')) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (11 - product) % 10
}

// controlCode is the control code (row 173: контрольный код): fifty bits of the
// digest of what was sent, when, by whom and under which number, in ten letters and
// digits that cannot be mistaken for one another. Whoever has the file and the act
// can calculate it anew.
func controlCode(f Filing, inn string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "propusk-filing-1\n%s\n%s\n%s\n%d", f.Number, inn, f.FileSHA256, int64(f.SubmittedAt)))
	text := crockford.EncodeToString(sum[:7])[:10]
	return text[:5] + "-" + text[5:]
}

// crockford is Douglas Crockford's base 32: no I, L, O and U.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// aliveKey is what two living filings may not share.
func aliveKey(t *report.Type, period string, year, correction int) string {
	if t.Several {
		return ""
	}
	return fmt.Sprintf("%s/%d/%s/%d", t.ID, year, period, correction)
}

// periodName is a period with its year, as events carry it: 2026-Q3, 2026-H1,
// 2026-9M, 2026-05, 2026.
func periodName(p report.Period, year int) string {
	switch months := p.Last - p.First + 1; {
	case months == 1:
		return fmt.Sprintf("%d-%02d", year, p.First)
	case months == 3:
		return fmt.Sprintf("%d-Q%d", year, p.Last/3)
	case months == 6:
		return fmt.Sprintf("%d-H1", year)
	case months == 9:
		return fmt.Sprintf("%d-9M", year)
	}
	return fmt.Sprint(year)
}
