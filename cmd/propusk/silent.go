package main

import (
	"net"
	"net/http"
	"sync"
)

// silent are the connections on which nobody has asked anything yet. Browsers and
// HTTP clients open them ahead of need and may never use them. A stop hangs up on
// them at once.
//
// Why: http.Server.Shutdown takes such a connection for a request that began until it
// is more than five seconds old (golang/go#22682), so a stop with less patience than
// that would tell of requests that were cut where there was none. Nothing is lost: a
// first request whose header is read after Shutdown began is not answered anyway.
type silent struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
	over bool // who comes now is hung up on, too
}

// watch is the server's ConnState: a connection is new until the header of its first
// request has been read.
func (s *silent) watch(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.open, c)
	case s.over:
		_ = c.Close()
	default:
		s.open[c] = struct{}{}
	}
}

// hangUp closes those that are silent still.
func (s *silent) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for c := range s.open {
		_ = c.Close()
	}
}
