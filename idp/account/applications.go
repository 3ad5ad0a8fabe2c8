package account

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/storage"
)

type applicationsView struct {
	frame
	Allowed []application // what the person was asked for
	House   []pages.Held  // the house's own applications, which ask nobody
}

// application is one that the person has allowed something.
type application struct {
	Line   []pages.Held // the one
	Scopes []pages.ScopeItem
}

// applications lists what applications may do, and lets the person take it back.
func (s *Server) applications(v *visit) error {
	consents, grants, err := s.connections(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	names, err := s.organisationNames(v.ctx(), consents)
	if err != nil {
		return err
	}
	view := applicationsView{frame: frame{v.notice()}}
	var seen []string
	for _, consent := range consents {
		view.Allowed = append(view.Allowed, v.allowed(consent, grants, names))
		seen = append(seen, consent.ClientID)
	}
	for _, grant := range grants {
		if !slices.Contains(seen, grant.ClientID) {
			view.House = append(view.House, v.granted(grant))
			seen = append(seen, grant.ClientID)
		}
	}
	return v.page(http.StatusOK, "account_applications.html", "account.place.applications", view)
}

func (s *Server) connections(ctx context.Context, personID string) ([]oauth.Consent, []oauth.Grant, error) {
	consents, err := s.deps.Provider.Consents(ctx, personID)
	if err != nil {
		return nil, nil, err
	}
	grants, err := s.deps.Provider.Grants(ctx, personID)
	return consents, grants, err
}

// organisationNames are those that the consents speak of.
func (s *Server) organisationNames(ctx context.Context, consents []oauth.Consent) (map[string]string, error) {
	names := map[string]string{}
	for _, c := range consents {
		if _, known := names[c.OrganisationID]; known || c.OrganisationID == "" {
			continue
		}
		o, err := s.deps.Directory.Organisation(ctx, c.OrganisationID)
		if err != nil {
			return nil, err
		}
		names[c.OrganisationID] = o.Name
	}
	return names, nil
}

func (v *visit) allowed(c oauth.Consent, grants []oauth.Grant, organisations map[string]string) application {
	line := pages.Held{
		Icon: "globe", Title: v.named(c.ClientName, c.ClientNameEN),
		Facts: []pages.Fact{{Label: "account.application.allowed", At: c.UpdatedAt.Time()}},
	}
	if name := organisations[c.OrganisationID]; name != "" {
		line.Facts = append(line.Facts, pages.Fact{Label: "account.application.organisation", Text: name})
	}
	for _, g := range grants {
		if g.ClientID == c.ClientID && g.OrganisationID == c.OrganisationID {
			line.Tags = []pages.Tag{{Kind: "info", Text: "account.application.live"}}
			line.Facts = append(line.Facts, pages.Fact{Label: "account.used", At: g.UsedAt.Time()})
			break
		}
	}
	line.Acts = []pages.Act{withdrawal(c.ClientID, line.Title)}
	return application{Line: []pages.Held{line}, Scopes: v.s.face.Pages().Scopes(v.lang, c.Scopes)}
}

func withdrawal(clientID, name string) pages.Act {
	return pages.Act{
		Title: "account.application.withdraw", URL: "/account/applications/" + clientID + "/withdraw", Post: true, Stop: true,
		Ask: "account.application.withdraw.ask", About: name,
	}
}

// granted is an application of the house that is signed in.
func (v *visit) granted(g oauth.Grant) pages.Held {
	name := v.named(g.ClientName, g.ClientNameEN)
	return pages.Held{
		Icon: "globe", Title: name, Tags: []pages.Tag{{Kind: "info", Text: "account.application.live"}},
		Facts: []pages.Fact{
			{Label: "account.application.since", At: g.CreatedAt.Time()},
			{Label: "account.used", At: g.UsedAt.Time()},
		},
		Acts: []pages.Act{withdrawal(g.ClientID, name)},
	}
}

// withdraw takes back all that the person has allowed one application. One that
// was allowed nothing is not found: what clients there are is not told here.
func (s *Server) withdraw(v *visit) error {
	id := v.Param("id")
	consents, grants, err := s.connections(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(consents, func(c oauth.Consent) bool { return c.ClientID == id }) ||
		slices.ContainsFunc(grants, func(g oauth.Grant) bool { return g.ClientID == id })
	if !known {
		return fmt.Errorf("application of the path: %w", storage.ErrNotFound)
	}
	if err := s.deps.Provider.WithdrawConsent(v.ctx(), v.Person.ID, id); err != nil {
		return err
	}
	return v.done("/account/applications", "application")
}
