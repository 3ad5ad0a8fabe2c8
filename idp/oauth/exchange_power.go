package oauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
)

// represent gives the service client of one organisation a token that acts for
// another, under that other's power of attorney and within it. The token names the
// power, and dies with it.
func (p *Provider) represent(ctx context.Context, x *exchange, form url.Values, subject *accessToken) (*accessToken, error) {
	own, principal := x.client, form.Get("organization")
	switch {
	case own.Kind != Service || own.OrganisationID == "":
		return nil, unauthorizedClient("only the service client of an organisation acts for another one")
	case !subject.service() || subject.ClientID != own.ID || subject.Actor != nil:
		return nil, invalidRequest("the subject_token must be the client's own, by client_credentials")
	case subject.Organisation == nil || subject.Organisation.ID != own.OrganisationID:
		return nil, invalidRequest("the subject_token must speak for the organisation that owns the client")
	case principal == own.OrganisationID:
		return nil, invalidTarget("the client belongs to that organisation: its client_credentials do")
	case !holds(x.confirmation, subject.Confirmation):
		return nil, invalidRequest("the subject_token is bound to a key or certificate that the request does not prove")
	}
	if err := p.checkActor(ctx, x, form); err != nil {
		return nil, err
	}
	r, err := p.deps.Directory.ServiceRepresentation(ctx, own.OrganisationID, principal)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, invalidTarget("there is no live power of attorney by which the client's organisation acts for that one")
	}
	if err != nil {
		return nil, err
	}
	claims, err := p.byPower(x, form, subject, r)
	if err != nil {
		return nil, err
	}
	// The limits of the token that the client holds bind it here, too.
	claims.Details, err = p.narrowDetails(own, form, subject.Details, splitScope(claims.Scope))
	return claims, err
}

// byPower is the token under the first power that opens every scope asked for. None
// asked for are all that the subject_token and the power that ends last have in
// common.
func (p *Provider) byPower(x *exchange, form url.Values, subject *accessToken, r directory.ServiceRepresentation) (*accessToken, error) {
	asked, had := splitScope(form.Get("scope")), splitScope(subject.Scope)
	for _, scope := range asked {
		if !slices.Contains(had, scope) {
			return nil, invalidScope("a scope is not in the subject_token").because("some of "+strings.Join(had, " "), shown(scope))
		}
	}
	for _, power := range r.Powers {
		opened := append(names(power.Permissions()), client.ScopeOrganisation)
		scopes := asked
		if len(scopes) == 0 {
			scopes = shared(had, opened)
		}
		if len(scopes) > 0 && within(scopes, opened) {
			return p.representing(x, r, power, scopes), nil
		}
	}
	return nil, invalidScope("no single power of attorney opens every scope asked for")
}

func (p *Provider) representing(x *exchange, r directory.ServiceRepresentation, by directory.PowerOfAttorney, scopes []string) *accessToken {
	o, power := organisationFrom(r.Organisation), powerFrom(by)
	claims := p.accessClaims(x.client, strings.Join(scopes, " "))
	claims.Organisation, claims.Permissions, claims.MemberVersion = &o, x.client.permissionsOf(scopes), r.Version
	claims.Power, claims.Confirmation = &power, x.confirmation
	claims.ExpiresAt = min(claims.ExpiresAt, power.ends)
	claims.Actor = &actor{Subject: x.client.ID, Organisation: x.client.OrganisationID}
	return claims
}

// serviceStands fails with errToken when the power that a service's token rests on
// is over, or rights by power have changed since.
func (p *Provider) serviceStands(ctx context.Context, t *accessToken) error {
	if t.Actor == nil || t.Organisation == nil {
		return errToken
	}
	r, err := p.deps.Directory.ServiceRepresentation(ctx, t.Actor.Organisation, t.Organisation.ID)
	if err != nil {
		return err
	}
	live := slices.ContainsFunc(r.Powers, func(by directory.PowerOfAttorney) bool { return by.ID == t.Power.ID })
	if !live || r.Version != t.MemberVersion {
		return errToken
	}
	return nil
}
