package outbox_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outbox"
	"propusk/storage/storagetest"
)

// word is a channel that answers what it is told to.
type word struct {
	reached bool
	err     error
}

func (w word) Deliver(context.Context, outbox.Message) error { return w.err }

func (w word) DeliverConfirmed(context.Context, outbox.Message) (bool, error) {
	return w.reached, w.err
}

// plain is a channel without that word.
type plain struct{ err error }

func (p plain) Deliver(context.Context, outbox.Message) error { return p.err }

func TestWatchersHearWhatCameOfAMessage(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		for name, tt := range map[string]struct {
			channel outbox.Channel
			expired bool
			want    string
		}{
			"taken":             {plain{}, false, "sent "},
			"reached":           {word{reached: true}, false, "delivered "},
			"not yet reached":   {word{}, false, "sent "},
			"refused for good":  {plain{jobs.Permanent(errors.New("no such box"))}, false, "failed refused"},
			"gone":              {plain{jobs.Permanent(&outbox.Fault{Reason: "gone", Err: outbox.ErrGone})}, false, "failed gone"},
			"came too late":     {plain{}, true, "failed expired"},
			"tried in vain":     {plain{errors.New("connection refused")}, false, "failed unreachable"},
			"no channel (demo)": {nil, false, "sent "},
		} {
			if got := outcome(t, db, tt.channel, tt.expired); got != tt.want {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
		}
	})
}

// outcome is what a watcher hears of one message.
func outcome(t *testing.T, db *storage.DB, channel outbox.Channel, expired bool) string {
	t.Helper()
	clock := storagetest.NewClock()
	sealer, err := storage.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	runner := jobs.New(jobs.Deps{DB: db, Log: slog.New(slog.DiscardHandler), Now: clock.Now, Poll: 2 * time.Millisecond})
	channels := map[string]outbox.Channel{}
	if channel != nil {
		channels["sms"] = channel
	}
	box := outbox.New(outbox.Deps{DB: db, Jobs: runner, Sealer: sealer, Channels: channels, Keep: channel == nil, Now: clock.Now, Log: slog.New(slog.DiscardHandler)})
	heard := make(chan outbox.Result, 10)
	box.Watch(func(_ context.Context, r outbox.Result) error { heard <- r; return nil })
	m := outbox.Message{ID: storage.NewID(), Channel: "sms", To: "+79161234567", Text: "x"}
	if expired {
		m.Expires = storage.Of(clock.Now())
	}
	if err := box.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runner.Stop(context.Background()) }()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); clock.Advance(time.Hour) {
		select {
		case r := <-heard:
			if r.MessageID != m.ID || r.Channel != "sms" {
				t.Errorf("%+v", r)
			}
			return string(r.State) + " " + r.Reason
		case <-time.After(5 * time.Millisecond):
		}
	}
	return "nothing"
}

func TestAGatewayThatConfirmsIsBelieved(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{`{"state":"delivered"}`: true, `{"state":"accepted"}`: false, ``: false, `[]`: false, `{"state":`: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
		channel, _ := outbox.NewGateway(outbox.Gateway{URL: server.URL}).(outbox.Confirming)
		reached, err := channel.DeliverConfirmed(t.Context(), outbox.Message{ID: "1", To: "+79161234567"})
		if err != nil || reached != want {
			t.Errorf("%q: %t %v", answer, reached, err)
		}
		server.Close()
	}
}

func TestThePushKeyIsMadeOnceAndKeptSealed(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		sealer, err := storage.NewSealer(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for range 2 { // two nodes
			key, err := (&outbox.VAPID{DB: db, Sealer: sealer, Now: time.Now}).PublicKey(t.Context())
			if err != nil || len(key) != 87 {
				t.Fatalf("%q %v", key, err)
			}
			keys = append(keys, key)
		}
		var sealed []byte
		if err := db.Get(t.Context(), &sealed, `SELECT sealed FROM push_keys`); err != nil {
			t.Fatal(err)
		}
		if keys[0] != keys[1] || strings.Contains(string(sealed), keys[0]) {
			t.Error("each node has a key of its own, or it is stored readable")
		}
		other, _ := storage.NewSealer([]byte(strings.Repeat("x", 32)))
		if _, err := (&outbox.VAPID{DB: db, Sealer: other, Now: time.Now}).PublicKey(t.Context()); !errors.Is(err, storage.ErrSeal) {
			t.Errorf("under another master key: %v", err)
		}
	})
}

func TestAnUndeliverablePushIsFinal(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		sealer, err := storage.NewSealer(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		push := outbox.NewWebPush(outbox.WebPush{VAPID: &outbox.VAPID{DB: db, Sealer: sealer, Now: time.Now}, Contact: "https://propusk.example", Client: http.DefaultClient, Now: time.Now})
		for _, m := range []outbox.Message{{To: "not a subscription"}, {To: "{}", Text: strings.Repeat("x", 4000)}} {
			if err := push.Deliver(t.Context(), m); !jobs.IsPermanent(err) || strings.Contains(err.Error(), m.To) && m.To != "{}" {
				t.Error(err)
			}
		}
	})
}
