package client

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

// warnings are how long before the end the owner hears of it, and once more when it
// is over.
var warnings = []time.Duration{30 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour, 0}

// Ending is a secret or a key of a client that ends.
type Ending struct {
	Client    Client
	What      string // "secret" or "key"
	ExpiresAt storage.Time
}

// endings are those that have an end and are not rotated out: of the newest secret,
// and of the keys when no key outlives them.
func (c *Client) endings() (found []Ending) {
	if len(c.SecretHashes) > 0 {
		if end := c.SecretTerms[c.SecretHashes[0]].ExpiresAt; end != 0 {
			found = append(found, Ending{*c, "secret", end})
		}
	}
	last, endless := storage.Time(0), false
	for _, key := range c.Keys(0) {
		last, endless = max(last, key.ExpiresAt), endless || key.ExpiresAt == 0
	}
	if last != 0 && !endless {
		found = append(found, Ending{*c, "key", last})
	}
	return found
}

// nextWarning is the first moment after now at which the owner is to hear of an
// ending, 0 for none.
func (c *Client) nextWarning(now storage.Time) (at storage.Time) {
	for _, ending := range c.endings() {
		for _, before := range warnings {
			moment := storage.Of(ending.ExpiresAt.Time().Add(-before))
			if moment > now && (at == 0 || moment < at) {
				at = moment
			}
		}
	}
	return at
}

// warnedAtOnce bounds one round of warnings.
const warnedAtOnce = 200

// Warn tells of every ending that is due to be told, each in the transaction that
// notes that it was. Call it every hour from one node.
func (s *Store) Warn(ctx context.Context, tell func(ctx context.Context, e Ending) error) error {
	now := s.now()
	var ids []string
	err := s.deps.DB.Select(ctx, &ids, `SELECT id FROM oauth_clients WHERE warn_at > 0 AND warn_at <= $1 ORDER BY warn_at LIMIT $2`, now, warnedAtOnce)
	if err != nil {
		return fmt.Errorf("find clients whose secrets end: %w", err)
	}
	for _, id := range ids {
		if err := s.warnOf(ctx, id, now, tell); err != nil {
			return fmt.Errorf("warn of the client %s: %w", id, err)
		}
	}
	return nil
}

func (s *Store) warnOf(ctx context.Context, id string, now storage.Time, tell func(context.Context, Ending) error) error {
	return s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		c, err := s.Find(ctx, id)
		if err != nil {
			return err
		}
		claimed, err := s.deps.DB.Exec(ctx, `UPDATE oauth_clients SET warn_at = $1 WHERE id = $2 AND warn_at > 0 AND warn_at <= $3`, c.nextWarning(now), id, now)
		if err != nil || claimed == 0 {
			return err
		}
		for _, ending := range c.endings() {
			if c.Active() && ending.ExpiresAt.Time().Sub(now.Time()) <= warnings[0] {
				if err := tell(ctx, ending); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
