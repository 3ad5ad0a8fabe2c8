package idp

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// showEnrol asks a person without a second factor to connect an authenticator.
func (s *Server) showEnrol(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	account := cmp.Or(t.person.Email, t.person.Number)
	enrolment, err := s.deps.TOTP.Enrol(c.Request().Context(), t.person.ID, account, t.CodeID)
	if errors.Is(err, storage.ErrExists) { // another tab was faster
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	if err != nil {
		return fmt.Errorf("offer authenticator: %w", err)
	}
	return s.draw(c, t, status, pages.EnrolTOTP{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI,
		PersonName: t.person.FullName(),
		Secret:     enrolment.Secret, QR: enrolment.QR,
		Errors: errs,
	})
}

// enrol confirms the authenticator with its first code, which is a proof too.
func (s *Server) enrol(c echo.Context) error {
	t, typed, err := s.codeTurn(c)
	if err != nil {
		return err
	}
	if t.step.Kind != StepFactor || t.step.Factor != session.Enrol {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	if typed == "" {
		return s.showEnrol(c, t, http.StatusUnprocessableEntity, browser.Wrong("code", "error.code_required")...)
	}
	err = s.confirm(c, t, typed)
	if status, errs := browser.FormFault(c, err, "code", "error.code_enrol"); errs != nil {
		return s.showEnrol(c, t, status, errs...)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

func (s *Server) confirm(c echo.Context, t *turn, code string) error {
	ctx := c.Request().Context()
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	verified := s.deps.TOTP.Confirm(ctx, t.guess(), code)
	if err := s.recordProof(c, t, t.person.ID, session.Enrol, outcomeOf(verified)); err != nil {
		return err
	}
	if verified != nil {
		return verified
	}
	return s.strengthen(c, t, session.Proof{Factor: session.TOTP})
}
