package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// turn is one request of a sign-in: what is known, and the step that is due.
type turn struct {
	*attempt
	session   *session.Session
	person    directory.Person // of session
	device    directory.Device // of person, in this browser; the zero value = not known
	situation situation
	step      Step
}

// organisationID is whom the person acts for; "" = nobody, or not chosen yet.
func (t *turn) organisationID() string {
	if t.situation.Organisation == nil {
		return ""
	}
	return t.situation.Organisation.ID
}

// client is the application's name in a language.
func (t *turn) client(lang string) string {
	if lang == "en" && t.Request.ClientNameEN != "" {
		return t.Request.ClientNameEN
	}
	return t.Request.ClientName
}

// maxID bounds what stands in a hidden field, in bytes.
const maxID = 128

// turnOf reads the posted `request` and finds where its attempt stands.
func (s *Server) turnOf(c echo.Context) (*turn, error) {
	id, err := browser.Field(c.Request(), "request", maxID)
	if err != nil {
		return nil, err
	}
	return s.turn(c, id)
}

// turn finds the attempt id of this browser and where it stands: the
// errors of attempts.find.
func (s *Server) turn(c echo.Context, id string) (*turn, error) {
	ctx := c.Request().Context()
	a, err := s.attempts.find(ctx, id, browser.Cookie(c.Request(), browser.CookieBrowser))
	if err != nil {
		return nil, err
	}
	t, err := s.stand(c, a)
	if err != nil {
		return nil, err
	}
	if t.session == nil || a.Progress.PersonID != "" || a.Progress.Again {
		return t, nil
	}
	a.met(t.session.PersonID)
	return t, s.attempts.save(ctx, a)
}

// stand gathers the situation and asks next.
func (s *Server) stand(c echo.Context, a *attempt) (*turn, error) {
	ctx := c.Request().Context()
	t := &turn{attempt: a, situation: situation{Request: a.Request, Progress: a.Progress}}
	if err := s.recall(ctx, t, browser.Cookie(c.Request(), browser.CookieSession)); err != nil {
		return nil, err
	}
	if err := s.gather(c, t); err != nil {
		return nil, err
	}
	t.situation.Address = browser.IP(c.Request())
	t.situation.NoCertificates = !s.certificatesOffered()
	t.step = next(t.situation, s.deps.Now())
	return t, nil
}

// recall finds the session and its person.
func (s *Server) recall(ctx context.Context, t *turn, secret string) error {
	here, found, err := browser.Recall(ctx, s.sessions, s.deps.Directory, secret, s.now())
	if err != nil || !found {
		return err
	}
	t.session, t.person, t.situation.Session = here.Session, here.Person, here.Session
	return nil
}

// gather adds what next wants to know of the session's person.
func (s *Server) gather(c echo.Context, t *turn) error {
	if t.session == nil {
		return nil
	}
	ctx := c.Request().Context()
	for _, look := range []func(context.Context, *turn) error{s.lookAtFactors, s.lookAtDebts, s.lookAtOperator, s.lookAtOrganisation, s.lookAtConsent} {
		if err := look(ctx, t); err != nil {
			return err
		}
	}
	device, _, err := s.device(c, t.person.ID)
	if err != nil {
		return err
	}
	t.device = device
	wanted, err := s.passkeysWanted(c.Request(), t.person.ID)
	t.situation.Device = machine{Trusted: device.Trusted(s.now()), Passkeys: wanted}
	return err
}

