package factor

import (
	"errors"
	"fmt"
	"time"
)

// Outcomes of a verification, beside nil. Any other error is an accident of
// storage, and verifies nothing.
var (
	// ErrWrong: the credential does not fit, belongs to nobody, or is locked.
	// The person is told no more than this.
	ErrWrong = errors.New("factor: wrong")
	// ErrLocked: refused without looking, after too many failures. It is an
	// ErrWrong too; only the journal and the metrics may tell them apart.
	ErrLocked = fmt.Errorf("%w: locked", ErrWrong)
	// ErrBusy: nothing was verified or sent and nothing counted; the same again
	// after a while may succeed. The error is a *Busy.
	ErrBusy = errors.New("factor: busy")
	// ErrTooSoon: another code may not be sent yet. It is an ErrBusy too.
	ErrTooSoon = fmt.Errorf("%w: the last code was sent a moment ago", ErrBusy)
)

// Busy is ErrBusy or ErrTooSoon with the time to wait.
type Busy struct {
	RetryAfter time.Duration
	Why        error
}

func (b *Busy) Error() string { return fmt.Sprintf("%v (retry after %s)", b.Why, b.RetryAfter) }

// Unwrap shows ErrBusy or ErrTooSoon.
func (b *Busy) Unwrap() error { return b.Why }
