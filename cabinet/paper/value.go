package paper

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"propusk/storage"
)

// weight is how wide a column of the kind is beside others that say nothing.
func (k Kind) weight() float64 {
	switch k {
	case Number:
		return 12
	case Money:
		return 16
	case Date:
		return 12
	case Moment:
		return 17
	}
	return 30
}

// text writes a cell for people.
func (k Kind) text(value any) string {
	if value == nil {
		return ""
	}
	at, isTime := instant(value)
	switch kopecks, whole := integer(value); {
	case k == Money && whole:
		return Rubles(kopecks)
	case k == Number && whole:
		return grouped(kopecks)
	case isTime && at.IsZero():
		return ""
	case isTime && k == Moment:
		return moment(at)
	case isTime:
		return day(at)
	}
	if f, ok := value.(float64); ok {
		return strings.Replace(strconv.FormatFloat(f, 'f', -1, 64), ".", ",", 1)
	}
	return fmt.Sprint(value)
}

func integer(value any) (int64, bool) {
	switch v := value.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

func instant(value any) (time.Time, bool) {
	switch v := value.(type) {
	case time.Time:
		return v, true
	case storage.Time:
		return v.Time(), true
	}
	return time.Time{}, false
}

// Rubles writes an amount in kopecks: "1 234 567,89 ₽", with no-break spaces.
func Rubles(kopecks int64) string {
	sign, rest := "", uint64(kopecks)
	if kopecks < 0 {
		sign, rest = "−", uint64(-(kopecks+1))+1 // the smallest has no positive
	}
	return fmt.Sprintf("%s%s,%02d\u00a0₽", sign, groups(rest/100), rest%100)
}

func grouped(n int64) string {
	if n < 0 {
		return "−" + groups(uint64(-(n+1))+1)
	}
	return groups(uint64(n))
}

// groups sets a no-break space after each third digit from the right.
func groups(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteRune('\u00a0')
		}
		out.WriteRune(d)
	}
	return out.String()
}
