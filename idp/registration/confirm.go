package registration

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/storage"
)

// maxCode bounds a typed code, in bytes: six digits and the spaces between.
const maxCode = 16

// contactLine is one contact that is to be proved, or has been.
type contactLine struct {
	Channel  string // "email", "sms"
	Field    string // of its code
	Value    string
	Proved   bool
	ResendIn time.Duration // until the next code may be sent; 0 = at once
}

// confirmPage asks for the codes.
type confirmPage struct {
	Stages   []pages.Stage
	Contacts []contactLine
	Until    time.Time // the deadline
}

// confirmation shows which codes are still due.
func (s *Server) confirmation(c echo.Context, r directory.Registration) error {
	if r.Proved() {
		return browser.SeeOther(c, "/registration/password")
	}
	return s.showConfirmation(c, http.StatusOK, r, nil)
}

func (s *Server) showConfirmation(c echo.Context, status int, r directory.Registration, errs []pages.FieldError) error {
	page := confirmPage{Stages: stages(1), Until: r.ExpiresAt.Time()}
	for _, line := range []contactLine{
		{Channel: directory.ChannelEmail, Field: "email_code", Value: r.Applicant.Email, Proved: r.EmailProvedAt > 0},
		{Channel: directory.ChannelSMS, Field: "sms_code", Value: r.Applicant.Phone, Proved: r.PhoneProvedAt > 0},
	} {
		var err error
		if line.ResendIn, err = s.deps.Codes.Wait(c.Request().Context(), attempt(r.ID, line.Channel)); err != nil {
			return err
		}
		page.Contacts = append(page.Contacts, line)
	}
	return s.render(c, status, "registration_confirm.html", page, errs)
}

// confirm takes one code or both. Each proves its contact by itself, so that a
// wrong one does not cost the other.
func (s *Server) confirm(c echo.Context, r directory.Registration) error {
	ctx, req := c.Request().Context(), c.Request()
	if err := s.asks.Open(ctx, browser.Address(req)); err != nil {
		return err
	}
	var errs []pages.FieldError
	for _, channel := range []string{directory.ChannelEmail, directory.ChannelSMS} {
		found, err := s.prove(c, &r, channel)
		if err != nil {
			return err
		}
		errs = append(errs, found...)
	}
	switch {
	case r.Proved():
		s.metrics.WithLabelValues("proved").Inc()
		return browser.SeeOther(c, "/registration/password")
	case len(errs) == 0: // one of two, and it was right
		return browser.SeeOther(c, "/registration/confirm")
	}
	return s.showConfirmation(c, http.StatusUnprocessableEntity, r, errs)
}

// prove looks at the code of one channel, when there is one.
func (s *Server) prove(c echo.Context, r *directory.Registration, channel string) ([]pages.FieldError, error) {
	ctx := c.Request().Context()
	proved, field := &r.EmailProvedAt, "email_code"
	if channel == directory.ChannelSMS {
		proved, field = &r.PhoneProvedAt, "sms_code"
	}
	if *proved > 0 {
		return nil, nil
	}
	code, err := browser.Field(c.Request(), field, maxCode)
	if err != nil {
		return nil, err
	}
	code = strings.Join(strings.Fields(code), "")
	if code == "" {
		return browser.Wrong(field, "registration.error.code_required"), nil
	}
	err = s.deps.Codes.Verify(ctx, guess(r.ID), attempt(r.ID, channel), code)
	switch {
	case errors.Is(err, factor.ErrLocked):
		return nil, errors.Join(s.deps.Directory.LockRegistration(ctx, r.ID, directory.LockedByCodes), directory.ErrRegistrationLocked)
	case errors.Is(err, factor.ErrWrong):
		return browser.Wrong(field, "registration.error.code"), s.asks.Fail(ctx, browser.Address(c.Request()))
	case err != nil:
		return nil, err
	}
	*proved = storage.Of(s.deps.Now())
	return nil, s.deps.Directory.ProveRegistration(ctx, r.ID, channel)
}

// sendAgain has another code sent.
func (s *Server) sendAgain(c echo.Context, r directory.Registration) error {
	ctx := c.Request().Context()
	if err := s.asks.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	channel, err := browser.Field(c.Request(), "channel", maxCode)
	if err != nil {
		return err
	}
	if channel != directory.ChannelEmail && channel != directory.ChannelSMS {
		return browser.Malformed("no channel %q", channel)
	}
	wait, err := s.deps.Codes.Wait(ctx, attempt(r.ID, channel))
	if err != nil {
		return err
	}
	if wait > 0 {
		browser.RetryAfter(c, wait)
		return s.showConfirmation(c, http.StatusTooManyRequests, r, browser.Wrong("", "registration.error.too_soon"))
	}
	if err := s.enqueue(ctx, r.ID, channel); err != nil {
		return err
	}
	return browser.SeeOther(c, "/registration/confirm")
}
