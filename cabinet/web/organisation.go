package web

import (
	"net/http"

	"propusk/idp/pages"
)

type organisationView struct {
	Organisation organization
	Sole         bool
	Role         string
	Permissions  []string // in words
	Notice       string
}

// organisation is the first page: the requisites, and what one may do here.
func (v *visit) organisation() error {
	view := organisationView{Role: v.roles()}
	if err := v.call(http.MethodGet, "/organization", nil, &view.Organisation); err != nil {
		return err
	}
	view.Sole = view.Organisation.Kind == "sole"
	for _, name := range v.me.Organization.Permissions {
		view.Permissions = append(view.Permissions, v.t("scope."+name))
	}
	if v.draft() != nil {
		view.Notice = v.t("notice.repeat")
	}
	return v.page(http.StatusOK, "organisation_profile.html", "place.organisation", view)
}

type organisationsView struct {
	Organisations []pages.OrganisationItem
	Current       string
}

// organisations offers the person's organisations to switch to.
func (v *visit) organisations() error { return v.choice(http.StatusOK) }

func (v *visit) choice(status int, errs ...pages.FieldError) error {
	found, err := v.s.api.organizations(v.ctx(), v.session.Tokens.Access, v.lang)
	if err != nil {
		return err
	}
	view := organisationsView{Current: v.organisationID()}
	for _, m := range found {
		view.Organisations = append(view.Organisations, pages.OrganisationItem{
			ID: m.ID, Name: m.Name, INN: m.INN, OGRN: m.OGRN, KPP: m.KPP, RoleLabel: m.RoleLabel, Sole: m.Kind == "sole",
		})
	}
	return v.page(status, "organisations.html", "organisations.title", view, errs...)
}

// switchOrganisation asks for tokens of the chosen organisation. When the issuer
// will not give them by a refresh (that organisation demands a stronger
// sign-in), the person signs in for it.
func (v *visit) switchOrganisation() error {
	chosen := v.r.PostForm.Get("organisation")
	if chosen == "" {
		return v.choice(http.StatusUnprocessableEntity, pages.FieldError{Field: "organisation", Key: "error.organisation_required"})
	}
	if chosen == v.organisationID() {
		return v.redirect("/cabinet")
	}
	if err := v.renew(chosen); err != nil {
		return err
	}
	return v.redirect("/cabinet")
}
