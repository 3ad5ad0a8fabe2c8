package idp

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage/journal"
)

// ceremonyConfirm is a passkey of the person, to confirm an unusual sign-in by.
const ceremonyConfirm = "confirm"

// showConfirm asks once more in an unusual sign-in. The code goes out when the
// page is met first.
func (s *Server) showConfirm(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	wait, err := s.sendFirst(c, t)
	switch {
	case err != nil:
		return err
	case t.step.Kind != StepConfirm: // no code could be sent: another step is due
		return browser.SeeOther(c, dispatcher(t.attempt))
	case wait > 0:
		status, errs = waiting(c, wait)
	}
	return s.drawConfirm(c, t, status, errs)
}

func (s *Server) drawConfirm(c echo.Context, t *turn, status int, errs []pages.FieldError) error {
	lang, f := language(c, t), t.step.Factor
	page := pages.Confirm{
		Request: t.ID, ClientName: t.client(lang), RedirectURI: t.Request.RedirectURI, PersonName: t.person.FullName(),
		Unusual: t.session.Unusual.V,
		Device:  directory.DeviceName(journal.From(c.Request().Context()).UserAgent, lang), Place: s.place(c).Name(), At: s.deps.Now(),
		Others: names(confirmations(t.situation), f), ResendIn: s.resendIn(t, f), Errors: errs,
	}
	if f != session.Passkey {
		page.Kind, page.Destination = string(f), masked(f, t.destination(f))
	}
	if slices.Contains(confirmations(t.situation), session.Passkey) {
		var err error
		if page.Passkey, err = s.passkeyOf(c, t, ceremonyConfirm, t.person.ID); err != nil {
			return err
		}
	}
	return s.draw(c, t, status, page)
}

// confirmSignIn takes the second confirmation, or the word that it was somebody
// else.
func (s *Server) confirmSignIn(c echo.Context) error {
	t, typed, err := s.codeTurn(c)
	if err != nil {
		return err
	}
	decision, err := browser.Field(c.Request(), "decision", maxID)
	if err != nil {
		return err
	}
	answer, err := browser.Field(c.Request(), "credential", maxCredential)
	if err != nil {
		return err
	}
	switch {
	case t.step.Kind != StepConfirm:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case decision == "refuse":
		return s.denyConfirm(c, t)
	case answer != "":
		err = s.provePasskey(c, t, ceremonyConfirm, answer)
		if status, errs := passkeyFault(c, err); errs != nil {
			return s.showConfirm(c, t, status, errs...)
		}
	case typed == "":
		return s.showConfirm(c, t, http.StatusUnprocessableEntity, browser.Wrong("code", "error.code_required")...)
	default:
		err = s.verify(c, t, typed)
		if status, errs := browser.FormFault(c, err, "code", "error.code"); errs != nil {
			return s.showConfirm(c, t, status, errs...)
		}
	}
	if err != nil {
		return err
	}
	if err := s.settleUnusual(c, t); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// denyConfirm ends a sign-in that its owner knows nothing of: the session goes,
// and the application gets no code. That the password is known to somebody else
// is the journal's to keep, and the person's to act on.
func (s *Server) denyConfirm(c echo.Context, t *turn) error {
	ctx := c.Request().Context()
	err := s.deps.Directory.RecordUnusual(ctx, t.person.ID, directory.UnusualSignIn{
		Reasons: t.session.Unusual.V, UserAgent: journal.From(ctx).UserAgent, Place: s.place(c).Name(), Refused: true,
	})
	if err != nil {
		return err
	}
	if err := s.sessions.Drop(ctx, t.session.ID); err != nil {
		return err
	}
	browser.DropCookie(c.Response(), browser.CookieSession)
	return s.refuse(c, t, "access_denied", "The sign-in was not confirmed.")
}
