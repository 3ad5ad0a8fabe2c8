package power

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// mine answers GET /v1/me/powers: by which powers the person may act now, and for
// whom.
func (p *Powers) mine(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	powers, err := p.Directory.PowersOfPerson(c.Ctx(), c.Person())
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
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, etag, view)
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
