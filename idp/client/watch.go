package client

import (
	"context"
	"sync"
	"time"
)

// Watch has forget called with the client_id of every client that changes: of one
// changed here before the change's caller goes on, of one changed on another node
// when that node's word comes. The word may be lost, so whoever keeps copies must
// let them grow old. stop ends it and waits until forget is no longer called by
// other nodes' words.
func (s *Store) Watch(forget func(id string)) (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	changes, err := s.deps.Events.Subscribe(ctx, topic)
	if err != nil {
		cancel()
		return nil, err
	}
	s.mu.Lock()
	key := s.next
	s.next++
	s.watchers[key] = forget
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for id := range changes {
			forget(string(id))
		}
	}()
	return sync.OnceFunc(func() {
		s.mu.Lock()
		delete(s.watchers, key)
		s.mu.Unlock()
		cancel()
		<-done
	}), nil
}

// changed tells whoever watches, on every node, once the transaction of ctx has
// committed.
func (s *Store) changed(ctx context.Context, id string) {
	s.deps.DB.AfterCommit(ctx, func() {
		for _, forget := range s.watching() {
			forget(id)
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := s.deps.Events.Publish(ctx, topic, []byte(id)); err != nil {
			s.deps.Log.WarnContext(ctx, "change of a client not announced", "client", id, "error", err)
		}
	})
}

func (s *Store) watching() []func(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	watchers := make([]func(string), 0, len(s.watchers))
	for _, forget := range s.watchers {
		watchers = append(watchers, forget)
	}
	return watchers
}
