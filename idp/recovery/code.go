package recovery

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
)

// maxCode bounds a typed code, in bytes: a recovery code with spaces.
const maxCode = 32

// codePage asks for the code of the SMS.
type codePage struct{ ResendIn time.Duration }

// waiting is the recovery of this browser that waits for its code.
func (s *Server) waiting(c echo.Context) (directory.Recovery, error) {
	r, err := s.deps.Directory.RecoveryOf(c.Request().Context(), browser.Cookie(c.Request(), cookieHolder))
	if err == nil && r.Channel != directory.ChannelSMS {
		err = directory.ErrRecoveryOver
	}
	return r, err
}

// code asks for the code, whether or not there was anybody to send it to.
func (s *Server) code(c echo.Context) error {
	r, err := s.waiting(c)
	if err != nil {
		return err
	}
	if r.State == directory.RecoveryProved {
		return browser.SeeOther(c, "/recovery/step")
	}
	return s.showCode(c, http.StatusOK, r, nil)
}

func (s *Server) showCode(c echo.Context, status int, r directory.Recovery, errs []pages.FieldError) error {
	wait, err := s.deps.Codes.Wait(c.Request().Context(), attempt(r.ID))
	if err != nil {
		return err
	}
	return s.render(c, status, "recovery_code.html", codePage{ResendIn: wait}, errs)
}

// proveByCode takes the code.
func (s *Server) proveByCode(c echo.Context) error {
	ctx, address := c.Request().Context(), browser.Address(c.Request())
	if err := s.asks.Open(ctx, address); err != nil {
		return err
	}
	r, err := s.waiting(c)
	if err != nil {
		return err
	}
	code, err := typedCode(c)
	if err != nil {
		return err
	}
	if code == "" {
		return s.showCode(c, http.StatusUnprocessableEntity, r, browser.Wrong("code", "recovery.error.code_required"))
	}
	err = s.deps.Codes.Verify(ctx, guess(r.ID), attempt(r.ID), code)
	if errors.Is(err, factor.ErrWrong) {
		if err := s.asks.Fail(ctx, address); err != nil {
			return err
		}
		return s.showCode(c, http.StatusUnprocessableEntity, r, browser.Wrong("code", "recovery.error.code"))
	}
	if err != nil {
		return err
	}
	holder := browser.Random()
	if _, err := s.deps.Directory.ProveRecovery(ctx, r.ID, holder, s.now().Add(s.deps.Timing.Steps)); err != nil {
		return err
	}
	return s.goOn(c, holder)
}

// typedCode reads a code without the spaces that people put into it.
func typedCode(c echo.Context) (string, error) {
	code, err := browser.Field(c.Request(), "code", maxCode)
	return strings.Join(strings.Fields(code), ""), err
}

// sendAgain has another code sent, by the job again.
func (s *Server) sendAgain(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := s.waiting(c)
	if err != nil {
		return err
	}
	wait, err := s.deps.Codes.Wait(ctx, attempt(r.ID))
	if err != nil {
		return err
	}
	if wait > 0 {
		browser.RetryAfter(c, wait)
		return s.showCode(c, http.StatusTooManyRequests, r, browser.Wrong("", "recovery.error.too_soon"))
	}
	if err := s.enqueue(ctx, r.ID); err != nil {
		return err
	}
	return browser.SeeOther(c, "/recovery/code")
}
