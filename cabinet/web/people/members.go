package people

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// The answers of the API, as far as the pages show them.
type (
	person struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Phone string `json:"phone"`
	}
	member struct {
		ID          string    `json:"id"`
		Person      person    `json:"person"`
		Role        string    `json:"role"`
		Grants      []string  `json:"grants"`
		Denials     []string  `json:"denials"`
		Permissions []string  `json:"permissions"`
		Position    string    `json:"position"`
		ActivatedAt time.Time `json:"activated_at"`
		StoppedAt   time.Time `json:"stopped_at"` // zero while he may come in
	}
)

type memberRow struct {
	ID, Name, Email, Position string
	Role                      string // in words
	Self, Stopped             bool
}

type membersView struct {
	Members     []memberRow
	Invitations []invitationRow
	May         bool        // change anything here
	Lack        *pages.Lack // why not
	First, Next string
}

// list shows who is in the organisation and who is invited.
func list(v *desk.Visit) error {
	var found struct {
		Members []member `json:"members"`
		Next    string   `json:"next"`
	}
	query := url.Values{}
	after := v.Query("after")
	if after != "" {
		query.Set("after", after)
	}
	if err := v.Get("/organization/members", query, &found); err != nil {
		return err
	}
	view := membersView{May: v.May("members:write"), Lack: v.Lack("members:write")}
	for _, m := range found.Members {
		view.Members = append(view.Members, memberRow{
			ID: m.ID, Name: m.Person.Name, Email: m.Person.Email, Position: m.Position,
			Role: v.T("role." + m.Role), Self: m.Person.ID == v.Person().ID, Stopped: !m.StoppedAt.IsZero(),
		})
	}
	if after != "" {
		view.First = "/cabinet/members"
	}
	if found.Next != "" {
		view.Next = "/cabinet/members?" + url.Values{"after": {found.Next}}.Encode()
	}
	var err error
	if view.Invitations, err = invitations(v, after); err != nil {
		return err
	}
	return v.Page(http.StatusOK, "members.html", "place.members", view)
}

type memberView struct {
	Member      member
	Name        string
	RoleLabel   string
	Role        string // chosen in the form
	Roles       []pages.Option
	Explained   []roleRow
	Permissions []string // in words
	May, Self   bool
}

// apiOf is the member of the page in the API.
func apiOf(v *desk.Visit) string { return "/organization/members/" + desk.Escape(v.PathValue("id")) }

// show is one person's role and rights, and how to change them.
func show(v *desk.Visit) error { return memberPage(v, http.StatusOK, v.Form().Get("role")) }

// memberPage draws the page; role is what the form shows when not the member's.
func memberPage(v *desk.Visit, status int, role string, errs ...pages.FieldError) error {
	view := memberView{May: v.May("members:write"), Role: role}
	if err := v.Get(apiOf(v), nil, &view.Member); err != nil {
		return err
	}
	view.Name, view.RoleLabel = view.Member.Person.Name, v.T("role."+view.Member.Role)
	view.Self = view.Member.Person.ID == v.Person().ID
	if view.Role == "" {
		view.Role = view.Member.Role
	}
	for _, name := range view.Member.Permissions {
		view.Permissions = append(view.Permissions, v.T("scope."+name))
	}
	var err error
	if view.Roles, view.Explained, err = roleOptions(v); err != nil {
		return err
	}
	return v.Page(status, "member.html", view.Name, view, errs...)
}

// changeRole gives the member another role; it is in force at once.
func changeRole(v *desk.Visit) error {
	wanted := v.Value("role")
	err := v.Patch(apiOf(v), map[string]string{"role": wanted}, nil)
	if err == nil {
		return v.Done("/cabinet/members", "done.role")
	}
	status, errs, err := v.Faults(err)
	if err != nil {
		return err
	}
	return memberPage(v, status, wanted, errs...)
}

// resume lets a member who was stopped come in again.
func resume(v *desk.Visit) error {
	err := v.Delete(apiOf(v)+"/stop", nil, nil)
	if err == nil {
		return v.Done("/cabinet/members", "done.resumed")
	}
	status, errs, err := v.Faults(err)
	if err != nil {
		return err
	}
	return memberPage(v, status, "", errs...)
}

// remove takes the member out of the organisation.
func remove(v *desk.Visit) error {
	err := v.Delete(apiOf(v), nil, nil)
	if err == nil {
		return v.Done("/cabinet/members", "done.removed")
	}
	status, errs, err := v.Faults(err)
	if err != nil {
		return err
	}
	return memberPage(v, status, "", errs...)
}
