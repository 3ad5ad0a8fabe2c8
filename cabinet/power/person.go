package power

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// mine answers GET /v1/me/powers: by which powers the person may act now, and for
// whom; with ?side=handed, what he has handed on.
func (p *Powers) mine(c api.Call) error {
	q := c.Query("side")
	read := p.Directory.PowersOfPerson
	if q.OneOf("side", "given", "handed") == "handed" {
		read = p.Directory.PowersHandedOn
	}
	if err := q.Err(); err != nil {
		return err
	}
	powers, err := read(c.Ctx(), c.Person())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	views, err := p.views(c, powers)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"powers_of_attorney": api.List(views)})
}

// findMine reads the power of the path that is the person's.
func (p *Powers) findMine(c api.Call) (directory.PowerOfAttorney, error) {
	id, err := c.ID()
	if err != nil {
		return directory.PowerOfAttorney{}, err
	}
	w, err := p.Directory.PowerOfPerson(c.Ctx(), c.Person(), id)
	return w, api.DirectoryRefusal(err)
}

// myOne answers GET /v1/me/powers/{id}.
func (p *Powers) myOne(c api.Call) error {
	w, err := p.findMine(c)
	if err != nil {
		return err
	}
	view, etag, err := p.detail(c, w)
	if err != nil {
		return err
	}
	view.Performers = nil
	if view.Actions, err = p.myActions(c, w); err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, etag, view)
}

// myActions says what the person may do with a power in his own right: give up and hand
// on what he was given, sign and take back what he hands on. What an organisation was
// given, which named him, is the organisation's to hand on.
func (p *Powers) myActions(c api.Call, w directory.PowerOfAttorney) ([]api.Action, error) {
	person, err := p.Directory.Person(c.Ctx(), c.Person())
	if err != nil {
		return nil, api.DirectoryRefusal(err)
	}
	act := func(name, acr string, possible bool, why string) api.Act {
		return api.Act{Name: name, Scope: ownScope, ACR: acr, Own: true}.Unless(possible, why)
	}
	status := w.StatusAt(p.time())
	live := status == directory.PowerActive
	switch {
	case w.Representative.V.Is(person):
		return c.Actions(act("renounce", qualified, live, "power_over"), act("delegate", second, live, "power_over").Unless(w.Delegation > 0, "power_not_handed_on"))
	case w.RepresentedBy == directory.RepresentsOrganisation && w.ParentID == "":
		return []api.Action{}, nil
	}
	revoke := act("revoke", qualified, !status.Over(), "power_over")
	return c.Actions(act("sign", second, status == directory.PowerDraft, "power_over"), revoke.Unless(status.Over() || !live || !w.Irrevocable, "power_irrevocable"))
}

// myDocument answers the file of a power that is the person's.
func (p *Powers) myDocument(c api.Call) error {
	w, err := p.findMine(c)
	if err != nil {
		return err
	}
	return p.serve(c, w, func(k papers) string { return k.DocumentID })
}

// myRenounce answers POST /v1/me/powers/{id}/renounce.
func (p *Powers) myRenounce(c api.Call) error {
	w, err := p.findMine(c)
	if err != nil {
		return err
	}
	return p.renounced(c, w.ID)
}

// myRevoke answers POST /v1/me/powers/{id}/revoke, for what the person has handed on.
func (p *Powers) myRevoke(c api.Call) error {
	w, err := p.findMine(c)
	if err != nil {
		return err
	}
	return p.revoking(c, w)
}

// myDelegate answers POST /v1/me/powers/{id}/delegate.
func (p *Powers) myDelegate(c api.Call) error {
	w, err := p.findMine(c)
	if err != nil {
		return err
	}
	return p.draft(c, w.OrganisationID, w, "/v1/me/powers/")
}

// mySign answers POST /v1/me/powers/{id}/signature, for what the person hands on.
func (p *Powers) mySign(c api.Call) error {
	w, err := p.findMine(c)
	if err != nil {
		return err
	}
	return p.signDraft(c, w)
}
