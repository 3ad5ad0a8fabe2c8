package idp

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/skip2/go-qrcode"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/pages"
)

// The page of the device authorization grant (RFC 8628 §3.3): a person types the
// code that a device shows, signs in as for any application, and is asked, with the
// application and the place of the device before him, whether it is his.

const (
	// maxUserCode bounds a user code as people type it, in bytes.
	maxUserCode = 64
	// qrSide is the side of a QR code, in pixels.
	qrSide = 384
)

// The limits of the device authorization grant. A user code has 34 bits: with ten
// guesses in a quarter of an hour an address would need millennia for one of a
// thousand codes that wait (RFC 8628 §5.1). Requests are bounded, too: each takes a
// code and a place in the short-lived state.
var (
	defaultUserCodes = browser.Limit{Failures: 10, Window: 15 * time.Minute}
	defaultDevices   = browser.Limit{Failures: 120, Window: 15 * time.Minute}
)

// deviceView is what the page of the code shows.
type deviceView struct {
	UserCode string // as it was typed, or came with the address
	QR       []byte // PNG of the same page, to go on at the phone; nil = no code came with the address
}

// deviceAuthorization gives a device its codes (RFC 8628 §3.1).
func (s *Server) deviceAuthorization(c echo.Context) error {
	ctx, address := c.Request().Context(), browser.Address(c.Request())
	if err := s.devices.Open(ctx, address); err != nil {
		return err
	}
	if err := s.devices.Fail(ctx, address); err != nil {
		return err
	}
	return s.authenticated(c, s.deps.Provider.DeviceAuthorization)
}

// enterDevice shows the field for the code. One that came with the address is
// filled in and no more: the person still compares it and sends it himself (RFC
// 8628 §3.3.1, §5.4).
func (s *Server) enterDevice(c echo.Context) error {
	code, ok := oauth.ReadUserCode(c.QueryParam("user_code"))
	if !ok {
		return s.showDevice(c, http.StatusOK, deviceView{})
	}
	picture, err := qrcode.Encode(s.deps.Provider.VerificationURI(code), qrcode.Medium, qrSide)
	if err != nil {
		return fmt.Errorf("draw a QR code: %w", err)
	}
	return s.showDevice(c, http.StatusOK, deviceView{UserCode: code, QR: picture})
}

func (s *Server) showDevice(c echo.Context, status int, view deviceView, errs ...pages.FieldError) error {
	return s.face.Render(c, status, pages.Custom{Template: "device.html", Title: "device.title", Data: view, Errors: errs})
}

// deviceQR is the QR code of the page with the code filled in, for devices that can
// show a picture and not make one. It is drawn of every well-formed code, and so
// tells nothing of which ones wait.
func (s *Server) deviceQR(c echo.Context) error {
	code, ok := oauth.ReadUserCode(c.QueryParam("user_code"))
	if !ok {
		return browser.Malformed("user_code is none")
	}
	picture, err := qrcode.Encode(s.deps.Provider.VerificationURI(code), qrcode.Medium, qrSide)
	if err != nil {
		return fmt.Errorf("draw a QR code: %w", err)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(http.StatusOK, "image/png", picture)
}

// submitDevice takes the code and begins a sign-in for what it stands for. A wrong one,
// one that has expired and one that was used are one answer, and each costs the
// address one of its guesses.
func (s *Server) submitDevice(c echo.Context) error {
	ctx, address := c.Request().Context(), browser.Address(c.Request())
	typed, err := browser.Field(c.Request(), "user_code", maxUserCode)
	if err != nil {
		return err
	}
	if err := s.userCodes.Open(ctx, address); err != nil {
		status, errs := browser.FormFault(c, err, "user_code", "")
		if errs == nil {
			return err
		}
		return s.showDevice(c, status, deviceView{UserCode: typed}, errs...)
	}
	code, ok := oauth.ReadUserCode(typed)
	if !ok {
		return s.showDevice(c, http.StatusUnprocessableEntity, deviceView{UserCode: typed}, browser.Wrong("user_code", "device.malformed")...)
	}
	w, err := s.deps.Provider.WaitingDevice(ctx, code)
	if errors.Is(err, oauth.ErrWaitingOver) {
		s.metrics.userCodes.WithLabelValues(outcomeWrong).Inc()
		if err := s.userCodes.Fail(ctx, address); err != nil {
			return err
		}
		return s.showDevice(c, http.StatusUnprocessableEntity, deviceView{UserCode: typed}, browser.Wrong("user_code", "device.unknown")...)
	}
	if err != nil {
		return err
	}
	s.metrics.userCodes.WithLabelValues(outcomeAccepted).Inc()
	return s.beginWaiting(c, w)
}
