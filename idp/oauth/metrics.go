package oauth

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count answers. Outcomes are "success" or a protocol error's code.
type metrics struct {
	tokens         *prometheus.CounterVec
	authorizations *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) (metrics, error) {
	m := metrics{
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_oauth_token_requests_total",
			Help: "Answers of the token endpoint, by grant type and outcome.",
		}, []string{"grant", "outcome"}),
		authorizations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_oauth_authorizations_total",
			Help: "Authorization requests answered at the redirect URI, by outcome.",
		}, []string{"outcome"}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.tokens, m.authorizations} {
		if err := registerer.Register(collector); err != nil {
			return m, fmt.Errorf("register the metrics of oauth: %w", err)
		}
	}
	return m, nil
}

func (m metrics) token(grant, outcome string)  { m.tokens.WithLabelValues(grant, outcome).Inc() }
func (m metrics) authorization(outcome string) { m.authorizations.WithLabelValues(outcome).Inc() }
