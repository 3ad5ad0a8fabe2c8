package cabinet

import (
	"net/http"
	"strings"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// invitationView is an open invitation. It never carries the link's secret, which
// belongs to the mailbox that it was sent to.
type invitationView struct {
	ID         string                 `json:"id"`
	LastName   string                 `json:"last_name"`
	FirstName  string                 `json:"first_name"`
	MiddleName string                 `json:"middle_name"`
	Email      string                 `json:"email"`
	Phone      string                 `json:"phone"`
	Role       directory.Role         `json:"role"`
	Grants     []directory.Permission `json:"grants"`
	Denials    []directory.Permission `json:"denials"`
	Position   string                 `json:"position"`
	CreatedAt  storage.Time           `json:"created_at"`
	SentAt     storage.Time           `json:"sent_at"`
	ExpiresAt  storage.Time           `json:"expires_at"`
	Expired    bool                   `json:"expired"` // its link no longer works; it can be sent again
}

func (s *Server) newInvitationView(i directory.Invitation) invitationView {
	return invitationView{
		ID: i.ID, LastName: i.LastName, FirstName: i.FirstName, MiddleName: i.MiddleName,
		Email: i.Email, Phone: i.Phone, Role: i.Role, Grants: api.List(i.Grants), Denials: api.List(i.Denials),
		Position: i.Position, CreatedAt: i.CreatedAt, SentAt: i.SentAt, ExpiresAt: i.ExpiresAt,
		Expired: i.Expired(storage.Of(s.Now())),
	}
}

// invitationsView is one page; Next is the after= of the next one.
type invitationsView struct {
	Invitations []invitationView `json:"invitations"`
	Next        string           `json:"next,omitempty"`
}

// invitations answers GET /v1/organization/invitations.
func (s *Server) invitations(c api.Call) error {
	page, err := c.DirectoryPage()
	if err != nil {
		return err
	}
	found, next, err := s.Directory.Invitations(c.Ctx(), c.Claims.OrganisationID(), page)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	view := invitationsView{Invitations: make([]invitationView, len(found)), Next: next}
	for i, invitation := range found {
		view.Invitations[i] = s.newInvitationView(invitation)
	}
	return api.Answer(c, http.StatusOK, "", view)
}

type newInvitation struct {
	LastName   string                 `json:"last_name"`
	FirstName  string                 `json:"first_name"`
	MiddleName string                 `json:"middle_name"`
	Email      string                 `json:"email"`
	Phone      string                 `json:"phone"`
	Role       directory.Role         `json:"role"`
	Grants     []directory.Permission `json:"grants"`
	Denials    []directory.Permission `json:"denials"`
	Position   string                 `json:"position"`
}

// invite answers POST /v1/organization/invitations.
func (s *Server) invite(c api.Call) error {
	var body newInvitation
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	invitation, err := s.Directory.Invite(c.Ctx(), c.Actor(), c.Claims.OrganisationID(), directory.Invitation{
		LastName: body.LastName, FirstName: body.FirstName, MiddleName: body.MiddleName,
		Email: strings.TrimSpace(body.Email), Phone: body.Phone, Role: body.Role, // a blank one is a missing one
		Grants: body.Grants, Denials: body.Denials, Position: body.Position,
	})
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	c.Response().Header().Set("Location", "/v1/organization/invitations/"+invitation.ID)
	return api.Answer(c, http.StatusCreated, "", s.newInvitationView(invitation))
}

// resendInvitation answers POST /v1/organization/invitations/{id}/resend.
func (s *Server) resendInvitation(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	invitation, err := s.Directory.ResendInvitation(c.Ctx(), c.Actor(), c.Claims.OrganisationID(), id)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, "", s.newInvitationView(invitation))
}

// withdrawInvitation answers DELETE /v1/organization/invitations/{id}.
func (s *Server) withdrawInvitation(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	err = s.Directory.WithdrawInvitation(c.Ctx(), c.Actor(), c.Claims.OrganisationID(), id)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}

// acceptInvitation answers POST /v1/invitations/accept. The token comes in the
// body, since an address ends up in logs.
func (s *Server) acceptInvitation(c api.Call) error {
	var body struct {
		Token string `json:"token"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if body.Token == "" {
		return api.InvalidField("/token", "required")
	}
	membership, err := s.Directory.AcceptInvitation(c.Ctx(), c.Actor(), body.Token, c.Claims.Subject)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	lang := api.LanguageOf(c.Request())
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", newMembershipView(membership, c.Claims, lang))
}
