package storagetest

import (
	"sync/atomic"
	"time"
)

// Clock is a time that moves only when told. Pass Now as the Now of what is
// tested. It is safe for use by many goroutines.
type Clock struct{ nanos atomic.Int64 }

// NewClock returns a clock that stands at the present, in whole microseconds so
// that what went through the database compares equal.
func NewClock() *Clock {
	c := &Clock{}
	c.nanos.Store(time.Now().Truncate(time.Microsecond).UnixNano())
	return c
}

// Now is the clock's time, UTC.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }
