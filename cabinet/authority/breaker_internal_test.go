package authority

import (
	"testing"
	"time"
)

// The whole table of a breaker: what each event makes of each state.
func TestBreaker(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	b := &breaker{now: func() time.Time { return now }}
	allow := func(want bool, state int) {
		t.Helper()
		if got, _ := b.allow(); got != want || b.current() != state {
			t.Fatalf("allowed %v in state %d, want %v in %d", got, b.current(), want, state)
		}
	}
	for range breakerFailures - 1 {
		b.report(false)
	}
	allow(true, closed)
	b.report(true) // a success forgets them
	for range breakerFailures - 1 {
		b.report(false)
	}
	allow(true, closed)
	b.report(false)
	allow(false, open)
	if until := b.closedUntil(); !until.Equal(now.Add(breakerFirst)) {
		t.Fatalf("closed until %s", until)
	}
	if _, again := b.allow(); again.Sub(now) != breakerFirst {
		t.Fatalf("again after %s", again.Sub(now))
	}
	now = now.Add(breakerFirst)
	if until := b.closedUntil(); !until.IsZero() || b.current() != open {
		t.Fatalf("looking took a turn: until %s, state %d", until, b.current())
	}
	allow(true, halfOpen)  // one, to see
	allow(false, halfOpen) // not two
	b.report(false)
	allow(false, open)
	now = now.Add(2 * breakerFirst) // twice as long
	allow(true, halfOpen)
	b.release() // it was not used
	allow(true, halfOpen)
	now = now.Add(sendTimeout) // whoever was let through has died
	allow(true, halfOpen)
	b.report(true)
	allow(true, closed)
	for range 40 {
		b.report(false)
	}
	if _, again := b.allow(); again.Sub(now) != breakerLongest {
		t.Fatalf("the longest pause is %s", again.Sub(now))
	}
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	t.Parallel()
	for attempts, full := range map[int]time.Duration{0: time.Second, 1: time.Second, 3: 4 * time.Second, 9: 256 * time.Second, 10: longestWait, 400: longestWait} {
		if got := backoff(attempts); got < full*3/4 || got > full {
			t.Errorf("after %d attempts %s, want at most %s", attempts, got, full)
		}
	}
}
