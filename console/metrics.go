package console

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/api"
)

// metrics counts what the guard decides, what is looked at, and how long requests
// take. Labels come from our own tables only.
type metrics struct {
	decisions *prometheus.CounterVec
	looks     *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

// newMetrics registers with registerer; nil registers nowhere.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_console_decisions_total",
			Help: "Requests to the operators' console by the guard's decision: admitted, or the reason of the refusal.",
		}, []string{"reason"}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_console_looks_total",
			Help: "Looks of operators at data of others: person, organisation, field, journal, ticket, search, chain, exhausted.",
		}, []string{"kind"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "propusk_console_request_duration_seconds",
			Help:    "Duration of requests to the operators' console by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.decisions, m.looks, m.durations} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) decision(err error) {
	reason := "admitted"
	if err != nil {
		reason = api.AsRefusal(err).Why()
	}
	m.decisions.WithLabelValues(reason).Inc()
}

func (m *metrics) request(route *Route, status int, took time.Duration) {
	m.durations.WithLabelValues(route.Method, route.Path, strconv.Itoa(status)).Observe(took.Seconds())
}
