package outbox

import (
	"context"
	"fmt"

	"propusk/storage"
	"propusk/storage/jobs"
)

// Header is what can be said of a message without its text.
type Header struct {
	ID        string
	Channel   string
	To        string
	CreatedAt storage.Time
	SentAt    storage.Time // 0 = not yet
	Dead      bool         // nobody tries any more
}

// HeaderFilter chooses messages: of a channel ("" = of all), those behind the one of At
// and ID, at most Limit.
type HeaderFilter struct {
	Channel string
	At      storage.Time
	ID      string
	Limit   int
}

// deadLooked bounds how many dead letters are looked through for those of a page.
const deadLooked = 500

// Headers returns the messages that are in the house, the latest first: those that wait
// and, with Keep, those that went out. One that cannot be opened has no addressee.
func (o *Outbox) Headers(ctx context.Context, f HeaderFilter) ([]Header, error) {
	text, args := `SELECT id, channel, sealed, created_at, sent_at FROM outbox WHERE created_at >= 0`, []any{}
	if f.Channel != "" {
		args = append(args, f.Channel)
		text += ` AND channel = $1`
	}
	if f.At != 0 {
		n := len(args)
		text += fmt.Sprintf(` AND (created_at, id) < ($%d, $%d)`, n+1, n+2)
		args = append(args, f.At, f.ID)
	}
	var rows []struct {
		stored
		Channel   string       `db:"channel"`
		CreatedAt storage.Time `db:"created_at"`
	}
	err := o.DB.Select(ctx, &rows, text+fmt.Sprintf(` ORDER BY created_at DESC, id DESC LIMIT $%d`, len(args)+1), append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("outbox: headers: %w", err)
	}
	dead, err := o.dead(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Header, len(rows))
	for i, row := range rows {
		list[i] = Header{ID: row.ID, Channel: row.Channel, CreatedAt: row.CreatedAt, SentAt: row.SentAt, Dead: dead[row.ID]}
		if m, err := o.open(row.stored); err == nil {
			list[i].To = m.To
		}
	}
	return list, nil
}

// dead are the messages whose delivery was given up.
func (o *Outbox) dead(ctx context.Context) (map[string]bool, error) {
	found := map[string]bool{}
	for _, channel := range o.names() {
		letters, err := o.Jobs.DeadPage(ctx, jobs.DeadFilter{Kind: kind(channel), Limit: deadLooked})
		if err != nil {
			return nil, err
		}
		for _, letter := range letters {
			var t ticket
			if letter.Decode(&t) == nil {
				found[t.ID] = true
			}
		}
	}
	return found, nil
}
