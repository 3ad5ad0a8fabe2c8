package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/storage"
)

// shownOrganisations bounds the page; the search finds the others.
const shownOrganisations = 50

// showOrganisation asks on whose behalf to go on. It is asked even of those who
// have one organisation only: nobody should act in a name he has not seen.
func (s *Server) showOrganisation(c echo.Context, t *turn, status int, errs ...pages.FieldError) error {
	lang := language(c, t)
	offered, err := s.offeredTo(c.Request().Context(), t.person.ID, lang)
	if err != nil {
		return err
	}
	if t.step.Notice != "" {
		errs = append(errs, browser.Wrong("organisation", t.step.Notice)...)
	}
	query := search(c.QueryParam("q"))
	return s.draw(c, t, status, pages.OrganisationChoice{
		Request: t.ID, ClientName: t.client(lang), RedirectURI: t.Request.RedirectURI,
		PersonName:    t.person.FullName(),
		How:           how(t),
		Organisations: matching(offered, query),
		Query:         query,
		Chosen:        t.session.OrganisationID,
		Total:         len(offered),
		Errors:        errs,
	})
}

// search cleans what was typed into the search.
func search(query string) string {
	query = strings.TrimSpace(query)
	if len(query) > 100 || !utf8.ValidString(query) {
		return ""
	}
	return query
}

// offer is an organisation that the person may act for.
type offer struct {
	directory.Organisation
	as string // the role, or the power of attorney, in words
}

// offeredTo are the organisations of which the person is a member, then those that
// powers of attorney open to him.
func (s *Server) offeredTo(ctx context.Context, personID, lang string) ([]offer, error) {
	memberships, err := s.deps.Directory.Memberships(ctx, personID)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	represented, err := s.deps.Directory.Representations(ctx, personID)
	if err != nil {
		return nil, fmt.Errorf("list powers of attorney: %w", err)
	}
	var list []offer
	for _, m := range memberships {
		list = append(list, offer{m.Organisation, m.Role.Label(lang)})
	}
	for _, r := range represented {
		list = append(list, offer{r.Organisation, r.Powers[0].Title(lang)})
	}
	return list, nil
}

// matching are the organisations that match the query, by name or by the
// beginning of a number.
func matching(offered []offer, query string) []pages.OrganisationItem {
	var list []pages.OrganisationItem
	for _, o := range offered {
		if len(list) == shownOrganisations {
			break
		}
		if matches(o.Organisation, query) {
			list = append(list, pages.OrganisationItem{
				ID: o.ID, Name: o.Name, INN: o.INN, OGRN: o.OGRN, KPP: o.KPP,
				RoleLabel: o.as, Sole: o.Kind == directory.KindSole,
			})
		}
	}
	return list
}

func matches(o directory.Organisation, query string) bool {
	lower := strings.ToLower(query)
	return query == "" ||
		strings.Contains(strings.ToLower(o.Name), lower) ||
		strings.Contains(strings.ToLower(o.FullName), lower) ||
		strings.HasPrefix(o.INN, query) || strings.HasPrefix(o.OGRN, query) || strings.HasPrefix(o.KPP, query)
}

// mayEnter returns storage.ErrNotFound unless the person is a member of the
// organisation or holds a live power of attorney of it.
func (s *Server) mayEnter(ctx context.Context, personID, organisationID string) error {
	_, err := s.deps.Directory.Membership(ctx, personID, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		_, err = s.deps.Directory.Representation(ctx, personID, organisationID)
	}
	if err != nil {
		return fmt.Errorf("look for membership: %w", err)
	}
	return nil
}

// how says how the person was confirmed: within this attempt by the factor
// proved last, else by being signed in already.
func how(t *turn) string {
	if t.Progress.IdentifiedAt == 0 {
		return "how.session"
	}
	proofs := t.session.Proofs.V
	return "how." + string(proofs[len(proofs)-1].Factor)
}

// organisation takes the choice, as long as it may still be changed: after the
// second factor, and only when the application has not named one itself.
func (s *Server) organisation(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	id, err := browser.Field(c.Request(), "organisation", maxID)
	if err != nil {
		return err
	}
	if !s.choosing(t) {
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
	key, err := s.choose(c, t, id)
	switch {
	case err != nil:
		return err
	case key != "":
		t.step = Step{Kind: StepOrganisation}
		return s.showOrganisation(c, t, http.StatusUnprocessableEntity, browser.Wrong("organisation", key)...)
	default:
		return browser.SeeOther(c, dispatcher(t.attempt))
	}
}

// choosing tells that the organisation is due, or was chosen on the page and may
// be chosen again: the back button, or another one that asks for less.
func (s *Server) choosing(t *turn) bool {
	open := t.situation
	open.Organisation, open.Progress.OrganisationID = nil, ""
	return t.Request.Organisation == "" && next(open, s.deps.Now()).Kind == StepOrganisation
}

// choose keeps the organisation, or returns the message that says why not. One
// that is not the person's is charged to the address like a failed proof: only
// who forges the form has it.
func (s *Server) choose(c echo.Context, t *turn, id string) (key string, err error) {
	ctx := c.Request().Context()
	if id == "" {
		return "error.organisation_required", nil
	}
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return "", err
	}
	err = s.mayEnter(ctx, t.person.ID, id)
	if errors.Is(err, storage.ErrNotFound) {
		if err := s.signIns.Fail(ctx, browser.Address(c.Request())); err != nil {
			return "", err
		}
		return "error.organisation_unknown", s.record(ctx, t, "signin.organisation", outcomeRefused)
	}
	if err != nil {
		return "", err
	}
	policy, err := s.deps.Directory.Policy(ctx, id)
	if err != nil {
		return "", fmt.Errorf("look for policy: %w", err)
	}
	if notice := closed(t.situation, policy); notice != "" {
		return notice, nil
	}
	t.choose(id)
	if err := s.sessions.Chose(ctx, t.session, id); err != nil {
		return "", err
	}
	return "", s.attempts.save(ctx, t.attempt)
}
