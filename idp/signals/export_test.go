package signals

// Waits reports whether a poll waits for the stream on this node.
func (s *Signals) Waits(streamID string) bool {
	s.waiting.mu.Lock()
	defer s.waiting.mu.Unlock()
	return s.waiting.streams[streamID]
}
