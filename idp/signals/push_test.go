package signals_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/idp/signals"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

// push makes a pushed stream of every event.
func (w *world) push(client, url string) configuration {
	w.t.Helper()
	var c configuration
	w.want(w.ask(client, "POST", "/ssf/streams", map[string]any{
		"events_requested": everything,
		"delivery":         map[string]string{"method": "urn:ietf:rfc:8935", "endpoint_url": url, "authorization_header": "Bearer of-the-receiver"},
	}), http.StatusCreated, &c)
	return c
}

// receiver takes SETs, in the order in which they come.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	taken  []string
	status int
	answer string
	seen   int
	header http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusAccepted}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen, r.header = r.seen+1, request.Header
	if r.status == http.StatusAccepted {
		r.taken = append(r.taken, string(body))
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.answer)
}

func (r *receiver) answers(status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.answer = status, body
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

func (r *receiver) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func TestEventsArePushedInTheirOrder(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w, r := worldOn(t, db), newReceiver(t)
		w.push("shop", r.URL)
		w.work()
		for n := range 20 {
			w.happens(journal.Entry{Organisation: "mayak", Actor: "boss", Action: "member.changed", Object: "m-1",
				Details: map[string]string{"person": "anna", "role": fmt.Sprintf("role-%02d", n)}})
		}
		w.eventually("everything was pushed", func() bool { return len(r.got()) == 20 })
		for n, token := range r.got() {
			s := w.read(token)
			claims := s.Events[signals.TokenClaimsChange]["claims"].(map[string]any)
			if roles := claims["roles"].([]any); roles[0] != fmt.Sprintf("role-%02d", n) {
				t.Fatalf("at place %d came %v", n, roles)
			}
		}
		if r.header.Get("Content-Type") != "application/secevent+jwt" || r.header.Get("Authorization") != "Bearer of-the-receiver" {
			t.Errorf("the headers are %v", r.header)
		}
		w.eventually("the queue is empty", func() bool { return w.count(`SELECT waiting FROM signal_streams`) == 0 })
	})
}

func TestARefusedPushKeepsItsPlaceUntilItIsTaken(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.push("shop", r.URL)
	r.answers(http.StatusServiceUnavailable, "")
	w.work()
	w.memberRemoved()
	w.happens(journal.Entry{Actor: "anna", Action: "password.set", Object: "anna"})
	w.eventually("a push failed", func() bool { return w.count(`SELECT failures FROM signal_streams`) == 1 })
	if r.asked() != 1 {
		t.Errorf("%d requests: the second event overtakes the first, or there is no back-off", r.asked())
	}
	r.answers(http.StatusAccepted, "")
	w.eventually("both were taken", func() bool { w.clock.Advance(time.Second); return len(r.got()) == 2 })
	if s := w.read(r.got()[0]); s.Events[signals.TokenClaimsChange] == nil {
		t.Errorf("the first one is %+v", s)
	}
	w.eventually("it counts as answering", func() bool { return w.count(`SELECT failures + failing_since FROM signal_streams`) == 0 })
}

func TestAnEventThatTheReceiverCallsInvalidDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.push("shop", r.URL)
	r.answers(http.StatusBadRequest, `{"err":"invalid_audience","description":"not mine"}`)
	w.work()
	w.memberRemoved()
	w.eventually("it was dropped", func() bool { return w.count(`SELECT waiting FROM signal_streams`) == 0 && r.asked() == 1 })
	r.answers(http.StatusBadRequest, `{"err":"authentication_failed"}`)
	w.memberRemoved()
	w.eventually("another refusal counts as a failure", func() bool { return w.count(`SELECT failures FROM signal_streams`) == 1 })
	if w.count(`SELECT waiting FROM signal_streams`) != 1 {
		t.Error("an event was lost because the receiver's header is wrong")
	}
}

