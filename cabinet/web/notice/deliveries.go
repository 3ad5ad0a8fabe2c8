package notice

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type deliveriesView struct {
	Tabs           []pages.NavItem
	Channel, State string
	Channels       []pages.Option
	States         []pages.Option
	Rows           []deliveryRow
	Filtered       bool
	First, Next    string
}

type deliveryRow struct {
	delivery
	Subject string
	Channel string // in words
	Tag     pages.Tag
	Why     string
	At      time.Time
	Act     *pages.Act
}

// states of a delivery with their colours.
var states = []struct{ name, kind string }{
	{"waiting", "wait"}, {"digest", "wait"}, {"queued", "info"}, {"sent", "info"}, {"delivered", "go"}, {"failed", "stop"}, {"dropped", ""},
}

// deliveryList is «История уведомлений»: how the person was told, and whether it
// arrived (row 237).
func deliveryList(v *desk.Visit) error {
	view := deliveriesView{Tabs: tabs(v), Channel: v.Query("channel"), State: v.Query("state")}
	view.Filtered = view.Channel != "" || view.State != ""
	query := url.Values{}
	for _, name := range []string{"channel", "state", "notice"} {
		if value := v.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	if err := view.read(v, query); err != nil {
		return err
	}
	view.Channels = []pages.Option{{Value: "", Label: v.T("notices.any")}}
	for _, name := range channels {
		view.Channels = append(view.Channels, pages.Option{Value: name, Label: v.T("notices.channel." + name)})
	}
	view.States = []pages.Option{{Value: "", Label: v.T("notices.any")}}
	for _, s := range states {
		view.States = append(view.States, pages.Option{Value: s.name, Label: v.T("notices.state." + s.name)})
	}
	return v.Page(http.StatusOK, "notices_deliveries.html", "notices.deliveries.title", view)
}

func (d *deliveriesView) read(v *desk.Visit, query url.Values) error {
	const path = "/cabinet/notices/deliveries"
	asked := url.Values{"limit": {"25"}}
	for name, values := range query {
		asked[name] = values
	}
	if after := v.Query("after"); after != "" {
		asked.Set("after", after)
		d.First = path + "?" + query.Encode()
	}
	var found struct {
		Deliveries []delivery `json:"deliveries"`
		Next       string     `json:"next"`
	}
	if err := v.Get("/notices/deliveries", asked, &found); err != nil {
		return err
	}
	subjects, err := subjects(v)
	if err != nil {
		return err
	}
	for _, one := range found.Deliveries {
		d.Rows = append(d.Rows, newDeliveryRow(v, one, subjects[one.NoticeID]))
	}
	if found.Next != "" {
		query.Set("after", found.Next)
		d.Next = path + "?" + query.Encode()
	}
	return nil
}

// subjects names the newest notices, which are those that deliveries are about.
func subjects(v *desk.Visit) (map[string]string, error) {
	var found struct {
		Notices []notice `json:"notices"`
	}
	if err := v.Get("/notices", url.Values{"limit": {"100"}}, &found); err != nil {
		return nil, err
	}
	named := map[string]string{}
	for _, one := range found.Notices {
		named[one.ID] = one.Subject
	}
	return named, nil
}

// newDeliveryRow tells what came of a delivery. An old notice, and one that its reader
// may not learn of any more, has no subject.
func newDeliveryRow(v *desk.Visit, one delivery, subject string) deliveryRow {
	line := deliveryRow{delivery: one, Channel: v.T("notices.channel." + one.Channel), At: one.CreatedAt}
	if one.Reason != "" {
		line.Why = v.T("notices.reason." + one.Reason)
	}
	for _, s := range states {
		if s.name == one.State {
			line.Tag = pages.Tag{Kind: s.kind, Text: v.T("notices.state." + s.name)}
		}
	}
	if one.Actions.Allowed("resend") {
		line.Act = &pages.Act{Title: "notices.resend", URL: "/cabinet/notices/deliveries/" + desk.Escape(one.ID) + "/resend", Post: true, About: one.Target}
	}
	if line.Subject = subject; subject == "" {
		line.Subject = v.T("notices.hidden")
	}
	return line
}

// resend tells once more by the same channel.
func resend(v *desk.Visit) error {
	err := v.Post("/notices/deliveries/"+desk.Escape(v.PathValue("id"))+"/resend", nil, nil, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return err
	}
	return v.Done("/cabinet/notices/deliveries", "notices.done.resend")
}

type newsView struct {
	Tabs        []pages.NavItem
	News        []news
	First, Next string
}

// newsList shows what the service itself tells (row 238).
func newsList(v *desk.Visit) error {
	view := newsView{Tabs: tabs(v)}
	query := url.Values{"limit": {"20"}}
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		view.First = "/cabinet/news"
	}
	var found struct {
		News []news `json:"news"`
		Next string `json:"next"`
	}
	if err := v.Get("/news", query, &found); err != nil {
		return err
	}
	view.News = found.News
	if found.Next != "" {
		view.Next = "/cabinet/news?" + url.Values{"after": {found.Next}}.Encode()
	}
	return v.Page(http.StatusOK, "notices_news.html", "notices.tab.news", view)
}
