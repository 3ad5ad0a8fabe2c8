package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/outbox"
	"propusk/storage/storagetest"
)

// channel remembers what it delivered and fails as told.
type channel struct {
	mu       sync.Mutex
	got      []outbox.Message
	failures []error
}

func (c *channel) Deliver(_ context.Context, m outbox.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) > 0 {
		err := c.failures[0]
		c.failures = c.failures[1:]
		return err
	}
	c.got = append(c.got, m)
	return nil
}

func (c *channel) messages() []outbox.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]outbox.Message{}, c.got...)
}

type setup struct {
	*testing.T
	db      *storage.DB
	clock   *storagetest.Clock
	runner  *jobs.Runner
	channel *channel
	outbox  *outbox.Outbox
}

func each(t *testing.T, keep bool, test func(s setup)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		s := setup{T: t, db: db, clock: storagetest.NewClock(), channel: &channel{}}
		log := slog.New(slog.DiscardHandler)
		s.runner = jobs.New(jobs.Deps{DB: db, Log: log, Now: s.clock.Now, Poll: 5 * time.Millisecond})
		sealer, err := storage.NewSealer(make([]byte, 32))
		s.must(err)
		s.outbox = outbox.New(outbox.Deps{
			DB: db, Jobs: s.runner, Sealer: sealer, Channels: map[string]outbox.Channel{"email": s.channel}, Keep: keep, Now: s.clock.Now, Log: log,
		})
		test(s)
	})
}

func (s setup) start() {
	s.must(s.runner.Start(s.Context()))
	s.Cleanup(func() { _ = s.runner.Stop(context.Background()) })
}

func (s setup) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s setup) until(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain: %s", what)
		}
	}
}

func (s setup) rows() (n int) {
	s.Helper()
	s.must(s.db.Get(context.Background(), &n, `SELECT COUNT(*) FROM outbox`))
	return n
}

var letter = outbox.Message{Channel: "email", To: "anna@example.ru", Subject: "Код", Text: "Ваш код 123456", Code: "123456"}

