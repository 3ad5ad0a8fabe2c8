package document

import "propusk/cabinet/api"

// Query is a statement as a list runs it.
type Query struct {
	Text string
	Args []any
}

// Plans are the statements of the lists, for their plans to be looked at.
func (d *Documents) Plans(organisationID, recipientID string) map[string]Query {
	page := api.Page{At: d.time().Add(1000), ID: organisationID, Limit: 50}
	plans := map[string]Query{}
	for name, f := range map[string]Filter{
		"all": {}, "of a type": {Kind: "act"}, "archived": {Status: Archived}, "searched": {Search: "договор 77"}, "of a period": {From: 1, To: d.time()},
	} {
		text, args := pageOf(f.where(organisationID), "", page)
		plans[name] = Query{`SELECT ` + columns + ` FROM documents` + text, args}
	}
	text, args := pageOf(d.handed(recipientID), "s.", page)
	plans["incoming"] = Query{incomingQuery + text, args}
	return plans
}

// Crowd takes every turn of judging signatures and lets nobody wait for one.
func (d *Documents) Crowd() (leave func()) {
	before := d.wait
	d.wait = 0
	for range maxJudged {
		d.turns <- struct{}{}
	}
	return func() {
		d.wait = before
		for range maxJudged {
			<-d.turns
		}
	}
}
