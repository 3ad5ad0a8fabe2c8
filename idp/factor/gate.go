package factor

import (
	"context"
	"runtime"
	"time"
)

// How long an attempt queues for a place, and what it is told when there is
// none.
const (
	gateWait  = 2 * time.Second
	gateRetry = 3 * time.Second
)

// gate bounds how many hashes are computed at a time: each takes the memory and
// the processor that a flood of attempts would otherwise take without end.
type gate struct {
	places chan struct{}
	wait   time.Duration
}

func newGate(places int) *gate {
	if places <= 0 {
		places = runtime.GOMAXPROCS(0)
	}
	return &gate{places: make(chan struct{}, places), wait: gateWait}
}

// enter waits a moment for a place, which leave gives back. It returns *Busy,
// or the context's error.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-timer.C:
		return &Busy{RetryAfter: gateRetry, Why: ErrBusy}
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.places }
