package cabinet

import (
	"context"
	"sync"
	"time"

	"propusk/cabinet/api"
)

// A verification holds its document in memory while it lasts, so that few run at
// a time on one node, and of one subject's fewer still: who uploads slowly must
// not keep everybody else out.
const (
	maxVerifications    = 8
	maxOwnVerifications = 2
	maxReading          = 64 // questions that are coming in, see spool
	verifyWait          = 2 * time.Second
	verifyRetry         = 3 // seconds
)

// turns bounds what runs at a time.
type turns struct {
	places  chan struct{}
	reading chan struct{}
	mutex   sync.Mutex
	own     map[string]int
}

func newTurns() *turns {
	return &turns{places: make(chan struct{}, maxVerifications), reading: make(chan struct{}, maxReading), own: map[string]int{}}
}

// begin lets a subject have one more under way, from its first byte on, until end is
// called.
func (t *turns) begin(who string) (end func(), err error) {
	if !t.claim(who) {
		return nil, busyVerifying().Because("own verifications")
	}
	select {
	case t.reading <- struct{}{}:
		return func() { <-t.reading; t.release(who) }, nil
	default:
		t.release(who)
		return nil, busyVerifying().Because("too many are read")
	}
}

// enter begins and waits a moment for a place at once, both of which leave gives back.
func (t *turns) enter(ctx context.Context, who string) (leave func(), err error) {
	end, err := t.begin(who)
	if err != nil {
		return nil, err
	}
	free, err := t.place(ctx)
	if err != nil {
		end()
		return nil, err
	}
	return func() { free(); end() }, nil
}

// place waits a moment for a place among those that are judged, for who has begun.
func (t *turns) place(ctx context.Context) (free func(), err error) {
	timer := time.NewTimer(verifyWait)
	defer timer.Stop()
	select {
	case t.places <- struct{}{}:
		return func() { <-t.places }, nil
	case <-timer.C:
		return nil, busyVerifying()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *turns) claim(who string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.own[who] >= maxOwnVerifications {
		return false
	}
	t.own[who]++
	return true
}

func (t *turns) release(who string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.own[who]--; t.own[who] == 0 {
		delete(t.own, who)
	}
}

// busyVerifying asks to come back in a moment.
func busyVerifying() *api.Refusal {
	return api.Refuse("verifier_busy").After(verifyRetry)
}
