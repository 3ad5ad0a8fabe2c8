package notice

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what people were told. Their labels come from short fixed lists.
type metrics struct {
	events     *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	lag        prometheus.Histogram
}

func newMetrics(into prometheus.Registerer, h *hub) (*metrics, error) {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_notice_events_total", Help: "Events that everybody concerned has been told of, by category.",
		}, []string{"category"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_notice_deliveries_total", Help: "Deliveries of notices by channel, counted at each state they reach.",
		}, []string{"channel", "state"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "propusk_notice_spread_seconds", Help: "From an event to the moment when everybody concerned had been told.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 15, 60, 300},
		}),
	}
	if into == nil {
		return m, nil
	}
	streams := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "propusk_notice_streams", Help: "Streams of server-sent events that are open on this node.",
	}, h.size)
	for _, c := range []prometheus.Collector{m.events, m.deliveries, m.lag, streams} {
		if err := into.Register(c); err != nil {
			return nil, fmt.Errorf("notice: metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) spread(c Category, took time.Duration) {
	m.events.WithLabelValues(string(c)).Inc()
	m.lag.Observe(took.Seconds())
}

func (m *metrics) delivery(c Channel, state string) {
	m.deliveries.WithLabelValues(string(c), state).Inc()
}
