package factor

import (
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
)

// Outcomes of a verification, beside nil. Any other error is an accident of
// storage, and verifies nothing.
var (
	// ErrWrong: the credential does not fit, belongs to nobody, or is locked.
	// Whoever has proved nothing yet is told no more than this.
	ErrWrong = errors.New("factor: wrong")
	// ErrLocked: refused without looking, after too many failures. It is an
	// ErrWrong too. The error is a *Locked.
	ErrLocked = fmt.Errorf("%w: locked", ErrWrong)
	// ErrBusy: nothing was verified or sent and nothing counted; the same again
	// after a while may succeed. The error is a *Busy.
	ErrBusy = errors.New("factor: busy")
	// ErrTooSoon: another code may not be sent yet. It is an ErrBusy too.
	ErrTooSoon = fmt.Errorf("%w: the last code was sent a moment ago", ErrBusy)
	// ErrUnavailable: this house cannot verify such a factor, or send such a
	// code; another factor may do.
	ErrUnavailable = errors.New("factor: not available here")
)

// Locked is ErrLocked with when and why. At the first step of a sign-in nobody
// is told more than ErrWrong; a person who has proved something may be told.
type Locked struct {
	Until  time.Time // zero: until a recovery, or an administrator
	Reason directory.LockReason
}

func (l *Locked) Error() string {
	if l.Until.IsZero() {
		return ErrLocked.Error() + " until a recovery"
	}
	return fmt.Sprintf("%v until %s", ErrLocked, l.Until.Format(time.RFC3339))
}

// Unwrap shows ErrLocked.
func (l *Locked) Unwrap() error { return ErrLocked }

// Busy is ErrBusy or ErrTooSoon with the time to wait.
type Busy struct {
	RetryAfter time.Duration
	Why        error
}

func (b *Busy) Error() string { return fmt.Sprintf("%v (retry after %s)", b.Why, b.RetryAfter) }

// Unwrap shows ErrBusy or ErrTooSoon.
func (b *Busy) Unwrap() error { return b.Why }