func TestMessageIsSealedDeliveredAndWiped(t *testing.T) {
	each(t, false, func(s setup) {
		s.must(s.outbox.Send(s.Context(), letter))
		var row struct {
			ID     string
			Sealed []byte
		}
		s.must(s.db.Get(s.Context(), &row, `SELECT id, sealed FROM outbox`))
		var payload []byte
		s.must(s.db.Get(s.Context(), &payload, `SELECT payload FROM jobs WHERE kind = 'deliver/email'`))
		for _, secret := range []string{"123456", "anna"} {
			if bytes.Contains(row.Sealed, []byte(secret)) || bytes.Contains(payload, []byte(secret)) {
				t.Errorf("%s is readable in the database", secret)
			}
		}
		s.start()
		s.until("it is wiped", func() bool { return s.rows() == 0 })
		want := letter
		want.ID, want.At = row.ID, storage.Of(s.clock.Now())
		if got := s.channel.messages(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if _, err := s.outbox.List(s.Context(), 10); !errors.Is(err, outbox.ErrNotKept) {
			t.Fatal(err)
		}
	})
}

func TestMessageOfARolledBackChangeIsNeverSent(t *testing.T) {
	each(t, false, func(s setup) {
		s.start()
		rolledBack := errors.New("rolled back")
		err := s.db.Tx(s.Context(), func(ctx context.Context) error {
			s.must(s.outbox.Send(ctx, letter))
			return rolledBack
		})
		if !errors.Is(err, rolledBack) || s.rows() != 0 {
			t.Fatal(err, s.rows())
		}
		other := letter
		other.To = "boris@example.ru"
		s.must(s.outbox.Send(s.Context(), other))
		s.until("the other one is sent", func() bool { return len(s.channel.messages()) == 1 })
		if got := s.channel.messages(); got[0].To != "boris@example.ru" {
			t.Fatalf("%+v", got)
		}
	})
}

func TestFailedDeliveryIsTriedAgainAndAFinalOneBuried(t *testing.T) {
	each(t, false, func(s setup) {
		s.channel.failures = []error{errors.New("greylisted"), jobs.Permanent(errors.New("no such mailbox"))}
		s.start()
		s.must(s.outbox.Send(s.Context(), letter))
		dead := func() int {
			letters, err := s.runner.Dead(context.Background(), 10)
			s.must(err)
			return len(letters)
		}
		s.until("it is put off", func() bool {
			d, err := s.runner.Depth(context.Background())
			s.must(err)
			return d.Delayed == 1
		})
		s.clock.Advance(2 * time.Second)
		s.until("it is buried", func() bool { return dead() == 1 })
		if s.rows() != 1 {
			t.Fatal("a dead letter lost its text, it cannot be sent again")
		}
		letters, err := s.runner.Dead(s.Context(), 1)
		s.must(err)
		s.must(s.runner.Retry(s.Context(), letters[0].ID))
		s.until("it is sent after all", func() bool { return len(s.channel.messages()) == 1 })
	})
}

func TestMessageThatComesTooLateIsDropped(t *testing.T) {
	each(t, false, func(s setup) {
		late := letter
		late.Expires = storage.Of(s.clock.Now().Add(5 * time.Minute))
		s.must(s.outbox.Send(s.Context(), late))
		s.clock.Advance(5 * time.Minute)
		s.start()
		s.until("it is dropped", func() bool { return s.rows() == 0 })
		if got := s.channel.messages(); len(got) != 0 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestSendRefusesWhatNobodyDelivers(t *testing.T) {
	each(t, false, func(s setup) {
		if err := s.outbox.Send(s.Context(), outbox.Message{Channel: "sms", To: "+7"}); !errors.Is(err, outbox.ErrChannel) {
			t.Error(err)
		}
		if s.outbox.Send(s.Context(), outbox.Message{Channel: "email"}) == nil {
			t.Error("it needs no addressee")
		}
	})
}

func TestSwappedRowsAreNotDelivered(t *testing.T) {
	each(t, false, func(s setup) {
		other := letter
		other.To = "boris@example.ru"
		s.must(s.outbox.Send(s.Context(), letter))
		s.must(s.outbox.Send(s.Context(), other))
		var rows []struct {
			ID     string
			Sealed []byte
		}
		s.must(s.db.Select(s.Context(), &rows, `SELECT id, sealed FROM outbox`))
		for i := range rows {
			_, err := s.db.Exec(s.Context(), `UPDATE outbox SET sealed = $1 WHERE id = $2`, rows[1-i].Sealed, rows[i].ID)
			s.must(err)
		}
		s.start()
		s.until("both are buried", func() bool {
			letters, err := s.runner.Dead(context.Background(), 10)
			s.must(err)
			return len(letters) == 2
		})
		if got := s.channel.messages(); len(got) != 0 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestPurgeDropsWhatNobodyWillDeliver(t *testing.T) {
	each(t, false, func(s setup) {
		s.channel.failures = []error{jobs.Permanent(errors.New("no"))}
		s.start()
		s.must(s.outbox.Send(s.Context(), letter))
		s.until("it is buried", func() bool {
			d, err := s.runner.Depth(context.Background())
			s.must(err)
			return d.Dead == 1
		})
		s.clock.Advance(8 * 24 * time.Hour)
		s.until("it is purged", func() bool { return s.rows() == 0 })
		letters, err := s.runner.Dead(s.Context(), 1)
		s.must(err)
		s.must(s.runner.Retry(s.Context(), letters[0].ID)) // too late, but no harm
		s.until("nothing is left to do", func() bool {
			d, err := s.runner.Depth(context.Background())
			s.must(err)
			return d == jobs.Depth{}
		})
	})
}

func TestDemoKeepsAndListsEverything(t *testing.T) {
	each(t, true, func(s setup) {
		s.start()
		s.must(s.outbox.Send(s.Context(), letter))
		s.clock.Advance(time.Second)
		s.must(s.outbox.Send(s.Context(), outbox.Message{Channel: "sms", To: "+79990000000", Text: "Код 654321", Code: "654321"}))
		got, err := s.outbox.List(s.Context(), 10)
		if s.must(err); len(got) != 2 || got[0].Code != "654321" || got[1].To != letter.To {
			t.Fatalf("%+v", got)
		}
		s.until("both are marked as sent", func() bool {
			var n int
			s.must(s.db.Get(context.Background(), &n, `SELECT COUNT(*) FROM outbox WHERE sent_at > 0`))
			return n == 2
		})
		if got, err := s.outbox.List(s.Context(), 1); err != nil || len(got) != 1 || got[0].Code != "654321" {
			t.Fatalf("%+v, %v", got, err)
		}
		if len(s.channel.messages()) != 1 {
			t.Fatal("the channel that exists was not used")
		}
	})
}
