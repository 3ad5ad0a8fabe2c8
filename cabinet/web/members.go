package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/pages"
)

type memberRow struct {
	ID, Name, Email, Position string
	Role                      string // in words
	Self                      bool
}

type invitationRow struct {
	invitation
	Name, RoleLabel string
}

type membersView struct {
	Members     []memberRow
	Invitations []invitationRow
	Notice      string
	May         bool // change anything here
	First, Next string
}

// notices that a finished act may leave behind, by the query's `done`.
var notices = []string{"invited", "role", "removed", "resent", "withdrawn"}

// members lists who is in the organisation and who is invited.
func (v *visit) members() error {
	after := v.r.URL.Query().Get("after")
	var found members
	if err := v.call(http.MethodGet, with("/organization/members", map[string]string{"after": after}), nil, &found); err != nil {
		return err
	}
	view := membersView{May: v.may("members:write")}
	for _, m := range found.Members {
		view.Members = append(view.Members, memberRow{
			ID: m.ID, Name: m.Person.Name, Email: m.Person.Email, Position: m.Position,
			Role: v.t("role." + m.Role), Self: m.Person.ID == v.session.Subject,
		})
	}
	if after != "" {
		view.First = "/cabinet/members"
	}
	if found.Next != "" {
		view.Next = with("/cabinet/members", map[string]string{"after": found.Next})
	}
	if done := v.r.URL.Query().Get("done"); slices.Contains(notices, done) {
		view.Notice = v.t("done." + done)
	}
	if v.draft() != nil {
		view.Notice = v.t("notice.repeat")
	}
	var err error
	view.Invitations, err = v.invitations(after)
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "members.html", "place.members", view)
}

// invitations are shown above the first page of members only.
func (v *visit) invitations(after string) ([]invitationRow, error) {
	if after != "" {
		return nil, nil
	}
	var found struct {
		Invitations []invitation `json:"invitations"`
	}
	if err := v.call(http.MethodGet, "/organization/invitations", nil, &found); err != nil {
		return nil, err
	}
	rows := make([]invitationRow, len(found.Invitations))
	for i, one := range found.Invitations {
		name := strings.Join(strings.Fields(one.LastName+" "+one.FirstName+" "+one.MiddleName), " ")
		rows[i] = invitationRow{invitation: one, Name: name, RoleLabel: v.t("role." + one.Role)}
	}
	return rows, nil
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
	Notice      string
}

type roleRow struct{ Label, Permissions string }

// member shows one person's role and rights, and how to change them.
func (v *visit) member() error {
	kept := v.draft()
	return v.memberPage(http.StatusOK, kept.Get("role"), map[bool]string{true: "notice.repeat"}[kept != nil])
}

// memberPage draws the page; role is what the form shows when not the member's.
func (v *visit) memberPage(status int, role, notice string, errs ...pages.FieldError) error {
	view := memberView{May: v.may("members:write"), Role: role}
	path := "/organization/members/" + url.PathEscape(v.r.PathValue("id"))
	if err := v.call(http.MethodGet, path, nil, &view.Member); err != nil {
		return err
	}
	view.Name, view.RoleLabel = view.Member.Person.Name, v.t("role."+view.Member.Role)
	view.Self = view.Member.Person.ID == v.session.Subject
	if view.Role == "" {
		view.Role = view.Member.Role
	}
	if notice != "" {
		view.Notice = v.t(notice)
	}
	for _, name := range view.Member.Permissions {
		view.Permissions = append(view.Permissions, v.t("scope."+name))
	}
	var err error
	if view.Roles, view.Explained, err = v.roleOptions(); err != nil {
		return err
	}
	return v.page(status, "member.html", view.Name, view, errs...)
}

// roleOptions are the roles that can be given, and what each opens.
func (v *visit) roleOptions() ([]pages.Option, []roleRow, error) {
	var found struct {
		Roles       []role `json:"roles"`
		Permissions []struct {
			Permission string `json:"permission"`
			Label      string `json:"label"`
		} `json:"permissions"`
	}
	if err := v.call(http.MethodGet, "/organization/roles", nil, &found); err != nil {
		return nil, nil, err
	}
	labels := map[string]string{}
	for _, p := range found.Permissions {
		labels[p.Permission] = p.Label
	}
	var options []pages.Option
	var rows []roleRow
	for _, r := range found.Roles {
		options = append(options, pages.Option{Value: r.Role, Label: r.Label})
		words := make([]string, len(r.Permissions))
		for i, name := range r.Permissions {
			words[i] = labels[name]
		}
		rows = append(rows, roleRow{Label: r.Label, Permissions: strings.Join(words, ", ")})
	}
	return options, rows, nil
}

