package web

import (
	"fmt"
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// matter is one thing that waits for operators.
type matter struct {
	Title, Text, URL string
	Tag              pages.Tag
}

type todayView struct {
	Matters []matter
	Looks   *looksLeft
}

// listLimit is how many waiting things are counted; more are told as "more than".
const listLimit = 50

// today tells what waits for the operator, by his roles.
func today(v *desk.Visit) error {
	me, err := whoami(v)
	if err != nil {
		return err
	}
	view := todayView{}
	for _, part := range []struct {
		role string
		read func(*desk.Visit) (matter, error)
	}{
		{moderator, moderationMatter}, {support, ticketMatter}, {support, recoveryMatter}, {security, trustMatter}, {security, jobMatter},
	} {
		if !v.May(part.role) {
			continue
		}
		found, err := part.read(v)
		if err != nil {
			return err
		}
		view.Matters = append(view.Matters, found)
	}
	if v.May(support) && me.Looks.Limit > 0 {
		view.Looks = &me.Looks
	}
	return v.Page(http.StatusOK, "console-today.html", "console.today.title", view)
}

// counted says how many wait: nothing is quiet, something is amber.
func counted(v *desk.Visit, m matter, count int) matter {
	m.Tag = pages.Tag{Text: v.T("console.today.nothing")}
	if count > 0 {
		m.Tag = pages.Tag{Kind: "wait", Text: fmt.Sprint(count)}
	}
	if count >= listLimit {
		m.Tag.Text = v.T("console.today.many", "Count", listLimit)
	}
	return m
}

func moderationMatter(v *desk.Visit) (matter, error) {
	found, _, err := queue(v, url.Values{"state": {"waiting"}, "limit": {fmt.Sprint(listLimit)}})
	return counted(v, matter{Title: "console.place.moderation", Text: "console.today.moderation", URL: moderationPlace}, len(found)), err
}

func ticketMatter(v *desk.Visit) (matter, error) {
	found, err := waitingTickets(v, fmt.Sprint(listLimit))
	return counted(v, matter{Title: "console.place.tickets", Text: "console.today.tickets", URL: ticketsPlace}, len(found)), err
}

func recoveryMatter(v *desk.Visit) (matter, error) {
	found, err := openRecoveries(v)
	waiting := 0
	for _, one := range found {
		if one.State == "proposed" && !one.Mine {
			waiting++
		}
	}
	return counted(v, matter{Title: "console.place.recoveries", Text: "console.today.recoveries", URL: recoveriesPlace}, waiting), err
}

func trustMatter(v *desk.Visit) (matter, error) {
	m := matter{Title: "console.place.trust", Text: "console.today.trust", URL: trustPlace, Tag: pages.Tag{Kind: "go", Text: v.T("console.today.well")}}
	var found trusted
	err := v.Get("/trust", nil, &found)
	if found.Warning != "" {
		m.Tag, m.Text = pages.Tag{Kind: "stop", Text: v.T("console.today.look")}, found.Warning
	}
	return m, err
}

func jobMatter(v *desk.Visit) (matter, error) {
	var found jobKinds
	err := v.Get("/jobs", nil, &found)
	m := counted(v, matter{Title: "console.jobs.dead.title", Text: "console.today.jobs", URL: jobsPlace + "/dead"}, found.Depth.Dead)
	if found.Depth.Dead > 0 {
		m.Tag.Kind = "stop"
	}
	return m, err
}
