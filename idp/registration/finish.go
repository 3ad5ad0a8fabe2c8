package registration

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/pages"
)

// maxPassword bounds what is read, in bytes; idp/factor takes no longer one.
const maxPassword = 512

// passwordPage asks for the password.
type passwordPage struct {
	Stages []pages.Stage
	Login  string
	Rules  pages.PasswordRules
}

// donePage says that there is an account now.
type donePage struct {
	Name             string
	Number           string // the user number, a login too
	Email            string
	OrganisationName string // that was joined; "" = none
	Opens            []string
	ContinueURL      string
}

// password asks for one.
func (s *Server) password(c echo.Context, r directory.Registration) error {
	if !r.Proved() {
		return browser.SeeOther(c, "/registration/confirm")
	}
	return s.showPassword(c, http.StatusOK, r, nil)
}

func (s *Server) showPassword(c echo.Context, status int, r directory.Registration, errs []pages.FieldError) error {
	a := r.Applicant
	return s.render(c, status, "registration_password.html", passwordPage{
		Stages: stages(2), Login: a.Email,
		Rules: pages.PasswordRules{Min: factor.MinPassword, Avoid: []string{a.LastName, a.FirstName, a.MiddleName, a.Email, a.SNILS}},
	}, errs)
}

// finish makes the account, with its password, and accepts the invitation that
// led here.
func (s *Server) finish(c echo.Context, r directory.Registration) error {
	if !r.Proved() {
		return browser.SeeOther(c, "/registration/confirm")
	}
	password, again, err := passwords(c.Request())
	if err != nil {
		return err
	}
	if password != again {
		return s.showPassword(c, http.StatusUnprocessableEntity, r, browser.Wrong("password_again", "error.password_mismatch"))
	}
	hash, err := s.deps.Passwords.Prepare(c.Request().Context(), known(r.Applicant), password, factor.PasswordPolicy{})
	if errs := browser.PasswordErrors(err); errs != nil {
		return s.showPassword(c, http.StatusUnprocessableEntity, r, errs)
	}
	if err != nil {
		return err
	}
	person, err := s.deps.Directory.FinishRegistration(c.Request().Context(), r.ID, func(ctx context.Context, p directory.Person) error {
		return s.deps.Directory.SetPasswordHash(ctx, p.ID, hash)
	})
	if taken(err) {
		return fmt.Errorf("%w: %w", errTaken, err)
	}
	if err != nil {
		return err
	}
	return s.done(c, r, person)
}

// known is what a password of the applicant must not contain.
func known(a directory.Applicant) directory.Person {
	return directory.Person{
		LastName: a.LastName, FirstName: a.FirstName, MiddleName: a.MiddleName,
		Email: a.Email, Phone: a.Phone, SNILS: a.SNILS,
	}
}

// errTaken: a contact became somebody's while it was proved here. Both were
// proved, so it is its holder who is told.
var errTaken = errors.New("registration: a contact has an account meanwhile")

// taken tells that FinishRegistration found a contact to be another's.
func taken(err error) bool {
	var faults directory.FieldErrors
	if !errors.As(err, &faults) {
		return false
	}
	for _, f := range faults {
		if f.Code == "taken" {
			return true
		}
	}
	return false
}

func (s *Server) done(c echo.Context, r directory.Registration, p directory.Person) error {
	s.metrics.WithLabelValues("done").Inc()
	browser.DropCookie(c.Response(), cookieRegistration)
	page := donePage{Name: p.FirstName, Number: p.Number, Email: p.Email, ContinueURL: s.deps.Home}
	for _, opening := range directory.LevelStandard.Opens() {
		page.Opens = append(page.Opens, string(opening))
	}
	if r.Applicant.Invitation != "" {
		joined, err := s.deps.Directory.AcceptInvitation(c.Request().Context(), directory.Actor{PersonID: p.ID}, r.Applicant.Invitation, p.ID)
		if err != nil && !refused(err) {
			return err
		}
		if page.OrganisationName = joined.Organisation.Name; page.OrganisationName != "" {
			page.ContinueURL = s.deps.Cabinet
		}
	}
	return s.render(c, http.StatusOK, "registration_done.html", page, nil)
}

func passwords(r *http.Request) (password, again string, err error) {
	if password, err = browser.Field(r, "password", maxPassword); err != nil {
		return "", "", err
	}
	again, err = browser.Field(r, "password_again", maxPassword)
	return password, again, err
}
