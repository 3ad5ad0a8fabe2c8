package storage

import (
	"errors"
	"fmt"
)

// The errors callers test for with errors.Is. Everything else that a method
// returns is an accident of the database or of the context.
var (
	// ErrNotFound: no such row or key, or it has expired.
	ErrNotFound = errors.New("storage: not found")
	// ErrExists: a unique constraint, or a key that Add found taken.
	ErrExists = errors.New("storage: already exists")
	// ErrUsed: something of single use was used before. Storage itself never
	// returns it; the packages above do, so that all say it with one value.
	ErrUsed = errors.New("storage: already used")
	// ErrCheck: a CHECK constraint refused the change.
	ErrCheck = errors.New("storage: refused by a check constraint")
	// ErrReference: a FOREIGN KEY constraint refused the change.
	ErrReference = errors.New("storage: refused by a foreign key")
	// ErrFull: the in-process Ephemeral holds as much as it may. It refuses new
	// keys rather than forget counters on which security rests.
	ErrFull = errors.New("storage: ephemeral memory is full")
	// ErrStatement: the text of a statement cannot run alike on both engines.
	ErrStatement = errors.New("storage: bad statement")
	// ErrEnded: the context carries a transaction that has ended.
	ErrEnded = errors.New("storage: the transaction of this context has ended")
	// ErrBusy: the embedded database's only writer stayed busy too long. Inside
	// Tx it means that a statement was given a context from outside.
	ErrBusy = errors.New("storage: the writer is busy")
)

// fault says what the engine's error means to us.
type fault struct {
	kind  error // one of the sentinels above, or nil
	retry bool  // a serialization failure: the whole transaction may be tried again
}

// failed is an engine's error with its meaning. Unwrap shows both.
type failed struct {
	fault
	err error
}

func (f *failed) Error() string {
	if f.kind == nil {
		return f.err.Error()
	}
	return fmt.Sprintf("%v: %v", f.kind, f.err)
}

func (f *failed) Unwrap() []error {
	if f.kind == nil {
		return []error{f.err}
	}
	return []error{f.kind, f.err}
}

// retryable reports whether err comes from a serialization failure.
func retryable(err error) bool {
	var f *failed
	return errors.As(err, &f) && f.retry
}
