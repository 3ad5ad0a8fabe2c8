package trust

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/signature"
)

// metrics are what is counted of verdicts and shown of lists.
type metrics struct {
	verdicts *prometheus.CounterVec
	seconds  prometheus.Histogram
	failOpen *prometheus.CounterVec
}

func newMetrics(t *Trust) (*metrics, error) {
	m := &metrics{
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_signature_verdicts_total",
			Help: "Signatures judged, by the verdict's code; busy and error are those that could not be.",
		}, []string{"code"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "propusk_signature_verify_seconds",
			Help:    "Time of a verdict, the wait for a turn included.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
		failOpen: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_signature_fail_open_total",
			Help: "Signatures let through without revocation data by an operator's decision.",
		}, []string{"authority"}),
	}
	if t.deps.Metrics == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.verdicts, m.seconds, m.failOpen, newCollector(t)} {
		if err := t.deps.Metrics.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// counted is a verifier that counts what came of each question.
type counted struct {
	signature.Verifier
	t *Trust
}

// Verify implements signature.Verifier.
func (c counted) Verify(ctx context.Context, request signature.Request) (signature.Verdict, error) {
	began := time.Now()
	verdict, err := c.Verifier.Verify(ctx, request)
	c.t.metrics.seconds.Observe(time.Since(began).Seconds())
	c.t.metrics.verdicts.WithLabelValues(outcome(verdict, err)).Inc()
	return verdict, err
}

// outcome is a code from a list that strangers cannot grow: an outside verifier's
// own codes are "other".
func outcome(verdict signature.Verdict, err error) string {
	switch {
	case errors.Is(err, signature.ErrBusy):
		return "busy"
	case err != nil:
		return "error"
	case !slices.Contains(signature.Codes(), verdict.Code):
		return "other"
	}
	return string(verdict.Code)
}

// collector shows the lists as they are at the moment of asking.
type collector struct {
	t                                                *Trust
	authorities, this, next, tried, entries, failing *prometheus.Desc
}

func newCollector(t *Trust) collector {
	list := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("propusk_revocation_list_"+name, help, []string{"authority", "address"}, nil)
	}
	return collector{
		t:           t,
		authorities: prometheus.NewDesc("propusk_trusted_authorities", "Certification authorities trusted.", nil, nil),
		this:        list("this_update_seconds", "When the list held was made, unix time; 0 when none is."),
		next:        list("next_update_seconds", "Until when the list held counts, unix time; 0 when none is held."),
		tried:       list("tried_seconds", "When it was last asked for, unix time; 0 when never."),
		entries:     list("entries", "Revoked certificates in the list."),
		failing:     list("failing", "1 when the last try failed."),
	}
}

// Describe implements prometheus.Collector.
func (c collector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.authorities, c.this, c.next, c.tried, c.entries, c.failing} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(c.authorities, float64(c.t.store.Len()))
	for _, f := range c.t.Freshness() {
		gauge(c.this, unix(f.ThisUpdate), f.Authority, f.Address)
		gauge(c.next, unix(f.NextUpdate), f.Authority, f.Address)
		gauge(c.tried, unix(f.Tried), f.Authority, f.Address)
		gauge(c.entries, float64(f.Revoked), f.Authority, f.Address)
		failing := 0.0
		if f.Fault != "" {
			failing = 1
		}
		gauge(c.failing, failing, f.Authority, f.Address)
	}
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
