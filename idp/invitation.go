package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/storage"
)

// invitation shows who invites whom, to what.
func (s *Server) invitation(c echo.Context) error {
	view, err := s.invited(c)
	if err != nil {
		return err
	}
	return s.showInvitation(c, http.StatusOK, view)
}

func (s *Server) showInvitation(c echo.Context, status int, view directory.InvitationView, errs ...pages.FieldError) error {
	register := s.deps.Register
	if register != "" {
		register += "?" + url.Values{"invitation": {c.Param("token")}}.Encode()
	}
	return s.face.Render(c, status, pages.Invitation{
		Token:            c.Param("token"),
		OrganisationName: view.Organisation.Name,
		RoleLabel:        view.Role.Label(pages.Language(c.Request())),
		PersonName:       view.FirstName,
		Email:            view.Invitation.Email,
		Exists:           view.PersonID != "",
		RegisterURL:      register,
		Errors:           errs,
	})
}

// invited reads the invitation of the link. Links that lead nowhere are
// charged to the address.
func (s *Server) invited(c echo.Context) (directory.InvitationView, error) {
	ctx, r := c.Request().Context(), c.Request()
	if err := s.signIns.Open(ctx, browser.Address(r)); err != nil {
		return directory.InvitationView{}, err
	}
	view, err := s.deps.Directory.InvitationByToken(ctx, c.Param("token"))
	if errors.Is(err, storage.ErrNotFound) {
		if err := s.signIns.Fail(ctx, browser.Address(r)); err != nil {
			return view, err
		}
	}
	return view, refusedInvitation(err)
}

// refusedInvitation gives the directory's refusals their pages.
func refusedInvitation(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, directory.ErrBlocked):
		return browser.Fault{Status: http.StatusForbidden, Page: pages.FailureBlocked, Err: err}
	case errors.Is(err, directory.ErrOtherPerson):
		return browser.Fault{Status: http.StatusForbidden, Page: pages.FailureInvitationOther, Err: err}
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrUsed), errors.Is(err, storage.ErrExists),
		errors.Is(err, directory.ErrInvitationExpired), errors.Is(err, directory.ErrInvitationWithdrawn):
		return browser.Fault{Status: http.StatusGone, Page: pages.FailureInvitation, Err: err}
	default:
		return err
	}
}

// acceptInvitation takes the yes: a new person sets a password with it, one who
// is known signs in first.
func (s *Server) acceptInvitation(c echo.Context) error {
	view, err := s.invited(c)
	if err != nil {
		return err
	}
	if view.PersonID != "" {
		return s.joinSignedIn(c, view)
	}
	password, err := browser.Field(c.Request(), "password", maxPassword)
	if err != nil {
		return err
	}
	repeated, err := browser.Field(c.Request(), "password_again", maxPassword)
	if err != nil {
		return err
	}
	if password != repeated {
		return s.showInvitation(c, http.StatusUnprocessableEntity, view, browser.Wrong("password_again", "error.password_mismatch")...)
	}
	err = s.joinNew(c, view, password)
	if errs := browser.PasswordErrors(err); errs != nil {
		return s.showInvitation(c, http.StatusUnprocessableEntity, view, errs...)
	}
	if taken(err, "email") { // another invitation to the same mailbox was faster
		return browser.SeeOther(c, "/invitations/"+c.Param("token"))
	}
	return err
}

// joinSignedIn begins a sign-in of our own whose end is the membership.
func (s *Server) joinSignedIn(c echo.Context, view directory.InvitationView) error {
	a := &attempt{
		Invitation: c.Param("token"),
		Request: &oauth.AuthorizationRequest{
			ClientName: view.Organisation.Name, LoginHint: view.Invitation.Email, FirstParty: true,
		},
	}
	if err := s.open(c, a); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(a))
}

// joinNew makes the person, the password and the membership, all or nothing.
// The link came by e-mail, so the mailbox is proved.
func (s *Server) joinNew(c echo.Context, view directory.InvitationView, password string) error {
	var person directory.Person
	create := func(phone string) error {
		return s.deps.DB.Tx(c.Request().Context(), func(ctx context.Context) error {
			var err error
			person, err = s.deps.Directory.CreatePerson(ctx, directory.NewPerson{
				LastName: view.LastName, FirstName: view.FirstName, MiddleName: view.MiddleName,
				Email: view.Invitation.Email, EmailVerified: true, Phone: phone,
				Locale: pages.Language(c.Request()),
			})
			if err != nil {
				return err
			}
			if err := s.setPassword(ctx, person, view, password); err != nil {
				return err
			}
			_, err = s.deps.Directory.AcceptInvitation(ctx, directory.Actor{PersonID: person.ID}, c.Param("token"), person.ID)
			return err
		})
	}
	err := create(view.Invitation.Phone)
	if taken(err, "phone") { // whoever invited him mistyped it, or it was handed on
		err = create("")
	}
	if err != nil {
		return refusedInvitation(err)
	}
	return s.joined(c, view)
}

// taken tells that only this field belongs to somebody else.
func taken(err error, field string) bool {
	var fields directory.FieldErrors
	return errors.As(err, &fields) && len(fields) == 1 && fields[0].Field == field && fields[0].Code == "taken"
}

// join makes the signed-in person a member. The link came to his mailbox,
// which proves it if nothing has before.
func (s *Server) join(c echo.Context, token string, person directory.Person) error {
	ctx := c.Request().Context()
	view, err := s.deps.Directory.InvitationByToken(ctx, token)
	if err != nil {
		return refusedInvitation(err)
	}
	err = s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if view.PersonID == person.ID && !person.EmailVerified {
			if err := s.deps.Directory.ConfirmContact(ctx, person.ID, "email", view.Invitation.Email); err != nil {
				return fmt.Errorf("confirm mailbox: %w", err)
			}
		}
		_, err := s.deps.Directory.AcceptInvitation(ctx, directory.Actor{PersonID: person.ID}, token, person.ID)
		return err
	})
	if err != nil {
		return refusedInvitation(err)
	}
	return s.joined(c, view)
}

func (s *Server) joined(c echo.Context, view directory.InvitationView) error {
	return s.face.Render(c, http.StatusOK, pages.InvitationDone{
		OrganisationName: view.Organisation.Name,
		RoleLabel:        view.Role.Label(pages.Language(c.Request())),
		ContinueURL:      s.deps.Home,
	})
}

// setPassword holds those who can do most harm to the longer password.
func (s *Server) setPassword(ctx context.Context, person directory.Person, view directory.InvitationView, password string) error {
	policy := factor.PasswordPolicy{Forbidden: []string{view.Organisation.INN, view.Organisation.OGRN}}
	if view.Role == directory.Administrator || view.Role == directory.Head {
		policy.MinLength = factor.StrictPassword
	}
	return s.deps.Passwords.Set(ctx, person, password, policy)
}
