package requisite

// ValidUIN reports whether s is an УИН: 20 or 25 digits whose last one checks the others
// (приказ Минфина России от 12.11.2013 № 107н, приложение 4; Федеральное казначейство,
// порядок расчёта контрольного разряда), or 20 letters and digits, which some
// administrators form (ГИС ГМП, SupplierBillIDType: \w{20} or \d{25}). Letters are
// Latin or Russian; how they count is not published, so that such an УИН has no check.
func ValidUIN(s string) bool {
	if !digits(s) {
		return lettered(s)
	}
	return (len(s) == 20 || len(s) == 25) && int(s[len(s)-1]-'0') == checkDigit(s[:len(s)-1])
}

func lettered(s string) bool {
	n := 0
	for _, r := range s {
		switch n++; {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= 'А' && r <= 'я', r == 'Ё', r == 'ё':
		default:
			return false
		}
	}
	return n == 20
}

// WithCheckDigit completes an УИН whose last digit is missing.
func WithCheckDigit(s string) string { return s + string(rune('0'+checkDigit(s))) }

// checkDigit weighs the digits with 1, 2, … 10, 1, … from the left; a remainder of 10
// by 11 has them weighed anew from 3, and a second one makes the digit 0.
func checkDigit(s string) int {
	for _, first := range []int{1, 3} {
		sum := 0
		for i := range s {
			sum += int(s[i]-'0') * ((i+first-1)%10 + 1)
		}
		if rest := sum % 11; rest < 10 {
			return rest
		}
	}
	return 0
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
