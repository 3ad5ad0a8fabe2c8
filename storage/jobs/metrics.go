package jobs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what a runner tells Prometheus. The depth is counted when it is
// asked for.
type metrics struct {
	runner  *Runner
	runs    *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	depth   *prometheus.Desc
	lag     *prometheus.Desc
}

func newMetrics(r *Runner) *metrics {
	m := &metrics{
		runner: r,
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_job_runs_total", Help: "Runs of jobs by kind and outcome.",
		}, []string{"kind", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "propusk_job_seconds", Help: "Seconds a run of a job took.", Buckets: []float64{.005, .02, .1, .5, 2, 10, 60},
		}, []string{"kind"}),
		depth: prometheus.NewDesc("propusk_jobs", "Jobs in the queue by state, on all nodes.", []string{"state"}, nil),
		lag:   prometheus.NewDesc("propusk_jobs_lag_seconds", "How long the earliest due job has been waiting.", nil, nil),
	}
	if r.Metrics != nil {
		r.Metrics.MustRegister(m.runs, m.seconds, m)
	}
	return m
}

func (m *metrics) done(kind, outcome string, took time.Duration) {
	m.runs.WithLabelValues(kind, outcome).Inc()
	m.seconds.WithLabelValues(kind).Observe(took.Seconds())
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.depth
	out <- m.lag
}

// Collect implements prometheus.Collector. A database that does not answer in
// two seconds leaves the depth out.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	d, err := m.runner.Depth(ctx)
	if err != nil {
		m.runner.Log.WarnContext(ctx, "the depth of the job queue is unknown", "error", err)
		return
	}
	for state, n := range map[string]int64{"due": d.Due, "delayed": d.Delayed, "running": d.Running, "dead": d.Dead} {
		out <- prometheus.MustNewConstMetric(m.depth, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(m.lag, prometheus.GaugeValue, d.Lag.Seconds())
}
