package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what was asked. No label names an organisation or an address.
type metrics struct {
	attempts *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(w *Webhooks) (*metrics, error) {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_webhook_attempts_total", Help: "Requests to webhooks by outcome: delivered, or in one word why not.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "propusk_webhook_attempt_seconds", Help: "Time of one request to a webhook, answer included.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	if w.Metrics == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.attempts, m.seconds, newBacklog(w)} {
		if err := w.Metrics.Register(c); err != nil {
			return nil, fmt.Errorf("webhook: metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) attempt(a attempt) {
	outcome := a.Error
	if outcome == "" {
		outcome = "delivered"
	}
	m.attempts.WithLabelValues(outcome).Inc()
	m.seconds.Observe(float64(a.Took) / 1e6)
}

// backlog tells, when it is read, how many webhooks fail and are disabled: the
// dead letters of this house.
type backlog struct {
	w    *Webhooks
	desc *prometheus.Desc
}

func newBacklog(w *Webhooks) *backlog {
	return &backlog{w, prometheus.NewDesc("propusk_webhooks", "Webhooks by how they are: answering, failing, paused, disabled.", []string{"condition"}, nil)}
}

// Describe implements prometheus.Collector.
func (b *backlog) Describe(into chan<- *prometheus.Desc) { into <- b.desc }

// Collect implements prometheus.Collector.
func (b *backlog) Collect(into chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var rows []struct {
		Condition string `db:"condition"`
		N         int64  `db:"n"`
	}
	err := b.w.DB.Select(ctx, &rows, `SELECT CASE WHEN state <> 'active' THEN state WHEN failures > 0 THEN 'failing' ELSE 'answering' END AS condition,
		COUNT(*) AS n FROM webhooks GROUP BY 1`)
	if err != nil {
		into <- prometheus.NewInvalidMetric(b.desc, err)
		return
	}
	for _, row := range rows {
		into <- prometheus.MustNewConstMetric(b.desc, prometheus.GaugeValue, float64(row.N), row.Condition)
	}
}
