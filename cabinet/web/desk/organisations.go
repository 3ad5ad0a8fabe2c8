package desk

import (
	"net/http"

	"propusk/idp/pages"
)

// organisations are the person's organisations.
func (d *Desk) organisations(q *request, s *session) ([]membership, error) {
	var got struct {
		Organizations []membership `json:"organizations"`
	}
	err := d.ask(q, s, exchange{method: http.MethodGet, path: "/organizations"}, &got)
	return got.Organizations, err
}

type organisationsView struct {
	Organisations []pages.OrganisationItem
	Current       string
	Return        string
}

// choose offers the person's organisations to switch to.
func (v *Visit) choose() error { return v.choice(http.StatusOK) }

func (v *Visit) choice(status int, errs ...pages.FieldError) error {
	found, err := v.d.organisations(v.request, v.session)
	if err != nil {
		return err
	}
	view := organisationsView{Current: v.organisationID()}
	for _, m := range found {
		view.Organisations = append(view.Organisations, pages.OrganisationItem{
			ID: m.ID, Name: m.Name, INN: m.INN, OGRN: m.OGRN, KPP: m.KPP, RoleLabel: m.RoleLabel, Sole: m.Kind == "sole",
		})
	}
	return v.Page(status, "organisations.html", "organisations.title", view, errs...)
}

// switchOrganisation asks for tokens of the chosen organisation. When the issuer
// will not give them by a refresh (that organisation demands a stronger
// sign-in), the person signs in for it.
func (v *Visit) switchOrganisation() error {
	chosen := v.Value("organisation")
	if chosen == "" {
		return v.told(v.choice(http.StatusUnprocessableEntity, pages.FieldError{Field: "organisation", Key: "error.organisation_required"}))
	}
	to := v.d.deps.House.Root
	if wanted := v.Value("return"); v.ours(wanted) {
		to = wanted
	}
	if chosen == v.organisationID() {
		return v.redirect(to)
	}
	if err := v.renew(chosen); err != nil {
		return err
	}
	return v.redirect(to)
}
