package registration

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/storage"
)

// cookieRegistration is the secret of the registration that this browser began.
const cookieRegistration = "__Host-propusk-registration"

// maxField bounds a typed field, in bytes: a name of a hundred Cyrillic letters.
const maxField = 512

// formPage is what the form shows.
type formPage struct {
	Stages     []pages.Stage
	Applicant  directory.Applicant
	Invitation *invited // nil = nobody invited
	Version    string   // of the documents
}

// invited is what an invitation's link says.
type invited struct{ Token, OrganisationName, Email string }

// form shows the empty form, or what this browser has typed before and has not
// proved yet, or what an invitation knows.
func (s *Server) form(c echo.Context) error {
	ctx := c.Request().Context()
	page := s.newForm(directory.Applicant{})
	before, err := s.deps.Directory.Registration(ctx, browser.Cookie(c.Request(), cookieRegistration))
	switch {
	case err == nil && before.State == directory.RegistrationOpen:
		page.Applicant = before.Applicant
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	if token := c.QueryParam("invitation"); token != "" {
		if err := s.invite(ctx, &page, token); err != nil {
			return err
		}
	}
	return s.render(c, http.StatusOK, "registration.html", page, nil)
}

func (s *Server) newForm(a directory.Applicant) formPage {
	return formPage{Stages: stages(0), Applicant: a, Version: DocumentsVersion}
}

// invite puts what the invitation knows into the form. One that has been spent,
// withdrawn or is too old changes nothing: people may register without.
func (s *Server) invite(ctx context.Context, page *formPage, token string) error {
	if len(token) > maxField {
		return nil
	}
	view, err := s.deps.Directory.InvitationByToken(ctx, token)
	if refused(err) {
		return nil
	}
	if err != nil {
		return err
	}
	i := view.Invitation
	page.Applicant = directory.Applicant{LastName: i.LastName, FirstName: i.FirstName, MiddleName: i.MiddleName, Phone: i.Phone}
	page.Applicant.Email, page.Applicant.Invitation = i.Email, token
	page.Invitation = &invited{Token: token, OrganisationName: view.Organisation.Name, Email: i.Email}
	return nil
}

// refused tells that an invitation cannot be accepted, whoever asks.
func refused(err error) bool {
	for _, known := range []error{
		storage.ErrNotFound, storage.ErrUsed, storage.ErrExists, directory.ErrInvitationExpired,
		directory.ErrInvitationWithdrawn, directory.ErrOtherPerson,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// stages are the three steps, with the one that is under way.
func stages(current int) []pages.Stage {
	list := []pages.Stage{{Title: "registration.stage.data"}, {Title: "registration.stage.codes"}, {Title: "registration.stage.password"}}
	for i := range list {
		list[i].Done, list[i].Current = i < current, i == current
	}
	return list
}

// begin keeps what was typed and has the codes sent. The answer says nothing of
// whether an account exists: nothing was looked up.
func (s *Server) begin(c echo.Context) error {
	ctx, r := c.Request().Context(), c.Request()
	if err := s.asks.Open(ctx, browser.Address(r)); err != nil {
		return err
	}
	typed, agreed, err := s.typed(r)
	if err != nil {
		return err
	}
	typed.Locale = pages.Language(r)
	applicant, err := s.deps.Directory.CheckApplicant(typed)
	errs, err := fieldErrors(err)
	if err != nil {
		return err
	}
	if !agreed {
		errs = append(errs, pages.FieldError{Field: "consent", Key: "registration.error.consent"})
	}
	if len(errs) > 0 {
		page := s.newForm(typed)
		if typed.Invitation != "" {
			if err := s.reinvite(ctx, &page, typed); err != nil {
				return err
			}
		}
		return s.render(c, http.StatusUnprocessableEntity, "registration.html", page, errs)
	}
	return s.keep(c, applicant)
}

// reinvite shows the invitation beside what was typed.
func (s *Server) reinvite(ctx context.Context, page *formPage, typed directory.Applicant) error {
	if err := s.invite(ctx, page, typed.Invitation); err != nil {
		return err
	}
	page.Applicant = typed
	return nil
}

// keep begins the registration for this browser. The address is charged for it
// whether or not anything comes of it.
func (s *Server) keep(c echo.Context, a directory.Applicant) error {
	ctx := c.Request().Context()
	if err := s.asks.Fail(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	now := storage.Of(s.deps.Now())
	for _, document := range []string{documentTerms, documentConsent} {
		a.Agreements = append(a.Agreements, directory.Agreement{Document: document, Version: DocumentsVersion, AgreedAt: now})
	}
	secret := browser.Random()
	err := s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		r, err := s.deps.Directory.BeginRegistration(ctx, a, secret, now.Add(s.deps.Deadline))
		if err != nil {
			return err
		}
		return s.enqueue(ctx, r.ID, directory.ChannelEmail, directory.ChannelSMS)
	})
	if err != nil {
		return fmt.Errorf("begin registration: %w", err)
	}
	s.metrics.WithLabelValues("begun").Inc()
	browser.SetCookie(c.Response(), cookieRegistration, secret)
	return browser.SeeOther(c, "/registration/confirm")
}

// typed reads the form.
func (s *Server) typed(r *http.Request) (a directory.Applicant, agreed bool, err error) {
	var consent, version string
	for name, into := range map[string]*string{
		"last_name": &a.LastName, "first_name": &a.FirstName, "middle_name": &a.MiddleName, "birth_date": &a.BirthDate,
		"snils": &a.SNILS, "phone": &a.Phone, "email": &a.Email, "invitation": &a.Invitation,
		"consent": &consent, "version": &version,
	} {
		if *into, err = browser.Field(r, name, maxField); err != nil {
			return a, false, err
		}
	}
	// Texts that changed while the form stood open were not agreed to.
	return a, consent == "yes" && version == DocumentsVersion, nil
}

// fieldErrors gives the directory's faults the form's words.
func fieldErrors(err error) ([]pages.FieldError, error) {
	var faults directory.FieldErrors
	if !errors.As(err, &faults) {
		return nil, err
	}
	errs := make([]pages.FieldError, len(faults))
	for i, f := range faults {
		errs[i] = pages.FieldError{Field: f.Field, Key: "registration.error." + f.Field + "." + f.Code}
	}
	return errs, nil
}
