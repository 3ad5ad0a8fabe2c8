package authority

import (
	"sync"
	"time"
)

// The states of a breaker, as the metrics number them.
const (
	closed   = 0 // requests pass
	halfOpen = 1 // one passes, to see
	open     = 2 // none passes until the pause is over
)

const (
	breakerFailures = 5 // in a row, that open it
	breakerFirst    = 5 * time.Second
	breakerLongest  = 2 * time.Minute
)

// breaker keeps a node from knocking at a body that does not answer, so that its
// workers go on serving the others. It belongs to one body on one node.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	state    int
	failures int
	pause    time.Duration
	until    time.Time // of open; while half open, by when the one that passed must have ended
}

// allow reports whether a request may go now, and if not, when to ask again.
func (b *breaker) allow() (bool, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.state == closed {
		return true, time.Time{}
	}
	if now.Before(b.until) {
		return false, b.until
	}
	// The one that is let through may die with its worker: after a while another may.
	b.state, b.until = halfOpen, now.Add(sendTimeout)
	return true, time.Time{}
}

// closedUntil is when a body that does not answer may be asked again, the zero time
// when it may be asked now. Unlike allow it takes nobody's turn.
func (b *breaker) closedUntil() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == closed || !b.now().Before(b.until) {
		return time.Time{}
	}
	return b.until
}

// report tells how a request ended. healthy means that the body answered, be it
// with a refusal.
func (b *breaker) report(healthy bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if healthy {
		b.state, b.failures, b.pause = closed, 0, 0
		return
	}
	b.failures++
	if b.state == closed && b.failures < breakerFailures {
		return
	}
	b.pause = min(max(breakerFirst, 2*b.pause), breakerLongest)
	b.state, b.until = open, b.now().Add(b.pause)
}

// release gives back a permission that was not used.
func (b *breaker) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == halfOpen {
		b.until = b.now()
	}
}

func (b *breaker) current() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}
