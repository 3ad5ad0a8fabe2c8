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
	places chan struct{}
	most   int64        // so many are inside at most
	inside atomic.Int64 // at work, waiting for a place, or on their way to wait
	wait   time.Duration
}

func newGate(places int) *gate {
	if places <= 0 {
		places = runtime.GOMAXPROCS(0)
	}
	return &gate{places: make(chan struct{}, places), most: int64(places) * (1 + gateQueue), wait: gateWait}
}

// admit lets somebody in who will want a place, or returns *Busy at once. Whoever was
// admitted must leave.
func (g *gate) admit() error {
	if g.inside.Add(1) > g.most {
		g.leave()
		return &Busy{RetryAfter: gateRetry, Why: ErrBusy}
	}
	return nil
}

func (g *gate) leave() { g.inside.Add(-1) }

// place waits a moment for a place, which is given back by free. It returns *Busy, or
// the context's error.
func (g *gate) place(ctx context.Context) error {
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

func (g *gate) free() { <-g.places }

// enter is admit and place in one, and exit gives back what it took.
func (g *gate) enter(ctx context.Context) error {
	if err := g.admit(); err != nil {
		return err
	}
	if err := g.place(ctx); err != nil {
		g.leave()
		return err
	}
	return nil
}

func (g *gate) exit() {
	g.free()
	g.leave()
}
