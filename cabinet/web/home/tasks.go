package home

import (
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
)

// shownTasks is how many tasks the page shows, and soon how far it looks ahead.
const (
	shownTasks = 8
	soon       = 45 // days
)

// task is something that waits for somebody of the organisation.
type task struct {
	Due         time.Time // zero: no date
	When, Left  string
	Late        bool
	Title, Text string
	URL, Act    string
	Kind        string // of the tag that the act is drawn as
}

// dated fills in the task's date.
func (t task) dated(v *desk.Visit) task {
	if t.Due.IsZero() {
		return t
	}
	t.When = dayAndMonth(v, t.Due)
	switch days := v.DaysLeft(t.Due); {
	case days < 0:
		t.Late, t.Left, t.Kind = true, v.T("home.late"), "stop"
	case days == 0:
		t.Left = v.T("home.due.today")
	default:
		t.Left = v.T("home.left", "Count", days)
	}
	return t
}

// first sorts tasks by date, those without one behind, and cuts the list.
func first(all []task) (shown []task, later int) {
	slices.SortStableFunc(all, func(a, b task) int {
		switch {
		case a.Due.IsZero() != b.Due.IsZero():
			if a.Due.IsZero() {
				return 1
			}
			return -1
		}
		return a.Due.Compare(b.Due)
	})
	if len(all) > shownTasks {
		return all[:shownTasks], len(all) - shownTasks
	}
	return all, 0
}

// ownTasks are about the organisation itself.
func ownTasks(v *desk.Visit, p panel) []task {
	var tasks []task
	if !p.DeactivationDueAt.IsZero() {
		tasks = append(tasks, task{Due: p.DeactivationDueAt, Title: v.T("home.deactivation"), Text: v.T("home.deactivation.text"),
			URL: "/cabinet/organization/deactivation", Act: v.T("home.look"), Kind: "stop"}.dated(v))
	}
	if p.Changes.Proposed > 0 {
		tasks = append(tasks, task{Title: v.T("home.changes", "Count", p.Changes.Proposed), Text: v.T("home.changes.text"),
			URL: "/cabinet/organization", Act: v.T("home.confirm"), Kind: "wait"})
	}
	if p.ActivatedAt.IsZero() && len(p.Profile.Missing) > 0 {
		tasks = append(tasks, task{Title: v.T("home.activate"), Text: v.T("home.activate.text"),
			URL: "/cabinet/organization", Act: v.T("home.fill"), Kind: "wait"})
	}
	return tasks
}

// requestTasks are the requests that wait for an answer, the nearest date first.
func requestTasks(v *desk.Visit) ([]task, error) {
	var found []struct {
		ID          string     `json:"id"`
		OuterNumber string     `json:"outer_number"`
		Number      string     `json:"number"`
		Type        string     `json:"type"`
		TypeLabel   string     `json:"type_label"`
		Status      string     `json:"status"`
		StatusLabel string     `json:"status_label"`
		Subject     string     `json:"subject"`
		Party       string     `json:"party"`
		DueAt       *time.Time `json:"due_at"`
	}
	query := url.Values{"state": {"processing"}, "due": {"2200-01-01T00:00:00Z"}, "limit": {"20"}}
	if err := v.Get("/organization/requests", query, &found); err != nil {
		return nil, err
	}
	var tasks []task
	for _, one := range found {
		ours := one.Type == "requirement" || one.Status == "clarification" || one.Status == "received"
		if !ours || one.DueAt == nil {
			continue
		}
		number := one.OuterNumber
		if number == "" {
			number = one.Number
		}
		tasks = append(tasks, task{Due: *one.DueAt, Title: one.Subject, Text: one.TypeLabel + " № " + number + ", " + one.Party,
			URL: "/cabinet/requests/" + one.ID, Act: v.T("home.answer"), Kind: "wait"}.dated(v))
	}
	return tasks, nil
}

// deadline is one of the calendar.
type deadline struct {
	Type     string `json:"type"`
	TypeName string `json:"type_name"`
	Period   named  `json:"period"`
	Year     int    `json:"year"`
	Due      string `json:"due"` // 2006-01-02
	Status   string `json:"status"`
	FilingID string `json:"filing_id"`
}

// calendar are the deadlines from a month ago to a year ahead.
func calendar(v *desk.Visit, now time.Time) ([]deadline, error) {
	var found struct {
		Deadlines []deadline `json:"deadlines"`
	}
	query := url.Values{"from": {now.AddDate(0, -1, 0).Format(time.DateOnly)}, "to": {now.AddDate(1, 0, 0).Format(time.DateOnly)}}
	err := v.Get("/calendar", query, &found)
	return found.Deadlines, err
}

// met reports whether nothing is left to do about a deadline.
func (d deadline) met() bool { return d.Status == "sent" || d.Status == "done" }

// deadlineTasks are the reports that are due soon, or were.
func deadlineTasks(v *desk.Visit, all []deadline) []task {
	var tasks []task
	for _, one := range all {
		due, err := desk.Day(one.Due)
		if err != nil || one.met() || v.DaysLeft(due) > soon {
			continue
		}
		to, act := "/cabinet/filings/new?"+url.Values{"type": {one.Type}}.Encode(), v.T("home.prepare")
		if one.FilingID != "" {
			to, act = "/cabinet/filings/"+one.FilingID, v.T("home.continue")
		}
		tasks = append(tasks, task{Due: due, Title: one.TypeName, Text: one.Period.Name + " " + v.T("home.year", "Year", one.Year),
			URL: to, Act: act, Kind: "go"}.dated(v))
	}
	return tasks
}
