package recovery

import (
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
)

// The secrets of links, on their way from the address to the form that spends
// them.
const (
	cookieLink   = "__Host-propusk-recovery-link"
	cookieCancel = "__Host-propusk-recovery-cancel"
)

// link takes the token out of the address into a cookie, and spends nothing:
// mail scanners follow links. The page after it has an address without a
// secret, so that none can leave in a Referer.
func (s *Server) link(c echo.Context) error {
	return s.carry(c, cookieLink, "/recovery/open")
}

// cancelLink is link for what stops a recovery.
func (s *Server) cancelLink(c echo.Context) error {
	return s.carry(c, cookieCancel, "/recovery/cancel")
}

func (s *Server) carry(c echo.Context, cookie, to string) error {
	token := c.Param("token")
	if b, err := base64.RawURLEncoding.Strict().DecodeString(token); err != nil || len(b) != 32 {
		return directory.ErrRecoveryOver
	}
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	browser.SetCookie(c.Response(), cookie, token)
	return browser.SeeOther(c, to)
}

// opening asks whether to go on.
func (s *Server) opening(c echo.Context) error {
	lives, err := s.deps.Directory.LinkLives(c.Request().Context(), browser.Cookie(c.Request(), cookieLink))
	if err != nil {
		return err
	}
	if !lives {
		return directory.ErrRecoveryOver
	}
	return s.render(c, http.StatusOK, "recovery_open.html", nil, nil)
}

// open spends the link: this browser goes on, whichever asked.
func (s *Server) open(c echo.Context) error {
	ctx, address := c.Request().Context(), browser.Address(c.Request())
	if err := s.asks.Open(ctx, address); err != nil {
		return err
	}
	holder := browser.Random()
	_, err := s.deps.Directory.OpenRecovery(ctx, browser.Cookie(c.Request(), cookieLink), holder, s.now().Add(s.deps.Timing.Steps))
	browser.DropCookie(c.Response(), cookieLink)
	if errors.Is(err, directory.ErrRecoveryOver) {
		return errors.Join(err, s.asks.Fail(ctx, address))
	}
	if err != nil {
		return err
	}
	return s.goOn(c, holder)
}

// goOn gives the browser its recovery under a new secret: one that was known
// before is worth nothing.
func (s *Server) goOn(c echo.Context, holder string) error {
	s.metrics.WithLabelValues("proved").Inc()
	browser.SetCookie(c.Response(), cookieHolder, holder)
	return browser.SeeOther(c, "/recovery/step")
}

// cancelling asks whether to stop the recovery.
func (s *Server) cancelling(c echo.Context) error {
	lives, err := s.deps.Directory.CancelLives(c.Request().Context(), browser.Cookie(c.Request(), cookieCancel))
	if err != nil {
		return err
	}
	if !lives {
		return directory.ErrRecoveryOver
	}
	return s.render(c, http.StatusOK, "recovery_cancel.html", cancelPage{}, nil)
}

// cancelPage asks, or says that it is done.
type cancelPage struct{ Done bool }

// cancel stops the recovery.
func (s *Server) cancel(c echo.Context) error {
	err := s.deps.Directory.CancelRecovery(c.Request().Context(), browser.Cookie(c.Request(), cookieCancel))
	browser.DropCookie(c.Response(), cookieCancel)
	if err != nil {
		return err
	}
	s.metrics.WithLabelValues("cancelled").Inc()
	return s.render(c, http.StatusOK, "recovery_cancel.html", cancelPage{Done: true}, nil)
}
