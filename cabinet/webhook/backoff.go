package webhook

import (
	"time"
)

// giveUp is for how long a delivery is tried, and a webhook may fail, in a row.
const giveUp = 3 * 24 * time.Hour

// waits are the pauses after the first attempts of a delivery; the last one is
// repeated until giveUp.
var waits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// backoff is how long a delivery waits after so many failed attempts. It has no
// chance in it: deliveries to one address go one after the other anyway.
func backoff(attempts int64) time.Duration {
	return waits[min(max(attempts-1, 0), int64(len(waits))-1)]
}

// longestRest bounds how long a failing webhook is left alone.
const longestRest = 5 * time.Minute

// rest is how long nothing at all is sent to a webhook that has failed so many
// times in a row: its other messages would most likely fail too.
func rest(failures int64) time.Duration {
	if failures <= 0 {
		return 0
	}
	return min(time.Second<<min(failures, 10), longestRest)
}

// The requests to one webhook at a time, while it answers and while it fails.
const (
	busy = 4
	weak = 1
)

func concurrency(failures int64) int {
	if failures > 0 {
		return weak
	}
	return busy
}
