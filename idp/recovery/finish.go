package recovery

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/storage"
)

// maxPassword bounds what is read, in bytes; idp/factor takes no longer one.
const maxPassword = 512

// passwordPage asks for the new password.
type passwordPage struct {
	Login string
	Rules pages.PasswordRules
}

// donePage says that it is done, and where to sign in.
type donePage struct{ Kind, SignInURL string }

func (s *Server) showPassword(c echo.Context, status int, t turn, errs []pages.FieldError) error {
	p := t.person
	return s.render(c, status, "recovery_password.html", passwordPage{
		Login: cmp.Or(p.Email, p.Number),
		Rules: pages.PasswordRules{Min: factor.StrictPassword, Avoid: []string{p.LastName, p.FirstName, p.MiddleName, p.Email}},
	}, errs)
}

// setPassword ends the recovery with a new password.
func (s *Server) setPassword(c echo.Context, t turn) error {
	password, again, err := twice(c.Request(), "password", maxPassword)
	if err != nil {
		return err
	}
	if password != again {
		return s.showPassword(c, http.StatusUnprocessableEntity, t, browser.Wrong("password_again", "error.password_mismatch"))
	}
	n, err := s.prepare(c.Request().Context(), t.person, password)
	if errs := browser.PasswordErrors(err); errs != nil {
		return s.showPassword(c, http.StatusUnprocessableEntity, t, errs)
	}
	if err != nil {
		return err
	}
	err = s.deps.Directory.FinishRecovery(c.Request().Context(), t.ID, func(ctx context.Context, r directory.Recovery, p directory.Person) error {
		return s.replacePassword(ctx, r, p, n)
	})
	if err != nil {
		return err
	}
	return s.done(c, t)
}

// newSecret is what is found out before the transaction, which has no time for
// hashing.
type newSecret struct {
	hash   string // of the password
	locked bool   // some factor is
}

// prepare checks the password by the stricter rule and hashes it.
func (s *Server) prepare(ctx context.Context, p directory.Person, password string) (n newSecret, err error) {
	policy := factor.PasswordPolicy{MinLength: factor.StrictPassword}
	memberships, err := s.deps.Directory.Memberships(ctx, p.ID)
	if err != nil {
		return n, err
	}
	for _, m := range memberships {
		policy.Forbidden = append(policy.Forbidden, m.INN, m.OGRN)
	}
	locks, err := s.deps.Locks.Of(ctx, p.ID)
	if err != nil {
		return n, err
	}
	n.locked = len(locks) > 0
	n.hash, err = s.deps.Passwords.Prepare(ctx, p, password, policy)
	return n, err
}

// replacePassword sets the password and ends everything that stood on the old
// one.
func (s *Server) replacePassword(ctx context.Context, r directory.Recovery, p directory.Person, n newSecret) error {
	if err := s.deps.Directory.SetPasswordHash(ctx, p.ID, n.hash); err != nil {
		return err
	}
	done := directory.Obligations{ChangePassword: true}
	if err := s.deps.Directory.Fulfil(ctx, directory.Actor{PersonID: p.ID}, p.ID, done); err != nil {
		return err
	}
	if r.ResetFactors {
		if err := s.resetFactors(ctx, p.ID); err != nil {
			return err
		}
	}
	if n.locked {
		if err := s.deps.Directory.UnlockFactors(ctx, directory.Actor{PersonID: p.ID}, p.ID); err != nil {
			return err
		}
	}
	return s.endAll(ctx, p.ID)
}

// resetFactors takes away what was said to be lost. Certificates stay: theirs
// is another proof, and their authority revokes them.
func (s *Server) resetFactors(ctx context.Context, personID string) error {
	if err := s.removeTOTP(ctx, personID); err != nil {
		return err
	}
	left, err := s.deps.RecoveryCodes.Left(ctx, personID)
	if err != nil {
		return err
	}
	if left > 0 {
		if err := s.deps.RecoveryCodes.Remove(ctx, personID); err != nil {
			return err
		}
	}
	passkeys, err := s.deps.Directory.Passkeys(ctx, personID)
	if err != nil {
		return err
	}
	for _, key := range passkeys {
		if err := s.deps.Directory.RemovePasskey(ctx, personID, key.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) removeTOTP(ctx context.Context, personID string) error {
	_, _, err := s.deps.Directory.TOTP(ctx, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.deps.Directory.RemoveTOTP(ctx, directory.System(), personID)
}

// endAll ends sessions, grants and trusted devices, and asks for a second factor
// at the next sign-in.
func (s *Server) endAll(ctx context.Context, personID string) error {
	if _, err := s.deps.Sessions.DropOfPerson(ctx, personID, ""); err != nil {
		return err
	}
	if _, err := s.deps.Grants.EndGrants(ctx, personID); err != nil {
		return err
	}
	if err := s.deps.Directory.ForgetDevices(ctx, personID, ""); err != nil {
		return err
	}
	self := directory.Actor{PersonID: personID}
	return s.deps.Directory.Oblige(ctx, self, personID, directory.Obligations{AddFactor: true})
}

func (s *Server) showPIN(c echo.Context, status int, _ turn, errs []pages.FieldError) error {
	return s.render(c, status, "recovery_newpin.html", nil, errs)
}

// maxPIN bounds what is read, in bytes.
const maxPIN = 16

// pinKeys are the messages for the objections of idp/factor to a new PIN.
var pinKeys = map[string]string{
	"pin_digits": "recovery.error.pin_digits", "pin_trivial": "recovery.error.pin_trivial", "pin_personal": "recovery.error.pin_personal",
}

// setPIN ends the recovery with a new PIN.
func (s *Server) setPIN(c echo.Context, t turn) error {
	pin, again, err := twice(c.Request(), "pin", maxPIN)
	if err != nil {
		return err
	}
	if pin != again {
		return s.showPIN(c, http.StatusUnprocessableEntity, t, browser.Wrong("pin_again", "recovery.error.pin_mismatch"))
	}
	hash, err := s.deps.PINs.Prepare(c.Request().Context(), t.person, t.OrganisationID, pin)
	if fault, ok := errors.AsType[*directory.FieldError](err); ok && pinKeys[fault.Code] != "" {
		return s.showPIN(c, http.StatusUnprocessableEntity, t, browser.Wrong("pin", pinKeys[fault.Code]))
	}
	if err != nil {
		return err
	}
	err = s.deps.Directory.FinishRecovery(c.Request().Context(), t.ID, func(ctx context.Context, r directory.Recovery, p directory.Person) error {
		return s.deps.Directory.ReplacePIN(ctx, p.ID, r.OrganisationID, hash)
	})
	if err != nil {
		return err
	}
	return s.done(c, t)
}

func (s *Server) done(c echo.Context, t turn) error {
	s.metrics.WithLabelValues("done").Inc()
	browser.DropCookie(c.Response(), cookieHolder)
	return s.render(c, http.StatusOK, "recovery_done.html", donePage{Kind: t.Kind, SignInURL: s.deps.Home}, nil)
}

// twice reads a secret and its repetition.
func twice(r *http.Request, name string, limit int) (value, again string, err error) {
	if value, err = browser.Field(r, name, limit); err != nil {
		return "", "", err
	}
	again, err = browser.Field(r, name+"_again", limit)
	return value, again, err
}
