package web

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const organisationsPlace = Root + "/organizations"

type (
	foundOrganisation struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		INN    string `json:"inn"`
		OGRN   string `json:"ogrn"`
		KPP    string `json:"kpp"`
		Kind   string `json:"kind"`
		Status string `json:"status"`
	}
	member struct {
		PersonID string `json:"person_id"`
		Name     string `json:"name"`
		Role     string `json:"role"`
		Position string `json:"position"`
		Status   string `json:"status"`
	}
	organisation struct {
		foundOrganisation
		Look        look      `json:"look"`
		FullName    string    `json:"full_name"`
		CreatedAt   time.Time `json:"created_at"`
		Members     []member  `json:"members"`
		MoreMembers bool      `json:"more_members"`
	}
)

func organisationRoutes() []desk.Route {
	return []desk.Route{
		desk.Get(organisationsPlace, findOrganisations),
		desk.Post(organisationsPlace, findOrganisations),
		desk.Get(organisationsPlace+"/{id}", showOrganisation),
		desk.Post(organisationsPlace+"/{id}/looks", lookAtOrganisation),
	}
}

func findOrganisations(v *desk.Visit) error {
	view := searchView{Place: organisationsPlace, Name: "console.organisations", Query: formValue(v, "query")}
	if v.Request().Method != http.MethodPost {
		return view.show(v, http.StatusOK)
	}
	var answer struct {
		Organizations []foundOrganisation `json:"organizations"`
		More          bool                `json:"more"`
	}
	if err := v.Post("/organizations/search", map[string]string{"query": view.Query}, &answer); err != nil {
		return view.wrong(v, err)
	}
	view.Done, view.More = true, answer.More
	view.Found.Heads = []string{"console.organisations.name", "console.people.numbers", "console.state"}
	for _, o := range answer.Organizations {
		view.Found.Rows = append(view.Found.Rows, []cell{
			link(o.Name, at(organisationsPlace, o.ID), named(v, "kind", o.Kind)),
			words(numbered(v, "number.inn", o.INN), numbered(v, ogrnName(o.Kind), o.OGRN)),
			organisationState(v, o.Status),
		})
	}
	return view.show(v, http.StatusOK)
}

// ogrnName is what the number of the register is called.
func ogrnName(kind string) string {
	if kind == "sole" {
		return "number.ogrnip"
	}
	return "number.ogrn"
}

func organisationState(v *desk.Visit, status string) cell {
	kind := map[string]string{"active": "go", "closed": "stop", "blocked": "stop"}[status]
	return state(kind, named(v, "organisation", status))
}

func showOrganisation(v *desk.Visit) error {
	var o organisation
	err := v.Get(at("/organizations", v.PathValue("id")), nil, &o)
	if lookRequired(err) {
		return askLook(v, http.StatusOK, "console.organisations", organisationsPlace)
	}
	if err != nil {
		return err
	}
	return organisationCard(v, o).show(v, http.StatusOK, o.Name)
}

func lookAtOrganisation(v *desk.Visit) error {
	err := v.Post(at("/organizations", v.PathValue("id"), "looks"), reasoned(v), nil, once(v))
	return looked(v, err, "console.organisations", organisationsPlace)
}

func organisationCard(v *desk.Visit, o organisation) card {
	c := card{Back: organisationsPlace, BackTo: "console.organisations.back", Note: v.T("console.look.open", "Until", clock(o.Look.Until)), Tags: organisationState(v, o.Status).Tags}
	c.Sections = []section{{Title: "console.organisations.about", Pairs: []pages.Pair{
		pair("console.organisations.full", o.FullName), pair("console.organisations.kind", named(v, "kind", o.Kind)),
		pair("number.inn", o.INN), pair("number.kpp", o.KPP), pair(ogrnName(o.Kind), o.OGRN),
		{Label: "console.organisations.since", At: o.CreatedAt},
	}}}
	t := table{Title: "console.members", Heads: []string{"console.people.who", "console.memberships.role", "console.state"}, None: "console.members.none"}
	if o.MoreMembers {
		t.Text = "console.members.more"
	}
	for _, m := range o.Members {
		t.Rows = append(t.Rows, []cell{link(m.Name, at(peoplePlace, m.PersonID)), words(v.T("role."+m.Role), m.Position), state(map[string]string{"active": "go"}[m.Status], named(v, "status", m.Status))})
	}
	c.Tables = []table{t}
	return c
}
