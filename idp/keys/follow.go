package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
)

// topic is where nodes tell each other that the keys have changed.
const topic = "keys"

type row struct {
	KID         string       `db:"kid"`
	Algorithm   string       `db:"algorithm"`
	Sequence    int64        `db:"sequence"`
	Store       string       `db:"store"`
	Sealed      []byte       `db:"sealed"`
	CreatedAt   storage.Time `db:"created_at"`
	ActivatesAt storage.Time `db:"activates_at"`
}

// reload reads the keys and replaces the snapshot. Keys already opened are not
// opened again. One reading at a time: one that began before a withdrawal must not
// put the key back when it ends after it.
func (r *Ring) reload(ctx context.Context) error {
	r.reading.Lock()
	defer r.reading.Unlock()
	var rows []row
	err := r.deps.DB.Select(ctx, &rows,
		`SELECT kid, algorithm, sequence, store, sealed, created_at, activates_at FROM signing_keys`)
	if err != nil {
		return fmt.Errorf("load the signing keys: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := make(map[string]held, len(r.records))
	for _, rec := range r.records {
		known[rec.key.ID] = rec.key
	}
	records := make([]record, 0, len(rows))
	for _, row := range rows {
		key, ok := known[row.KID]
		if !ok {
			if key, err = r.open(ctx, row); err != nil {
				return err
			}
		}
		records = append(records, record{key, row.CreatedAt, row.ActivatesAt, row.Sequence})
	}
	slices.SortFunc(records, order)
	r.records = records
	r.refresh(storage.Of(r.deps.Now()))
	return nil
}

// follow reloads on every event, and by the clock in case one was lost, and
// deletes what is gone.
func (r *Ring) follow(ctx context.Context, events <-chan []byte) {
	tick := time.NewTicker(r.deps.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-events:
			if !ok {
				events = nil // a lost subscription leaves the poll
			}
		case <-tick.C:
		}
		if err := r.reload(ctx); err != nil && ctx.Err() == nil {
			r.deps.Log.ErrorContext(ctx, "signing keys not reloaded", "error", err)
			continue
		}
		r.purge(ctx)
	}
}

func (r *Ring) subscribe(ctx context.Context) <-chan []byte {
	if r.deps.Events == nil {
		return nil
	}
	events, err := r.deps.Events.Subscribe(ctx, topic)
	if err != nil {
		r.deps.Log.WarnContext(ctx, "signing keys follow by polling only", "error", err)
		return nil
	}
	return events
}

// announce tells the other nodes; a lost event costs them one poll.
func (r *Ring) announce(ctx context.Context) {
	if r.deps.Events == nil {
		return
	}
	if err := r.deps.Events.Publish(ctx, topic, nil); err != nil {
		r.deps.Log.WarnContext(ctx, "change of signing keys not announced", "error", err)
	}
}

// purge deletes the private keys of what is gone. The node whose statement
// deletes the row destroys the key in the token, too.
func (r *Ring) purge(ctx context.Context) {
	r.mu.Lock()
	infos := r.infos(storage.Of(r.deps.Now()))
	r.mu.Unlock()
	for _, info := range infos {
		if info.Status != Gone {
			continue
		}
		n, err := r.deps.DB.Exec(ctx, `DELETE FROM signing_keys WHERE kid = $1`, info.ID)
		if err != nil {
			r.deps.Log.ErrorContext(ctx, "a gone signing key was not deleted", "kid", info.ID, "error", err)
		}
		if n == 1 {
			r.discard(ctx, r.holding(info.ID))
		}
	}
}

// register publishes the number of keys by algorithm and station.
func (r *Ring) register(context.Context) error {
	if r.deps.Metrics == nil {
		return nil
	}
	return r.deps.Metrics.Register(collector{r, prometheus.NewDesc(
		"propusk_signing_keys", "Signing keys kept, by algorithm and station.", []string{"algorithm", "status"}, nil)})
}

type collector struct {
	ring *Ring
	desc *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c collector) Describe(descs chan<- *prometheus.Desc) { descs <- c.desc }

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	c.ring.mu.Lock()
	infos := c.ring.infos(storage.Of(c.ring.deps.Now()))
	c.ring.mu.Unlock()
	counts := make(map[[2]string]float64)
	for _, info := range infos {
		counts[[2]string{info.Algorithm, string(info.Status)}]++
	}
	for labels, n := range counts {
		metrics <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, n, labels[0], labels[1])
	}
}
