package directory

// The numbers by which the Russian registers name people and organisations.
// The Valid functions take the canonical form: ASCII digits, nothing else.
// Input typed by a person goes through the Normalise functions first.

var (
	innWeights10 = []int{2, 4, 10, 3, 5, 9, 4, 6, 8}
	innWeights11 = []int{7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	innWeights12 = []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
)

// snilsUnchecked is the last СНИЛС number (its first nine digits) that was
// issued without check digits.
const snilsUnchecked = 1001998

// ValidINN reports whether s is an ИНН: ten digits of a legal entity or twelve
// of a natural person (so of a sole proprietor as well).
func ValidINN(s string) bool { return ValidLegalINN(s) || ValidPersonalINN(s) }

// ValidLegalINN reports whether s is the ten-digit ИНН of a legal entity: a
// region other than 00 and one check digit modulo 11.
func ValidLegalINN(s string) bool {
	return isDigits(s, 10) && s[:2] != "00" && innCheck(s, innWeights10) == digit(s, 9)
}

// ValidPersonalINN reports whether s is the twelve-digit ИНН of a natural
// person: a region other than 00 and two check digits modulo 11.
func ValidPersonalINN(s string) bool {
	return isDigits(s, 12) && s[:2] != "00" &&
		innCheck(s, innWeights11) == digit(s, 10) &&
		innCheck(s, innWeights12) == digit(s, 11)
}

func innCheck(s string, weights []int) int {
	sum := 0
	for i, w := range weights {
		sum += w * digit(s, i)
	}
	return sum % 11 % 10
}

// ValidKPP reports whether s has the form of a КПП: four digits of the tax
// office, two digits or Latin capitals of the reason, three digits of the
// order number. A КПП has no check digit.
func ValidKPP(s string) bool {
	if len(s) != 9 || !isDigits(s[:4], 4) || s[:4] == "0000" || !isDigits(s[6:], 3) {
		return false
	}
	for _, c := range []byte(s[4:6]) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// ValidOGRN reports whether s is the ОГРН of a legal entity: thirteen digits
// that begin with 1 or 5 (the other first digits number other records of the
// register), the last of them the rest of the first twelve modulo 11.
func ValidOGRN(s string) bool {
	return isDigits(s, 13) && (s[0] == '1' || s[0] == '5') && registerCheck(s[:12], 11) == digit(s, 12)
}

// ValidOGRNIP reports whether s is the ОГРНИП of a sole proprietor: fifteen
// digits that begin with 3, the last of them the rest of the first fourteen
// modulo 13.
func ValidOGRNIP(s string) bool {
	return isDigits(s, 15) && s[0] == '3' && registerCheck(s[:14], 13) == digit(s, 14)
}

func registerCheck(s string, modulus int) int {
	rest := 0
	for i := range s {
		rest = (rest*10 + digit(s, i)) % modulus
	}
	return rest % 10
}

// ValidSNILS reports whether s is a СНИЛС: eleven digits, of which the last two
// check the first nine. Numbers up to 001-001-998 were issued without a check
// and are taken as they are; 000-000-000 names nobody.
func ValidSNILS(s string) bool {
	if !isDigits(s, 11) || s[:9] == "000000000" {
		return false
	}
	number, sum := 0, 0
	for i := range 9 {
		number = number*10 + digit(s, i)
		sum += digit(s, i) * (9 - i)
	}
	if number <= snilsUnchecked {
		return true
	}
	return sum%101%100 == digit(s, 9)*10+digit(s, 10)
}

// NormaliseSNILS reads a СНИЛС as people and registers write it
// (112-233-445 95, 112-233-445-95, 11223344595) and returns its eleven digits.
func NormaliseSNILS(s string) (string, bool) {
	s = dashed(s)
	if isDigits(s, 11) {
		return s, ValidSNILS(s)
	}
	const separated = len("112-233-445 95")
	if len(s) != separated || !separator(s[3]) || !separator(s[7]) || !separator(s[11]) {
		return "", false
	}
	digits := s[0:3] + s[4:7] + s[8:11] + s[12:]
	return digits, ValidSNILS(digits)
}

// FormatSNILS writes the eleven digits as registers print them,
// 112-233-445 95; anything else comes back unchanged.
func FormatSNILS(s string) string {
	if !isDigits(s, 11) {
		return s
	}
	return s[0:3] + "-" + s[3:6] + "-" + s[6:9] + " " + s[9:]
}

// userNumberLength counts the digits of a user number. Nine digits collide
// with no other number that is a login: СНИЛС and phone have eleven, ИНН ten or
// twelve, ОГРН thirteen, ОГРНИП fifteen.
const userNumberLength = 9

// ValidUserNumber reports whether s has the form of a user number: nine digits,
// not beginning with 0, the last one a Luhn check digit, so that a slip of a
// finger names nobody.
func ValidUserNumber(s string) bool {
	return isDigits(s, userNumberLength) && s[0] != '0' && luhn(s[:8]) == digit(s, 8)
}

// luhn returns the check digit that follows s (ISO/IEC 7812-1, annex B).
func luhn(s string) int {
	sum := 0
	for i := range s {
		d := digit(s, len(s)-1-i)
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}

func digit(s string, i int) int { return int(s[i] - '0') }

// isDigits reports whether s is exactly n ASCII digits. Other digits of Unicode
// are not digits here: they are a way to write one number in many forms.
func isDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func separator(c byte) bool { return c == '-' || c == ' ' }
