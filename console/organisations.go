package console

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// members bounds those on an organisation's card.
const members = 50

type organisationLine struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	INN    string `json:"inn"`
	OGRN   string `json:"ogrn"`
	KPP    string `json:"kpp"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
}

type organisationsView struct {
	Organisations []organisationLine `json:"organizations"`
	More          bool               `json:"more"`
}

// organisationCard is what support sees of one organisation.
type organisationCard struct {
	Look lookView `json:"look"`
	organisationLine
	FullName    string       `json:"full_name"`
	CreatedAt   storage.Time `json:"created_at"`
	Members     []memberLine `json:"members"`
	MoreMembers bool         `json:"more_members"`
}

type memberLine struct {
	PersonID string         `json:"person_id"`
	Name     string         `json:"name"`
	Role     directory.Role `json:"role"`
	Position string         `json:"position"`
	Status   string         `json:"status"`
}

func organisationLineOf(o directory.Organisation) organisationLine {
	return organisationLine{o.ID, o.Name, organisationINN(o), o.OGRN, o.KPP, o.Kind, o.Status}
}

// searchOrganisations answers POST /console/v1/organizations/search.
func (s *Server) searchOrganisations(c api.Call) error {
	text, err := s.query(c)
	if err != nil {
		return err
	}
	list, kind, err := s.Directory.SearchOrganisations(c.Ctx(), text, found+1)
	if err := s.searched(c, "organisations", kind, len(list), err); err != nil {
		return err
	}
	view := organisationsView{Organisations: []organisationLine{}, More: len(list) > found}
	for _, o := range list[:min(len(list), found)] {
		view.Organisations = append(view.Organisations, organisationLineOf(o))
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// lookAtOrganisation answers POST /console/v1/organizations/{id}/looks.
func (s *Server) lookAtOrganisation(c api.Call) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	o, err := s.namedOrganisation(c)
	if err != nil {
		return err
	}
	if err := s.count(c, lookOrganisation); err != nil {
		return err
	}
	if err := s.recordOrganisation(c, o.ID, map[string]string{"reason": why}); err != nil {
		return err
	}
	look, err := s.open(c, lookOrganisation, o.ID)
	if err != nil {
		return err
	}
	return s.answerOrganisation(c, http.StatusCreated, o, look)
}

// organisation answers GET /console/v1/organizations/{id} for a card that is open.
func (s *Server) organisation(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	look, err := s.opened(c, lookOrganisation, id)
	if err != nil {
		return err
	}
	o, err := s.namedOrganisation(c)
	if err != nil {
		return err
	}
	return s.answerOrganisation(c, http.StatusOK, o, look)
}

func (s *Server) namedOrganisation(c api.Call) (directory.Organisation, error) {
	id, err := c.ID()
	if err != nil {
		return directory.Organisation{}, err
	}
	o, err := s.Directory.Organisation(c.Ctx(), id)
	return o, api.DirectoryRefusal(err)
}

func (s *Server) answerOrganisation(c api.Call, status int, o directory.Organisation, look lookView) error {
	list, next, err := s.Directory.Members(c.Ctx(), o.ID, directory.Page{Limit: members})
	if err != nil {
		return err
	}
	card := organisationCard{
		Look: look, organisationLine: organisationLineOf(o), FullName: o.FullName, CreatedAt: o.CreatedAt,
		Members: []memberLine{}, MoreMembers: next != "",
	}
	for _, m := range list {
		card.Members = append(card.Members, memberLine{m.Person.ID, shortName(m.Person), m.Role, m.Position, m.Person.Status})
	}
	return api.Answer(c, status, "", card)
}
