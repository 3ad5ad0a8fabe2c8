package storage

import (
	"context"
	"slices"
	"sync"
)

// topics are the subscriptions of a Memory.
type topics struct {
	mu     sync.Mutex
	closed bool
	subs   map[string]map[chan []byte]bool
}

// Publish implements Events. A subscriber that lags behind loses the message.
func (m *Memory) Publish(ctx context.Context, topic string, payload []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &m.topics
	t.mu.Lock()
	defer t.mu.Unlock()
	for sub := range t.subs[topic] {
		select {
		case sub <- slices.Clone(payload):
		default:
		}
	}
	return nil
}

// Subscribe implements Events.
func (m *Memory) Subscribe(ctx context.Context, topic string) (<-chan []byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sub := make(chan []byte, subscription)
	t := &m.topics
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		close(sub)
		return sub, nil
	}
	if t.subs == nil {
		t.subs = map[string]map[chan []byte]bool{}
	}
	if t.subs[topic] == nil {
		t.subs[topic] = map[chan []byte]bool{}
	}
	t.subs[topic][sub] = true
	context.AfterFunc(ctx, func() { t.end(topic, sub) })
	return sub, nil
}

func (t *topics) end(topic string, sub chan []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subs[topic][sub] {
		delete(t.subs[topic], sub)
		close(sub)
	}
	if len(t.subs[topic]) == 0 {
		delete(t.subs, topic)
	}
}

func (t *topics) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, subs := range t.subs {
		for sub := range subs {
			close(sub)
		}
	}
	t.subs = nil
}
