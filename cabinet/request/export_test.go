package request

import (
	"context"

	"propusk/cabinet/api"
)

// ExpireDue and RemindDue are turns of the clock, as the jobs would make them.
func (b *Inbox) ExpireDue(ctx context.Context) error { return b.expireDue(ctx) }
func (b *Inbox) RemindDue(ctx context.Context) error { return b.remindDue(ctx) }

// Query is the SQL of a list.
func (f Filter) Query(organisationID string, page api.Page) (string, []any, bool) {
	return f.query(organisationID, page)
}
