package signals

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Poll-based delivery (RFC 8936): the receiver comes for its events, and says which
// of those it took before.

const (
	// pollMost is how many SETs one answer holds.
	pollMost = 100
	// pollAcks is how many acknowledgements one request holds.
	pollAcks = 1000
	// pollFor is how long a poll waits for something to happen (RFC 8936 §2.4).
	pollFor = 25 * time.Second
	// pollLook is how often a waiting poll looks for what other nodes queued.
	pollLook = time.Second
	// pollWaiting is how many polls wait on one node; one a stream.
	pollWaiting = 256
)

// pollBody is a poll (RFC 8936 §2.2).
type pollBody struct {
	MaxEvents         *int                       `json:"maxEvents"`
	ReturnImmediately bool                       `json:"returnImmediately"`
	Ack               []string                   `json:"ack"`
	Errors            map[string]json.RawMessage `json:"setErrs"`
}

// pollAnswer is its answer (§2.3).
type pollAnswer struct {
	Sets map[string]string `json:"sets"` // jti → SET
	More bool              `json:"moreAvailable,omitempty"`
}

func parsePoll(body []byte) (pollBody, error) {
	var b pollBody
	if len(body) > 0 {
		if err := decode(body, &b); err != nil {
			return b, err
		}
	}
	if b.MaxEvents != nil && *b.MaxEvents < 0 {
		return b, wrong("maxEvents must not be negative")
	}
	if len(b.Ack)+len(b.Errors) > pollAcks {
		return b, wrong("ack and setErrs must have at most %d entries together", pollAcks)
	}
	return b, nil
}

// most is how many SETs the receiver wants.
func (b pollBody) most() int {
	if b.MaxEvents == nil {
		return pollMost
	}
	return min(*b.MaxEvents, pollMost)
}

// settle takes out what the receiver has, and what it calls invalid, which will
// not become better.
func (s *Signals) settle(ctx context.Context, st *stream, b pollBody) error {
	settled := slices.AppendSeq(slices.Clone(b.Ack), maps.Keys(b.Errors))
	for some := range slices.Chunk(settled, pollMost) { // a change that has something to tell waits for so few at most
		if _, err := s.took(ctx, st, some...); err != nil {
			return err
		}
	}
	for range b.Ack {
		s.metrics.delivery("poll", "taken", 0)
	}
	for jti := range b.Errors {
		s.metrics.delivery("poll", "set_refused", 0)
		s.Log.WarnContext(ctx, "a receiver calls an event invalid", "stream", st.ID, "client", st.ClientID, "jti", jti)
	}
	return nil
}

// poll answers with what waits, in its order, and waits for it where nothing does
// and the receiver wants to. What is not acknowledged is given again.
func (s *Signals) poll(ctx context.Context, st *stream, b pollBody) (pollAnswer, error) {
	if err := s.settle(ctx, st, b); err != nil {
		return pollAnswer{}, err
	}
	if b.most() == 0 || st.Status != enabled {
		return pollAnswer{Sets: map[string]string{}}, nil
	}
	answer, err := s.gather(ctx, st.ID, b.most())
	if err != nil || len(answer.Sets) > 0 || b.ReturnImmediately {
		return answer, err
	}
	if !s.waiting.begin(st.ID) {
		return answer, nil // another one waits for this stream, or too many do: not this one
	}
	defer s.waiting.end(st.ID)
	return s.await(ctx, st, b.most())
}

// await looks when the bell of the stream rings, and from time to time; each time
// anew whether the receiver may still have what it waits for.
func (s *Signals) await(ctx context.Context, st *stream, n int) (pollAnswer, error) {
	rung, hangUp := s.DB.Listen(bell(st.ID))
	defer hangUp()
	look := time.NewTicker(pollLook)
	defer look.Stop()
	enough := time.NewTimer(pollFor)
	defer enough.Stop()
	for {
		answer, err := s.gather(ctx, st.ID, n)
		if err != nil {
			return answer, err
		}
		// After gathering: an event that came after the end is not given out.
		if open, err := s.open(ctx, st); err != nil || !open {
			return pollAnswer{Sets: map[string]string{}}, err
		}
		if len(answer.Sets) > 0 {
			return answer, nil
		}
		select {
		case <-rung:
		case <-look.C:
		case <-enough.C:
			return answer, nil
		case <-s.waiting.over:
			return answer, nil
		case <-ctx.Done():
			return answer, ctx.Err()
		}
	}
}

// open reports whether a stream may be polled still: a poll that waits outlives the
// token that it came with, and neither a client that was stopped nor a stream that
// was paused, deleted or is pushed by now gets anything by it.
func (s *Signals) open(ctx context.Context, st *stream) (bool, error) {
	_, active, err := s.Clients.Owner(ctx, st.ClientID)
	if err != nil || !active {
		return false, err
	}
	now, err := s.stream(ctx, st.ClientID, st.ID)
	if err != nil {
		return false, err
	}
	return now.Status == enabled && now.Method == methodPoll, nil
}

// gather is the next events, signed; it looks for one more than it gives.
func (s *Signals) gather(ctx context.Context, streamID string, n int) (pollAnswer, error) {
	list, err := s.first(ctx, streamID, n+1)
	if err != nil {
		return pollAnswer{}, err
	}
	sets, err := s.signed(ctx, streamID, list[:min(n, len(list))])
	if err != nil {
		return pollAnswer{}, err
	}
	return pollAnswer{Sets: sets, More: len(list) > n}, nil
}

// waiting are the polls of this node that wait, one a stream.
type waiting struct {
	mu      sync.Mutex
	streams map[string]bool
	over    chan struct{} // closed: the node stops
	closing sync.Once
}

func newWaiting() *waiting {
	return &waiting{streams: map[string]bool{}, over: make(chan struct{})}
}

// EndPolls answers the polls that wait, and lets none wait from now on: the node
// stops.
func (s *Signals) EndPolls() { s.waiting.closing.Do(func() { close(s.waiting.over) }) }

func (w *waiting) begin(streamID string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.streams[streamID] || len(w.streams) >= pollWaiting {
		return false
	}
	w.streams[streamID] = true
	return true
}

func (w *waiting) end(streamID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.streams, streamID)
}

// readPoll is the poll endpoint.
func (s *Signals) readPoll(w http.ResponseWriter, r *http.Request, receiver Receiver, body []byte) error {
	b, err := parsePoll(body)
	if err != nil {
		return err
	}
	st, err := s.stream(r.Context(), receiver.ClientID, r.PathValue("stream"))
	if err != nil {
		return err
	}
	if st.Method != methodPoll {
		return wrong("the stream is pushed; change its delivery.method to %s to poll it", methodPoll)
	}
	answer, err := s.poll(r.Context(), st, b)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, answer)
}
