package tender

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what operators watch.
type metrics struct {
	announcements *prometheus.CounterVec // by outcome: new, changed, same, refused
	applications  *prometheus.CounterVec // by the state that they come to
	documents     *prometheus.CounterVec // by outcome: fetched, kept, differs, unavailable
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "propusk", Subsystem: "tender", Name: name, Help: help}, []string{label})
	}
	m := &metrics{
		announcements: counter("announcements_total", "Announcements that the register of procurements gave.", "outcome"),
		applications:  counter("applications_total", "Applications that came to a state.", "state"),
		documents:     counter("documents_total", "Documents of announcements that were asked for.", "outcome"),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.announcements, m.applications, m.documents} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("tender: metrics: %w", err)
		}
	}
	return m, nil
}
