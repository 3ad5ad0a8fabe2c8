package payment

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what operators see of payments. Nothing in them names an organisation.
type metrics struct {
	ended     *prometheus.CounterVec
	callbacks *prometheus.CounterVec
	charges   *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_payments_ended_total", Help: "Payments that have an outcome, by method and status.",
		}, []string{"method", "status"}),
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_payment_callbacks_total", Help: "Callbacks of the payment provider: taken, repeated, unsigned, malformed, unknown, mismatched, contradicted.",
		}, []string{"outcome"}),
		charges: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_payment_charges_total", Help: "Charges that bodies told of: new, changed, same, refused; and answers that were refused as a whole.",
		}, []string{"outcome"}),
	}
	if registry == nil {
		return m, nil
	}
	return m, errors.Join(registry.Register(m.ended), registry.Register(m.callbacks), registry.Register(m.charges))
}
