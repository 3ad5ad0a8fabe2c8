package cabinet

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/api"
)

// metrics counts what the guard decides and how long requests take. Its labels
// come from our own tables only, so their number is bounded whatever is sent.
type metrics struct {
	decisions *prometheus.CounterVec
	durations *prometheus.HistogramVec
	unlimited prometheus.Counter
	// Genuine tokens by their format, looked up once since every request counts here.
	signed, opaque prometheus.Counter
}

// newMetrics registers with registerer; nil registers nowhere.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_guard_decisions_total",
			Help: "Requests to the cabinet API by the guard's decision: admitted, or the reason of the refusal.",
		}, []string{"reason"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "propusk_cabinet_request_duration_seconds",
			Help:    "Duration of requests to the cabinet API by route and status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"method", "route", "status"}),
		unlimited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "propusk_cabinet_requests_uncounted_total",
			Help: "Requests admitted without a rate limit because the counter could not be reached.",
		}),
	}
	formats := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "propusk_guard_tokens_total",
		Help: "Genuine access tokens presented to the cabinet API, by format: jwt or opaque.",
	}, []string{"format"})
	m.signed, m.opaque = formats.WithLabelValues("jwt"), formats.WithLabelValues("opaque")
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.decisions, m.durations, m.unlimited, formats} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("cabinet: %w", err)
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

func (m *metrics) request(route *api.Route, status int, took time.Duration) {
	m.durations.WithLabelValues(route.Method, route.Path, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) presented(token *verifiedToken) {
	if token.key == nil {
		m.opaque.Inc()
		return
	}
	m.signed.Inc()
}

func (m *metrics) uncounted() { m.unlimited.Inc() }
