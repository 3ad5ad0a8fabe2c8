package storage

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Pool is the state of the connections. SQLite counts its writer as one.
type Pool struct {
	Max, Open, InUse, Idle int
	Waits                  int64         // how often a caller had to wait for a connection
	Waited                 time.Duration // for how long, all together
}

// Stats is what the database has done since Open.
type Stats struct {
	Engine string
	Pool
	Committed, RolledBack int64 // transactions
	Retried               int64 // attempts repeated after serialization failures
}

type counts struct{ committed, rolledBack, retried atomic.Int64 }

// Stats returns the counters and the state of the pool.
func (db *DB) Stats() Stats {
	return Stats{
		Engine: db.Engine(), Pool: db.engine.pool(),
		Committed: db.counts.committed.Load(), RolledBack: db.counts.rolledBack.Load(), Retried: db.counts.retried.Load(),
	}
}

// Collector shows Stats to Prometheus, labelled with the engine.
func (db *DB) Collector() prometheus.Collector {
	label := prometheus.Labels{"engine": db.Engine()}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("propusk_database_"+name, help, labels, label)
	}
	return &collector{
		db:           db,
		connections:  desc("connections", "Connections by state.", "state"),
		limit:        desc("connections_limit", "The most connections the pool may open."),
		waits:        desc("connection_waits_total", "Times a caller had to wait for a connection."),
		waited:       desc("connection_wait_seconds_total", "Seconds callers waited for a connection."),
		transactions: desc("transactions_total", "Transactions by outcome.", "outcome"),
		retries:      desc("retries_total", "Attempts repeated after serialization failures."),
	}
}

type collector struct {
	db                                                       *DB
	connections, limit, waits, waited, transactions, retries *prometheus.Desc
}

func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.db.Stats()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(c.connections, float64(s.InUse), "used")
	gauge(c.connections, float64(s.Idle), "idle")
	gauge(c.limit, float64(s.Max))
	counter(c.waits, float64(s.Waits))
	counter(c.waited, s.Waited.Seconds())
	counter(c.transactions, float64(s.Committed), "committed")
	counter(c.transactions, float64(s.RolledBack), "rolled_back")
	counter(c.retries, float64(s.Retried))
}

// FullnessGauge shows to Prometheus how full short-lived state is. Above 0.5 addresses
// that begin sign-ins are counted, above 0.9 nobody begins one (Fair).
func FullnessGauge(f Fuller) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "propusk_short_lived_state_fullness_ratio", Help: "How full short-lived state is, from 0 to 1; 0 where no bound is known.",
	}, func() float64 {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		return f.Fullness(ctx)
	})
}
