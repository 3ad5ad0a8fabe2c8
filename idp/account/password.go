package account

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
	"propusk/idp/session"
)

type passwordView struct {
	frame
	Current bool   // the present one is asked for
	Login   string // for the password manager
	Rules   pages.PasswordRules
}

// passwordForm asks for the present password and a new one.
func (s *Server) passwordForm(v *visit) error { return s.passwordPage(v, http.StatusOK) }

func (s *Server) passwordPage(v *visit, status int, errs ...pages.FieldError) error {
	held, err := s.held(v.ctx(), v.Person)
	if err != nil {
		return err
	}
	if held.passwordAt == 0 && !s.fresh(v) { // without a present one, a fresh proof stands for it
		return browser.SeeOther(v, browser.SignInFirst("/account/password", v.Session.Proven(0).Level.ACR(), freshFor))
	}
	policy, err := s.passwordPolicy(v)
	if err != nil {
		return err
	}
	p := v.Person
	return v.page(status, "account_password.html", "account.password.title", passwordView{
		frame: frame{v.notice()}, Current: held.passwordAt != 0, Login: cmp.Or(p.Email, p.Number),
		Rules: pages.PasswordRules{Min: policy.MinLength, Avoid: append([]string{p.LastName, p.FirstName, p.Email}, policy.Forbidden...)},
	}, errs...)
}

// fresh reports whether the session proved as much within the last minutes as it
// has ever.
func (s *Server) fresh(v *visit) bool {
	return s.recent(v.Here) >= session.Weigh(v.Session.Without(session.Device), 0).Level
}

// passwordPolicy is what the new password must be: administrators and heads of
// organisations can do most harm (requirements A23.1).
func (s *Server) passwordPolicy(v *visit) (factor.PasswordPolicy, error) {
	memberships, err := s.deps.Directory.Memberships(v.ctx(), v.Person.ID)
	if err != nil {
		return factor.PasswordPolicy{}, err
	}
	policy := factor.PasswordPolicy{MinLength: factor.MinPassword}
	for _, m := range memberships {
		policy.Forbidden = append(policy.Forbidden, m.Organisation.INN, m.Organisation.OGRN)
		if m.Role == directory.Administrator || m.Role == directory.Head {
			policy.MinLength = factor.StrictPassword
		}
	}
	return policy, nil
}

// maxPassword bounds what is read of a typed password, in bytes; policy's bound
// is lower.
const maxPassword = 1024

// changePassword replaces the password. Every other session ends, with what
// applications got from it, and every other device is a strange one again: who
// changes a password may do it because somebody knows the old one.
func (s *Server) changePassword(v *visit) error {
	present, password, errs, err := v.passwords()
	if err != nil {
		return err
	}
	held, err := s.held(v.ctx(), v.Person)
	switch {
	case err != nil:
		return err
	case held.passwordAt == 0 && !s.fresh(v):
		return s.passwordPage(v, http.StatusOK) // which asks for the proof
	case held.passwordAt != 0 && present == "":
		errs = append(browser.Wrong("current", "error.current_required"), errs...)
	}
	if len(errs) > 0 {
		return s.passwordPage(v, http.StatusUnprocessableEntity, errs...)
	}
	policy, err := s.passwordPolicy(v)
	if err != nil {
		return err
	}
	if held.passwordAt == 0 {
		err = s.deps.Passwords.Set(v.ctx(), v.Person, password, policy)
	} else {
		err = s.deps.Passwords.Change(v.ctx(), v.guess(), v.Person, present, password, policy)
	}
	if err != nil {
		return s.passwordRefused(v, err)
	}
	return s.passwordChanged(v)
}

// passwords reads the form and says what can be seen to be wrong at once.
func (v *visit) passwords() (present, password string, errs []pages.FieldError, err error) {
	var again string
	for name, into := range map[string]*string{"current": &present, "password": &password, "password_again": &again} {
		if *into, err = v.field(name, maxPassword); err != nil {
			return "", "", nil, err
		}
	}
	switch {
	case password == "":
		errs = browser.Wrong("password", "error.password_required")
	case again != password:
		errs = browser.Wrong("password_again", "error.password_mismatch")
	}
	return present, password, errs, nil
}

// passwordRefused tells at the form what is wrong with either password.
func (s *Server) passwordRefused(v *visit, err error) error {
	if errs := browser.PasswordErrors(err); errs != nil {
		return s.passwordPage(v, http.StatusUnprocessableEntity, errs...)
	}
	if status, errs := browser.FormFault(v, err, "current", "error.current"); errs != nil {
		return s.passwordPage(v, status, errs...)
	}
	return fmt.Errorf("change password: %w", err)
}

func (s *Server) passwordChanged(v *visit) error {
	err := s.deps.DB.Tx(v.ctx(), func(ctx context.Context) error {
		if _, err := s.deps.Sessions.DropOfPerson(ctx, v.Person.ID, v.Session.ID); err != nil {
			return err
		}
		return s.deps.Devices.ForgetAll(ctx, v.Person.ID, v.Session.DeviceID)
	})
	if err != nil {
		return fmt.Errorf("end what the old password opened: %w", err)
	}
	if err := s.prove(v, session.Password); err != nil {
		return err
	}
	return v.done("/account/security", "password")
}

// prove records in the session what was proved on these pages, and gives the
// browser the session's new secret.
func (s *Server) prove(v *visit, f session.Factor) error {
	now := s.now()
	where := session.Where{DeviceID: v.Session.DeviceID, IP: v.Session.IP, UserAgent: v.Session.UserAgent, Country: v.Session.Country}
	_, secret, err := s.deps.Sessions.Add(v.ctx(), v.Session, session.Proof{Factor: f, At: now}, where, now)
	if err != nil {
		return fmt.Errorf("note what was proved: %w", err)
	}
	browser.SetCookie(v.Response(), browser.CookieSession, secret)
	return nil
}
