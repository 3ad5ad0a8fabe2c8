package tender

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Chosen narrows a list of applications; zero fields do not.
type Chosen struct {
	State  State
	Over   bool   // the archive: those that have ended, by the day of their end
	Living bool   // those that have not
	Tender string // of one announcement
}

// Applications reads a page of the organisation's, newest first, and one more when
// there are more.
func (t *Tenders) Applications(ctx context.Context, organisationID string, c Chosen, page api.Page) ([]Application, error) {
	text, args := c.query(organisationID, page)
	var list []Application
	if err := t.DB.Select(ctx, &list, text, args...); err != nil {
		return nil, fmt.Errorf("tender: list applications: %w", err)
	}
	return list, nil
}

// query walks the index of the list, of a state, or of the archive.
func (c Chosen) query(organisationID string, page api.Page) (text string, args []any) {
	q, by := &storage.Where{}, "created_at"
	q.And("organisation_id = ?", organisationID)
	q.When(c.State != "", "state = ?", c.State)
	q.When(c.Tender != "", "tender_id = ?", c.Tender)
	switch {
	case c.Over:
		by = "decided_at"
		q.And("decided_at > 0")
	case c.Living:
		q.And("decided_at = 0")
	}
	if page.ID != "" {
		q.And("("+by+", id) < (?, ?)", page.At, page.ID)
	}
	limit := q.Arg(page.Limit + 1)
	return fmt.Sprintf("SELECT %s FROM tender_applications%s ORDER BY %s DESC, id DESC LIMIT %s", columns, q, by, limit), q.Args()
}

// key is where a row stands in the list.
func (c Chosen) key(a Application) (storage.Time, string) {
	if c.Over {
		return a.DecidedAt, a.ID
	}
	return a.CreatedAt, a.ID
}
