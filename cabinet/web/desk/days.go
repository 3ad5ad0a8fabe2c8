package desk

import (
	"fmt"
	"math"
	"time"

	"propusk/idp/pages"
)

// Moscow is the zone of the days that people write and read in the cabinet.
var Moscow = time.FixedZone("МСК", 3*60*60)

// Day reads a date as a date field sends it, or as people write it ("22.11.2026"):
// its first moment in Moscow. An empty text is no day and no fault.
func Day(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, "02.01.2006", "2.1.2006"} {
		if at, err := time.ParseInLocation(layout, text, Moscow); err == nil && at.Year() >= 1900 && at.Year() <= 2200 {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date", text)
}

// EndOfDay is the last second of a day that [Day] read.
func EndOfDay(day time.Time) time.Time { return day.AddDate(0, 0, 1).Add(-time.Second) }

// Period reads two fields of days, from the first to the last one inclusive, as the
// span that the API asks for: from its first moment to the moment after it. A day
// that is none is a fault of its field.
func (v *Visit) Period(from, to string) (first, after time.Time, faults []pages.FieldError) {
	first, err := Day(v.Query(from))
	if err != nil {
		faults = append(faults, pages.FieldError{Field: from, Key: "desk.day.wrong"})
	}
	after, err = Day(v.Query(to))
	if err != nil {
		faults = append(faults, pages.FieldError{Field: to, Key: "desk.day.wrong"})
	} else if !after.IsZero() {
		after = after.AddDate(0, 0, 1)
	}
	return first, after, faults
}

// DaysLeft counts the days from today to the day of a moment in Moscow; negative
// when it has passed.
func (v *Visit) DaysLeft(at time.Time) int { return daysBetween(v.Now(), at) }

func daysBetween(from, to time.Time) int {
	day := func(at time.Time) time.Time {
		y, m, d := at.In(Moscow).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(math.Round(day(to).Sub(day(from)).Hours() / 24))
}
