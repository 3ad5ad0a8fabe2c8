package idp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor/passkey"
	"propusk/idp/pages"
	"propusk/storage/journal"
)

// showConnect offers a passkey to who has signed in without one. Where browsers
// offer none at this address, the sign-in goes on.
func (s *Server) showConnect(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	options, err := s.deps.Passkeys.BeginEnrol(c.Request().Context(), t.ceremony(ceremonyConnect), t.person)
	if err != nil {
		if errors.Is(err, passkey.ErrFull) {
			return s.offered(c, t)
		}
		return fmt.Errorf("offer passkey: %w", err)
	}
	lang := language(c, t)
	return s.draw(c, t, status, pages.ConnectPasskey{
		Request: t.ID, ClientName: t.client(lang), RedirectURI: t.Request.RedirectURI, PersonName: t.person.FullName(),
		Passkey: pages.Passkey{Options: options},
		Name:    directory.DeviceName(journal.From(c.Request().Context()).UserAgent, lang),
		Errors:  errs,
	})
}

// connect takes the decision: a passkey, not now, or never on this device.
func (s *Server) connect(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	decision, err := browser.Field(c.Request(), "decision", maxID)
	if err != nil {
		return err
	}
	switch {
	case t.step.Kind != StepConnect:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case decision == "later":
		return s.offered(c, t)
	case decision == "never":
		browser.KeepCookie(c.Response(), browser.CookieNoOffer, "yes", keepDevice)
		return s.offered(c, t)
	case decision != "connect":
		return browser.Malformed("decision %q", decision)
	default:
		return s.connectPasskey(c, t)
	}
}

// offered goes on with the sign-in; the passkey is not offered in it again.
func (s *Server) offered(c echo.Context, t *turn) error {
	t.Progress.Offered = true
	if err := s.attempts.save(c.Request().Context(), t.attempt); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

func (s *Server) connectPasskey(c echo.Context, t *turn) error {
	name, err := browser.Field(c.Request(), "name", maxName)
	if err != nil {
		return err
	}
	answer, err := browser.Field(c.Request(), "credential", maxCredential)
	if err != nil {
		return err
	}
	_, err = s.deps.Passkeys.FinishEnrol(c.Request().Context(), t.ceremony(ceremonyConnect), t.person, name, []byte(answer))
	var fields directory.FieldErrors
	switch {
	case err == nil:
		return s.offered(c, t)
	case errors.As(err, &fields):
		return s.showConnect(c, t, http.StatusUnprocessableEntity, browser.Wrong("name", "flow.passkey_name")...)
	case errors.Is(err, passkey.ErrKnown), errors.Is(err, passkey.ErrFull):
		return s.showConnect(c, t, http.StatusUnprocessableEntity, browser.Wrong("", "error.passkey")...)
	}
	if status, errs := passkeyFault(c, err); errs != nil {
		return s.showConnect(c, t, status, errs...)
	}
	return err
}

// maxName bounds a passkey's name, in bytes.
const maxName = 256

// passkeysWanted tells that the browser said it can make passkeys, that nobody asked
// it not to offer one, and that the person is no operator: his passkeys open the
// console, and are added at /account, which asks for what opens it already.
func (s *Server) passkeysWanted(r *http.Request, personID string) (bool, error) {
	able := s.deps.Passkeys.Available() && browser.KeptCookie(r, browser.CookieAble) == "yes" &&
		browser.KeptCookie(r, browser.CookieNoOffer) == ""
	if !able {
		return false, nil
	}
	roles, err := s.deps.Directory.Appointed(r.Context(), personID)
	if err != nil {
		return false, fmt.Errorf("look for operator: %w", err)
	}
	return len(roles) == 0, nil
}
