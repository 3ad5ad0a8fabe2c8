package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/journal"
)

// What strangers may hold of a node with large questions. A code alone needs none of
// it.
const (
	readingAtATime = 4  // PDFs that are in memory as a whole
	comingAtATime  = 64 // questions that are coming in
	ownAtATime     = 2  // of one network, of those too
	turnWait       = 2 * time.Second

	// ahead is what comes in, in bytes, before a question takes its turn: who sends
	// slowly holds so much memory, and nobody up.
	ahead = 256 << 10
	// pace, in bytes a second, is what a sender has to keep on the whole after the first
	// moments: a megabit, as the slowest lines have it. longest is the most that a body
	// may take, whatever its pace.
	pace      = 128 << 10
	paceGrace = 3 * time.Second
	longest   = 30 * time.Second
)

// strangers bounds the large questions of strangers.
type strangers struct {
	turns, coming chan struct{}
	mutex         sync.Mutex
	own           map[string]int // by network
}

func newStrangers() *strangers {
	return &strangers{turns: make(chan struct{}, readingAtATime), coming: make(chan struct{}, comingAtATime), own: map[string]int{}}
}

func busy(why string) error {
	return api.Refuse("verifier_busy").After(int(turnWait / time.Second)).Because(why)
}

// enter reads the beginning of a question that may be large, and waits for its turn;
// leave gives back what it holds.
func (s *strangers) enter(c api.Call) (leave func(), err error) {
	r := c.Request()
	if n := r.ContentLength; n >= 0 && n <= api.BodyLimit {
		return func() {}, nil
	}
	end, err := s.begin(storage.Network(journal.From(c.Ctx()).IP))
	if err != nil {
		return nil, err
	}
	body := newPaced(c.Response(), r.Body)
	head, err := io.ReadAll(io.LimitReader(body, ahead))
	if err != nil {
		end()
		return nil, api.Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
	}
	free, err := s.turn(c.Ctx(), body)
	if err != nil {
		end()
		return nil, err
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(head), body))
	return func() { free(); end() }, nil
}

// begin lets a network have one more question under way, until end is called.
func (s *strangers) begin(network string) (end func(), err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.own[network] >= ownAtATime {
		return nil, busy("own questions")
	}
	select {
	case s.coming <- struct{}{}:
	default:
		return nil, busy("too many are coming in")
	}
	s.own[network]++
	return func() { s.end(network) }, nil
}

func (s *strangers) end(network string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	<-s.coming
	if s.own[network]--; s.own[network] == 0 {
		delete(s.own, network)
	}
}

// turn waits a moment until the rest may be read, and does not count the wait against
// the sender.
func (s *strangers) turn(ctx context.Context, body *paced) (free func(), err error) {
	began := body.now()
	_ = body.deadline(began.Add(longest)) // one that passes meanwhile would end a stream of HTTP/2
	timer := time.NewTimer(turnWait)
	defer timer.Stop()
	select {
	case s.turns <- struct{}{}:
		body.began = body.began.Add(body.now().Sub(began))
		return func() { <-s.turns }, nil
	case <-timer.C:
		return nil, busy("no turn")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// errSlow: the sender does not keep the pace.
var errSlow = errors.New("extract: the body comes in too slowly")

// paced is a body whose sender has to keep the pace.
type paced struct {
	body     io.Reader
	began    time.Time
	read     int64
	deadline func(time.Time) error // of the connection; an error: it has none
	now      func() time.Time
}

func newPaced(w http.ResponseWriter, body io.Reader) *paced {
	return &paced{body: body, began: time.Now(), deadline: http.NewResponseController(w).SetReadDeadline, now: time.Now}
}

// Read implements io.Reader. When the body has come in, the connection is left without
// a deadline, which would end the request while it is answered.
func (p *paced) Read(b []byte) (n int, err error) {
	until := p.began.Add(min(longest, paceGrace+time.Duration(p.read)*time.Second/pace))
	if !p.now().Before(until) {
		return 0, errSlow
	}
	_ = p.deadline(until)
	n, err = p.body.Read(b)
	p.read += int64(n)
	if errors.Is(err, io.EOF) {
		_ = p.deadline(time.Time{})
	}
	return n, err
}
