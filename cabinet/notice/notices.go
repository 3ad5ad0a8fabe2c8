package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
)

// Deps are what Notices work with. Everything is required but Reach and Metrics.
type Deps struct {
	DB        *storage.DB
	Jobs      *jobs.Runner // not started yet
	Outbox    *outbox.Outbox
	Events    storage.Events // wakes the streams of every node
	Revoked   *revocation.List
	Sealer    *storage.Sealer
	Directory *directory.Directory
	Journal   *journal.Journal
	VAPID     *outbox.VAPID
	Reach     []netip.Prefix // where push services may be beside public addresses. DANGER: see package outside
	BaseURL   string         // of the cabinet, for links in messages: scheme and host, no final slash
	Now       func() time.Time
	Log       *slog.Logger
	Metrics   prometheus.Registerer // nil: nothing is measured
}

// Notices tell people what happened. It is safe for use by many goroutines.
type Notices struct {
	Deps
	also    []func(context.Context, Event) error
	hub     hub
	rhythm  rhythm
	metrics *metrics
}

// New checks the dependencies and registers its handlers with deps.Jobs and
// deps.Outbox. Start makes it follow the other nodes.
func New(deps Deps) (*Notices, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	n := &Notices{Deps: deps, rhythm: standardRhythm}
	var err error
	if n.metrics, err = newMetrics(deps.Metrics, &n.hub); err != nil {
		return nil, err
	}
	deps.Jobs.Handle(spreadJob, n.spread)
	deps.Jobs.Every("notices/release", time.Minute, n.Release)
	deps.Jobs.Every("notices/purge", 6*time.Hour, n.Purge)
	deps.Outbox.Watch(n.settled)
	return n, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"DB": d.DB == nil, "Jobs": d.Jobs == nil, "Outbox": d.Outbox == nil, "Events": d.Events == nil,
		"Sealer": d.Sealer == nil, "Directory": d.Directory == nil, "Journal": d.Journal == nil,
		"Revoked": d.Revoked == nil, "VAPID": d.VAPID == nil,
		"BaseURL": d.BaseURL == "", "Now": d.Now == nil, "Log": d.Log == nil,
	} {
		if missing {
			return errors.New("notice: " + name + " is required")
		}
	}
	return nil
}

// spreadJob is the job that finds out who is to learn of an event.
const spreadJob = "notice/spread"

// ticket is its payload.
type ticket struct {
	EventID string `json:"event_id"`
}

// Tell records the event in the transaction of ctx and has everybody told who is
// to learn of it, after the commit. It is two statements, however many people an
// organisation has. An event whose ID was told before is dropped without an
// error. An error is a mistake in the event, or the database's.
func (n *Notices) Tell(ctx context.Context, e Event) error {
	if err := e.check(); err != nil {
		return err
	}
	data, err := e.data()
	if err != nil {
		return err
	}
	return n.DB.Tx(ctx, func(ctx context.Context) error {
		added, err := n.DB.Exec(ctx, `
			INSERT INTO notice_events (id, type, organisation_id, category, importance, permission, persons, texts,
				path, source, document, data, created_at, spread_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)
			ON CONFLICT (id) DO NOTHING`,
			e.ID, e.Type, e.OrganisationID, e.Category, e.Importance, e.Permission, storage.JSON[[]string]{V: e.Persons},
			storage.JSON[Texts]{V: e.Texts}, e.Path, e.source(), e.document(), data, storage.Of(n.Now()))
		if err != nil {
			return fmt.Errorf("notice: tell %s: %w", e.Type, err)
		}
		if added == 0 {
			return nil
		}
		return jobs.Enqueue(ctx, n.DB, spreadJob, ticket{e.ID}, jobs.Options{Unique: e.ID})
	})
}

// Also has fn called for every event, in a transaction, when people are told of
// it. It may be called more than once for an event, and an error has the event
// told again later: fn must bear both. Call it before the jobs start.
func (n *Notices) Also(fn func(ctx context.Context, e Event) error) { n.also = append(n.also, fn) }
