package service

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/request"
	"propusk/idp/pages"
)

type submittedView struct {
	Application application
	URL         string
	Thread      string // of the experts
	Tag         pages.Tag
	Facts       []pages.Pair
	Story       []pages.Moment
	Results     []pages.Attached
	Requested   []documentBox
	Asked       []askedPost
	Offers      []pages.Offer
	Supplement  bool
	DueAt       time.Time
}

type askedPost struct {
	Direction, Author, Text string
	CreatedAt               time.Time
}

// showSubmitted tells what became of an application: its status as a story, the
// experts' questions, the result (rows 196–200).
func showSubmitted(v *desk.Visit, status int, a application, errs ...pages.FieldError) error {
	var asked inquiry
	if err := v.Get("/organization/requests/"+desk.Escape(a.ID), nil, &asked); err != nil {
		return err
	}
	view := submittedView{Application: a, URL: pathOf(a.ID), Thread: "/cabinet/requests/" + desk.Escape(a.ID), Tag: tagOf(v, a.item), DueAt: asked.DueAt}
	view.describe(v)
	view.heard(asked)
	if err := view.story(v); err != nil {
		return err
	}
	if err := view.wanted(v, errs); err != nil {
		return err
	}
	post := func(name string, stop bool) pages.Act {
		act := pages.Act{Title: "service.act." + name, URL: view.URL + "/" + name, Post: true, Stop: stop}
		if stop {
			act.Ask = "service.ask." + name
		}
		return act
	}
	view.Offers = v.Offers(a.Actions,
		desk.Offer{Action: "renew", Act: post("renew", false), Main: true, Hide: true},
		desk.Offer{Action: "supplement", Act: pages.Act{Title: "service.act.reply", URL: view.Thread + "#answer"}, Hide: true},
		desk.Offer{Action: "withdraw", Act: post("withdraw", true), Hide: true},
	)
	return v.Page(status, "service_submitted.html", a.Title, view, errs...)
}

func (s *submittedView) describe(v *desk.Visit) {
	a := s.Application
	s.Facts = []pages.Pair{{Label: "service.number", Text: a.Number}, {Label: "service.submitted", At: a.SubmittedAt}}
	for _, one := range []struct{ label, status string }{{"service.review", a.ReviewStatus}, {"service.licence", a.LicenceStatus}} {
		if one.status != "" {
			tag := &pages.Tag{Kind: request.StatusKind(one.status), Text: v.T("request.status." + one.status)}
			s.Facts = append(s.Facts, pages.Pair{Label: one.label, Tag: tag})
		}
	}
	if a.Signature != nil {
		s.Facts = append(s.Facts, pages.Pair{Label: "service.signed_by", Text: a.Signature.Subject.CommonName})
	}
	if !a.ValidUntil.IsZero() {
		s.Facts = append(s.Facts, pages.Pair{Label: "service.until", Text: a.ValidUntil.In(desk.Moscow).Format("02.01.2006")})
	}
}

// heard takes the results and the newest words of the thread.
func (s *submittedView) heard(asked inquiry) {
	for _, f := range asked.Documents {
		if f.Result {
			s.Results = append(s.Results, pages.Attached{Name: f.Name, Size: f.Size, URL: s.Thread + "/files/" + desk.Escape(f.ID)})
		}
	}
	for _, m := range asked.Messages[:min(len(asked.Messages), 3)] {
		if m.Kind != "opening" && m.Text != "" {
			s.Asked = append(s.Asked, askedPost{m.Direction, m.Author, m.Text, m.CreatedAt})
		}
	}
	slices.Reverse(s.Asked)
}

// ahead are the statuses that usually follow one that is not the end.
var ahead = map[string][]string{
	"submitted": {"in_review", "in_work", "expertise"}, "in_review": {"in_work", "expertise"}, "in_work": {"expertise"},
}

// story is what has happened, from the beginning, and what is usually next.
func (s *submittedView) story(v *desk.Visit) error {
	var found struct {
		History []struct {
			At          time.Time `json:"at"`
			Act         string    `json:"act"`
			Actor       string    `json:"actor"`
			StatusAfter string    `json:"status_after"`
			StatusLabel string    `json:"status_label"`
		} `json:"history"`
	}
	if err := v.Get("/organization/requests/"+desk.Escape(s.Application.ID)+"/history", url.Values{"limit": {"100"}}, &found); err != nil {
		return err
	}
	last := ""
	for _, act := range slices.Backward(found.History) {
		if act.StatusAfter == "" || act.StatusAfter == last {
			continue
		}
		last = act.StatusAfter
		s.Story = append(s.Story, pages.Moment{Title: act.StatusLabel, At: act.At, Who: act.Actor, Kind: request.StatusKind(act.StatusAfter)})
	}
	if len(s.Story) > 0 {
		s.Story[len(s.Story)-1].Here = true
	}
	for _, next := range ahead[s.Application.Status] {
		s.Story = append(s.Story, pages.Moment{Title: v.T("request.status." + next), Ahead: true})
	}
	if !slices.Contains([]string{"approved", "rejected", "withdrawn"}, s.Application.Status) {
		s.Story = append(s.Story, pages.Moment{Title: "service.decision", Ahead: true})
	}
	return nil
}

// wanted offers to add what the authority has asked for, and what the card takes
// besides.
func (s *submittedView) wanted(v *desk.Visit, errs []pages.FieldError) error {
	s.Supplement = s.Application.Actions.Allowed("supplement") || stronger(s.Application.Actions, "supplement")
	if !s.Supplement {
		return nil
	}
	var c card
	if err := v.Get("/services/"+desk.Escape(s.Application.Service), nil, &c); err != nil {
		return err
	}
	for _, row := range documentRows(v, c.Documents) {
		box := newDocumentBox(v, row, s.Application, "", errs)
		for _, line := range s.Application.Checklist {
			if line.Document == row.Name && line.Requested {
				s.Requested = append(s.Requested, box)
			}
		}
	}
	return nil
}

// supplement sends what was asked for.
func supplement(v *desk.Visit) error {
	name := v.Value("document")
	added, faults, err := uploaded(v, name)
	if err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	if len(faults) == 0 {
		body := map[string]any{"text": v.Form().Get("text"), "documents": added}
		err := v.Post(apiOf(v)+"/documents", body, nil, desk.IdempotencyKey(v.FormKey()))
		if err == nil {
			return v.Done(pathOf(v.PathValue("id")), "service.done.supplement")
		}
		if status, faults, err = v.Faults(err); err != nil {
			return err
		}
	}
	a, _, err := read(v)
	if err != nil {
		return err
	}
	return showSubmitted(v, status, a, faults...)
}

func withdraw(v *desk.Visit) error {
	if err := v.Post("/organization/requests/"+desk.Escape(v.PathValue("id"))+"/withdraw", nil, nil); err != nil {
		return err
	}
	return v.Done(pathOf(v.PathValue("id")), "service.done.withdraw")
}

// renew begins an application that prolongs this one, filled in from it (row 200).
func renew(v *desk.Visit) error {
	var made item
	err := v.Post("/organization/applications", map[string]any{"renews": v.PathValue("id")}, &made, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return err
	}
	return v.Done(pathOf(made.ID), "service.done.renew")
}

// protocol is the protocol of submission, as PDF (row 202).
func protocol(v *desk.Visit) error { return v.Download(apiOf(v)+"/protocol/file", nil) }
