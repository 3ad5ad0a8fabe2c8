package client

import (
	"context"
	"fmt"
	"time"

	"propusk/cabinet/notice"
	"propusk/idp/client"
	"propusk/idp/directory"
)

// Warn tells organisations of secrets and keys that end: a month, a week and a day
// before, and when they have. Call it every hour from one node.
func (r *Clients) Warn(ctx context.Context) error {
	return r.deps.Clients.Warn(ctx, r.tell)
}

var things = map[string]struct{ ru, en string }{"secret": {"Секрет", "The secret"}, "key": {"Ключ", "The key"}}

func (r *Clients) tell(ctx context.Context, e client.Ending) error {
	if e.Client.OrganisationID == "" {
		return nil // an operator's; `propusk client show` tells him
	}
	left := e.ExpiresAt.Time().Sub(r.deps.Now())
	day, thing := e.ExpiresAt.Time().Format("02.01.2006"), things[e.What]
	event := notice.Event{
		ID:   fmt.Sprintf("client/%s/%s/%d/%d", e.Client.ID, e.What, e.ExpiresAt, stage(left)),
		Type: "client.expiring", OrganisationID: e.Client.OrganisationID, Category: notice.Security, Importance: notice.High,
		Permission: directory.ClientsRead, Path: "/cabinet/clients/" + e.Client.ID,
		Data: map[string]any{"client_id": e.Client.ID, "what": e.What, "expires_at": e.ExpiresAt},
	}
	if left > 0 {
		event.Texts = notice.Texts{
			RU: notice.Message{Subject: "Заканчивается доступ приложения", Body: fmt.Sprintf("%s приложения «%s» действует до %s. Смените заранее: прежний ещё поработает.", thing.ru, e.Client.Name, day)},
			EN: notice.Message{Subject: "An application's access ends soon", Body: fmt.Sprintf("%s of the application “%s” is good until %s. Change it in time: the one before works on for a while.", thing.en, e.Client.LocalName("en"), day)},
		}
	} else {
		event.Texts = notice.Texts{
			RU: notice.Message{Subject: "Доступ приложения закончился", Body: fmt.Sprintf("%s приложения «%s» больше не действует с %s. Создайте новый.", thing.ru, e.Client.Name, day)},
			EN: notice.Message{Subject: "An application's access has ended", Body: fmt.Sprintf("%s of the application “%s” ended on %s. Make a new one.", thing.en, e.Client.LocalName("en"), day)},
		}
	}
	return r.deps.Tell(ctx, event)
}

// stage distinguishes the warnings of one ending: 30, 7 or 1 days before, or 0 after.
func stage(left time.Duration) int {
	switch days := left.Hours() / 24; {
	case left <= 0:
		return 0
	case days <= 1:
		return 1
	case days <= 7:
		return 7
	}
	return 30
}
