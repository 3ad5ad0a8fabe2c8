package idp

import (
	"cmp"
	"context"
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

// showPassword demands a new password, or advises one.
func (s *Server) showPassword(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	policy, err := s.passwordPolicy(c.Request().Context(), t)
	if err != nil {
		return err
	}
	login := cmp.Or(t.person.Email, t.person.Number)
	return s.draw(c, t, status, pages.NewPassword{
		Request: t.ID, ClientName: t.client(language(c, t)), RedirectURI: t.Request.RedirectURI, PersonName: t.person.FullName(),
		Login: login, Reason: t.step.Why, Current: !s.passwordFresh(t), Postpone: t.step.Advice,
		Rules:  pages.PasswordRules{Min: policy.MinLength, Avoid: append(policy.Forbidden, login, t.person.LastName, t.person.FirstName)},
		Errors: errs,
	})
}

// passwordFresh tells that the present password was typed within this attempt:
// it need not be typed again.
func (s *Server) passwordFresh(t *turn) bool { return provedHere(t.situation, session.Password) }

// newPassword takes the new password, or the wish to put it off.
func (s *Server) newPassword(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	decision, err := browser.Field(c.Request(), "decision", maxID)
	if err != nil {
		return err
	}
	switch {
	case t.step.Kind != StepPassword:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case decision == "later" && t.step.Advice:
		t.Progress.Postponed = true
		if err := s.attempts.save(c.Request().Context(), t.attempt); err != nil {
			return err
		}
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	form, err := passwordFormOf(c.Request())
	if err != nil {
		return err
	}
	if wrong := form.faults(!s.passwordFresh(t)); wrong != nil {
		return s.showPassword(c, t, http.StatusUnprocessableEntity, wrong...)
	}
	return s.changePassword(c, t, form)
}

type passwordForm struct{ current, password, again string }

func passwordFormOf(r *http.Request) (form passwordForm, err error) {
	for name, to := range map[string]*string{"current": &form.current, "password": &form.password, "password_again": &form.again} {
		if *to, err = browser.Field(r, name, maxPassword); err != nil {
			return form, err
		}
	}
	return form, nil
}

// faults are what can be said of the form without asking anybody.
func (f passwordForm) faults(currentNeeded bool) []pages.FieldError {
	switch {
	case currentNeeded && f.current == "":
		return browser.Wrong("current", "error.current_required")
	case f.password == "":
		return browser.Wrong("password", "error.password_required")
	case f.password != f.again:
		return browser.Wrong("password_again", "error.password_mismatch")
	default:
		return nil
	}
}

func (s *Server) changePassword(c echo.Context, t *turn, form passwordForm) error {
	err := s.setNewPassword(c, t, form)
	if errs := browser.PasswordErrors(err); errs != nil {
		return s.showPassword(c, t, http.StatusUnprocessableEntity, errs...)
	}
	if status, errs := browser.FormFault(c, err, "current", "error.current"); errs != nil {
		return s.showPassword(c, t, status, errs...)
	}
	if err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// setNewPassword changes the password. The session goes on, since its person has
// just shown that he knows it; every other one ends.
func (s *Server) setNewPassword(c echo.Context, t *turn, form passwordForm) error {
	ctx := c.Request().Context()
	policy, err := s.passwordPolicy(ctx, t)
	if err != nil {
		return err
	}
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	if s.passwordFresh(t) {
		err = s.deps.Passwords.Set(ctx, t.person, form.password, policy)
	} else {
		err = s.deps.Passwords.Change(ctx, t.guess(), t.person, form.current, form.password, policy)
	}
	if err != nil {
		if outcome := outcomeOf(err); outcome == outcomeWrong || outcome == outcomeLocked {
			err = errors.Join(err, s.recordProof(c, t, t.person.ID, session.Password, outcome))
		}
		return err
	}
	// Whoever came as far as this has confirmed what was unusual; the new proof
	// must not make it due again.
	if err := s.settleUnusual(c, t); err != nil {
		return err
	}
	if err := s.strengthen(c, t, session.Proof{Factor: session.Password}); err != nil {
		return err
	}
	if _, err := s.sessions.DropOfPerson(ctx, t.person.ID, t.session.ID); err != nil {
		return fmt.Errorf("end the other sessions: %w", err)
	}
	return s.deps.Directory.Fulfil(ctx, directory.Actor{PersonID: t.person.ID}, t.person.ID, directory.Obligations{ChangePassword: true})
}

// breached obliges who signed in with a password that stands on a list of stolen
// ones to change it: new ones are held against the list, but it grows. A list
// that cannot be read keeps nobody out.
func (s *Server) breached(c echo.Context, t *turn, password string) error {
	ctx := c.Request().Context()
	stolen, err := s.deps.Passwords.Compromised(password)
	if err != nil {
		s.deps.Log.WarnContext(ctx, "the list of breached passwords cannot be read", "err", err)
	}
	if !stolen {
		return nil
	}
	t.Progress.Breached = true
	if err := s.attempts.save(ctx, t.attempt); err != nil {
		return err
	}
	return s.deps.Directory.Oblige(ctx, directory.System(), t.Progress.PersonID, directory.Obligations{ChangePassword: true})
}

// passwordPolicy holds those who can do most harm, and those who come from a
// recovery, to the longer password.
func (s *Server) passwordPolicy(ctx context.Context, t *turn) (factor.PasswordPolicy, error) {
	policy := factor.PasswordPolicy{MinLength: factor.MinPassword}
	if t.situation.Owed.ChangePassword {
		policy.MinLength = factor.StrictPassword
	}
	memberships, err := s.deps.Directory.Memberships(ctx, t.person.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return policy, fmt.Errorf("list organisations: %w", err)
	}
	for _, m := range memberships {
		policy.Forbidden = append(policy.Forbidden, m.Organisation.INN, m.OGRN)
		if m.Role == directory.Administrator || m.Role == directory.Head {
			policy.MinLength = factor.StrictPassword
		}
	}
	return policy, nil
}
