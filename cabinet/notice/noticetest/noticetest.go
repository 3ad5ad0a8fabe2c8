package noticetest

import (
	"context"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/storage/outbox"
	"propusk/storage/outside"
)

// New returns Notices over b. Its jobs run with the world's (cabinettest.World.Work);
// changes, when given, alter what it works with.
func New(t testing.TB, b cabinettest.Base, changes ...func(*notice.Deps)) *notice.Notices {
	t.Helper()
	deps := notice.Deps{
		DB: b.DB, Jobs: b.Jobs, Outbox: b.Outbox, Events: b.Memory, Revoked: b.Revoked, Sealer: b.Sealer,
		Directory: b.Directory, Journal: b.Journal, VAPID: &outbox.VAPID{DB: b.DB, Sealer: b.Sealer, Now: b.Clock.Now},
		Reach: outside.Loopback, BaseURL: cabinettest.Issuer, Now: b.Clock.Now, Log: b.Log, Metrics: b.Metrics,
	}
	for _, change := range changes {
		change(&deps)
	}
	n, err := notice.New(deps)
	cabinettest.Must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	cabinettest.Must(t, n.Start(ctx))
	t.Cleanup(n.EndStreams)
	return n
}

// Event is one told event, for tests that look at what a room tells.
type Event struct {
	ID             string `db:"id"`
	Type           string `db:"type"`
	OrganisationID string `db:"organisation_id"`
	Permission     string `db:"permission"`
	Persons        string `db:"persons"`
	Texts          string `db:"texts"`
	Path           string `db:"path"`
	Data           string `db:"data"`
}

// Told lists the events of a type that were told, in the order of their telling.
func Told(t testing.TB, b cabinettest.Base, kind string) (events []Event) {
	t.Helper()
	cabinettest.Must(t, b.DB.Select(context.Background(), &events, `SELECT id, type, organisation_id, permission, persons, texts, path, data
		FROM notice_events WHERE type = $1 ORDER BY created_at, id`, kind))
	return events
}