func TestAStreamThatFailsForADayIsPausedAndGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	id := w.push("shop", r.URL).StreamID
	r.answers(http.StatusInternalServerError, "")
	w.work()
	w.memberRemoved()
	w.eventually("a push failed", func() bool { return w.count(`SELECT failures FROM signal_streams`) == 1 })
	w.clock.Advance(25 * time.Hour)
	w.eventually("the stream is paused", func() bool {
		w.clock.Advance(time.Second)
		return w.count(`SELECT COUNT(*) FROM signal_streams WHERE status = 'paused'`) == 1
	})
	var status struct{ Status, Reason string }
	w.want(w.ask("shop", "GET", "/ssf/status?stream_id="+id, nil), http.StatusOK, &status)
	if status.Reason != "push_failed" {
		t.Errorf("%+v", status)
	}
	entries, err := w.journal.List(t.Context(), journal.Filter{})
	w.must(err)
	if !slices.ContainsFunc(entries, func(e journal.Entry) bool {
		return e.Action == "signal_stream.status_changed" && e.Details["by"] == "transmitter" && e.Details["reason"] == "push_failed"
	}) {
		t.Error("the journal does not tell of it")
	}
	if err := testutil.GatherAndCompare(w.metrics, strings.NewReader(`
# HELP propusk_signals_streams_stopped_total Event streams stopped by the transmitter, by status and reason.
# TYPE propusk_signals_streams_stopped_total counter
propusk_signals_streams_stopped_total{reason="push_failed",status="paused"} 1
`), "propusk_signals_streams_stopped_total"); err != nil {
		t.Error(err)
	}
	r.answers(http.StatusAccepted, "")
	w.want(w.ask("shop", "POST", "/ssf/status", map[string]string{"stream_id": id, "status": "enabled"}), http.StatusOK, nil)
	w.eventually("it goes on", func() bool { return len(r.got()) == 2 })
	if s := w.read(r.got()[1]); s.Events[signals.StreamUpdated]["status"] != "paused" {
		t.Errorf("the stream was not told that it had stopped (SSF §8.1.5): %+v", s)
	}
}

// A receiver that enables its stream again and again gets one push at a time and not
// one more for each time: the jobs of before end, and an event comes once.
func TestEnablingAStreamAgainPushesNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t)
	r.answers(http.StatusServiceUnavailable, "")
	id := w.push("shop", r.URL).StreamID
	w.work()
	w.memberRemoved()
	failed := func() bool { return w.count(`SELECT failures FROM signal_streams`) == 1 }
	w.eventually("the first push failed", failed)
	set := func(status string, want int) {
		w.want(w.ask("shop", "POST", "/ssf/status", map[string]string{"stream_id": id, "status": status}), want, nil)
	}
	for range 5 {
		set("paused", http.StatusOK)
		set("enabled", http.StatusOK)
		w.eventually("the next one failed", failed)
	}
	waiting := func() int64 { return w.count(`SELECT COUNT(*) FROM jobs WHERE kind = 'signals.push'`) }
	w.eventually("one job is left", func() bool { w.clock.Advance(time.Second); return waiting() == 1 })
	r.answers(http.StatusAccepted, "")
	w.eventually("it was taken", func() bool { w.clock.Advance(time.Second); return waiting() == 0 })
	if n := len(r.got()); n != 1 {
		t.Errorf("one event came %d times", n)
	}
	w.clock.Advance(time.Minute)
	for range 20 {
		set("enabled", http.StatusOK)
	}
	set("enabled", http.StatusTooManyRequests)
}

func TestAStreamThatNobodyEmptiesIsDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	w.memberRemoved()
	w.clock.Advance(6 * 24 * time.Hour)
	w.must(w.Expire(t.Context()))
	if w.count(`SELECT COUNT(*) FROM signal_streams WHERE status = 'enabled'`) != 1 {
		t.Error("it was disabled before its time")
	}
	w.clock.Advance(25 * time.Hour)
	w.must(w.Expire(t.Context()))
	var status struct{ Status, Reason string }
	w.want(w.ask("shop", "GET", "/ssf/status?stream_id="+id, nil), http.StatusOK, &status)
	if status.Status != "disabled" || status.Reason != "not_taken" || w.count(`SELECT COUNT(*) FROM signal_events`) != 0 {
		t.Errorf("%+v", status)
	}
}

func TestAFullQueueDisablesItsStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stream("shop")
	_, err := w.db.Exec(t.Context(), `UPDATE signal_streams SET waiting = 10000`)
	w.must(err)
	w.memberRemoved()
	if w.count(`SELECT COUNT(*) FROM signal_streams WHERE status = 'disabled' AND reason = 'queue_full' AND waiting = 0`) != 1 {
		t.Error("the queue grows without end, or drops events silently")
	}
	// The request that filled it was somebody else's: the receiver's journal does not
	// learn from where it came.
	if w.count(`SELECT COUNT(*) FROM journal WHERE action = 'signal_stream.status_changed' AND request_id = '' AND ip = ''`) != 1 {
		t.Error("the receiver's journal tells of a stranger's request")
	}
}

