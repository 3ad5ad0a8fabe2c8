package storage

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Time is an instant in unix microseconds, UTC; 0 means never. It is an integer
// in SQL (BIGINT NOT NULL) so that both engines compare it alike, whatever zone
// the machine or the value is in. In JSON it is RFC 3339 in UTC, null when zero.
type Time int64

// Of converts t, dropping what is finer than a microsecond. The zero time.Time
// becomes 0.
func Of(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Time returns t in UTC, the zero time.Time when t is never.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// IsZero reports whether t is never.
func (t Time) IsZero() bool { return t == 0 }

// Add returns t moved by d; never stays never.
func (t Time) Add(d time.Duration) Time {
	if t == 0 {
		return 0
	}
	return t + Time(d.Microseconds())
}

// Before reports whether t is earlier than u.
func (t Time) Before(u Time) bool { return t < u }

// After reports whether t is later than u.
func (t Time) After(u Time) bool { return t > u }

// Sub returns how much later t is than u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// MarshalJSON writes RFC 3339 in UTC, or null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return t.Time().MarshalJSON()
}

// UnmarshalJSON reads RFC 3339 in any zone, or null.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = 0
		return nil
	}
	var at time.Time
	if err := at.UnmarshalJSON(data); err != nil {
		return fmt.Errorf("storage: time: %w", err)
	}
	*t = Of(at)
	return nil
}

// JSON keeps V as JSON in a TEXT column. SQL never looks into it.
type JSON[T any] struct{ V T }

// Value implements driver.Valuer.
func (j JSON[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(j.V)
	if err != nil {
		return nil, fmt.Errorf("storage: encode JSON column: %w", err)
	}
	return string(text), nil
}

// Scan implements sql.Scanner. NULL and the empty text leave the zero value.
func (j *JSON[T]) Scan(src any) error {
	var zero T
	j.V = zero
	var text []byte
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		text = []byte(src)
	case []byte:
		text = src
	default:
		return fmt.Errorf("storage: JSON column holds %T", src)
	}
	if len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, &j.V); err != nil {
		return fmt.Errorf("storage: decode JSON column: %w", err)
	}
	return nil
}

// MarshalJSON writes V itself, so that a wrapped column looks in an API as it
// does in Go.
func (j JSON[T]) MarshalJSON() ([]byte, error) { return json.Marshal(j.V) }

// UnmarshalJSON reads V itself.
func (j *JSON[T]) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &j.V) }

// NewID returns a new UUIDv7 (RFC 9562 §5.7) as text: ids made later sort later,
// which keeps the indexes they stand in dense. It carries its time, so it is
// no secret and no substitute for one.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