// lookAtFactors finds which factors the person has.
func (s *Server) lookAtFactors(ctx context.Context, t *turn) error {
	_, authenticator, err := s.deps.Directory.TOTP(ctx, t.person.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("look for authenticator: %w", err)
	}
	passkey, err := s.deps.Passkeys.Usable(ctx, t.person.ID)
	if err != nil {
		return fmt.Errorf("look for passkeys: %w", err)
	}
	codes, err := s.deps.RecoveryCodes.Left(ctx, t.person.ID)
	if err != nil {
		return fmt.Errorf("look for recovery codes: %w", err)
	}
	certificate, err := s.holdsCertificate(ctx, t.person.ID)
	if err != nil {
		return err
	}
	age, err := s.deps.Passwords.Age(ctx, t.person.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("look for password: %w", err)
	}
	t.situation.PasswordAge = age
	t.situation.Prover = prover{
		TOTP:        authenticator,
		Phone:       t.person.Phone != "" && t.person.PhoneVerified,
		Email:       t.person.Email != "" && t.person.EmailVerified,
		Passkey:     passkey,
		Recovery:    codes > 0,
		Certificate: certificate,
		Password:    err == nil,
	}
	return nil
}

// holdsCertificate tells that a certificate is bound to the person which could
// be used now.
func (s *Server) holdsCertificate(ctx context.Context, personID string) (bool, error) {
	if !s.certificatesOffered() {
		return false, nil
	}
	list, err := s.deps.Directory.Certificates(ctx, personID)
	if err != nil {
		return false, fmt.Errorf("look for certificates: %w", err)
	}
	now := s.now()
	return slices.ContainsFunc(list, func(c directory.Certificate) bool { return c.RevokedAt == 0 && now < c.NotAfter }), nil
}

// lookAtDebts finds what the person owes.
func (s *Server) lookAtDebts(ctx context.Context, t *turn) (err error) {
	t.situation.Owed, err = s.deps.Directory.Obligations(ctx, t.person.ID)
	return err
}

// lookAtOperator finds whether the person is an operator of the house, for their
// console.
func (s *Server) lookAtOperator(ctx context.Context, t *turn) error {
	if !t.Request.NeedsOperator {
		return nil
	}
	roles, err := s.deps.Directory.OperatorOf(ctx, t.person.ID)
	t.situation.Operator = len(roles) > 0
	return err
}

// lookAtOrganisation finds the organisation asked for or chosen, if the person
// is an active member of it or its representative, and what it demands.
func (s *Server) lookAtOrganisation(ctx context.Context, t *turn) error {
	id := cmp.Or(t.Request.Organisation, t.Progress.OrganisationID)
	if id == "" || !t.Request.NeedsOrganisation {
		return nil
	}
	err := s.mayEnter(ctx, t.person.ID, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	t.situation.Organisation, err = s.organisationOf(ctx, t.person.ID, id)
	return err
}

func (s *Server) organisationOf(ctx context.Context, personID, id string) (*organisation, error) {
	policy, err := s.deps.Directory.Policy(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("look for policy: %w", err)
	}
	o := &organisation{ID: id, Policy: policy}
	if policy.PIN {
		if o.HasPIN, err = s.deps.PINs.Isset(ctx, personID, id); err != nil {
			return nil, fmt.Errorf("look for PIN: %w", err)
		}
	}
	return o, nil
}

// lookAtConsent finds whether the person accepted the same before.
func (s *Server) lookAtConsent(ctx context.Context, t *turn) (err error) {
	if t.Request.FirstParty {
		return nil
	}
	t.situation.Consented, err = s.deps.Provider.Consented(ctx, t.person.ID, t.Request.ClientID, t.organisationID(),
		t.Request.ConsentScopes(t.Request.Details), t.Request.Details...)
	if err != nil {
		return fmt.Errorf("look for consent: %w", err)
	}
	return nil
}

// draw draws a page of the turn's sign-in, in the language that the
// application asked for unless the person chose one.
func (s *Server) draw(c echo.Context, t *turn, status int, page pages.Page) error {
	r := pages.WithLanguages(c.Request(), t.Request.UILocales...)
	return s.pages.Render(c.Response(), r, status, page)
}

// language is the language that draw uses.
func language(c echo.Context, t *turn) string {
	return pages.Language(c.Request(), t.Request.UILocales...)
}
