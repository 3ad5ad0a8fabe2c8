package payment

import (
	"net/http"

	"propusk/cabinet/api"
)

// listAccounts answers GET /v1/payment-accounts.
func (p *Payments) listAccounts(c api.Call) error {
	known, err := p.profileAccounts(c.Ctx(), c.Organisation())
	if err != nil {
		return refusal(err)
	}
	links, err := p.accounts(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	actions, err := c.Actions(api.ActOf("link", act("POST", "/v1/payment-accounts", nil)))
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": accountViews(known, links), "actions": actions})
}

// postAccount answers POST /v1/payment-accounts: a code goes to who asks.
func (p *Payments) postAccount(c api.Call) error {
	var body struct {
		Account string `json:"account"`
		BIC     string `json:"bic"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if err := p.freshPerson(c); err != nil {
		return err
	}
	l, to, err := p.AskLink(c.Ctx(), c.Actor(), c.Organisation(), body.Account, body.BIC, c.Lang())
	if err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusAccepted, "", map[string]any{"id": l.ID, "to": to, "expires_at": l.SentAt.Add(codeLife)})
}

// confirmAccount answers POST /v1/payment-accounts/{id}/confirm.
func (p *Payments) confirmAccount(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Code string `json:"code"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if err := p.freshPerson(c); err != nil {
		return err
	}
	if !isCode(body.Code) {
		return api.InvalidField("/code", "format")
	}
	l, err := p.Link(c.Ctx(), c.Actor(), c.Organisation(), id, body.Code)
	if err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"id": l.ID, "state": l.State, "linked_at": l.LinkedAt})
}

// deleteAccount answers DELETE /v1/payment-accounts/{id}.
func (p *Payments) deleteAccount(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := p.Unlink(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}