// A receiver that deletes or disables its stream at the wrong moment stops no change
// of the house.
func TestAStreamThatGoesMeanwhileKeepsNoChangeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, gone := range []string{`UPDATE signal_streams SET status = 'disabled'`, `DELETE FROM signal_streams`} {
		w.stream("shop")
		w.must(w.db.Tx(t.Context(), func(ctx contextOf) error {
			if err := w.journal.Append(ctx, journal.Entry{Action: "password.set", Object: "anna", Outcome: "success"}); err != nil {
				return err
			}
			_, err := w.db.Exec(ctx, gone)
			return err
		}))
		if n := w.count(`SELECT COUNT(*) FROM signal_events`); n != 0 {
			t.Errorf("%s: %d events wait", gone, n)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM journal WHERE action = 'password.set'`); n != 2 {
		t.Errorf("%d of 2 changes came to be", n)
	}
}

// Two changes that tell the same receivers, each in its own order, do not lock each
// other out: the streams are written to at the end, in one order.
func TestChangesThatTellTheSameReceiversDoNotLockEachOtherOut(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t) // SQLite has one writer at a time
	w := worldOn(t, db)
	w.stream("shop")
	w.stream("other")
	told, done := make(chan struct{}, 4), make(chan error, 2)
	tell := func(persons ...string) {
		attempts := 0
		done <- db.Tx(context.Background(), func(ctx contextOf) error {
			if attempts++; attempts > 1 {
				return errors.New("it was locked out, and tried again")
			}
			for _, person := range persons {
				entry := journal.Entry{Action: "password.set", Object: person, Outcome: "success"}
				if err := w.journal.Append(ctx, entry); err != nil {
					return err
				}
				for told <- struct{}{}; len(told) < 2; time.Sleep(time.Millisecond) {
					continue
				}
			}
			return nil
		})
	}
	go tell("anna", "boris")
	go tell("boris", "anna")
	w.must(errors.Join(<-done, <-done))
	if n := w.count(`SELECT COUNT(*) FROM signal_events`); n != 4 {
		t.Errorf("%d events of 4", n)
	}
}

func TestNothingIsPushedForADisabledOrDeletedClient(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.push("shop", r.URL)
	w.stream("other")
	w.clients.mu.Lock()
	w.clients.disabled["shop"] = true
	w.clients.mu.Unlock()
	w.work()
	w.memberRemoved()
	w.eventually("the stream is disabled", func() bool {
		return w.count(`SELECT COUNT(*) FROM signal_streams WHERE status = 'disabled' AND reason = 'client_disabled'`) == 1
	})
	if r.asked() != 0 {
		t.Error("the event was pushed all the same")
	}
	w.happens(journal.Entry{Action: "client.deleted", Object: "shop"})
	if w.count(`SELECT COUNT(*) FROM signal_streams`) != 1 {
		t.Error("the stream outlives its client")
	}
}

// Neither is there without the other: the change and its event.
func TestAnEventOfAChangeThatRolledBackIsNotTold(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := worldOn(t, db)
		id := w.stream("shop").StreamID
		err := db.Tx(t.Context(), func(ctx contextOf) error {
			if err := w.journal.Append(ctx, journal.Entry{Action: "password.set", Object: "anna", Outcome: "success"}); err != nil {
				return err
			}
			return io.ErrUnexpectedEOF
		})
		if err == nil || len(w.poll("shop", id)) != 0 {
			t.Errorf("told, %v", err)
		}
	})
}

func TestChangesOfCommandsAreToldByANode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.stream("shop").StreamID
	command := journal.New(journal.Deps{DB: w.db, Now: w.clock.Now})
	command.Follow(signals.Later(w.db))
	w.must(command.Append(t.Context(), journal.Entry{Action: "person.blocked", Object: "anna", Outcome: "success"}))
	w.must(command.Append(t.Context(), journal.Entry{Action: "key.rotated", Object: "x", Outcome: "success"}))
	later := signals.LaterRevoked(w.db)
	w.must(later(t.Context(), revocation.Entry{Kind: revocation.KindPower, Key: revocation.Member("anna", "mayak")}))
	w.must(later(t.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: "g"}))
	w.work()
	w.eventually("both were told", func() bool { return w.count(`SELECT waiting FROM signal_streams`) == 2 })
	kinds := map[string]bool{}
	for _, s := range w.poll("shop", id) {
		for kind := range s.Events {
			kinds[kind] = true
		}
	}
	if !kinds[signals.AccountDisabled] || !kinds[signals.SessionRevoked] {
		t.Errorf("told %v", kinds)
	}
}