// changeRole gives the member another role; it is in force at once.
func (v *visit) changeRole() error {
	wanted := v.r.PostForm.Get("role")
	err := v.call(http.MethodPatch, "/organization/members/"+url.PathEscape(v.r.PathValue("id")), map[string]string{"role": wanted}, nil)
	if err == nil {
		return v.redirect("/cabinet/members?done=role")
	}
	status, errs, err := v.faults(err, nil)
	if err != nil {
		return err
	}
	return v.memberPage(status, wanted, "", errs...)
}

// removeMember takes the member out of the organisation.
func (v *visit) removeMember() error {
	err := v.call(http.MethodDelete, "/organization/members/"+url.PathEscape(v.r.PathValue("id")), nil, nil)
	if err == nil {
		return v.redirect("/cabinet/members?done=removed")
	}
	status, errs, err := v.faults(err, nil)
	if err != nil {
		return err
	}
	return v.memberPage(status, "", "", errs...)
}

type inviteView struct {
	Form      invitation
	Roles     []pages.Option
	Explained []roleRow
	Notice    string
}

// leastRole is the one the form begins with: more is given by choice, never by
// oversight.
const leastRole = "observer"

// inviteForm asks whom to invite.
func (v *visit) inviteForm() error {
	kept := v.draft()
	if kept == nil {
		return v.invitePage(http.StatusOK, invitation{Role: leastRole}, "")
	}
	return v.invitePage(http.StatusOK, formInvitation(kept), "notice.repeat")
}

func (v *visit) invitePage(status int, form invitation, notice string, errs ...pages.FieldError) error {
	view := inviteView{Form: form}
	if notice != "" {
		view.Notice = v.t(notice)
	}
	var err error
	if view.Roles, view.Explained, err = v.roleOptions(); err != nil {
		return err
	}
	return v.page(status, "invite.html", "invite.title", view, errs...)
}

func formInvitation(form url.Values) invitation {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	return invitation{
		LastName: get("last_name"), FirstName: get("first_name"), MiddleName: get("middle_name"),
		Email: get("email"), Phone: get("phone"), Role: get("role"), Position: get("position"),
	}
}

// inviteFields are the fields of the form, named as in the API.
var inviteFields = []string{"last_name", "first_name", "middle_name", "email", "phone", "role", "position"}

// invite sends the invitation.
func (v *visit) invite() error {
	form := formInvitation(v.r.PostForm)
	err := v.call(http.MethodPost, "/organization/invitations", form, nil)
	if err == nil {
		return v.redirect("/cabinet/members?done=invited")
	}
	status, errs, err := v.faults(err, inviteFields)
	if err != nil {
		return err
	}
	return v.invitePage(status, form, "", errs...)
}

func (v *visit) resendInvitation() error {
	path := "/organization/invitations/" + url.PathEscape(v.r.PathValue("id"))
	if err := v.call(http.MethodPost, path+"/resend", nil, nil); err != nil {
		return err
	}
	return v.redirect("/cabinet/members?done=resent")
}

func (v *visit) withdrawInvitation() error {
	path := "/organization/invitations/" + url.PathEscape(v.r.PathValue("id"))
	if err := v.call(http.MethodDelete, path, nil, nil); err != nil {
		return err
	}
	return v.redirect("/cabinet/members?done=withdrawn")
}

// faults turns a refusal of a form into what is wrong with it, in the API's own
// words; fields are those of the form. Other errors come back as they are.
func (v *visit) faults(err error, fields []string) (int, []pages.FieldError, error) {
	problem, ok := errors.AsType[*Problem](err)
	if !ok || problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusNotFound {
		return 0, nil, err
	}
	var errs []pages.FieldError
	for _, fault := range problem.Errors {
		name := strings.TrimPrefix(fault.Pointer, "/")
		if !slices.Contains(fields, name) {
			name = ""
		}
		errs = append(errs, pages.FieldError{Field: name, Key: fault.Detail})
	}
	if len(errs) == 0 {
		errs = []pages.FieldError{{Key: v.told(problem)}}
	}
	return problem.Status, errs, nil
}
