package idp

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
)

func (s *Server) showConsent(c echo.Context, t *turn, status int) error {
	lang := language(c, t)
	page := pages.Consent{
		Request: t.ID, ClientName: t.client(lang), RedirectURI: t.Request.RedirectURI,
		PersonName:   t.person.FullName(),
		Scopes:       s.pages.Scopes(lang, t.Request.ScopesBesideDetails()),
		Details:      s.detailItems(lang, t.Request.Details),
		RedirectHost: redirectHost(t.Request.RedirectURI),
	}
	if t.situation.Organisation != nil {
		organisation, err := s.deps.Directory.Organisation(c.Request().Context(), t.situation.Organisation.ID)
		if err != nil {
			return fmt.Errorf("name organisation: %w", err)
		}
		page.OrganisationName = organisation.Name
	}
	if err := s.tellOfApplication(c.Request().Context(), t.Request.ClientID, &page); err != nil {
		return err
	}
	return s.draw(c, t, status, page)
}

// tellOfApplication puts on the page what the application says of itself: its picture,
// from this house, and its pages, which open beside this one.
func (s *Server) tellOfApplication(ctx context.Context, clientID string, page *pages.Consent) error {
	shown, err := s.deps.Provider.Shown(ctx, clientID)
	if err != nil {
		return fmt.Errorf("find what an application says of itself: %w", err)
	}
	for _, link := range []pages.AboutLink{
		{What: "home", URL: shown.Home}, {What: "policy", URL: shown.Policy}, {What: "terms", URL: shown.Terms},
	} {
		if link.Host = redirectHost(link.URL); link.Host != "" {
			page.About = append(page.About, link)
		}
	}
	if s.deps.Logos == nil {
		return nil
	}
	digest, err := s.deps.Logos.Of(ctx, clientID, shown.Logo)
	if err == nil && digest != "" {
		page.Logo = logoPath + digest
	}
	return err
}

// consent takes the decision. It counts only when the consent page is due:
// nobody accepts before he has signed in and chosen the organisation that the
// page names.
func (s *Server) consent(c echo.Context) error {
	ctx := c.Request().Context()
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	decision, err := browser.Field(c.Request(), "decision", maxID)
	if err != nil {
		return err
	}
	switch {
	case t.step.Kind != StepConsent:
		return browser.SeeOther(c, dispatcher(t.attempt))
	case decision == "refuse":
		if err := s.record(ctx, t, "consent", outcomeRefused); err != nil {
			return err
		}
		if t.Waiting != "" {
			return s.refuseWaiting(c, t)
		}
		return s.refuse(c, t, "access_denied", "The person refused.")
	case decision != "accept":
		return browser.Malformed("decision %q", decision)
	}
	details, err := allowedDetails(c, t.Request.Details)
	if err != nil {
		return err
	}
	if len(t.Request.ScopesWithin(details)) == 0 { // every box was unticked, and there was nothing else
		if err := s.record(ctx, t, "consent", outcomeRefused); err != nil {
			return err
		}
		if t.Waiting != "" {
			return s.refuseWaiting(c, t)
		}
		return s.refuse(c, t, "access_denied", "The person allowed nothing of what was asked for.")
	}
	if err := s.accept(c, t, details); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

func (s *Server) accept(c echo.Context, t *turn, details directory.Details) error {
	ctx := c.Request().Context()
	err := s.deps.Provider.RememberConsent(ctx, t.person.ID, t.Request.ClientID, t.organisationID(),
		t.Request.ConsentScopes(details), details...)
	if err != nil {
		return fmt.Errorf("remember consent: %w", err)
	}
	if err := s.record(ctx, t, "consent", outcomeAccepted); err != nil {
		return err
	}
	t.Progress.Consented, t.Progress.Details = true, details
	return s.attempts.save(ctx, t.attempt)
}
