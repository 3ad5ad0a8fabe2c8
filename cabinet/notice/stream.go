package notice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"propusk/cabinet/api"
)

// The bounds of streams on one node.
const (
	streamsOfPerson = 5
	streamsOfNode   = 5000
	streamBatch     = 100
)

// rhythm is how often a stream does what nobody asks it to.
type rhythm struct {
	// judge is how often it asks whether its token still counts: a revoked one must
	// be silent within five seconds.
	judge time.Duration
	// breathe is how often it sends a comment, so that proxies keep it open, and
	// reads the table: a signal may have been lost.
	breathe time.Duration
}

var standardRhythm = rhythm{judge: 2 * time.Second, breathe: 20 * time.Second}

// patience is for how long one write may take: a reader that is slower is gone.
const patience = 10 * time.Second

// topic is where nodes tell each other whose notices there are.
const topic = "notices"

// wakeUp is such a signal.
type wakeUp struct {
	Organisation string   `json:"o"`
	Persons      []string `json:"p"`
}

// wake signals every node that people have notices. It is lossy: streams also
// look by themselves.
func (n *Notices) wake(ctx context.Context, organisationID string, people []string) {
	payload, err := json.Marshal(wakeUp{organisationID, people})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = n.Events.Publish(ctx, topic, payload)
	}
	if err != nil {
		n.Log.WarnContext(ctx, "notices could not be announced; the streams will find them", "error", err)
	}
}

// hub knows the streams that are open on this node.
type hub struct {
	mu     sync.Mutex
	open   map[streamKey]map[*stream]bool
	total  int
	closed bool
}

type streamKey struct{ organisation, person string }

// stream is one open connection. rung and ended are never both needed at once.
type stream struct {
	rung  chan struct{}
	ended chan struct{}
}

var (
	errStreams = errors.New("notice: the person has too many streams")
	errFull    = errors.New("notice: the node has too many streams, or is stopping")
)

// join opens a stream; leave closes it.
func (h *hub) join(key streamKey) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed || h.total >= streamsOfNode:
		return nil, errFull
	case h.of(key.person) >= streamsOfPerson:
		return nil, errStreams
	}
	if h.open == nil {
		h.open = map[streamKey]map[*stream]bool{}
	}
	if h.open[key] == nil {
		h.open[key] = map[*stream]bool{}
	}
	s := &stream{rung: make(chan struct{}, 1), ended: make(chan struct{})}
	h.open[key][s] = true
	h.total++
	return s, nil
}

// of counts a person's streams in all organisations. The hub is locked.
func (h *hub) of(person string) (count int) {
	for key, streams := range h.open {
		if key.person == person {
			count += len(streams)
		}
	}
	return count
}

func (h *hub) leave(key streamKey, s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.open[key][s] {
		return
	}
	delete(h.open[key], s)
	if len(h.open[key]) == 0 {
		delete(h.open, key)
	}
	h.total--
}

// ring wakes the streams of people.
func (h *hub) ring(w wakeUp) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, person := range w.Persons {
		for s := range h.open[streamKey{w.Organisation, person}] {
			select {
			case s.rung <- struct{}{}:
			default: // it is ringing already
			}
		}
	}
}

// end closes every stream and lets none be opened any more.
func (h *hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, streams := range h.open {
		for s := range streams {
			close(s.ended)
		}
	}
}

// size is how many streams are open.
func (h *hub) size() float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return float64(h.total)
}

// Start follows the signals of all nodes until ctx ends.
func (n *Notices) Start(ctx context.Context) error {
	signals, err := n.Events.Subscribe(ctx, topic)
	if err != nil {
		return fmt.Errorf("notice: follow signals: %w", err)
	}
	go func() {
		for payload := range signals {
			var w wakeUp
			if err := json.Unmarshal(payload, &w); err != nil {
				n.Log.Warn("a signal of notices is not one", "error", err)
				continue
			}
			n.hub.ring(w)
		}
	}()
	return nil
}

// EndStreams ends every stream and takes no more: their requests would otherwise
// outlast the server's patience when it stops.
func (n *Notices) EndStreams() { n.hub.end() }

