package notice

import (
	"context"
	"fmt"
	"strings"

	"propusk/storage"
	"propusk/storage/journal"
)

// Story is a piece of news: a new service, a change of the rules, a change in the
// registers.
type Story struct {
	Texts      Texts
	Path       string     // where to read on; "" = nowhere
	Source     string     // "" = the service
	Importance Importance // High is sent by push to those who take news by it
}

// newsID begins the id of a piece of news among the events.
const newsID = "news/"

// Publish tells everybody a piece of news, as the operators' command does. It
// answers the event's id.
func (n *Notices) Publish(ctx context.Context, s Story) (id string, err error) {
	id = newsID + storage.NewID()
	err = n.DB.Tx(ctx, func(ctx context.Context) error {
		err := n.Tell(ctx, Event{
			ID: id, Type: "news.published", Category: News, Importance: s.Importance, Texts: s.Texts, Path: s.Path, Source: s.Source,
		})
		if err != nil {
			return err
		}
		return n.Journal.Append(ctx, journal.Entry{
			Action: "news.published", Object: id, Outcome: "success", Details: map[string]string{"subject": s.Texts.RU.Subject},
		})
	})
	return id, err
}

// story is a piece of news as it is listed.
type story struct {
	ID         string              `db:"id"`
	Texts      storage.JSON[Texts] `db:"texts"`
	Path       string              `db:"path"`
	Source     string              `db:"source"`
	Importance Importance          `db:"importance"`
	CreatedAt  storage.Time        `db:"created_at"`
}

func (s story) id() string { return strings.TrimPrefix(s.ID, newsID) }

// news lists what was published, newest first, after the row of at and id.
func (n *Notices) news(ctx context.Context, at storage.Time, id string, limit int) (list []story, err error) {
	if at == 0 {
		at = storage.Time(beyond)
	}
	err = n.DB.Select(ctx, &list, `SELECT id, texts, path, source, importance, created_at FROM notice_events
		WHERE category = 'news' AND created_at <= $1 AND (created_at < $1 OR id < $2)
		ORDER BY created_at DESC, id DESC LIMIT $3`, at, id, limit)
	if err != nil {
		return nil, fmt.Errorf("notice: news: %w", err)
	}
	return list, nil
}
