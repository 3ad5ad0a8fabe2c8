package directory

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// The canonical forms of what people type. One person must not be nameable in
// two forms that differ, and two people must not be nameable by forms that look
// alike; so every contact is folded here, before it is stored and before it is
// looked up, and what cannot be folded safely is refused.

const (
	maxEmailLength = 254 // RFC 5321 §4.5.3.1.3, less the angle brackets
	maxLocalPart   = 64  // RFC 5321 §4.5.3.1.1
	minPhoneDigits = 8   // shortest E.164 number in use, with its country code
	maxPhoneDigits = 15  // ITU-T E.164 §6.2.1
)

// fold brings typed text to Unicode NFKC without outer spaces, so that
// full-width digits and no-break spaces are ordinary ones. Text with control or
// invisible format characters, or that is not UTF-8, is refused: ok is false.
// They are never dropped silently, since dropping makes two texts one.
func fold(s string) (folded string, ok bool) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	for _, r := range s {
		if r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
			return "", false
		}
	}
	return s, true
}

// dashed folds s and turns every dash of Unicode into a hyphen-minus.
// It returns "" where fold refuses.
func dashed(s string) string {
	s, _ = fold(s)
	return strings.Map(func(r rune) rune {
		if r >= '\u2010' && r <= '\u2015' || r == '\u2212' {
			return '-'
		}
		return r
	}, s)
}

// NormaliseEmail returns the canonical form of a mailbox, or false when s is
// not one that can be used. The local part is ASCII (RFC 5322 dot-atom) and in
// lower case; an internationalised domain becomes its A-labels (RFC 5891).
// Local parts in other scripts (RFC 6531) are refused: "о" and "o" would be two
// people.
func NormaliseEmail(s string) (string, bool) {
	s, ok := fold(s)
	if !ok || len(s) > maxEmailLength {
		return "", false
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > maxLocalPart || !dotAtom(s[:at]) {
		return "", false
	}
	domain, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || !validDomain(domain) {
		return "", false
	}
	email := strings.ToLower(s[:at]) + "@" + domain
	return email, len(email) <= maxEmailLength
}

// dotAtom reports whether s is an RFC 5322 §3.2.3 dot-atom-text.
func dotAtom(s string) bool {
	if s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte(".!#$%&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
	}
	return true
}

// validDomain asks for at least two labels, each an RFC 1123 host label, and a
// last one that is not a number (so no IPv4 address).
func validDomain(s string) bool {
	labels := strings.Split(s, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || isDigits(last, len(last)) {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// NormalisePhone returns the E.164 form (+79161234567) of a phone number typed
// with its country code, or in the Russian way with 8 or 7 before the ten
// digits. Spaces, hyphens, dots and brackets between the digits are ignored;
// a number without its code, or with any other character, is refused.
func NormalisePhone(s string) (string, bool) {
	s = dashed(s)
	international := strings.HasPrefix(s, "+")
	digits, ok := phoneDigits(strings.TrimPrefix(s, "+"))
	switch {
	case !ok:
		return "", false
	case !international && len(digits) == 11 && (digits[0] == '7' || digits[0] == '8'):
		digits = "7" + digits[1:]
	case !international:
		return "", false
	}
	if digits[0] == '7' && len(digits) != 11 || digits[0] == '0' {
		return "", false
	}
	return "+" + digits, true
}

func phoneDigits(s string) (string, bool) {
	if len(s) > 2*maxPhoneDigits {
		return "", false
	}
	var digits strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits.WriteByte(c)
		case strings.IndexByte(" -.()", c) < 0:
			return "", false
		}
	}
	n := digits.Len()
	return digits.String(), n >= minPhoneDigits && n <= maxPhoneDigits
}
