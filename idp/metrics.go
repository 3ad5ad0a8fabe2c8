package idp

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts proofs of who one is, and codes of devices.
type metrics struct {
	signIns   *prometheus.CounterVec
	userCodes *prometheus.CounterVec
}

// newMetrics registers with registerer; nil counts into the void.
func newMetrics(registerer prometheus.Registerer) (metrics, error) {
	m := metrics{
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_signins_total",
			Help: "Proofs offered at the sign-in, by factor and by how they came out.",
		}, []string{"factor", "outcome"}),
		userCodes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_user_codes_total",
			Help: "Codes of devices that were entered (RFC 8628), by how they came out.",
		}, []string{"outcome"}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, counter := range []*prometheus.CounterVec{m.signIns, m.userCodes} {
		if err := registerer.Register(counter); err != nil {
			return m, fmt.Errorf("idp: register metrics: %w", err)
		}
	}
	return m, nil
}
