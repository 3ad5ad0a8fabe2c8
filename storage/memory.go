package storage

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is Ephemeral and Events in this process: the body for one node.
//
// It is bounded: keys and values may take MaxBytes together. When full it first
// drops what has expired and then refuses new keys with ErrFull. It never evicts
// a live key, for among them are the counters that lock out and the marks that
// stop replays: whoever could push those out by flooding could undo them.
// Counters that exist go on counting.
type Memory struct {
	now    func() time.Time
	seed   maphash.Seed
	shards [shards]shard
	limit  int64
	bytes  atomic.Int64
	topics topics
	stop   context.CancelFunc
	swept  sync.Mutex // one sweep of everything at a time
}

const (
	shards     = 64
	sweepEvery = 5 * time.Second
	// overhead is what an entry costs beside its key and value, measured
	// generously: map slot, headers, expiry.
	overhead = 128
	// MaxBytes bounds a Memory: about 250,000 pending sign-ins.
	MaxBytes = 128 << 20
)

type shard struct {
	mu sync.Mutex
	m  map[string]cell
}

// cell is a value or a counter with its end, in the clock's nanoseconds.
type cell struct {
	value []byte
	n     int64
	ends  int64
}

// NewMemory returns an empty Memory that tells time by now. Close ends its
// sweeper.
func NewMemory(now func() time.Time) *Memory { return newMemory(now, MaxBytes) }

func newMemory(now func() time.Time, limit int64) *Memory {
	ctx, stop := context.WithCancel(context.Background())
	m := &Memory{now: now, seed: maphash.MakeSeed(), limit: limit, stop: stop}
	for i := range m.shards {
		m.shards[i].m = map[string]cell{}
	}
	go m.sweepLoop(ctx)
	return m
}

// Ping always succeeds.
func (m *Memory) Ping(ctx context.Context) error { return ctx.Err() }

// Close stops the sweeper and ends every subscription.
func (m *Memory) Close() error {
	m.stop()
	m.topics.close()
	return nil
}

// Bytes is how much of MaxBytes is taken, expired entries that are not yet
// swept included.
func (m *Memory) Bytes() int64 { return m.bytes.Load() }

// Fullness implements Fuller. What has expired counts until it is swept, for seconds.
func (m *Memory) Fullness(context.Context) float64 {
	return float64(m.bytes.Load()) / float64(m.limit)
}

// Put implements Ephemeral.
func (m *Memory) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.set(ctx, key, value, ttl, false)
}

// Add implements Ephemeral.
func (m *Memory) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.set(ctx, key, value, ttl, true)
}

// Get implements Ephemeral.
func (m *Memory) Get(ctx context.Context, key string) (value []byte, err error) {
	err = m.at(ctx, key, func(s *shard, old cell, live bool, _ int64) error {
		if !live {
			return ErrNotFound
		}
		value = old.bytes()
		return nil
	})
	return value, err
}

// Take implements Ephemeral.
func (m *Memory) Take(ctx context.Context, key string) (value []byte, err error) {
	err = m.at(ctx, key, func(s *shard, old cell, live bool, _ int64) error {
		if !live {
			return ErrNotFound
		}
		value = old.bytes()
		m.drop(s, key, old)
		return nil
	})
	return value, err
}

// Incr implements Ephemeral.
func (m *Memory) Incr(ctx context.Context, key string, ttl time.Duration) (n int64, left time.Duration, err error) {
	if ttl <= 0 {
		return 0, 0, errTTL
	}
	err = m.at(ctx, key, func(s *shard, old cell, live bool, now int64) error {
		next := cell{n: 1, ends: now + int64(ttl)}
		if live {
			next = old
			next.n++
		}
		if err := m.keep(s, key, old, next); err != nil {
			return err
		}
		n, left = next.n, time.Duration(next.ends-now)
		return nil
	})
	return n, left, err
}

// Delete implements Ephemeral.
func (m *Memory) Delete(ctx context.Context, key string) error {
	return m.at(ctx, key, func(s *shard, old cell, _ bool, _ int64) error {
		m.drop(s, key, old)
		return nil
	})
}

func (m *Memory) set(ctx context.Context, key string, value []byte, ttl time.Duration, absent bool) error {
	if ttl <= 0 {
		return errTTL
	}
	return m.at(ctx, key, func(s *shard, old cell, live bool, now int64) error {
		if absent && live {
			return ErrExists
		}
		return m.keep(s, key, old, cell{value: slices.Clone(value), ends: now + int64(ttl)})
	})
}

// at does one atomic step on key. When the step finds no room, everything
// expired is swept and the step is tried once more.
func (m *Memory) at(ctx context.Context, key string, step func(s *shard, old cell, live bool, now int64) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := &m.shards[maphash.String(m.seed, key)%shards]
	try := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		now := m.now().UnixNano()
		old, ok := s.m[key]
		return step(s, old, ok && old.ends > now, now)
	}
	err := try()
	if errors.Is(err, ErrFull) && m.sweep() > 0 {
		err = try()
	}
	return err
}

// keep replaces old by next if there is room for it. The shard is locked.
func (m *Memory) keep(s *shard, key string, old, next cell) error {
	grows := next.cost(key) - old.cost(key)
	if m.bytes.Add(grows) > m.limit && grows > 0 {
		m.bytes.Add(-grows)
		return ErrFull
	}
	s.m[key] = next
	return nil
}

// drop forgets key, expired or not. The shard is locked.
func (m *Memory) drop(s *shard, key string, old cell) {
	delete(s.m, key)
	m.bytes.Add(-old.cost(key))
}

// cost is 0 for the zero cell, which is no cell.
func (c cell) cost(key string) int64 {
	if c.ends == 0 {
		return 0
	}
	return int64(len(key)+len(c.value)) + overhead
}

// bytes is the cell's value; a counter reads as its decimal, as on Redis.
func (c cell) bytes() []byte {
	if c.n > 0 {
		return strconv.AppendInt(nil, c.n, 10)
	}
	return append([]byte{}, c.value...)
}

func (m *Memory) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.sweep()
		}
	}
}

// sweep drops what has expired, one shard at a time, and returns how many bytes
// that freed. Callers who find another sweeping wait for it.
func (m *Memory) sweep() (freed int64) {
	before := m.bytes.Load()
	m.swept.Lock()
	defer m.swept.Unlock()
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		now := m.now().UnixNano()
		for key, c := range s.m {
			if c.ends <= now {
				m.drop(s, key, c)
			}
		}
		s.mu.Unlock()
	}
	return before - m.bytes.Load()
}
