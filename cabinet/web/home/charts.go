package home

import (
	"strconv"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// months of a year begin with the month of a moment.
func months(v *desk.Visit, from time.Time, count int) []pages.Bar {
	bars := make([]pages.Bar, count)
	first := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, desk.Moscow)
	for i := range bars {
		at := first.AddDate(0, i, 0)
		name := v.T("home.month." + strconv.Itoa(int(at.Month())))
		bars[i] = pages.Bar{Short: string([]rune(name)[:1]), Label: name + " " + strconv.Itoa(at.Year())}
	}
	return bars
}

// between counts the months from one moment to another.
func between(from, to time.Time) int {
	from, to = from.In(desk.Moscow), to.In(desk.Moscow)
	return (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
}

// filedChart counts what was sent by month of this year; the present one is amber.
func filedChart(v *desk.Visit, list []filing, now time.Time) *pages.Chart {
	start := time.Date(now.Year(), time.January, 1, 0, 0, 0, 0, desk.Moscow)
	chart := &pages.Chart{
		ID: "filed", Title: v.T("home.filed"), Label: v.T("home.month"), Count: v.T("home.filed.count"), Bars: months(v, start, 12),
	}
	accepted, working, refused := 0, 0, 0
	for _, one := range list {
		switch {
		case one.State == "accepted" || one.State == "entered":
			accepted++
		case one.State == "refused":
			refused++
		case one.SubmittedAt != nil:
			working++
		}
		if one.SubmittedAt == nil {
			continue
		}
		if at := between(start, *one.SubmittedAt); at >= 0 && at < len(chart.Bars) {
			chart.Bars[at].Value++
		}
	}
	chart.Bars[int(now.Month())-1].Kind = "wait"
	chart.Text = v.T("home.filed.text", "Accepted", accepted, "Working", working, "Refused", refused)
	return chart
}

// aheadChart counts the deadlines of the twelve months to come.
func aheadChart(v *desk.Visit, all []deadline, now time.Time) *pages.Chart {
	chart := &pages.Chart{
		ID: "ahead", Title: v.T("home.ahead"), Label: v.T("home.month"), Count: v.T("home.ahead.count"), Bars: months(v, now, 12),
	}
	total := 0
	for _, one := range all {
		due, err := desk.Day(one.Due)
		if err != nil || due.Before(now.AddDate(0, 0, -1)) {
			continue
		}
		if at := between(now, due); at >= 0 && at < len(chart.Bars) {
			chart.Bars[at].Value++
			chart.Bars[at].Kind = "info"
			total++
		}
	}
	chart.Text = v.T("home.ahead.text", "Count", total)
	return chart
}
