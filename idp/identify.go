package idp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

const (
	maxLogin    = 254 // bytes; the longest e-mail address (RFC 5321 §4.5.3.1.3)
	maxPassword = 512 // bytes; idp/factor takes no longer one
	maxCode     = 64  // bytes; a recovery code, or six digits, and the spaces of whoever typed them
)

// identifyForm is what the identify page shows of what was typed.
type identifyForm struct {
	Login, Notice string
	Errors        []pages.FieldError
}

func (s *Server) showIdentify(c echo.Context, t *turn, status int, form identifyForm) error {
	f := frontOf(t.attempt)
	if status == http.StatusServiceUnavailable {
		return s.showCrowd(c, f, t.ID, form.Login)
	}
	s.fronts.remember(t.ID, f)
	offer, err := s.passkeyOf(c, t, ceremonyIdentify, "")
	if err != nil {
		return err
	}
	return s.draw(c, t, status, pages.Identify{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI,
		Login: form.Login, Notice: form.Notice, Errors: form.Errors, Others: s.otherWays(t.ID), Passkey: offer,
		RegisterURL: s.deps.Register, RecoverURL: s.deps.Recover,
	})
}

// otherWays are the ways to say who one is beside login and password.
func (s *Server) otherWays(request string) (ways []pages.Way) {
	if s.certificatesOffered() {
		ways = append(ways, pages.Way{
			Icon: "certificate", Title: "way.certificate", Text: "way.certificate.text", URL: certificateURL(request),
		})
	}
	return ways
}

// identify checks login and password. It is taken at every step: whoever
// proves a password begins the attempt anew, as that person.
//
// A wrong password, an unknown login, a locked and a blocked person get the
// same page after the same work.
func (s *Server) identify(c echo.Context) error {
	admission, err := s.deps.Passwords.Admit()
	if err != nil {
		return s.turnAway(c, err)
	}
	// Whoever is slow to read his answer must not keep others out meanwhile.
	leave := sync.OnceFunc(admission.Leave)
	defer leave()
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	login, password, err := credentials(c.Request())
	if err != nil {
		return err
	}
	if missing := blank(login, password); missing != nil {
		leave()
		return s.showIdentify(c, t, http.StatusUnprocessableEntity, identifyForm{Login: login, Errors: missing})
	}
	who, err := s.authenticate(c, t, admission, login, password)
	leave()
	if status, errs := browser.FormFault(c, err, "", "error.credentials"); errs != nil {
		return s.showIdentify(c, t, status, identifyForm{Login: login, Errors: errs})
	}
	if err != nil {
		return err
	}
	if err := s.begin(c, t, who, session.Proof{Factor: session.Password}); err != nil {
		return err
	}
	if err := s.breached(c, t, password); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// credentials reads the form. The password stays as it was typed: case and
// spaces count.
func credentials(r *http.Request) (login, password string, err error) {
	login, err = browser.Field(r, "login", maxLogin)
	if err != nil {
		return "", "", err
	}
	password, err = browser.Field(r, "password", maxPassword)
	return login, password, err
}

// blank names the fields that were left empty.
func blank(login, password string) (missing []pages.FieldError) {
	if strings.TrimSpace(login) == "" {
		missing = append(missing, pages.FieldError{Field: "login", Key: "error.login_required"})
	}
	if password == "" {
		missing = append(missing, pages.FieldError{Field: "password", Key: "error.password_required"})
	}
	return missing
}

// authenticate verifies the password of whoever login names, and records how it
// came out. factor.ErrWrong: anything that the person must not tell apart.
func (s *Server) authenticate(c echo.Context, t *turn, admission factor.Admission, login, password string) (directory.Resolved, error) {
	ctx := c.Request().Context()
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return directory.Resolved{}, err
	}
	who, err := s.deps.Directory.Resolve(ctx, login)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return who, fmt.Errorf("resolve login: %w", err)
	}
	unknown := who.Person.ID == ""
	device, _, err := s.device(c, who.Person.ID)
	if err != nil {
		return who, err
	}
	verified := admission.Verify(ctx, factor.Guess{PersonID: who.Person.ID, Login: login, Device: device.ID}, password)
	outcome := outcomeOf(verified)
	switch {
	case outcome == outcomeWrong && unknown:
		outcome = outcomeUnknown
	case verified == nil && who.Person.Status != directory.StatusActive:
		outcome, verified = outcomeBlocked, factor.ErrWrong
	}
	if err := s.recordProof(c, t, who.Person.ID, session.Password, outcome); err != nil {
		return who, err
	}
	return who, verified
}

// begin gives the browser a session of the person who proved a factor that says
// who he is, and the attempt to him.
func (s *Server) begin(c echo.Context, t *turn, who directory.Resolved, proof session.Proof) error {
	ctx := c.Request().Context()
	old, err := s.sessions.Any(ctx, browser.Cookie(c.Request(), browser.CookieSession))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if old != nil && t.session == nil {
		if err := s.sessions.Forget(ctx, old); err != nil {
			return err
		}
	}
	device, known, err := s.device(c, who.Person.ID)
	if err != nil {
		return err
	}
	odd, err := s.unusual(c, who.Person.ID, known)
	if err != nil {
		return err
	}
	now := s.now()
	where := s.where(c, device.ID)
	where.Unusual = odd
	_, secret, err := s.sessions.Begin(ctx, old, who.Person.ID, proof, where, now)
	if err != nil {
		return err
	}
	browser.SetCookie(c.Response(), browser.CookieSession, secret)
	t.identified(who.Person.ID, who.OrganisationID, now)
	return s.attempts.save(ctx, t.attempt)
}

// switchPerson lets somebody else sign in. The session stays until another one
// takes its place: turning back must not sign anybody out.
func (s *Server) switchPerson(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	t.leave()
	if err := s.attempts.save(c.Request().Context(), t.attempt); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}
