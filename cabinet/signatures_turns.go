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
	verifyWait          = 2 * time.Second
	verifyRetry         = 3 // seconds
)

// turns bounds what runs at a time.
type turns struct {
	places chan struct{}
	mutex  sync.Mutex
	own    map[string]int
}

func newTurns() *turns {
	return &turns{places: make(chan struct{}, maxVerifications), own: map[string]int{}}
}

// enter waits a moment for a place, which leave gives back.
func (t *turns) enter(ctx context.Context, who string) (leave func(), err error) {
	if !t.claim(who) {
		return nil, busyVerifying().Because("own verifications")
	}
	timer := time.NewTimer(verifyWait)
	defer timer.Stop()
	select {
	case t.places <- struct{}{}:
		return func() { <-t.places; t.release(who) }, nil
	case <-timer.C:
		err = busyVerifying()
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.release(who)
	return nil, err
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
