package storage

import (
	"context"
	"errors"
	"time"
)

// Ephemeral keeps values that are worth something for minutes: pending
// authorization requests, challenges, one-time codes, counters, replay marks.
// It has two bodies, *Memory and *Redis, and one contract:
//
//   - A value is there until its time to live has passed, then it is gone for
//     every method alike. ttl must be positive.
//   - Each method is one atomic step. Of any number of callers of Take one gets
//     the value; of any number of callers of Add one succeeds.
//   - Keys and values are the caller's; bytes given are copied, bytes returned
//     are the caller's to keep.
//   - It may forget everything when the process or the Redis server dies. What
//     must outlive that belongs in SQL.
//   - It never forgets one value to make room for another. When it is full it
//     refuses new ones (ErrFull, or the Redis server's own error under
//     maxmemory-policy noeviction, which must be set), and the caller must then
//     refuse too: a counter that cannot count is no reason to let somebody in.
//
// A cancelled context yields the context's error and may or may not have taken
// effect.
type Ephemeral interface {
	// Put sets key to value for ttl, whatever was there.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Add sets key for ttl if there is none; ErrExists otherwise.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Get returns key's value, or ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// Take returns key's value and removes it: one caller wins, the others get
	// ErrNotFound.
	Take(ctx context.Context, key string) ([]byte, error)
	// Incr adds one to the counter at key and returns it with the time left in
	// its window. The window is fixed: it begins with the first Incr, lasts ttl
	// and is not prolonged by the following ones. Keys of counters and of values
	// must differ.
	Incr(ctx context.Context, key string, ttl time.Duration) (n int64, left time.Duration, err error)
	// Delete removes key; it is no error if there is none.
	Delete(ctx context.Context, key string) error
}

// Events carries signals between the parts and the nodes of the house. It is
// lossy by nature: a message may be dropped when a reader is slow, or while the
// connection is away. Readers must be able to do without, by reading SQL again
// from time to time.
type Events interface {
	// Publish gives payload to everyone who is subscribed to topic now.
	Publish(ctx context.Context, topic string, payload []byte) error
	// Subscribe returns the messages published to topic after it has returned.
	// The channel is closed when ctx ends.
	Subscribe(ctx context.Context, topic string) (<-chan []byte, error)
}

// Volatile is what both bodies are.
type Volatile interface {
	Ephemeral
	Events
	Fuller
	Ping(ctx context.Context) error
	Close() error
}

var (
	_ Volatile = (*Memory)(nil)
	_ Volatile = (*Redis)(nil)
)

// errTTL: a time to live of nothing is a mistake of the caller's.
var errTTL = errors.New("storage: the time to live must be positive")

// subscription is how many messages a slow reader may lag behind before it
// loses some.
const subscription = 256
