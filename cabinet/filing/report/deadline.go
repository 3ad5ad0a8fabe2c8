package report

import (
	"slices"
	"sort"
	"time"
)

// Deadline is one report that must come by a day.
type Deadline struct {
	Type   *Type
	Period Period
	Year   int
	// Nominal is the day that the law names, Day the working day it moves to.
	Nominal, Day Date
}

// Deadlines lists what such a filer must file with the day between from and to,
// both included, in the order of the days. chosen are prefixes of reports that he
// files whatever his regimes.
func Deadlines(kind string, regimes []Regime, chosen []string, from, to Date) []Deadline {
	var list []Deadline
	for _, t := range catalogue {
		if !t.Concerns(kind, regimes) && !slices.Contains(chosen, t.ID) {
			continue
		}
		// A report of one year is due in that year or the next.
		for year := from.Year() - 1; year <= to.Year(); year++ {
			list = append(list, t.deadlines(kind, year, from, to)...)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Day.Before(list[j].Day) })
	return list
}

func (t *Type) deadlines(kind string, year int, from, to Date) []Deadline {
	var list []Deadline
	for _, due := range t.Dues {
		if due.Kind != "" && due.Kind != kind {
			continue
		}
		d, ok := t.deadline(due, year)
		if ok && !d.Day.Before(from) && !d.Day.After(to) {
			list = append(list, d)
		}
	}
	return list
}

func (t *Type) deadline(due Due, year int) (Deadline, bool) {
	p, ok := t.Period(due.Period)
	if !ok {
		return Deadline{}, false
	}
	nominal := DateOf(year, p.Last+time.Month(due.Months), due.Day)
	return Deadline{t, p, year, nominal, Workday(nominal)}, true
}

// Due is the day by which a type must be filed for a period; ok is false where the
// law names none.
func (t *Type) Due(kind, period string, year int) (Deadline, bool) {
	for _, due := range t.Dues {
		if due.Period == period && (due.Kind == "" || due.Kind == kind) {
			return t.deadline(due, year)
		}
	}
	return Deadline{}, false
}
