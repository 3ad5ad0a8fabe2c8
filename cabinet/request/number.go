package request

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// letters begin the numbers of each type, so that a number read out to support
// says what it is.
var letters = map[Type]byte{
	Application: 'A', Appeal: 'B', Correction: 'C', Message: 'M', Requirement: 'R', Ticket: 'T',
}

// A number is a letter, two digits of the year, nine digits drawn by chance and a
// check digit over all of them: A26-483920175-4. By chance, so that nobody learns
// from his own how many others there are, and no two nodes have to agree.
var numberForm = regexp.MustCompile(`^([ABCMRT])(\d{2})-?(\d{9})-?(\d)$`)

// newNumber draws a number. The database refuses the rare one that is taken.
func newNumber(t Type, now time.Time) string {
	drawn, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		panic(err) // crypto/rand never fails (Go 1.24)
	}
	return formatNumber(letters[t], now.UTC().Year()%100, drawn.Int64())
}

func formatNumber(letter byte, year int, n int64) string {
	body := fmt.Sprintf("%02d%09d", year, n)
	return fmt.Sprintf("%c%s-%s-%d", letter, body[:2], body[2:], numberCheck(letter, body))
}

// numberCheck is the Luhn digit (ISO/IEC 7812-1, annex B) of the letter's place in
// the alphabet and the digits that follow.
func numberCheck(letter byte, digits string) int {
	digits = fmt.Sprintf("%02d", letter-'A'+1) + digits
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}

// ParseNumber reads a number as people write it, with or without its hyphens, in
// either case, in Latin letters or the Cyrillic ones that look alike. It answers
// the canonical form; false when the check digit is not right.
func ParseNumber(s string) (string, bool) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	s = strings.NewReplacer("А", "A", "В", "B", "С", "C", "М", "M", "Т", "T", "№", "").Replace(s)
	part := numberForm.FindStringSubmatch(s)
	if part == nil || fmt.Sprint(numberCheck(part[1][0], part[2]+part[3])) != part[4] {
		return "", false
	}
	return part[1] + part[2] + "-" + part[3] + "-" + part[4], true
}
