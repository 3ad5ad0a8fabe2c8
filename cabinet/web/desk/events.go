package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"propusk/idp/pages"
	"propusk/storage"
)

// The bounds of streams of notices.
const (
	streamsOfSession = 4 // tabs that are looked at at once; a further one does without
	streamPatience   = 15 * time.Second
)

// streams counts the open streams of each session on this node. The API bounds those
// of a person besides.
type streams struct {
	mutex sync.Mutex
	open  map[string]int
}

func (s *streams) join(key string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open == nil {
		s.open = map[string]int{}
	}
	if s.open[key] >= streamsOfSession {
		return false
	}
	s.open[key]++
	return true
}

func (s *streams) leave(key string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open[key]--; s.open[key] <= 0 {
		delete(s.open, key)
	}
}

// events hands the API's stream of notices on to a page (server-sent events, HTML
// Living Standard §9.2). It is no use of the session: a tab that is only open does
// not keep it alive. The stream ends with its token, at most ten minutes; the browser
// then asks again, and whoever has been signed out meanwhile gets no other. A refusal
// is a bare status, which ends the browser's attempts.
func (d *Desk) events(w http.ResponseWriter, r *http.Request) {
	q := &request{d: d, w: w, r: r, lang: pages.Language(r)}
	key := d.sessionKey(q.cookie(d.sessionCookie()))
	found, _, err := d.session(q.ctx(), key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		w.WriteHeader(http.StatusUnauthorized)
		return
	case err != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case !d.listeners.join(key):
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	defer d.listeners.leave(key)
	v := &Visit{request: q, key: key, session: found}
	if err := v.listen(); err != nil {
		d.deps.Log.DebugContext(q.ctx(), "a stream of notices is not begun", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// listen copies the stream. An error says that nothing was sent.
func (v *Visit) listen() error {
	ctx, cancel := context.WithDeadline(v.ctx(), v.session.Until)
	defer cancel()
	v.r = v.r.WithContext(ctx)
	x := exchange{method: http.MethodGet, path: "/notices/stream", header: http.Header{}}
	if last := v.r.Header.Get("Last-Event-ID"); last != "" {
		x.header.Set("Last-Event-ID", last)
	}
	answer, err := v.live(v.d.streams, x)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	header := v.w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // a proxy that gathers would turn seconds into minutes
	v.w.WriteHeader(http.StatusOK)
	v.relay(answer.Body)
	return nil
}

// relay writes what comes at once, each time within its patience.
func (v *Visit) relay(from io.Reader) {
	control := http.NewResponseController(v.w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.Flush()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			_ = control.SetWriteDeadline(time.Now().Add(streamPatience))
			if _, failed := v.w.Write(buffer[:n]); failed != nil || control.Flush() != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
