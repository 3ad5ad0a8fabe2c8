package idp

import (
	"context"
	"errors"
	"fmt"

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
	if err := s.gather(ctx, t); err != nil {
		return nil, err
	}
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
func (s *Server) gather(ctx context.Context, t *turn) error {
	if t.session == nil {
		return nil
	}
	prover, err := s.prover(ctx, t.person)
	if err != nil {
		return err
	}
	t.situation.Prover = prover
	if t.situation.Organisation, err = s.represented(ctx, t); err != nil {
		return err
	}
	if t.Request.FirstParty {
		return nil
	}
	t.situation.Consented, err = s.deps.Provider.Consented(ctx, t.person.ID, t.Request.ClientID, t.organisationID(), t.Request.Scopes)
	if err != nil {
		return fmt.Errorf("look for consent: %w", err)
	}
	return nil
}

// prover says which second factors person has.
func (s *Server) prover(ctx context.Context, person directory.Person) (prover, error) {
	_, confirmed, err := s.deps.Directory.TOTP(ctx, person.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return prover{}, fmt.Errorf("look for authenticator: %w", err)
	}
	return prover{
		TOTP:  confirmed,
		Phone: person.Phone != "" && person.PhoneVerified,
		Email: person.Email != "" && person.EmailVerified,
	}, nil
}

// represented is the organisation asked for or chosen, if the person is an
// active member of it; nil otherwise.
func (s *Server) represented(ctx context.Context, t *turn) (*organisation, error) {
	id := orElse(t.Request.Organisation, t.Progress.OrganisationID)
	if id == "" || !t.Request.NeedsOrganisation {
		return nil, nil
	}
	membership, err := s.deps.Directory.Membership(ctx, t.person.ID, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for membership: %w", err)
	}
	return &organisation{ID: membership.Organisation.ID, RequiredACR: membership.RequiredACR}, nil
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
