package file

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what comes in and what is found wrong. It is never nil.
type metrics struct {
	files, bytes prometheus.Counter
	refusals     *prometheus.CounterVec
	unscannedAll prometheus.Counter
	damagedAll   prometheus.Counter
	swept        *prometheus.CounterVec
	damagedNow   prometheus.Gauge
	checkedAll   prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "propusk_files_" + name, Help: help})
	}
	m := &metrics{
		files: counter("saved_total", "Files saved."),
		bytes: counter("saved_bytes_total", "Bytes of files saved."),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_files_refused_total", Help: "Files not taken, by reason.",
		}, []string{"reason"}),
		unscannedAll: counter("unscanned_total", "Times the virus scanner did not answer."),
		damagedAll:   counter("damaged_total", "Files found changed or missing."),
		swept: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_files_swept_total", Help: "What nobody kept and was removed, by kind.",
		}, []string{"kind"}),
		damagedNow: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "propusk_files_damaged", Help: "Files that are known to be changed or missing, as of the last check on this node.",
		}),
		checkedAll: counter("checked_total", "Files whose every byte was checked by schedule."),
	}
	if registry == nil {
		return m, nil
	}
	var faults []error
	for _, c := range []prometheus.Collector{m.files, m.bytes, m.refusals, m.unscannedAll, m.damagedAll, m.swept, m.damagedNow, m.checkedAll} {
		faults = append(faults, registry.Register(c))
	}
	return m, errors.Join(faults...)
}

func (m *metrics) saved(f File) {
	m.files.Inc()
	m.bytes.Add(float64(f.Size))
}

func (m *metrics) unscanned() { m.unscannedAll.Inc() }

// refused counts a refusal by its reason; a sender who left is none.
func (m *metrics) refused(err error) {
	for _, known := range []struct {
		err    error
		reason string
	}{
		{ErrTooLarge, "too_large"}, {ErrEmpty, "empty"}, {ErrKind, "kind"}, {ErrInfected, "infected"}, {ErrUnscanned, "unscanned"}, {ErrQuota, "quota"},
	} {
		if errors.Is(err, known.err) {
			m.refusals.WithLabelValues(known.reason).Inc()
			return
		}
	}
}
