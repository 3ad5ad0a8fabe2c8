package browsertest

import (
	"math"
	"math/rand/v2"
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

// A difference of one percent over 300 trials is seen; none is not.
func TestRankTestSeesADifference(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	sample := func(shift float64) (d []time.Duration) {
		for range 300 {
			d = append(d, time.Duration(1e6*(1+shift+0.02*random.NormFloat64())))
		}
		return d
	}
	if p := RankTest(sample(0), sample(0.01)); p >= 0.01 {
		t.Errorf("one percent: p = %f", p)
	}
	if p := RankTest(sample(0), sample(0)); p < 0.01 {
		t.Errorf("no difference: p = %f", p)
	}
}
