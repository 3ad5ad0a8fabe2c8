package notice

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

// How long what is kept. The journal keeps what happened for longer; these are
// only how people were told.
const (
	keepNotices    = 2 * 365 * 24 * time.Hour
	keepDeliveries = 365 * 24 * time.Hour
	purgeBatch     = 1000 // rows in one transaction
)

// Purge deletes what is older than it is kept, in small transactions.
func (n *Notices) Purge(ctx context.Context) error {
	now := storage.Of(n.Now())
	yesterday := n.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	if _, err := n.DB.Exec(ctx, `DELETE FROM access_asks WHERE day < $1`, yesterday); err != nil {
		return fmt.Errorf("notice: purge: %w", err)
	}
	for _, p := range []struct {
		text   string
		before storage.Time
	}{
		{`DELETE FROM notice_deliveries WHERE id IN (SELECT id FROM notice_deliveries WHERE created_at < $1 LIMIT $2)`, now.Add(-keepDeliveries)},
		{`DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE created_at < $1 LIMIT $2)`, now.Add(-keepNotices)},
		{`DELETE FROM notice_events WHERE id IN (SELECT id FROM notice_events WHERE created_at < $1 AND spread_at > 0
			AND NOT EXISTS (SELECT 1 FROM notices WHERE event_id = notice_events.id) LIMIT $2)`, now.Add(-keepNotices)},
	} {
		for {
			gone, err := n.DB.Exec(ctx, p.text, p.before, purgeBatch)
			if err != nil {
				return fmt.Errorf("notice: purge: %w", err)
			}
			if gone < purgeBatch {
				break
			}
		}
	}
	return nil
}
