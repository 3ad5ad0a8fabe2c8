package idp

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// showFactor asks for the factor that is due. A code by SMS or e-mail goes out
// when its page is met first; reloading sends none.
func (s *Server) showFactor(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	switch t.step.Factor {
	case session.Enrol:
		return s.showEnrol(c, t, status, errs...)
	case session.Certificate:
		return browser.SeeOther(c, certificateURL(t.ID))
	}
	wait, err := s.sendFirst(c, t)
	switch {
	case err != nil:
		return err
	case t.step.Kind != StepFactor || t.step.Factor == session.Enrol:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case wait > 0:
		status, errs = waiting(c, wait)
	}
	if t.step.Factor == session.Passkey {
		return s.showPasskeyFactor(c, t, status, errs)
	}
	return s.showCode(c, t, status, errs)
}

// names are the factors but for one, as pages know them.
func names(factors []session.Factor, but session.Factor) (list []string) {
	for _, f := range factors {
		if f != but {
			list = append(list, string(f))
		}
	}
	return list
}

func (s *Server) showCode(c echo.Context, t *turn, status int, errs []pages.FieldError) error {
	f, others := t.step.Factor, s.alternatives(t)
	page := pages.Code{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI,
		PersonName:   t.person.FullName(),
		Kind:         string(f),
		Destination:  masked(f, t.destination(f)),
		Others:       names(others, f),
		TrustOffered: s.trustOffered(t),
		ResendIn:     s.resendIn(t, f),
		Errors:       errs,
	}
	if slices.Contains(others, session.Passkey) {
		var err error
		if page.Passkey, err = s.passkeyOf(c, t, ceremonyFactor, t.person.ID); err != nil {
			return err
		}
	}
	return s.draw(c, t, status, page)
}

func (s *Server) showPasskeyFactor(c echo.Context, t *turn, status int, errs []pages.FieldError) error {
	offer, err := s.passkeyOf(c, t, ceremonyFactor, t.person.ID)
	if err != nil {
		return err
	}
	return s.draw(c, t, status, pages.SecondFactor{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI,
		PersonName: t.person.FullName(), Passkey: offer, TrustOffered: s.trustOffered(t),
		Others: names(s.alternatives(t), session.Passkey), Errors: errs,
	})
}

// alternatives are the second factors that the person may choose from. A
// certificate is one wherever certificates are verified: the first use binds it.
func (s *Server) alternatives(t *turn) []session.Factor {
	list := slices.DeleteFunc(seconds(t.situation), func(f session.Factor) bool { return down(t.situation, f) > 0 })
	allowed := t.situation.Organisation == nil || t.situation.Organisation.Policy.Allows(string(session.Certificate))
	if !slices.Contains(list, session.Certificate) && allowed && s.certificatesOffered() {
		list = append(list, session.Certificate)
	}
	return list
}

// trustOffered tells that this device could stand in for the second factor next
// time.
func (s *Server) trustOffered(t *turn) bool {
	return demanded(t.situation) == session.Two &&
		(t.situation.Organisation == nil || t.situation.Organisation.Policy.TrustedDevices)
}

// trusting keeps the wish not to be asked on this device again.
func (s *Server) trusting(c echo.Context, t *turn) error {
	wish, err := browser.Field(c.Request(), "trust", maxID)
	if err != nil || wish != "yes" || !s.trustOffered(t) {
		return err
	}
	t.Progress.Trust = true
	return s.attempts.save(c.Request().Context(), t.attempt)
}

// code checks a one-time code, of the factor that is due and of no other.
func (s *Server) code(c echo.Context) error {
	t, typed, err := s.codeTurn(c)
	if err != nil {
		return err
	}
	if t.step.Kind != StepFactor || !verifiable(t.step.Factor) {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	required, wrong := "error.code_required", "error.code"
	if t.step.Factor == session.RecoveryCode {
		required, wrong = "error.recovery_code_required", "error.recovery_code"
	}
	if typed == "" {
		return s.showFactor(c, t, http.StatusUnprocessableEntity, browser.Wrong("code", required)...)
	}
	err = s.verify(c, t, typed)
	if status, errs := browser.FormFault(c, err, "code", wrong); errs != nil {
		return s.showFactor(c, t, status, errs...)
	}
	if err != nil {
		return err
	}
	if err := s.trusting(c, t); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// verifiable tells that the factor is proved by typing.
func verifiable(f session.Factor) bool { return slices.Contains(typed, f) }

// codeTurn reads a form with a code; spaces and dashes between digits are
// whoever typed them being careful.
func (s *Server) codeTurn(c echo.Context) (*turn, string, error) {
	t, err := s.turnOf(c)
	if err != nil {
		return nil, "", err
	}
	typed, err := browser.Field(c.Request(), "code", maxCode)
	if err != nil {
		return nil, "", err
	}
	return t, strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed), nil
}

// verify proves the due factor with a code, and puts the proof into the session.
func (s *Server) verify(c echo.Context, t *turn, code string) error {
	ctx, f := c.Request().Context(), t.step.Factor
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	var verified error
	switch f {
	case session.TOTP:
		verified = s.deps.TOTP.Verify(ctx, t.guess(), code)
	case session.RecoveryCode:
		verified = s.deps.RecoveryCodes.Verify(ctx, t.guess(), code)
	default:
		verified = s.deps.Codes.Verify(ctx, t.guess(), t.codeID(f), code)
	}
	if err := s.recordProof(c, t, t.person.ID, f, outcomeOf(verified)); err != nil {
		return err
	}
	if verified != nil {
		return verified
	}
	return s.strengthen(c, t, session.Proof{Factor: f})
}

// strengthen adds a proof to the session, whose cookie gets a new value. A
// session that ended meanwhile (another tab signed out) stays ended; the
// dispatcher then begins anew.
func (s *Server) strengthen(c echo.Context, t *turn, proof session.Proof) error {
	renewed, secret, err := s.sessions.Add(c.Request().Context(), t.session, proof, s.where(c, t.device.ID), s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	t.session = renewed
	browser.SetCookie(c.Response(), browser.CookieSession, secret)
	return nil
}

// codeID names the code sent by f within this identification.
func (t *turn) codeID(f session.Factor) string { return t.CodeID + "." + string(f) }

// destination is where a code by f goes; "" for TOTP.
func (t *turn) destination(f session.Factor) string {
	switch f {
	case session.SMS:
		return t.person.Phone
	case session.Email:
		return t.person.Email
	default:
		return ""
	}
}

// masked shows enough of a destination for its owner to know it, and too
// little for anybody else to use it.
func masked(f session.Factor, destination string) string {
	switch {
	case f == session.SMS && len(destination) > 6:
		return destination[:2] + " ••• •••-" + destination[len(destination)-4:len(destination)-2] + "-" + destination[len(destination)-2:]
	case f == session.Email:
		return maskedEmail(destination)
	default:
		return ""
	}
}

// maskedEmail keeps the first letter and the domain.
func maskedEmail(email string) string {
	local, domain, found := strings.Cut(email, "@")
	if !found || local == "" {
		return ""
	}
	first := []rune(local)[0]
	return string(first) + "•••@" + domain
}
