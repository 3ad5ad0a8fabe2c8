package tender

import (
	"net/http"
	"net/url"
	"strconv"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type tally struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	Applied  int    `json:"applied"`
	Won      int    `json:"won"`
	Lost     int    `json:"lost"`
	Rejected int    `json:"rejected"`
	Offered  int64  `json:"offered"`
	WonSum   int64  `json:"won_sum"`
	Share    int    `json:"share"`
}

// Sum writes what was won.
func (t tally) Sum() string {
	if t.WonSum == 0 {
		return "0 ₽"
	}
	return money(t.WonSum)
}

type analyticsView struct {
	Tabs     []pages.NavItem
	From, To string
	By       string
	Bys      []pages.Option
	Total    tally
	Rows     []tally
	Cut      bool
	Chart    *pages.Chart
	Export   string
}

// analytics is what was won and lost in a period.
func analytics(v *desk.Visit) error {
	view := analyticsView{Tabs: tabs(counted), From: v.Query("from"), To: v.Query("to"), By: v.Query("by")}
	for _, name := range []string{"month", "sector", "customer"} {
		view.Bys = append(view.Bys, pages.Option{Value: name, Label: v.T("tender.by." + name)})
	}
	query := url.Values{}
	for name, value := range map[string]string{"from": view.From, "to": view.To, "by": view.By} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var found struct {
		From  string  `json:"from"`
		To    string  `json:"to"`
		By    string  `json:"by"`
		Total tally   `json:"total"`
		Items []tally `json:"items"`
		Cut   bool    `json:"cut"`
	}
	if err := v.Get("/tender-analytics", query, &found); err != nil {
		status, errs, err := v.Mendable(err, "from", "to", "by")
		if err != nil {
			return err
		}
		return v.Page(status, "tender_analytics.html", "tender.tab.analytics", view, errs...)
	}
	view.From, view.To, view.By, view.Total, view.Rows, view.Cut = found.From, found.To, found.By, found.Total, found.Items, found.Cut
	view.Export = counted + "/export?" + url.Values{"from": {view.From}, "to": {view.To}, "by": {view.By}}.Encode()
	for i := range view.Rows {
		view.Rows[i].Name = view.name(v, view.Rows[i])
	}
	if len(view.Rows) > 0 {
		view.Chart = view.chart(v)
	}
	return v.Page(http.StatusOK, "tender_analytics.html", "tender.tab.analytics", view)
}

// name is a row's as people read it.
func (view analyticsView) name(v *desk.Visit, row tally) string {
	if view.By != "month" || len(row.Key) != len("2026-11") {
		return row.Name
	}
	month, err := strconv.Atoi(row.Key[5:])
	if err != nil {
		return row.Name
	}
	return v.T("tender.month."+strconv.Itoa(month)) + " " + row.Key[:4]
}

// mostBars are drawn; the table has them all.
const mostBars = 12

func (view analyticsView) chart(v *desk.Visit) *pages.Chart {
	chart := &pages.Chart{
		ID: "won", Title: v.T("tender.chart"), Label: v.T("tender.by." + view.By), Count: v.T("tender.won"),
		Text: v.T("tender.chart.text", "Won", view.Total.Won, "Applied", view.Total.Applied, "Share", view.Total.Share),
	}
	rows := view.Rows[max(0, len(view.Rows)-mostBars):]
	if view.By != "month" {
		rows = view.Rows[:min(len(view.Rows), mostBars)]
	}
	for _, row := range rows {
		chart.Bars = append(chart.Bars, pages.Bar{Short: string([]rune(row.Name)[:min(3, len([]rune(row.Name)))]), Label: row.Name, Value: row.Won})
	}
	return chart
}

// exportAnalytics hands the report over as a workbook.
func exportAnalytics(v *desk.Visit) error {
	query := v.Kept("from", "to", "by")
	query.Set("format", "xlsx")
	return v.Download("/tender-analytics", query)
}
