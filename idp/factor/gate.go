package factor

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// How long an attempt queues for a place, how many queue for each, and what they
// are told for whom there is none. Sixteen hashes take about as long as one waits:
// who comes after them would wait for nothing.
const (
	gateWait  = 2 * time.Second
	gateQueue = 16
	gateRetry = 3 * time.Second
)

// gate bounds how many hashes are computed at a time: each takes the memory and
// the processor that a flood of attempts would otherwise take without end.
type gate struct {
	places  chan struct{}
	queue   int64 // at most so many wait
	waiting atomic.Int64
	wait    time.Duration
}

func newGate(places int) *gate {
	if places <= 0 {
		places = runtime.GOMAXPROCS(0)
	}
	return &gate{places: make(chan struct{}, places), queue: int64(places) * gateQueue, wait: gateWait}
}

// ready returns *Busy when whoever comes now would be sent away: so that nothing
// else is done for him before.
func (g *gate) ready() error {
	if len(g.places) == cap(g.places) && g.waiting.Load() >= g.queue {
		return &Busy{RetryAfter: gateRetry, Why: ErrBusy}
	}
	return nil
}

// enter waits a moment for a place, which leave gives back. It returns *Busy,
// or the context's error.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return &Busy{RetryAfter: gateRetry, Why: ErrBusy}
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
