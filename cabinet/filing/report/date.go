package report

import (
	"fmt"
	"time"
)

// Date is a calendar day without a zone, as reports and deadlines mean it. It is
// the midnight of that day in UTC; the zero Date is none.
type Date struct{ t time.Time }

// Moscow is the zone in which the state's days begin and end. It has no summer
// time since 2014 (107-ФЗ).
var Moscow = time.FixedZone("MSK", 3*60*60)

// DateOf is the day; months and days beyond their range are carried over.
func DateOf(year int, month time.Month, day int) Date {
	return Date{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// Today is the day at that moment in Moscow.
func Today(now time.Time) Date {
	return DateOf(now.In(Moscow).Date())
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return Date{t}, err == nil
}

// dotted reads DD.MM.YYYY, the form of dates inside reports.
func dotted(s string) (Date, bool) {
	t, err := time.Parse("02.01.2006", s)
	return Date{t}, err == nil && len(s) == len("02.01.2006")
}

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d.t.IsZero() }

// Before and After compare days.
func (d Date) Before(o Date) bool { return d.t.Before(o.t) }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return d.t.After(o.t) }

// Add moves by days.
func (d Date) Add(days int) Date { return Date{d.t.AddDate(0, 0, days)} }

// Until counts the days from d to o; negative when o is earlier.
func (d Date) Until(o Date) int { return int(o.t.Sub(d.t) / (24 * time.Hour)) }

// Year is the year of the day.
func (d Date) Year() int { return d.t.Year() }

// Start is the moment at which the day begins in Moscow.
func (d Date) Start() time.Time {
	y, m, day := d.t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, Moscow)
}

// String is YYYY-MM-DD, "" for none.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// Dotted is DD.MM.YYYY.
func (d Date) Dotted() string { return d.t.Format("02.01.2006") }

// compact is YYYYMMDD, the form in names of files.
func (d Date) compact() string { return d.t.Format("20060102") }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD or nothing.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, ok := ParseDate(string(text))
	if !ok {
		return fmt.Errorf("report: %q is no date", text)
	}
	*d = parsed
	return nil
}
