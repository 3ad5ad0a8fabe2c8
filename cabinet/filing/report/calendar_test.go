package report_test

import (
	"strings"
	"testing"
	"time"

	"propusk/cabinet/filing/report"
)

// TestWorkdays: the resolutions of 2025 and 2026, article 112 for 2027, and the rule
// for a year that nobody has decided on.
func TestWorkdays(t *testing.T) {
	t.Parallel()
	off := map[int]string{
		2025: "01-01 01-02 01-03 01-06 01-07 01-08 05-01 05-02 05-08 05-09 06-12 06-13 11-03 11-04 12-31",
		2026: "01-01 01-02 01-05 01-06 01-07 01-08 01-09 02-23 03-09 05-01 05-11 06-12 11-04 12-31",
		2027: "01-01 01-04 01-05 01-06 01-07 01-08 02-23 03-08 05-03 05-10 06-14 11-04",
		2033: "01-03 01-04 01-05 01-06 01-07 02-23 03-08 05-02 05-09 06-13 11-04",
	}
	for year, want := range off {
		var got, working []string
		for d := report.DateOf(year, time.January, 1); d.Year() == year; d = d.Add(1) {
			weekday := d.Start().Weekday()
			weekend := weekday == time.Saturday || weekday == time.Sunday
			switch {
			case report.NonWorking(d) && !weekend:
				got = append(got, d.String()[5:])
			case !report.NonWorking(d) && weekend:
				working = append(working, d.String()[5:])
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d: days off are %v", year, got)
		}
		if expected := map[int]string{2025: "11-01"}[year]; strings.Join(working, " ") != expected {
			t.Errorf("%d: working weekends are %v", year, working)
		}
	}
	if got := report.Workday(report.DateOf(2026, time.January, 1)); got.String() != "2026-01-12" {
		t.Errorf("the first working day of 2026 is %s", got)
	}
}

// TestDeadlines of a whole year, moved to working days, for both kinds and regimes.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	list := func(kind string, regimes []report.Regime, from, to report.Date) string {
		var lines []string
		for _, d := range report.Deadlines(kind, regimes, nil, from, to) {
			lines = append(lines, d.Type.ID+" "+d.Period.Code+" "+d.Day.String())
		}
		return strings.Join(lines, ", ")
	}
	got := list(report.Legal, report.DefaultRegimes(report.Legal), report.DateOf(2027, time.January, 1), report.DateOf(2027, time.March, 31))
	want := "NO_NDS 24 2027-01-25, NO_RASCHSV 34 2027-01-25, EFS1 34 2027-01-25, NO_NDFL6 34 2027-02-25, NO_PRIB 34 2027-03-25, NO_BUHOTCH 34 2027-03-31"
	if got != want {
		t.Errorf("the beginning of 2027 is %s", got)
	}
	sole := list(report.Sole, []report.Regime{report.Simplified}, report.DateOf(2026, time.January, 1), report.DateOf(2026, time.December, 31))
	if sole != "NO_USN 34 2026-04-27" {
		t.Errorf("a proprietor under УСН files %s", sole)
	}
	if due, ok := typeOf(t, "NO_USN").Due(report.Legal, "34", 2025); !ok || due.Day.String() != "2026-03-25" || due.Nominal.String() != "2026-03-25" {
		t.Errorf("an organisation under УСН files by %s", due.Day)
	}
	if _, ok := typeOf(t, "OTHER").Due(report.Legal, "34", 2025); ok {
		t.Error("a letter is due")
	}
	chosen := report.Deadlines(report.Sole, nil, []string{"NO_PRIB"}, report.DateOf(2026, time.March, 1), report.DateOf(2026, time.March, 31))
	if len(chosen) != 1 || chosen[0].Type.ID != "NO_PRIB" {
		t.Errorf("what the filer has chosen is %v", chosen)
	}
}

// TestPeriodMustBeOver, but for letters and for who is wound up.
func TestPeriodMustBeOver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, code string
		day      report.Date
		early    bool
	}{
		{"NO_NDS", "23", report.DateOf(2026, time.September, 30), true},
		{"NO_NDS", "23", report.DateOf(2026, time.October, 1), false},
		{"NO_NDS", "55", report.DateOf(2026, time.July, 1), false},
		{"NO_NDS", "55", report.DateOf(2026, time.June, 30), true},
		{"NO_PRIB", "34", report.DateOf(2026, time.December, 31), true},
		{"OTHER", "34", report.DateOf(2026, time.January, 1), false},
	} {
		kind := typeOf(t, tt.id)
		p, _ := kind.Period(tt.code)
		if early := report.Over(kind, p, 2026, tt.day) != nil; early != tt.early {
			t.Errorf("%s %s on %s: early %v", tt.id, tt.code, tt.day, early)
		}
	}
}

// TestDates: Moscow's day, text both ways.
func TestDates(t *testing.T) {
	t.Parallel()
	if got := report.Today(time.Date(2026, 10, 20, 21, 30, 0, 0, time.UTC)); got.String() != "2026-10-21" {
		t.Errorf("at half past nine in the evening, UTC, it is %s in Moscow", got)
	}
	var d report.Date
	if err := d.UnmarshalText([]byte("2026-10-20")); err != nil || d.Dotted() != "20.10.2026" || d.Until(d.Add(3)) != 3 || d.Add(-1).After(d) {
		t.Errorf("%v, %v", d, err)
	}
	text, err := d.MarshalText()
	if err != nil || string(text) != "2026-10-20" {
		t.Errorf("%s, %v", text, err)
	}
	if err := d.UnmarshalText(nil); err != nil || !d.IsZero() || d.String() != "" {
		t.Errorf("nothing is %v, %v", d, err)
	}
	if err := d.UnmarshalText([]byte("20.10.2026")); err == nil {
		t.Error("another form is taken")
	}
}
