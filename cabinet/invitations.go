package cabinet

import (
	"net/http"
	"strings"

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
		Email: i.Email, Phone: i.Phone, Role: i.Role, Grants: list(i.Grants), Denials: list(i.Denials),
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
func (s *Server) invitations(c call) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	found, next, err := s.Directory.Invitations(c.ctx(), c.claims.OrganisationID(), page)
	if err != nil {
		return directoryRefusal(err)
	}
	view := invitationsView{Invitations: make([]invitationView, len(found)), Next: next}
	for i, invitation := range found {
		view.Invitations[i] = s.newInvitationView(invitation)
	}
	return answer(c, http.StatusOK, "", view)
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
func (s *Server) invite(c call) error {
	var body newInvitation
	if err := readObject(c, &body); err != nil {
		return err
	}
	invitation, err := s.Directory.Invite(c.ctx(), c.actor(), c.claims.OrganisationID(), directory.Invitation{
		LastName: body.LastName, FirstName: body.FirstName, MiddleName: body.MiddleName,
		Email: strings.TrimSpace(body.Email), Phone: body.Phone, Role: body.Role, // a blank one is a missing one
		Grants: body.Grants, Denials: body.Denials, Position: body.Position,
	})
	if err != nil {
		return directoryRefusal(err)
	}
	c.Response().Header().Set("Location", "/v1/organization/invitations/"+invitation.ID)
	return answer(c, http.StatusCreated, "", s.newInvitationView(invitation))
}

// resendInvitation answers POST /v1/organization/invitations/{id}/resend.
func (s *Server) resendInvitation(c call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	invitation, err := s.Directory.ResendInvitation(c.ctx(), c.actor(), c.claims.OrganisationID(), id)
	if err != nil {
		return directoryRefusal(err)
	}
	return answer(c, http.StatusOK, "", s.newInvitationView(invitation))
}

// withdrawInvitation answers DELETE /v1/organization/invitations/{id}.
func (s *Server) withdrawInvitation(c call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	err = s.Directory.WithdrawInvitation(c.ctx(), c.actor(), c.claims.OrganisationID(), id)
	if err != nil {
		return directoryRefusal(err)
	}
	return noContent(c)
}

// acceptInvitation answers POST /v1/invitations/accept. The token comes in the
// body, since an address ends up in logs.
func (s *Server) acceptInvitation(c call) error {
	var body struct {
		Token string `json:"token"`
	}
	if err := readObject(c, &body); err != nil {
		return err
	}
	if body.Token == "" {
		return invalidField("/token", "required")
	}
	membership, err := s.Directory.AcceptInvitation(c.ctx(), c.actor(), body.Token, c.claims.Subject)
	if err != nil {
		return directoryRefusal(err)
	}
	lang := languageOf(c.Request())
	speaks(c, lang)
	return answer(c, http.StatusOK, "", newMembershipView(membership, c.claims, lang))
}
