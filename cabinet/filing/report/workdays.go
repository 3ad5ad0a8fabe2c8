package report

import "time"

// The production calendar: which days are non-working. The rule is article 112
// of the Labour Code (weekends, holidays, and the next working day for a holiday
// that falls on a weekend, but for those of January); the Government moves single
// days by a resolution for each year, which stand in the table.

// holiday is a non-working day of every year.
type holiday struct {
	month time.Month
	day   int
}

// moving are the holidays whose weekend gives the next working day off. Those of
// January (1 to 8) are moved by the Government alone.
var moving = []holiday{
	{time.February, 23}, {time.March, 8}, {time.May, 1}, {time.May, 9}, {time.June, 12}, {time.November, 4},
}

// transfers are one year's resolution. It replaces the rule's own moves.
type transfers struct {
	off     []holiday // working days that became non-working
	working []holiday // Saturdays that became working
}

var resolutions = map[int]transfers{
	// Постановление Правительства от 04.10.2024 № 1335.
	2025: {
		off: []holiday{
			{time.May, 2}, {time.May, 8}, {time.June, 13}, {time.November, 3}, {time.December, 31},
		},
		working: []holiday{{time.November, 1}},
	},
	// Постановление Правительства от 24.09.2025 № 1466, with the moves by article 112.
	2026: {off: []holiday{
		{time.January, 9}, {time.March, 9}, {time.May, 11}, {time.December, 31},
	}},
	// By article 112 alone: 1 and 9 May and 12 June fall on a weekend.
	2027: {off: []holiday{
		{time.May, 3}, {time.May, 10}, {time.June, 14},
	}},
}

// NonWorking reports whether the day is a weekend or a holiday.
func NonWorking(d Date) bool {
	_, month, day := d.t.Date()
	this := holiday{month, day}
	moved, known := resolutions[d.Year()]
	if !known {
		moved = byRule(d.Year())
	}
	for _, w := range moved.working {
		if w == this {
			return false
		}
	}
	return weekend(d) || isHoliday(this) || contains(moved.off, this)
}

// Workday is d or the first working day after it: when the last day of a term is
// non-working, the term ends on the next working day (НК РФ, article 6.1 (7)).
func Workday(d Date) Date {
	for NonWorking(d) {
		d = d.Add(1)
	}
	return d
}

func weekend(d Date) bool {
	weekday := d.t.Weekday()
	return weekday == time.Saturday || weekday == time.Sunday
}

func isHoliday(h holiday) bool {
	return h.month == time.January && h.day <= 8 || contains(moving, h)
}

func contains(list []holiday, h holiday) bool {
	for _, one := range list {
		if one == h {
			return true
		}
	}
	return false
}

// byRule is what article 112 moves in a year without a resolution here.
func byRule(year int) transfers {
	var t transfers
	for _, h := range moving {
		d := DateOf(year, h.month, h.day)
		if !weekend(d) {
			continue
		}
		for weekend(d) || isHoliday(holiday{d.t.Month(), d.t.Day()}) || contains(t.off, holiday{d.t.Month(), d.t.Day()}) {
			d = d.Add(1)
		}
		t.off = append(t.off, holiday{d.t.Month(), d.t.Day()})
	}
	return t
}
