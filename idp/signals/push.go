package signals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outside"
)

// pushJob is the kind of the jobs that push. There is one for a stream at a time:
// it is enqueued with the first event of an empty queue and ends when the queue is
// empty again, so a stream's events go one after the other, in their order. One that
// is enqueued because the receiver enables or moves its stream has the next turn: the
// one of before, which may wait for its next attempt, then ends without a push.
const pushJob = "signals.push"

type pushOrder struct {
	StreamID string `json:"stream"`
	Turn     int64  `json:"turn"`
}

const (
	// pushAttempts outlasts pauseAfter and keptFor at any pace of the back-off.
	pushAttempts = 1000
	// pushBatch and pushTurn are how many events one run sends, and for how long,
	// before it lets others work.
	pushBatch = 50
	pushTurn  = 10 * time.Second
	// pauseAfter is how long pushes may fail in a row before the stream is paused.
	pauseAfter = 24 * time.Hour
	// keptAnswer is how much of a refusal is read, in bytes.
	keptAnswer = 4 << 10
)

// push sends what waits in a stream, in order, until nothing does or one fails. A
// failure is the job's, so that it is tried again with the back-off of jobs.
func (s *Signals) push(ctx context.Context, job jobs.Job) error {
	var order pushOrder
	if err := job.Decode(&order); err != nil {
		return err
	}
	for began, n := time.Now(), 0; n < pushBatch && time.Since(began) < pushTurn; n++ {
		st, err := s.pushable(ctx, order)
		if err != nil || st == nil {
			return err
		}
		next, err := s.first(ctx, st.ID, 1)
		if err != nil || len(next) == 0 {
			return err
		}
		if err := s.deliver(ctx, st, next[0]); err != nil {
			return s.failed(ctx, st, err)
		}
		waiting, err := s.took(ctx, st, next[0].JTI)
		if err == nil && st.Failures > 0 {
			err = s.answers(ctx, st.ID)
		}
		if err != nil || waiting == 0 {
			return err
		}
	}
	return s.goOn(ctx, order)
}

// goOn leaves the rest to the next turn.
func (s *Signals) goOn(ctx context.Context, order pushOrder) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		st, err := s.pushable(ctx, order)
		if err != nil || st == nil {
			return err
		}
		if st, err = s.lock(ctx, st.ClientID, st.ID); err != nil || st.Turn != order.Turn {
			return err
		}
		return s.wake(ctx, st)
	})
}

// answers notes that a receiver takes events again.
func (s *Signals) answers(ctx context.Context, streamID string) error {
	_, err := s.DB.Exec(ctx, `UPDATE signal_streams SET failures = 0, failing_since = 0 WHERE id = $1`, streamID)
	if err != nil {
		return fmt.Errorf("signals: note that a receiver answers: %w", err)
	}
	return nil
}

// pushable is the stream, or nil when nothing may be pushed to it: it is gone,
// stopped, polled, another job's turn, or its client may not be used any more.
func (s *Signals) pushable(ctx context.Context, order pushOrder) (*stream, error) {
	var st stream
	err := s.DB.Get(ctx, &st, `SELECT `+streamColumns+` FROM signal_streams WHERE id = $1`, order.StreamID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (st.Turn != order.Turn || st.Status != enabled || st.Method != methodPush || st.Waiting == 0) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("signals: read a stream: %w", err)
	}
	_, active, err := s.Clients.Owner(ctx, st.ClientID)
	if err != nil || active {
		return &st, err
	}
	return nil, s.DB.Tx(ctx, func(ctx context.Context) error {
		locked, err := s.lock(ctx, st.ClientID, st.ID)
		if err != nil {
			return err
		}
		return s.stop(ctx, locked, disabled, "client_disabled")
	})
}

// refused is an answer that is not a receipt. It tells no more of the network than
// a word, and of the answer nothing but the receiver's own error code.
type refused struct{ why string }

func (r *refused) Error() string { return "signals: the receiver did not take the event: " + r.why }

// deliver posts one SET (RFC 8935 §2.1). 202 is the receipt (§2.2); other 2xx are
// taken for it too. A SET that the receiver calls invalid (§2.3) will not become
// better: it counts as taken, with a mark in log and metrics, so that it does not
// keep the ones behind it.
func (s *Signals) deliver(ctx context.Context, st *stream, q queued) error {
	request, err := s.request(ctx, st, q)
	if err != nil {
		return err
	}
	began := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		why := "connection_failed"
		if errors.Is(err, outside.ErrUnreachable) {
			why = "address_refused"
		}
		s.metrics.delivery("push", why, time.Since(began))
		return &refused{why}
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, keptAnswer))
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		s.metrics.delivery("push", "taken", time.Since(began))
		return nil
	case response.StatusCode == http.StatusBadRequest && setError(answer):
		s.metrics.delivery("push", "set_refused", time.Since(began))
		s.Log.WarnContext(ctx, "a receiver calls an event invalid", "stream", st.ID, "client", st.ClientID, "jti", q.JTI)
		return nil
	}
	s.metrics.delivery("push", "status", time.Since(began))
	return &refused{fmt.Sprintf("status %d", response.StatusCode)}
}

func (s *Signals) request(ctx context.Context, st *stream, q queued) (*http.Request, error) {
	sets, err := s.signed(ctx, st.ID, []queued{q})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, st.Endpoint, strings.NewReader(sets[q.JTI]))
	if err != nil {
		return nil, fmt.Errorf("signals: make a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/secevent+jwt") // RFC 8417 §7.2
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Propusk-Signals/1")
	if len(st.Sealed) > 0 {
		header, err := s.Sealer.Open(st.Sealed, st.sealContext())
		if err != nil {
			return nil, fmt.Errorf("signals: open the header of a stream: %w", err)
		}
		request.Header.Set("Authorization", string(header))
	}
	return request, nil
}

// setError recognises the error codes that are about the SET itself (RFC 8935
// §2.4); about authentication and authorisation something can be done.
func setError(answer []byte) bool {
	var said struct {
		Err string `json:"err"`
	}
	if json.Unmarshal(answer, &said) != nil {
		return false
	}
	switch said.Err {
	case "invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "setData":
		return true
	}
	return false
}

// failed notes that a push failed, and pauses the stream when they have for long.
// It returns what the job fails with; nil when the job has nothing left to do.
func (s *Signals) failed(ctx context.Context, st *stream, cause error) error {
	if _, ok := errors.AsType[*refused](cause); !ok {
		return cause // ours: it says nothing about the receiver
	}
	now, stopped := s.now(), false
	err := s.DB.Tx(context.WithoutCancel(ctx), func(ctx context.Context) error {
		locked, err := s.lock(ctx, st.ClientID, st.ID)
		if err != nil {
			return err
		}
		if locked.Failures++; locked.FailingSince == 0 {
			locked.FailingSince = now
		}
		if stopped = locked.Status == enabled && now.Sub(locked.FailingSince) >= pauseAfter; stopped {
			return s.stop(ctx, locked, paused, "push_failed")
		}
		return s.update(ctx, locked)
	})
	switch {
	case err != nil:
		return errors.Join(cause, err)
	case stopped:
		return nil
	}
	return cause
}