// serveStream is GET /v1/notices/stream: server-sent events (HTML Living Standard
// §9.2), one for each notice, with the notice's number as its id, so that a reader
// that comes back with Last-Event-ID misses nothing.
func (n *Notices) serveStream(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	r := readerOf(c)
	since, err := n.beginning(c, r)
	if err != nil {
		return err
	}
	key := streamKey{r.organisation, r.person}
	s, err := n.hub.join(key)
	switch {
	case errors.Is(err, errStreams):
		return api.Refuse("streams_exhausted").After(int(n.rhythm.breathe / time.Second))
	case err != nil:
		return api.Refuse("streams_unavailable").After(5)
	}
	defer n.hub.leave(key, s)
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("X-Accel-Buffering", "no") // a proxy that gathers would turn seconds into minutes
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	out := &pipe{control: http.NewResponseController(c.Response()), w: c.Response(), lang: c.Lang()}
	n.run(c, r, s, out, since) // what ends it is told to nobody: the answer has begun
	return nil
}

// beginning is the number after which the stream begins: the one the reader has
// seen last, or without that the newest.
func (n *Notices) beginning(c api.Call, r reader) (int64, error) {
	if text := c.Request().Header.Get("Last-Event-ID"); text != "" {
		if seq, err := strconv.ParseInt(text, 10, 64); err == nil && seq >= 0 {
			return seq, nil
		}
		return 0, api.Refuse("parameter_invalid").About(api.FieldFault{Parameter: "Last-Event-ID", Code: "format"})
	}
	return n.last(c.Ctx(), r)
}

// run sends until the reader leaves, its token no longer counts, or the house
// stops.
func (n *Notices) run(c api.Call, r reader, s *stream, out *pipe, since int64) {
	judging, breathing := time.NewTicker(n.rhythm.judge), time.NewTicker(n.rhythm.breathe)
	defer judging.Stop()
	defer breathing.Stop()
	err := out.comment("open")
	for look := true; err == nil; {
		if look {
			since, err = n.sendFollowing(c, r, out, since)
			if err != nil {
				return
			}
		}
		look = false
		select {
		case <-c.Ctx().Done():
			return
		case <-s.ended:
			return
		case <-judging.C:
		case <-s.rung:
			look = true
		case <-breathing.C:
			look, err = true, out.comment("")
		}
		if !n.counts(c.Claims) {
			return
		}
	}
}

// counts reports whether the token may still be used.
func (n *Notices) counts(claims *api.Claims) bool {
	return n.Now().Unix() < claims.Expiry && !n.Revoked.Revoked(claims.Revocable())
}

// errEnded: the token of the stream does not count any more.
var errEnded = errors.New("notice: the stream's token has ended")

// sendFollowing sends what came after since and answers the last number sent. The
// token is judged before each: a slow reader with a long way to catch up would
// otherwise go on hearing after it was revoked.
func (n *Notices) sendFollowing(c api.Call, r reader, out *pipe, since int64) (int64, error) {
	for {
		list, err := n.following(c.Ctx(), r, since, streamBatch)
		if err != nil {
			return since, err
		}
		for _, s := range list {
			if !n.counts(c.Claims) {
				return since, errEnded
			}
			if err := out.notice(s); err != nil {
				return since, err
			}
			since = s.Seq
		}
		if len(list) < streamBatch {
			return since, nil
		}
	}
}

// pipe writes events to one connection.
type pipe struct {
	control *http.ResponseController
	w       http.ResponseWriter
	lang    string
}

func (p *pipe) comment(text string) error { return p.write([]byte(": " + text + "\n\n")) }

func (p *pipe) notice(s shown) error {
	data, err := json.Marshal(view(s, p.lang))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "id: %d\nevent: notice\ndata: %s\n\n", s.Seq, data) // JSON has no line breaks
	return p.write(b.Bytes())
}

// write sends at once. The deadlines of ordinary answers are lifted for each
// write; a server without deadlines (a test's) has none to lift.
func (p *pipe) write(text []byte) error {
	_ = p.control.SetReadDeadline(time.Time{})
	_ = p.control.SetWriteDeadline(time.Now().Add(patience))
	if _, err := p.w.Write(text); err != nil {
		return err
	}
	return p.control.Flush()
}

// readerOf is who reads, by his token.
func readerOf(c api.Call) reader {
	return reader{person: c.Person(), organisation: c.Organisation(), permissions: c.Claims.Permissions}
}
