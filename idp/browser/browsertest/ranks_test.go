package browsertest

import (
	"math"
	"testing"
	"time"
)

// Known answers: scipy.stats.mannwhitneyu(a, b, use_continuity=False,
// method="asymptotic").
func TestRankTestKnownAnswers(t *testing.T) {
	t.Parallel()
	durations := func(values ...int) (d []time.Duration) {
		for _, v := range values {
			d = append(d, time.Duration(v))
		}
		return d
	}
	for name, c := range map[string]struct {
		a, b []time.Duration
		p    float64
	}{
		"apart":   {durations(1, 2, 3, 4, 5), durations(6, 7, 8, 9, 10), 0.009023},
		"between": {durations(1, 3, 5, 7, 9), durations(2, 4, 6, 8, 10), 0.601508},
		"ties":    {durations(1, 1, 2, 2, 3), durations(1, 1, 2, 2, 3), 1},
	} {
		if p := RankTest(c.a, c.b); math.Abs(p-c.p) > 1e-5 {
			t.Errorf("%s: p = %f, want %f", name, p, c.p)
		}
	}
}
