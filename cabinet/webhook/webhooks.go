package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outside"
)

// Deps are what Webhooks work with. Everything is required but Reach, TLS, Timeout
// and Metrics.
type Deps struct {
	DB      *storage.DB
	Jobs    *jobs.Runner // not started yet
	Notices *notice.Notices
	Sealer  *storage.Sealer
	Journal *journal.Journal
	// Reach are networks, beside the public ones, in which addresses may be
	// registered and asked. DANGER: see package outside.
	Reach   []netip.Prefix
	TLS     *tls.Config   // nil: the machine's certification authorities
	Timeout time.Duration // of one request, answer included; 0 is ten seconds
	Now     func() time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil: nothing is measured
}

// Webhooks tell programs what happened. It is safe for use by many goroutines.
type Webhooks struct {
	Deps
	client  *http.Client
	metrics *metrics
	pace    pace
}

// pace is the rhythm of the dispatcher.
type pace struct {
	poll  time.Duration // how often to look for what other nodes wrote
	lease time.Duration // how soon a killed node's webhooks are taken again
}

const standardTimeout = 10 * time.Second

// New checks the dependencies and has itself told of every event. Run dispatches.
func New(deps Deps) (*Webhooks, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Jobs": deps.Jobs == nil, "Notices": deps.Notices == nil, "Sealer": deps.Sealer == nil,
		"Journal": deps.Journal == nil, "Now": deps.Now == nil, "Log": deps.Log == nil,
	} {
		if missing {
			return nil, errors.New("webhook: " + name + " is required")
		}
	}
	if deps.Timeout == 0 {
		deps.Timeout = standardTimeout
	}
	w := &Webhooks{Deps: deps, pace: pace{poll: time.Second, lease: time.Minute}}
	w.client = outside.NewClient(outside.Options{Reach: deps.Reach, TLS: deps.TLS, Timeout: deps.Timeout, Idle: 256})
	var err error
	if w.metrics, err = newMetrics(w); err != nil {
		return nil, err
	}
	deps.Notices.Also(w.Receive)
	deps.Jobs.Every("webhooks/purge", 6*time.Hour, w.Purge)
	return w, nil
}

// keepDeliveries is how long deliveries and their log are kept.
const keepDeliveries = 30 * 24 * time.Hour

const purgeBatch = 1000

// Purge deletes what is older, in small transactions. What still waits by then
// waits for a webhook that is paused.
func (w *Webhooks) Purge(ctx context.Context) error {
	before := storage.Of(w.Now().Add(-keepDeliveries))
	for _, text := range []string{
		`DELETE FROM webhook_attempts WHERE id IN (SELECT id FROM webhook_attempts WHERE at < $1 LIMIT $2)`,
		`DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at < $1 LIMIT $2)`,
	} {
		for {
			gone, err := w.DB.Exec(ctx, text, before, purgeBatch)
			if err != nil {
				return err
			}
			if gone < purgeBatch {
				break
			}
		}
	}
	return nil
}

// record writes a change of a webhook into the organisation's journal.
func (w *Webhooks) record(ctx context.Context, actor directory.Actor, organisationID, action, object string, details map[string]string) error {
	return w.Journal.Append(ctx, journal.Entry{
		Organisation: organisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: object,
		Outcome: "success", Details: details,
	})
}
