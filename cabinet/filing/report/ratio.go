package report

import (
	"strconv"
	"strings"
)

// Ratio is a control ratio (контрольное соотношение): the value at Left is what
// the terms at the right come to.
type Ratio struct {
	Code string // ours, stable: NDS.190
	// Each is the path of elements that are checked one by one, Left and Terms
	// then begin below it; "" is once, from the body on.
	Each  string
	Left  string
	Terms []Term
	// Tolerance is in kopecks: what rounding to whole roubles may differ by.
	Tolerance int64
	// Floor takes a negative right side as zero.
	Floor bool
	// IfLeft checks only where Left stands.
	IfLeft bool
	Label  Saying
}

// Term is one summand: Sign × the sum of all values at Path, times a rate in per
// cent where there is one.
type Term struct {
	Sign     int64 // 1 or -1
	Path     string
	RatePath string // rate in the report, "" for none
	Num, Den int64  // or a fixed one; 0 for none
}

func plus(paths ...string) []Term {
	terms := make([]Term, len(paths))
	for i, path := range paths {
		terms[i] = Term{Sign: 1, Path: path}
		if minus, ok := strings.CutPrefix(path, "-"); ok {
			terms[i] = Term{Sign: -1, Path: minus}
		}
	}
	return terms
}

func share(path string, num, den int64) []Term {
	return []Term{{Sign: 1, Path: path, Num: num, Den: den}}
}

func atRate(path, rate string) []Term { return []Term{{Sign: 1, Path: path, RatePath: rate}} }

// ratios checks all of a type below its body.
func (c *collector) ratios(list []Ratio, body *Node, path string) {
	for i := range list {
		r := &list[i]
		if r.Each == "" {
			c.ratio(r, body, path)
			continue
		}
		for _, one := range elements(body, r.Each, path) {
			c.ratio(r, one.node, one.path)
		}
	}
}

// ratio checks one. A value that is no sum has its own fault already and ends it.
func (c *collector) ratio(r *Ratio, n *Node, path string) {
	if c.full() {
		return
	}
	left, at, present, ok := total(n, r.Left)
	if !ok || !present && r.IfLeft {
		return
	}
	var right int64
	for _, term := range r.Terms {
		value, ok := term.value(n)
		if !ok {
			return
		}
		right += value
	}
	if r.Floor && right < 0 {
		right = 0
	}
	if difference := left - right; difference > r.Tolerance || difference < -r.Tolerance {
		c.add("sum_mismatch", at, path+"/"+r.Left, rubles(left)).
			with("ratio", r.Code).with("label", r.Label.RU).with("label_en", r.Label.EN).with("expected", rubles(right))
	}
}

func (t *Term) value(n *Node) (int64, bool) {
	sum, _, _, ok := total(n, t.Path)
	switch {
	case !ok:
		return 0, false
	case t.RatePath != "":
		rate, _, _, ok := total(n, t.RatePath)
		if !ok || rate > 100*100 || rate < 0 {
			return 0, false
		}
		return t.Sign * share10000(sum, rate), true
	case t.Den != 0:
		return t.Sign * (sum*t.Num + sign(sum)*t.Den/2) / t.Den, true
	}
	return t.Sign * sum, true
}

// share10000 is sum × rate / 10 000, rounded half up, without leaving int64:
// sums have up to 17 digits and rates up to five.
func share10000(sum, rate int64) int64 {
	whole, rest := sum/10_000, sum%10_000
	return whole*rate + (rest*rate+sign(sum)*5_000)/10_000
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

// total adds up the values at a path below n. at is where the first of them
// stands, or n itself; ok is false when one of them is no sum or they exceed
// what we count in.
func total(n *Node, path string) (sum int64, at int, present, ok bool) {
	values := below(n, path, nil)
	at = n.at
	for i, value := range values {
		k, valid := kopecks(value.value)
		if !valid {
			return 0, value.at, true, false
		}
		if i == 0 {
			at = value.at
		}
		if sum += k; sum > maxSum || sum < -maxSum {
			return 0, at, true, false
		}
	}
	return sum, at, len(values) > 0, true
}

// maxSum is a million milliards of roubles, far below the end of int64.
const maxSum = 100_000_000_000_000_000

// placed is an element with its path.
type placed struct {
	node *Node
	path string
}

// elements collects those at a path below n.
func elements(n *Node, path, walked string) []placed {
	step, rest, deeper := strings.Cut(path, "/")
	var list []placed
	count := 0
	for _, child := range n.Children {
		if child.Name != step {
			continue
		}
		count++
		here := walked + "/" + step + "[" + strconv.Itoa(count) + "]"
		if deeper {
			list = append(list, elements(child, rest, here)...)
		} else {
			list = append(list, placed{child, here})
		}
	}
	return list
}
