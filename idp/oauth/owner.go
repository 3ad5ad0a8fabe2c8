package oauth

import (
	"context"
	"errors"
	"net/http"

	"propusk/idp/directory"
	"propusk/storage"
)

// owner is for whom a token speaks in an organisation, as it is at the moment
// the token is made. Its zero value speaks for none.
type owner struct {
	organisation *organisation
	roles        []string
	permissions  []string
	version      int64  // of the membership, or of the rights by power; mv
	power        *power // nil for a member
}

// organisation is the claim org.
type organisation struct {
	ID   string `json:"id"`
	INN  string `json:"inn"`
	OGRN string `json:"ogrn"`
	KPP  string `json:"kpp,omitempty"` // a sole proprietor has none
	Name string `json:"name"`

	requiredACR string
	closed      bool
}

func organisationFrom(o directory.Organisation) organisation {
	return organisation{
		ID: o.ID, INN: o.INN, OGRN: o.OGRN, KPP: o.KPP, Name: o.Name,
		requiredACR: o.RequiredACR, closed: o.Status != directory.StatusActive,
	}
}

// The reasons why a person's token is not made.
var (
	errPersonBlocked = invalidGrant("the person can no longer sign in")
	errNotMember     = invalidGrant("the person is not a member of the organisation")
	errAssurance     = fault(http.StatusBadRequest, "interaction_required",
		"a stronger sign-in is needed: send the person through the authorization endpoint with acr_values")
)

// standing looks who a person is in an organisation.
type standing func(ctx context.Context, personID, organisationID string) (owner, error)

// ownerBy reads anew, by look, who a grant's person is in an organisation, and checks
// that the grant's assurance still suffices for organisation and client. Without
// organisation scopes the owner is the person alone.
func (p *Provider) ownerBy(ctx context.Context, client *registration, g *grant, organisationID string, scopes []string, look standing) (owner, error) {
	if rank(g.ACR) < rank(client.RequiredACR) {
		return owner{}, errAssurance
	}
	if wantConsole(splitScope(g.Scope)) {
		return p.operatorStands(ctx, g)
	}
	if !wantOrganisation(scopes) {
		return owner{}, p.personStands(ctx, g.PersonID)
	}
	found, err := look(ctx, g.PersonID, organisationID)
	if errors.Is(err, storage.ErrNotFound) { // so it is for the blocked, too
		if err := p.personStands(ctx, g.PersonID); err != nil {
			return owner{}, err
		}
		return owner{}, errNotMember
	}
	if err != nil {
		return owner{}, err
	}
	if rank(g.ACR) < rank(found.organisation.requiredACR) {
		return owner{}, errAssurance
	}
	return found, nil
}

// standing is who the person is in the organisation now: a member or, where he is
// none, whoever a live power of attorney makes him. storage.ErrNotFound.
func (p *Provider) standing(ctx context.Context, personID, organisationID string) (owner, error) {
	membership, err := p.deps.Directory.Membership(ctx, personID, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return p.representative(ctx, personID, organisationID)
	}
	if err != nil {
		return owner{}, err
	}
	return ownerFrom(membership), nil
}

// ownerFrom is a member as the owner of tokens.
func ownerFrom(membership directory.Membership) owner {
	o := organisationFrom(membership.Organisation)
	return owner{
		organisation: &o, roles: []string{string(membership.Role)},
		permissions: names(membership.Permissions()), version: membership.Member.Version,
	}
}

// personStands fails with errPersonBlocked when the person may not sign in.
func (p *Provider) personStands(ctx context.Context, id string) error {
	person, err := p.deps.Directory.Person(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && person.Status != directory.StatusActive {
		return errPersonBlocked
	}
	return err
}

func names(permissions []directory.Permission) []string {
	names := make([]string, len(permissions))
	for i, permission := range permissions {
		names[i] = string(permission)
	}
	return names
}

// organisation reads the owner of a client, through a cache.
func (p *Provider) organisation(ctx context.Context, id string) (organisation, error) {
	if o, ok := p.organisations.GetIfPresent(id); ok {
		return o, nil
	}
	found, err := p.deps.Directory.Organisation(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return organisation{closed: true}, nil
	}
	if err != nil {
		return organisation{}, err
	}
	o := organisationFrom(found)
	p.organisations.Set(id, o)
	return o, nil
}
