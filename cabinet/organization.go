package cabinet

import (
	"net/http"

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
func (s *Server) organization(c call) error {
	if err := c.query().err(); err != nil {
		return err
	}
	organisation, err := s.Directory.Organisation(c.ctx(), c.claims.OrganisationID())
	if err != nil {
		return directoryRefusal(err)
	}
	return answer(c, http.StatusOK, entityTag(organisation.Version), newOrganizationView(organisation))
}

type organizationPatch struct {
	Address       field[string] `json:"address"`
	ActualAddress field[string] `json:"actual_address"`
	Phone         field[string] `json:"phone"`
	Email         field[string] `json:"email"`
	RequiredACR   field[string] `json:"required_acr"`
}

// patchOrganization answers PATCH /v1/organization with the new state.
func (s *Server) patchOrganization(c call) error {
	var patch organizationPatch
	err := readPatch(c, &patch,
		"id", "kind", "status", "name", "full_name", "inn", "kpp", "ogrn", "created_at", "updated_at")
	if err != nil {
		return err
	}
	change := directory.OrganisationPatch{
		Address: patch.Address.change(), ActualAddress: patch.ActualAddress.change(),
		Phone: patch.Phone.change(), Email: patch.Email.change(), RequiredACR: patch.RequiredACR.change(),
	}
	if err := mayDemand(c.claims, change.RequiredACR); err != nil {
		return err
	}
	if change.Version, err = s.organisationVersion(c); err != nil {
		return err
	}
	organisation, err := s.Directory.UpdateOrganisation(c.ctx(), c.actor(), c.claims.OrganisationID(), change)
	if err != nil {
		return directoryRefusal(err)
	}
	return answer(c, http.StatusOK, entityTag(organisation.Version), newOrganizationView(organisation))
}

// mayDemand keeps an organisation from locking itself out: a level of sign-in can
// be demanded of everybody only by a person who has just reached it.
func mayDemand(claims *Claims, acr *string) error {
	if acr == nil || *acr == "" || assurance[*acr] == 0 {
		return nil // nothing is demanded, or the directory refuses the value
	}
	if claims.Service() {
		return refuse("person_required")
	}
	return assured(claims, *acr)
}

// organisationVersion answers the version that If-Match binds the change to, nil
// when the request has no condition.
func (s *Server) organisationVersion(c call) (*int64, error) {
	if !c.conditional() {
		return nil, nil
	}
	organisation, err := s.Directory.Organisation(c.ctx(), c.claims.OrganisationID())
	if err != nil {
		return nil, directoryRefusal(err)
	}
	if err := checkIfMatch(c, entityTag(organisation.Version)); err != nil {
		return nil, err
	}
	return &organisation.Version, nil
}
