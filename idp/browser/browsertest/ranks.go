package browsertest

import (
	"math"
	"slices"
	"testing"
	"time"
)

// Alike fails the test when a rank test (Mann–Whitney, two-sided) tells the two
// samples of times that measure takes apart at p < 0.01. Chance alone does so one
// time in a hundred, so a finding must be found three times in a row.
func Alike(t testing.TB, what string, measure func() (a, b []time.Duration)) {
	t.Helper()
	for range 3 {
		a, b := measure()
		p := RankTest(a, b)
		t.Logf("%s: medians of %d are %v and %v, p = %.3f", what, len(a), median(a), median(b), p)
		if p >= 0.01 {
			return
		}
	}
	t.Errorf("%s can be told apart by their times", what)
}

// RankTest is the two-sided p-value of the Mann–Whitney U test, by its normal
// approximation with the correction for ties.
func RankTest(a, b []time.Duration) float64 {
	type sample struct {
		d     time.Duration
		first bool
	}
	var all []sample
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return int(x.d - y.d) })
	var sum, ties float64 // of the ranks of a; of t³-t over the ties
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].d == all[i].d {
			j++
		}
		rank := float64(i+j+1) / 2
		for k := i; k < j; k++ {
			if all[k].first {
				sum += rank
			}
		}
		n := float64(j - i)
		ties += n*n*n - n
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := sum - n*(n+1)/2
	total := n + m
	deviation := math.Sqrt(n * m / 12 * (total + 1 - ties/(total*(total-1))))
	return math.Erfc(math.Abs(u-n*m/2) / deviation / math.Sqrt2)
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Clone(d)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
