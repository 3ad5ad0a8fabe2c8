package request

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// planForm says who answers for a request and by when it is done.
type planForm struct {
	Offered     bool
	Sent        bool   // the form was sent: what it says stands above what is known
	Responsible string // member id
	Execution   string // a day
	Tag         string // of the state that the form was drawn from
	Members     []pages.Option
}

// prepare fills in what is known, when the caller may plan at all.
func (p *planForm) prepare(v *desk.Visit, o one, tag string) error {
	action := o.Actions.Find("plan")
	if action == nil || !action.Allowed && action.Reason != "assurance_insufficient" {
		return nil
	}
	p.Offered = true
	if !p.Sent {
		p.Tag = tag
		if o.Responsible != nil {
			p.Responsible = o.Responsible.MemberID
		}
		if !o.ExecutionAt.IsZero() {
			p.Execution = o.ExecutionAt.In(desk.Moscow).Format(time.DateOnly)
		}
	}
	return p.members(v, o)
}

// members are those who may answer. Who may not see the list keeps the one who does.
func (p *planForm) members(v *desk.Visit, o one) error {
	p.Members = []pages.Option{{Value: "", Label: v.T("request.plan.nobody")}}
	if o.Responsible != nil {
		p.Members = append(p.Members, pages.Option{Value: o.Responsible.MemberID, Label: o.Responsible.Name})
	}
	if !v.May("members:read") {
		return nil
	}
	var found struct {
		Members []struct {
			ID          string      `json:"id"`
			Person      desk.Person `json:"person"`
			Permissions []string    `json:"permissions"`
		} `json:"members"`
	}
	if err := v.Get("/organization/members", url.Values{"limit": {"100"}}, &found); err != nil {
		return err
	}
	for _, m := range found.Members {
		known := slices.ContainsFunc(p.Members, func(o pages.Option) bool { return o.Value == m.ID })
		if !known && slices.Contains(m.Permissions, "requests:write") {
			p.Members = append(p.Members, pages.Option{Value: m.ID, Label: m.Person.Name})
		}
	}
	return nil
}

// plan stores who answers and by when.
func plan(v *desk.Visit) error {
	form := planForm{Sent: true, Responsible: v.Value("responsible_id"), Execution: v.Value("execution_at"), Tag: v.Value("etag")}
	day, err := desk.Day(form.Execution)
	if err != nil {
		return page(v, http.StatusUnprocessableEntity, replyForm{Kind: "reply"}, form, pages.FieldError{Field: "execution_at", Key: "desk.day.wrong"})
	}
	body := map[string]any{"responsible_id": nil, "execution_at": nil}
	if form.Responsible != "" {
		body["responsible_id"] = form.Responsible
	}
	if !day.IsZero() {
		body["execution_at"] = desk.EndOfDay(day)
	}
	err = v.Patch(apiOf(v), body, nil, desk.IfMatch(form.Tag))
	if err == nil {
		return v.Done(pathOf(v.PathValue("id")), "request.done.plan")
	}
	status, errs, err := v.Faults(err, "responsible_id", "execution_at")
	if err != nil {
		return err
	}
	return page(v, status, replyForm{Kind: "reply"}, form, errs...)
}
