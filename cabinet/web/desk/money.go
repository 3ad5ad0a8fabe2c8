package desk

import (
	"fmt"
	"strconv"
)

// Rubles writes an amount in kopecks as people read it, "1 234,56 ₽", with blanks that
// no line breaks at.
func Rubles(kopecks int64) string {
	sign := ""
	if kopecks < 0 {
		sign, kopecks = "−", -kopecks
	}
	digits := strconv.FormatInt(kopecks/100, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "\u00a0" + digits[at:]
	}
	return fmt.Sprintf("%s%s,%02d\u00a0₽", sign, digits, kopecks%100)
}
