package home

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
)

// accruals are what the organisation has to pay (row 231).
type accruals struct {
	Count     int    `json:"count"`
	Left      int64  `json:"left"`
	Overdue   int64  `json:"overdue"`
	NextDueOn string `json:"next_due_on"`
}

// Sum is all that is to be paid.
func (a accruals) Sum() string { return desk.Rubles(a.Left) }

// OverdueSum is what is overdue of it, "" for nothing.
func (a accruals) OverdueSum() string {
	if a.Overdue == 0 {
		return ""
	}
	return desk.Rubles(a.Overdue)
}

// Due is the nearest term, "" for none.
func (a accruals) Due() string {
	at, err := desk.Day(a.NextDueOn)
	if err != nil || at.IsZero() {
		return ""
	}
	return at.Format("02.01.2006")
}

// finance reads what is to be paid, and gives what is due soon as tasks. Whom money is
// no matter of sees nothing of it; nor does an API without the room of payments have
// anything to show here.
func (w *view) finance(v *desk.Visit) ([]task, error) {
	if !v.May("finance:read") {
		return nil, nil
	}
	var sums accruals
	err := v.Get("/accruals/summary", nil, &sums)
	if problem := desk.AsProblem(err); problem != nil && problem.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if w.Accruals = &sums; sums.Count == 0 {
		return nil, nil
	}
	return payTasks(v)
}

// payTasks are the accruals that are overdue or due soon, the nearest first.
func payTasks(v *desk.Visit) ([]task, error) {
	var found struct {
		Items []struct {
			ID      string `json:"id"`
			Status  string `json:"status"`
			DueOn   string `json:"due_on"`
			Purpose string `json:"purpose"`
			Left    int64  `json:"left"`
			Payee   struct {
				Name string `json:"name"`
			} `json:"payee"`
		} `json:"items"`
	}
	query := url.Values{
		"status": {"unpaid"}, "sort": {"due"}, "limit": {"20"}, "due_to": {v.Now().In(desk.Moscow).AddDate(0, 0, soon).Format(time.DateOnly)},
	}
	if err := v.Get("/accruals", query, &found); err != nil {
		return nil, err
	}
	act := "home.look" // who may not pay has something to see, and whom to ask
	if v.May("finance:write") {
		act = "home.task.pay"
	}
	var tasks []task
	for _, a := range found.Items {
		day, err := desk.Day(a.DueOn)
		if err != nil || day.IsZero() || a.Status == "paying" {
			continue
		}
		tasks = append(tasks, task{
			Due: desk.EndOfDay(day), Title: a.Purpose, Text: desk.Rubles(a.Left) + ", " + a.Payee.Name, URL: "/cabinet/finance/accruals/" + a.ID, Act: v.T(act), Kind: "wait",
		}.dated(v))
	}
	return tasks, nil
}
