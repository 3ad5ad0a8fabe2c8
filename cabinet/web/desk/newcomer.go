package desk

import "propusk/idp/pages"

// NewcomerPath lets in who has no organisation yet, to register the first one: the
// issuer's page that asks for an organisation leads here when there is none.
const NewcomerPath = "/cabinet/newcomer"

// newcomersPage is the first that a newcomer sees; rooms mark theirs by
// [Route.Newcomer].
const newcomersPage = "/cabinet/registrations"

// newcomerScopes open no organisation, so the issuer asks for none.
var newcomerScopes = []string{"openid", "profile", "email"}

// newcomer signs a person in for no organisation, unless he is in already.
func (d *Desk) newcomer(q *request) error {
	if value := q.cookie(d.sessionCookie()); value != "" {
		if _, _, err := d.session(q.ctx(), d.sessionKey(value)); err == nil {
			return q.redirect(newcomersPage)
		}
	}
	return &signIn{newcomer: true}
}

// arriveNew lets a newcomer see the pages that are for him. Every other page wants an
// organisation, so he signs in for one: by then he may have it.
func (v *Visit) arriveNew(route Route) error {
	if !route.Newcomer && !route.anywhere {
		return &signIn{}
	}
	v.me.Organization = new(Organisation)
	return nil
}

// newcomersShell is the frame without an organisation: one place, and the way out.
func (v *Visit) newcomersShell(shell *pages.Shell) *pages.Shell {
	shell.Organisation = pages.Strip{Name: v.t("desk.newcomer.strip"), Sub: v.t("desk.newcomer.sub")}
	shell.HomeURL = newcomersPage
	shell.Nav = []pages.NavItem{{Title: "desk.newcomer.place", URL: newcomersPage, Current: true}}
	shell.LookURL = "/cabinet/look"
	return shell
}
