package idp

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts proofs of who one is.
type metrics struct {
	signIns *prometheus.CounterVec
}

// newMetrics registers with registerer; nil counts into the void.
func newMetrics(registerer prometheus.Registerer) (metrics, error) {
	m := metrics{signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "propusk_signins_total",
		Help: "Proofs offered at the sign-in, by factor and by how they came out.",
	}, []string{"factor", "outcome"})}
	if registerer == nil {
		return m, nil
	}
	if err := registerer.Register(m.signIns); err != nil {
		return m, fmt.Errorf("idp: register metrics: %w", err)
	}
	return m, nil
}
