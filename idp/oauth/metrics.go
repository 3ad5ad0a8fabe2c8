package oauth

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count answers. Outcomes are "success" or a protocol error's code.
type metrics struct {
	tokens         *prometheus.CounterVec
	granted        *sync.Map // grant type → prometheus.Counter of its successes
	authorizations *prometheus.CounterVec
	waitings       *prometheus.CounterVec
	limitations    *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) (metrics, error) {
	m := metrics{
		granted: new(sync.Map),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_oauth_token_requests_total",
			Help: "Answers of the token endpoint, by grant type and outcome.",
		}, []string{"grant", "outcome"}),
		authorizations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_oauth_authorizations_total",
			Help: "Authorization requests answered at the redirect URI, by outcome.",
		}, []string{"outcome"}),
		waitings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_oauth_waiting_requests_total",
			Help: "Requests that wait for a person elsewhere (device, ciba), by kind and by what became of them: begun, approved, refused, nobody, dropped.",
		}, []string{"kind", "outcome"}),
		limitations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_oauth_limited_requests_total",
			Help: "Requests of clients that were refused because there were too many of them, by what they were for.",
		}, []string{"what"}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.tokens, m.authorizations, m.waitings, m.limitations} {
		if err := registerer.Register(collector); err != nil {
			return m, fmt.Errorf("register the metrics of oauth: %w", err)
		}
	}
	return m, nil
}

func (m metrics) token(grant, outcome string) { m.tokens.WithLabelValues(grant, outcome).Inc() }

// grants counts a success, as token does: its counter is looked up by the label once.
func (m metrics) grants(grant string) {
	counter, known := m.granted.Load(grant)
	if !known {
		counter, _ = m.granted.LoadOrStore(grant, m.tokens.WithLabelValues(grant, "success"))
	}
	counter.(prometheus.Counter).Inc()
}

func (m metrics) waited(kind waitingKind, outcome string) {
	m.waitings.WithLabelValues(string(kind), outcome).Inc()
}
func (m metrics) limited(what string)          { m.limitations.WithLabelValues(what).Inc() }
func (m metrics) authorization(outcome string) { m.authorizations.WithLabelValues(outcome).Inc() }
