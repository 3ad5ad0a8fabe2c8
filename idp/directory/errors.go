package directory

import (
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
)

// The refusals of this package, beside storage.ErrNotFound, storage.ErrExists
// and storage.ErrUsed. Callers test with errors.Is.
var (
	// ErrForbidden: the actor lacks the right, or would grant one that he does
	// not hold, or touches an administrator without being one.
	ErrForbidden = errors.New("directory: the actor may not do this")
	// ErrLastAdministrator: the organisation would be left without one.
	ErrLastAdministrator = errors.New("directory: the last administrator stays")
	// ErrStale: the record has changed since the caller read it.
	ErrStale = errors.New("directory: the record has changed meanwhile")
	// ErrInvitationExpired: the invitation's time is over; it can be sent again.
	ErrInvitationExpired = errors.New("directory: the invitation has expired")
	// ErrInvitationWithdrawn: the organisation took the invitation back.
	ErrInvitationWithdrawn = errors.New("directory: the invitation was withdrawn")
	// ErrOtherPerson: the invitation was sent to a mailbox that this person has
	// not proved to hold.
	ErrOtherPerson = errors.New("directory: the invitation is for another person")
	// ErrBlocked: a login names a person who is blocked. It is a
	// storage.ErrNotFound too, so that a caller who does not ask treats the
	// person like an unknown one.
	ErrBlocked = fmt.Errorf("directory: the person is blocked: %w", storage.ErrNotFound)
)

// FieldError says what is wrong with one field of the input.
type FieldError struct {
	Field string         // as in the API: email, snils, role, …
	Code  string         // stable: required, invalid, too_long, taken, not_allowed, …
	Args  map[string]any // for the message, such as "min": 12
}

func (e *FieldError) Error() string { return "directory: field " + e.Field + ": " + e.Code }

// FieldErrors are all the faults of one input. errors.As finds the first
// *FieldError in it.
type FieldErrors []*FieldError

func (e FieldErrors) Error() string {
	texts := make([]string, len(e))
	for i, field := range e {
		texts[i] = field.Field + ": " + field.Code
	}
	return "directory: fields: " + strings.Join(texts, ", ")
}

// Unwrap shows each fault.
func (e FieldErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, field := range e {
		errs[i] = field
	}
	return errs
}

func (e *FieldErrors) add(field, code string) {
	*e = append(*e, &FieldError{Field: field, Code: code})
}

// err is nil when nothing is wrong.
func (e FieldErrors) err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
