package signals

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the transmitter tells Prometheus.
type metrics struct {
	events     *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	seconds    prometheus.Histogram
	stops      *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_signals_events_total", Help: "Security events queued for a receiver, by type.",
		}, []string{"event"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_signals_deliveries_total", Help: "Attempts to hand a security event over, by way and outcome.",
		}, []string{"method", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "propusk_signals_push_seconds", Help: "Seconds a push of a security event took.", Buckets: []float64{.01, .05, .2, 1, 5},
		}),
		stops: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_signals_streams_stopped_total", Help: "Event streams stopped by the transmitter, by status and reason.",
		}, []string{"status", "reason"}),
	}
	if registerer != nil {
		registerer.MustRegister(m.events, m.deliveries, m.seconds, m.stops)
	}
	return m
}

func (m *metrics) queued(kind string) {
	m.events.WithLabelValues(kind[strings.LastIndexByte(kind, '/')+1:]).Inc()
}

func (m *metrics) delivery(method, outcome string, took time.Duration) {
	m.deliveries.WithLabelValues(method, outcome).Inc()
	if method == "push" {
		m.seconds.Observe(took.Seconds())
	}
}

func (m *metrics) stopped(status, reason string) { m.stops.WithLabelValues(status, reason).Inc() }
