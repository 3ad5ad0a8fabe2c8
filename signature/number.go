package signature

// Check digits of the numbers in a certificate. The rules are those of the tax
// service and the pension fund; the numbers are digits without separators.

// validINNLE reports whether s is an organisation's ИНН: ten digits, the last of
// them a check digit.
func validINNLE(s string) bool {
	return digits(s, 10) && s[:2] != "00" &&
		weighed(s, 2, 4, 10, 3, 5, 9, 4, 6, 8) == s[9]
}

// validINN reports whether s is a person's ИНН: twelve digits, the last two of
// them check digits.
func validINN(s string) bool {
	return digits(s, 12) && s[:2] != "00" &&
		weighed(s, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) == s[10] &&
		weighed(s, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) == s[11]
}

// weighed returns the check digit: the weighed sum modulo 11 modulo 10.
func weighed(s string, weights ...int) byte {
	sum := 0
	for i, weight := range weights {
		sum += weight * int(s[i]-'0')
	}
	return byte(sum%11%10) + '0'
}

// validOGRN reports whether s is an ОГРН: thirteen digits, the first 1 or 5, the
// last the remainder of the number before it by 11.
func validOGRN(s string) bool {
	return digits(s, 13) && (s[0] == '1' || s[0] == '5') && remainder(s[:12], 11) == s[12]
}

// validOGRNIP reports whether s is an ОГРНИП: fifteen digits, the first 3, the
// last the remainder of the number before it by 13.
func validOGRNIP(s string) bool {
	return digits(s, 15) && s[0] == '3' && remainder(s[:14], 13) == s[14]
}

func remainder(s string, divisor int) byte {
	rest := 0
	for _, c := range []byte(s) {
		rest = (rest*10 + int(c-'0')) % divisor
	}
	return byte(rest%10) + '0'
}

// validSNILS reports whether s is a СНИЛС: eleven digits, the last two of them a
// sum. Numbers up to 001-001-998 were given out without one.
func validSNILS(s string) bool {
	if !digits(s, 11) || s[:9] == "000000000" {
		return false
	}
	if s[:9] <= "001001998" {
		return true
	}
	sum := 0
	for i := range 9 {
		sum += (9 - i) * int(s[i]-'0')
	}
	sum = sum % 101 % 100
	return int(s[9]-'0')*10+int(s[10]-'0') == sum
}

// digits reports whether s is exactly n ASCII digits: digits of other scripts look
// alike and are not.
func digits(s string, n int) bool {
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
