package cabinet

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// organizationView is the token's organisation. Numbers and names come from the
// register; the rest is the organisation's own.
type organizationView struct {
	ID            string       `json:"id"`
	Kind          string       `json:"kind"`
	Status        string       `json:"status"`
	Name          string       `json:"name"`
	FullName      string       `json:"full_name"`
	INN           string       `json:"inn"`
	KPP           string       `json:"kpp,omitempty"`
	OGRN          string       `json:"ogrn"`
	Address       string       `json:"address"`
	ActualAddress string       `json:"actual_address"`
	Phone         string       `json:"phone"`
	Email         string       `json:"email"`
	RequiredACR   string       `json:"required_acr"` // empty: the server's own floor
	CreatedAt     storage.Time `json:"created_at"`
	UpdatedAt     storage.Time `json:"updated_at"`
}

func newOrganizationView(o directory.Organisation) organizationView {
	return organizationView{
		ID: o.ID, Kind: o.Kind, Status: o.Status, Name: o.Name, FullName: o.FullName,
		INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Address: o.Address, ActualAddress: o.ActualAddress,
		Phone: o.Phone, Email: o.Email, RequiredACR: o.RequiredACR,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// organization answers GET /v1/organization.
func (s *Server) organization(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	organisation, err := s.Directory.Organisation(c.Ctx(), c.Claims.OrganisationID())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(organisation.Version), newOrganizationView(organisation))
}

// organizationPatch has no contacts and no addresses: they change in the profile's
// blocks only, confirmed by a code or a signature and held against the register. The
// codes of bindings go to the official contact, so who could move it at will could
// let anybody in.
type organizationPatch struct {
	RequiredACR api.Field[string] `json:"required_acr"`
}

// patchOrganization answers PATCH /v1/organization with the new state.
func (s *Server) patchOrganization(c api.Call) error {
	var patch organizationPatch
	err := api.ReadPatch(c, &patch,
		"id", "kind", "status", "name", "full_name", "inn", "kpp", "ogrn", "created_at", "updated_at",
		"address", "actual_address", "phone", "email")
	if err != nil {
		return err
	}
	change := directory.OrganisationPatch{RequiredACR: patch.RequiredACR.Change()}
	if err := mayDemand(c.Claims, change.RequiredACR); err != nil {
		return err
	}
	if change.Version, err = s.organisationVersion(c); err != nil {
		return err
	}
	organisation, err := s.Directory.UpdateOrganisation(c.Ctx(), c.Actor(), c.Claims.OrganisationID(), change)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(organisation.Version), newOrganizationView(organisation))
}

// mayDemand keeps an organisation from locking itself out: a level of sign-in can
// be demanded of everybody only by a person who has just reached it.
func mayDemand(claims *api.Claims, acr *string) error {
	if acr == nil || *acr == "" || !api.KnownACR(*acr) {
		return nil // nothing is demanded, or the directory refuses the value
	}
	if claims.Service() {
		return api.Refuse("person_required")
	}
	return api.Assured(claims, *acr)
}

// organisationVersion answers the version that If-Match binds the change to, nil
// when the request has no condition.
func (s *Server) organisationVersion(c api.Call) (*int64, error) {
	if !c.Conditional() {
		return nil, nil
	}
	organisation, err := s.Directory.Organisation(c.Ctx(), c.Claims.OrganisationID())
	if err != nil {
		return nil, api.DirectoryRefusal(err)
	}
	if err := api.CheckIfMatch(c, api.EntityTag(organisation.Version)); err != nil {
		return nil, err
	}
	return &organisation.Version, nil
}
