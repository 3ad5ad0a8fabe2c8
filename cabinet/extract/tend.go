package extract

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

const (
	// makingMost is how long an order may be in making: its job has died by then.
	makingMost = 2 * time.Hour
	// askedMost is how long an authority may take.
	askedMost = 30 * 24 * time.Hour
	tendBatch = 100
)

// tend fails the orders that nothing works on any more, so that nobody waits for
// them.
func (x *Extracts) tend(ctx context.Context) error {
	for _, left := range []struct {
		status Status
		most   time.Duration
		code   string
	}{{Making, makingMost, "not_made"}, {Requested, askedMost, "no_answer"}} {
		var list []Extract
		err := x.DB.Select(ctx, &list, `SELECT `+columns+` FROM extracts WHERE status IN ('requested', 'making')
			AND status = $1 AND updated_at < $2 ORDER BY updated_at LIMIT $3`, left.status, storage.Of(x.Now().Add(-left.most)), tendBatch)
		if err != nil {
			return fmt.Errorf("extract: look for what was left: %w", err)
		}
		for _, e := range list {
			if err := x.giveUp(ctx, e, left.code, map[string]string{"number": e.Number}); err != nil {
				return err
			}
		}
	}
	return nil
}
