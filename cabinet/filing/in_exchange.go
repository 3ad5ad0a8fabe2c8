package filing

import (
	"context"
	"fmt"
)

// InExchange counts the filings of an organisation that have been sent and whose
// exchange is not finished: what its people must know before they give the cabinet
// up.
func (r *Filings) InExchange(ctx context.Context, organisationID string) (int, error) {
	var n int
	err := r.DB.Get(ctx, &n, `SELECT COUNT(*) FROM filings
		WHERE organisation_id = $1 AND state IN ('sent', 'delivered', 'accepted', 'clarification')`, organisationID)
	if err != nil {
		return 0, fmt.Errorf("filing: count what is in exchange: %w", err)
	}
	return n, nil
}
