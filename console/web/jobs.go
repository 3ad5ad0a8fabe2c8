package web

import (
	"fmt"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const (
	jobsPlace   = Root + "/jobs"
	outboxPlace = Root + "/outbox"
)

type (
	depth struct {
		Due     int     `json:"due"`
		Delayed int     `json:"delayed"`
		Running int     `json:"running"`
		Dead    int     `json:"dead"`
		Lag     float64 `json:"lag_seconds"`
	}
	jobKinds struct {
		Depth depth `json:"depth"`
		Kinds []struct {
			Kind      string    `json:"kind"`
			Ready     int       `json:"ready"`
			Dead      int       `json:"dead"`
			OldestAt  time.Time `json:"oldest_at"`
			LastError string    `json:"last_error"`
		} `json:"kinds"`
	}
	deadJob struct {
		ID        string    `json:"id"`
		Kind      string    `json:"kind"`
		Attempt   int       `json:"attempt"`
		Most      int       `json:"max_attempts"`
		LastError string    `json:"last_error"`
		CreatedAt time.Time `json:"created_at"`
		DiedAt    time.Time `json:"died_at"`
	}
)

func jobRoutes() []desk.Route {
	return append([]desk.Route{
		desk.Get(jobsPlace, showJobs),
		desk.Get(jobsPlace+"/dead", listDead),
	}, routesOf(jobDeed("retry", false), jobDeed("drop", true))...)
}

func outboxRoutes() []desk.Route { return []desk.Route{desk.Get(outboxPlace, listOutbox)} }

func jobDeed(act string, stop bool) deed {
	return deed{
		name: "jobs." + act, path: jobsPlace + "/{id}/" + act, stop: stop,
		back: func(*desk.Visit) string { return jobsPlace + "/dead" },
		about: func(v *desk.Visit) ([]pages.Pair, error) {
			return []pages.Pair{pair("console.jobs.id", v.PathValue("id"))}, nil
		},
		do: func(v *desk.Visit) error {
			return v.Post(at("/jobs", v.PathValue("id"), act), reasoned(v), nil, once(v))
		},
	}
}

func showJobs(v *desk.Visit) error {
	var found jobKinds
	if err := v.Get("/jobs", nil, &found); err != nil {
		return err
	}
	d := found.Depth
	list := listView{Lead: "console.jobs.lead", Tabs: jobTabs(false, d.Dead)}
	list.Pairs = []pages.Pair{
		pair("console.jobs.due", fmt.Sprint(d.Due)), pair("console.jobs.delayed", fmt.Sprint(d.Delayed)), pair("console.jobs.running", fmt.Sprint(d.Running)),
		pair("console.jobs.dead", fmt.Sprint(d.Dead)), pair("console.jobs.lag", v.T("console.seconds", "Count", int(d.Lag))),
	}
	t := table{
		Title: "console.jobs.kinds", None: "console.jobs.kinds.none",
		Heads: []string{"console.jobs.kind", "console.jobs.ready", "console.jobs.dead", "console.jobs.oldest", "console.jobs.error"},
	}
	for _, one := range found.Kinds {
		dead := words(fmt.Sprint(one.Dead))
		if one.Dead > 0 {
			dead = link(fmt.Sprint(one.Dead), address(jobsPlace+"/dead", map[string][]string{"kind": {one.Kind}}))
		}
		t.Rows = append(t.Rows, []cell{words(one.Kind), words(fmt.Sprint(one.Ready)), dead, moment(one.OldestAt), words(orDash(one.LastError))})
	}
	list.Tables = []table{t}
	return list.show(v, "console.place.jobs")
}

func jobTabs(dead bool, count int) []pages.NavItem {
	return []pages.NavItem{
		{Title: "console.jobs.all", URL: jobsPlace, Current: !dead},
		{Title: "console.jobs.dead", URL: jobsPlace + "/dead", Current: dead, Count: count, Urgent: true},
	}
}

func listDead(v *desk.Visit) error {
	query := v.Kept("kind", "after")
	query.Set("limit", "50")
	var answer struct {
		Jobs []deadJob `json:"jobs"`
		Next string    `json:"next"`
	}
	if err := v.Get("/jobs/dead", query, &answer); err != nil {
		return err
	}
	t := table{
		Heads: []string{"console.jobs.kind", "console.jobs.error", "console.jobs.tries", "console.jobs.died", "console.acts"},
		None:  "console.jobs.dead.none", NoneText: "console.jobs.dead.none.text",
	}
	for _, one := range answer.Jobs {
		page := at(jobsPlace, one.ID)
		t.Rows = append(t.Rows, []cell{
			words(one.Kind), words(orDash(one.LastError)), words(fmt.Sprintf("%d / %d", one.Attempt, one.Most)), moment(one.DiedAt),
			{Acts: []pages.Act{{Title: "console.jobs.retry", URL: page + "/retry", About: one.Kind}, {Title: "console.jobs.drop", URL: page + "/drop", Stop: true, About: one.Kind}}},
		})
	}
	list := listView{Lead: "console.jobs.dead.lead", Tabs: jobTabs(true, 0), Tables: []table{t}}
	list.onward(v, jobsPlace+"/dead", "after", answer.Next, v.Kept("kind"))
	return list.show(v, "console.jobs.dead.title")
}

// listOutbox tells what has left the house: to whom is masked, and of the text nothing
// is told.
func listOutbox(v *desk.Visit) error {
	kept := v.Kept("channel")
	query := v.Kept("channel", "after")
	query.Set("limit", "50")
	var answer struct {
		Messages []struct {
			Channel   string    `json:"channel"`
			To        string    `json:"to"`
			CreatedAt time.Time `json:"created_at"`
			SentAt    time.Time `json:"sent_at"`
			State     string    `json:"state"`
		} `json:"messages"`
		Next string `json:"next"`
	}
	list := listView{Lead: "console.outbox.lead"}
	list.Filter = &filter{Action: outboxPlace, Act: "console.filter", On: len(kept) > 0, Fields: []field{
		{Kind: "select", Name: "channel", Label: "console.outbox.channel", Value: kept.Get("channel"), Options: options(v, "channel", "email", "sms", "push", "webhook")},
	}}
	if err := v.Get("/outbox", query, &answer); err != nil {
		return list.refused(v, "console.place.outbox", err, "channel")
	}
	t := table{
		Heads: []string{"console.outbox.to", "console.outbox.channel", "console.created", "console.outbox.sent", "console.state"},
		None:  "console.outbox.none", NoneText: "console.outbox.none.text",
	}
	for _, one := range answer.Messages {
		kind := map[string]string{"sent": "go", "waiting": "wait", "dead": "stop"}[one.State]
		t.Rows = append(t.Rows, []cell{words(one.To), words(named(v, "channel", one.Channel)), moment(one.CreatedAt), moment(one.SentAt), state(kind, named(v, "message", one.State))})
	}
	list.Tables = []table{t}
	list.onward(v, outboxPlace, "after", answer.Next, kept)
	return list.show(v, "console.place.outbox")
}
