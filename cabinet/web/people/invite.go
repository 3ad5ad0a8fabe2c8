package people

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// invitation is what the API takes and gives.
type invitation struct {
	ID         string    `json:"id,omitempty"`
	LastName   string    `json:"last_name"`
	FirstName  string    `json:"first_name"`
	MiddleName string    `json:"middle_name,omitempty"`
	Email      string    `json:"email"`
	Phone      string    `json:"phone,omitempty"`
	Role       string    `json:"role"`
	Position   string    `json:"position,omitempty"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	Expired    bool      `json:"expired,omitempty"`
}

type invitationRow struct {
	invitation
	Name, RoleLabel string
}

// invitations are shown above the first page of members only.
func invitations(v *desk.Visit, after string) ([]invitationRow, error) {
	if after != "" {
		return nil, nil
	}
	var found struct {
		Invitations []invitation `json:"invitations"`
	}
	if err := v.Get("/organization/invitations", nil, &found); err != nil {
		return nil, err
	}
	rows := make([]invitationRow, len(found.Invitations))
	for i, one := range found.Invitations {
		name := strings.Join(strings.Fields(one.LastName+" "+one.FirstName+" "+one.MiddleName), " ")
		rows[i] = invitationRow{invitation: one, Name: name, RoleLabel: v.T("role." + one.Role)}
	}
	return rows, nil
}

type inviteView struct {
	Form      invitation
	Roles     []pages.Option
	Explained []roleRow
}

// leastRole is the one the form begins with: more is given by choice, never by
// oversight.
const leastRole = "observer"

// inviteForm asks whom to invite.
func inviteForm(v *desk.Visit) error {
	if kept := v.Draft(); kept != nil {
		v.Notice("", "notice.repeat")
		return invitePage(v, http.StatusOK, formInvitation(kept))
	}
	return invitePage(v, http.StatusOK, invitation{Role: leastRole})
}

func invitePage(v *desk.Visit, status int, form invitation, errs ...pages.FieldError) error {
	view := inviteView{Form: form}
	var err error
	if view.Roles, view.Explained, err = roleOptions(v); err != nil {
		return err
	}
	return v.Page(status, "invite.html", "invite.title", view, errs...)
}

func formInvitation(form url.Values) invitation {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	return invitation{
		LastName: get("last_name"), FirstName: get("first_name"), MiddleName: get("middle_name"),
		Email: get("email"), Phone: get("phone"), Role: get("role"), Position: get("position"),
	}
}

// invite sends the invitation.
func invite(v *desk.Visit) error {
	form := formInvitation(v.Form())
	err := v.Post("/organization/invitations", form, nil)
	if err == nil {
		return v.Done("/cabinet/members", "done.invited")
	}
	status, errs, err := v.Faults(err, "last_name", "first_name", "middle_name", "email", "phone", "role", "position")
	if err != nil {
		return err
	}
	return invitePage(v, status, form, errs...)
}

func invitationOf(v *desk.Visit) string {
	return "/organization/invitations/" + desk.Escape(v.PathValue("id"))
}

func resend(v *desk.Visit) error {
	if err := v.Post(invitationOf(v)+"/resend", nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/members", "done.resent")
}

func withdraw(v *desk.Visit) error {
	if err := v.Delete(invitationOf(v), nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/members", "done.withdrawn")
}
