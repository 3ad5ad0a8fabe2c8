package notice

import (
	"regexp"
	"strings"

	"propusk/idp/directory"
)

// numbers finds what may be a number of a person: a СНИЛС, a phone and a passport
// as people write them, and any run of digits.
var numbers = regexp.MustCompile(`\d{3}-\d{3}-\d{3}[ -]\d\d|\+7[ (-]{0,2}\d{3}[ )-]{0,2}\d{3}[ -]?\d\d[ -]?\d\d|\d\d ?\d\d \d{6}|\d+`)

// Mask hides numbers of people (СНИЛС, ИНН of a person, phone, passport) in a text
// that leaves the house: all but the last four digits become asterisks. Numbers of
// organisations and of documents stay.
func Mask(text string) string {
	return numbers.ReplaceAllStringFunc(text, func(found string) string {
		if !personal(found) {
			return found
		}
		left := 0
		for _, c := range found {
			if c >= '0' && c <= '9' {
				left++
			}
		}
		return strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return c
			}
			if left--; left >= 4 {
				return '*'
			}
			return c
		}, found)
	})
}

// personal judges what numbers found: written with separators it is one of a
// person by its form, a bare run of digits by its check digits.
func personal(found string) bool {
	if strings.ContainsAny(found, " -+(") {
		return true
	}
	return directory.ValidSNILS(found) || directory.ValidPersonalINN(found) || len(found) == 11 && found[:2] == "79"
}
