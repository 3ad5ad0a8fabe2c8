package factor

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"propusk/idp/directory"
)

// PasswordPolicy is what a new password must be.
type PasswordPolicy struct {
	// MinLength in characters: 8, the zero value, or 12 for administrators,
	// heads of organisations and after a recovery (StrictPassword).
	MinLength int
	// Forbidden texts must not be part of it, beside the person's own names,
	// contacts and numbers: the login as typed, the ИНН of organisations.
	Forbidden []string
}

// The lengths that policies ask for, in characters.
const (
	MinPassword    = 8
	StrictPassword = 12
)

// fragment is the shortest personal text that a password must not contain, in
// characters: a shorter one is found in any password.
const fragment = 3

// Check returns every objection as directory.FieldErrors, field "password":
// password_short (Args "min"), password_long, password_spaces (at its ends),
// password_upper, password_lower, password_digit, password_special,
// password_personal, password_common; nil when there is none.
func (policy PasswordPolicy) Check(person directory.Person, password string) error {
	password = norm.NFC.String(password)
	var objections directory.FieldErrors
	object := func(bad bool, code string, args map[string]any) {
		if bad {
			objections = append(objections, &directory.FieldError{Field: "password", Code: code, Args: args})
		}
	}
	least := max(policy.MinLength, MinPassword)
	object(utf8.RuneCountInString(password) < least, "password_short", map[string]any{"min": least})
	object(len(password) > maxPassword, "password_long", map[string]any{"max": maxPassword})
	object(strings.TrimSpace(password) != password, "password_spaces", nil)
	object(!strings.ContainsFunc(password, unicode.IsUpper), "password_upper", nil)
	object(!strings.ContainsFunc(password, unicode.IsLower), "password_lower", nil)
	object(!strings.ContainsFunc(password, unicode.IsDigit), "password_digit", nil)
	object(!strings.ContainsFunc(password, special), "password_special", nil)
	object(policy.personal(person, password), "password_personal", nil)
	object(common(password), "password_common", nil)
	if len(objections) == 0 {
		return nil
	}
	return objections
}

func special(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) }

// personal reports whether the password contains what a stranger knows of the
// person.
func (policy PasswordPolicy) personal(p directory.Person, password string) bool {
	mailbox, _, _ := strings.Cut(p.Email, "@")
	known := append([]string{
		p.LastName, p.FirstName, p.MiddleName, mailbox, p.Number, p.SNILS, p.INN, strings.TrimPrefix(p.Phone, "+7"),
	}, policy.Forbidden...)
	lower := strings.ToLower(password)
	for _, text := range known {
		text = strings.ToLower(norm.NFC.String(strings.TrimSpace(text)))
		if utf8.RuneCountInString(text) >= fragment && strings.Contains(lower, text) {
			return true
		}
	}
	return false
}

// commonList is one word a line, lower case; lines with # are remarks.
//
//go:embed common.txt
var commonList string

var commonWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(commonList) {
		if word := strings.TrimSpace(line); word != "" && word[0] != '#' {
			words[word] = true
		}
	}
	return words
})

// decoration is how many characters around a common word do not make it a
// password: Password2024! has five.
const decoration = 6

// fewest different characters in a password.
const variety = 5

// common reports whether the password is one of those that are tried first: a
// word from the lists of breached passwords in disguise (capitals, digits for
// letters, decoration at the ends), or hardly more than one key.
func common(password string) bool {
	lower := strings.ToLower(password)
	different := map[rune]bool{}
	for _, r := range lower {
		different[r] = true
	}
	if len(different) < variety {
		return true
	}
	length := utf8.RuneCountInString(lower)
	sign := func(r rune) bool { return !unicode.IsLetter(r) }
	core := strings.TrimFunc(lower, sign)
	for _, core := range []string{core, plain.Replace(core), plain.Replace(strings.TrimRightFunc(lower, sign))} {
		if commonWords()[core] && length-utf8.RuneCountInString(core) <= decoration {
			return true
		}
	}
	return false
}

// plain undoes the digits and signs that stand for letters.
var plain = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i", "|", "l")
