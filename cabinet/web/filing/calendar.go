package filing

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// deadlineRow is one day by which something is to be filed.
type deadlineRow struct {
	deadline
	Day     time.Time
	Short   string // "25 ноября"
	Moved   string // the day of the law, when the deadline has moved to a working day; ""
	Tag     pages.Tag
	Left    string // "через 3 дня", "сегодня", "просрочено на 2 дня"
	Late    bool
	URL     string // what to do about it
	Act     string
	Pending bool // nothing was sent for it
}

type month struct {
	Name string
	Rows []deadlineRow
	Sent int // of them something was sent for
}

type calendarView struct {
	Tabs       []pages.NavItem
	Months     []month
	Year       string
	Years      []pages.NavItem
	From, To   time.Time
	Late, Near int // not filed in time; due within a week
}

// calendar is a year of deadlines, month by month; the present year from today's
// quarter on.
func calendar(v *desk.Visit) error {
	now := v.Now().In(desk.Moscow)
	year, err := strconv.Atoi(v.Query("year"))
	if err != nil || year < now.Year()-3 || year > now.Year()+1 {
		year = now.Year()
	}
	view := calendarView{Tabs: tabs(v), Year: strconv.Itoa(year)}
	for y := now.Year() - 1; y <= now.Year()+1; y++ {
		view.Years = append(view.Years, pages.NavItem{
			Title: strconv.Itoa(y), URL: "/cabinet/filings/calendar?year=" + strconv.Itoa(y), Current: y == year,
		})
	}
	view.From = time.Date(year, 1, 1, 0, 0, 0, 0, desk.Moscow)
	view.To = time.Date(year, 12, 31, 0, 0, 0, 0, desk.Moscow)
	rows, err := deadlines(v, view.From, view.To)
	if err != nil {
		return err
	}
	for _, row := range rows {
		name := v.T("filing.month."+strconv.Itoa(int(row.Day.Month()))) + " " + strconv.Itoa(row.Day.Year())
		if n := len(view.Months); n == 0 || view.Months[n-1].Name != name {
			view.Months = append(view.Months, month{Name: name})
		}
		last := &view.Months[len(view.Months)-1]
		last.Rows = append(last.Rows, row)
		if !row.Pending {
			last.Sent++
		}
		if row.Late {
			view.Late++
		} else if row.Pending && row.Days <= 7 {
			view.Near++
		}
	}
	return v.Page(http.StatusOK, "filing_calendar.html", "filing.calendar.title", view)
}

// pressing are the deadlines of a month ahead and those missed within the last one
// that nothing was sent for.
func pressing(v *desk.Visit) ([]deadlineRow, error) {
	now := v.Now().In(desk.Moscow)
	rows, err := deadlines(v, now.AddDate(0, 0, -30), now.AddDate(0, 0, 30))
	if err != nil {
		return nil, err
	}
	var open []deadlineRow
	for _, row := range rows {
		if row.Pending && len(open) < 4 {
			open = append(open, row)
		}
	}
	return open, nil
}

func deadlines(v *desk.Visit, from, to time.Time) ([]deadlineRow, error) {
	var found struct {
		Deadlines []deadline `json:"deadlines"`
	}
	query := url.Values{"from": {from.Format(time.DateOnly)}, "to": {to.Format(time.DateOnly)}}
	if err := v.Get("/calendar", query, &found); err != nil {
		return nil, err
	}
	rows := make([]deadlineRow, len(found.Deadlines))
	for i, d := range found.Deadlines {
		rows[i] = newDeadlineRow(v, d)
	}
	return rows, nil
}

// dueKinds are the tags of what is known about a deadline.
var dueKinds = map[string]string{"overdue": "stop", "in_progress": "wait", "sent": "info", "done": "go"}

func newDeadlineRow(v *desk.Visit, d deadline) deadlineRow {
	row := deadlineRow{deadline: d, Tag: pages.Tag{Kind: dueKinds[d.Status], Text: v.T("filing.due." + d.Status)}}
	row.Day, _ = desk.Day(d.Due)
	row.Short = shortDay(v, row.Day)
	if nominal, err := desk.Day(d.Nominal); err == nil && d.Nominal != d.Due {
		row.Moved = shortDay(v, nominal)
	}
	row.Pending = d.Status != "sent" && d.Status != "done"
	row.Late = d.Status == "overdue" || row.Pending && d.Days < 0
	row.Left = left(v, d.Days, row.Pending)
	switch {
	case d.FilingID != "":
		row.URL, row.Act = "/cabinet/filings/"+d.FilingID, "filing.open"
		if d.Status == "in_progress" {
			row.Act = "filing.continue"
		}
	case v.May("filings:write"):
		row.URL = "/cabinet/filings/new?" + url.Values{"type": {d.Type}, "period": {d.Period.Code}, "year": {strconv.Itoa(d.Year)}}.Encode()
		row.Act = "filing.prepare"
	}
	return row
}

// left says how long there is; of what was sent nothing is left to be said.
func left(v *desk.Visit, days int, pending bool) string {
	switch {
	case !pending:
		return ""
	case days == 0:
		return v.T("filing.left.today")
	case days == 1:
		return v.T("filing.left.tomorrow")
	case days < 0:
		return v.T("filing.left.late", "Count", -days)
	}
	return v.T("filing.left.days", "Count", days)
}

// shortDay is a day without its year, which the page says elsewhere.
func shortDay(v *desk.Visit, day time.Time) string {
	day = day.In(desk.Moscow)
	return strconv.Itoa(day.Day()) + " " + v.T("month."+strconv.Itoa(int(day.Month())))
}
