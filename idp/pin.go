package idp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// maxPIN bounds what is typed as a PIN, in bytes.
const maxPIN = 16

// showPIN asks for the PIN of the organisation, or for a first one. left is how
// many tries are left; 0 = nothing is told.
func (s *Server) showPIN(c echo.Context, t *turn, status, left int, errs ...pages.FieldError) error {
	organisation, err := s.deps.Directory.Organisation(c.Request().Context(), t.organisationID())
	if err != nil {
		return fmt.Errorf("name organisation: %w", err)
	}
	return s.draw(c, t, status, pages.PIN{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI,
		PersonName: t.person.FullName(), OrganisationName: organisation.Name,
		Set: t.step.Set, Left: left, RecoverURL: s.deps.PINRecovery, Errors: errs,
	})
}

// pin takes a PIN for the organisation that the sign-in acts for.
func (s *Server) pin(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	typed, err := browser.Field(c.Request(), "pin", maxPIN)
	if err != nil {
		return err
	}
	again, err := browser.Field(c.Request(), "pin_again", maxPIN)
	if err != nil {
		return err
	}
	switch {
	case t.step.Kind != StepPIN:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case typed == "":
		return s.showPIN(c, t, http.StatusUnprocessableEntity, 0, browser.Wrong("pin", "error.pin_required")...)
	case t.step.Set && typed != again:
		return s.showPIN(c, t, http.StatusUnprocessableEntity, 0, browser.Wrong("pin_again", "error.pin_mismatch")...)
	}
	err = s.provePIN(c, t, typed)
	if status, left, errs := pinFault(c, err); errs != nil {
		return s.showPIN(c, t, status, left, errs...)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// provePIN verifies the PIN, or sets the first one, and notes in the session
// that this organisation was opened.
func (s *Server) provePIN(c echo.Context, t *turn, typed string) error {
	ctx, organisation := c.Request().Context(), t.organisationID()
	var verified error
	if t.step.Set {
		verified = s.deps.PINs.Set(ctx, t.person, organisation, typed)
		if errors.Is(verified, storage.ErrExists) { // another tab set one first: that one is asked for
			return nil
		}
	} else {
		verified = s.deps.PINs.Verify(ctx, t.person.ID, organisation, typed)
	}
	var fields directory.FieldErrors
	if errors.As(verified, &fields) {
		return verified
	}
	if err := s.recordProof(c, t, t.person.ID, session.PIN, outcomeOf(verified)); err != nil {
		return err
	}
	if verified != nil {
		return verified
	}
	return s.strengthen(c, t, session.Proof{Factor: session.PIN, Credential: organisation})
}

// pinKeys are the messages for the codes of factor.PINs.Set.
var pinKeys = map[string]string{
	"pin_digits": "error.pin_form", "pin_trivial": "error.pin_trivial", "pin_personal": "error.pin_trivial",
}

// pinFault is the answer to a PIN that left the person at the page. He has
// proved two factors, so he may be told that it is locked.
func pinFault(c echo.Context, err error) (status, left int, errs []pages.FieldError) {
	var (
		fields directory.FieldErrors
		wrong  *factor.WrongPIN
	)
	switch {
	case errors.As(err, &fields):
		return http.StatusUnprocessableEntity, 0, browser.Wrong("pin", pinKeys[fields[0].Code])
	case errors.Is(err, factor.ErrLocked):
		return http.StatusUnprocessableEntity, 0, browser.Wrong("pin", "error.pin_locked")
	case errors.As(err, &wrong):
		left = wrong.Left
	}
	status, errs = browser.FormFault(c, err, "pin", "error.pin")
	return status, left, errs
}
