package authority

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the gateway tells Prometheus. What waits is counted when it is
// asked for.
type metrics struct {
	gateway *Gateway
	sends   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	answers *prometheus.CounterVec
	came    *prometheus.CounterVec
	breaker *prometheus.Desc
	queue   *prometheus.Desc
}

func newMetrics(g *Gateway) (*metrics, error) {
	m := &metrics{
		gateway: g,
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_authority_sends_total", Help: "Attempts to send submissions, by body and outcome.",
		}, []string{"body", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "propusk_authority_send_seconds", Help: "Seconds that a body took to take a submission.", Buckets: []float64{.01, .05, .2, 1, 5, 30},
		}, []string{"body"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_authority_answers_total", Help: "Answers of bodies that were handled or given up, by event.",
		}, []string{"body", "event", "outcome"}),
		came: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_authority_callbacks_total", Help: "Answers that came, by what became of them at the door.",
		}, []string{"outcome"}),
		breaker: prometheus.NewDesc("propusk_authority_breaker", "Whether this node leaves a body alone: 0 no, 1 it tries, 2 yes.", []string{"body"}, nil),
		queue:   prometheus.NewDesc("propusk_authority_queue", "Submissions and answers that are under way or given up, on all nodes.", []string{"what", "state"}, nil),
	}
	if g.Metrics == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sends, m.seconds, m.answers, m.came, m} {
		if err := g.Metrics.Register(c); err != nil {
			return nil, fmt.Errorf("authority: metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) sent(body string, err error, took time.Duration) {
	outcome := "sent"
	if err != nil {
		outcome = "failed"
	}
	m.sends.WithLabelValues(body, outcome).Inc()
	m.seconds.WithLabelValues(body).Observe(took.Seconds())
}

func (m *metrics) answered(body, event, outcome string) {
	m.answers.WithLabelValues(body, event, outcome).Inc()
}

func (m *metrics) taken(outcome string) { m.came.WithLabelValues(outcome).Inc() }

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.breaker
	out <- m.queue
}

// Collect implements prometheus.Collector. A database that does not answer in two
// seconds leaves the queue out.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	for _, p := range m.gateway.peers {
		out <- prometheus.MustNewConstMetric(m.breaker, prometheus.GaugeValue, float64(p.breaker.current()), p.Name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, table := range []string{"submission", "answer"} {
		for _, state := range map[string][]string{"submission": {queued, Dead}, "answer": {waiting, Dead}}[table] {
			var n int64
			if m.gateway.DB.Get(ctx, &n, `SELECT COUNT(*) FROM authority_`+table+`s WHERE state = $1`, state) == nil {
				out <- prometheus.MustNewConstMetric(m.queue, prometheus.GaugeValue, float64(n), table, state)
			}
		}
	}
}
