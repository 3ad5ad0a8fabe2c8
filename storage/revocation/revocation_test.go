package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const lifetime = 10 * time.Minute

type setup struct {
	*testing.T
	db    *storage.DB
	clock *storagetest.Clock
	deps  revocation.Deps
	log   *revocation.Log
}

func each(t *testing.T, test func(s setup)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(newSetup(t, db)) })
}

func newSetup(t *testing.T, db *storage.DB) setup {
	clock := storagetest.NewClock()
	deps := revocation.Deps{DB: db, Events: storagetest.Memory(t, clock.Now), Now: clock.Now, Lifetime: lifetime, Poll: time.Hour}
	return setup{t, db, clock, deps, revocation.New(deps)}
}

func (s setup) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s setup) list(change ...func(*revocation.Deps)) *revocation.List {
	s.Helper()
	deps := s.deps
	for _, change := range change {
		change(&deps)
	}
	l := revocation.NewList(deps)
	s.must(l.Start(s.Context()))
	return l
}

func (s setup) until(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain: %s", what)
		}
	}
}

var token = revocation.Token{
	ID: "jti", Grant: "grant", Session: "session", Person: "anna", Client: "app", Organisation: "org", MemberVersion: 3,
}

func TestEachKindStopsTheTokensItIsAboutAndNoOther(t *testing.T) {
	each(t, func(s setup) {
		l := s.list()
		for kind, key := range map[revocation.Kind]string{
			revocation.KindToken: "jti", revocation.KindGrant: "grant", revocation.KindSession: "session", revocation.KindPerson: "anna",
			revocation.KindClient: "app", revocation.KindOrganisation: "org", revocation.KindMember: revocation.Member("anna", "org"),
		} {
			e := revocation.Entry{Kind: kind, Key: key}
			if kind == revocation.KindMember {
				e.Below = 4
			}
			s.must(s.log.Revoke(s.Context(), e))
			s.until(string(kind), func() bool { return l.Revoked(token) })
			other := revocation.Token{ID: "x" + token.ID, Grant: "x", Session: "x", Person: "boris", Client: "x", Organisation: "x", MemberVersion: 3}
			if l.Revoked(other) || l.Revoked(revocation.Token{}) {
				t.Errorf("%s stops others", kind)
			}
			fresh := s.list() // another node, started later
			if !fresh.Revoked(token) || fresh.Len() != 1 {
				t.Errorf("%s is not loaded: %d", kind, fresh.Len())
			}
			s.must(s.log.Clear(s.Context(), kind, key))
			s.until(string(kind)+" cleared", func() bool { return !l.Revoked(token) })
			if s.list().Revoked(token) {
				t.Errorf("%s is loaded though cleared", kind)
			}
		}
	})
}

// A member's rights and those by power of attorney count apart, though they are of
// one person in one organisation.
func TestTokensByPowerHaveAVersionOfTheirOwn(t *testing.T) {
	each(t, func(s setup) {
		l := s.list()
		key := revocation.Member("anna", "org")
		member := revocation.Token{Person: "anna", Organisation: "org", MemberVersion: 1}
		representative := revocation.Token{Person: "anna", Organisation: "org", PowerVersion: 1}
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindPower, Key: key, Below: 2}))
		s.until("the token by power is dead", func() bool { return l.Revoked(representative) })
		if representative.PowerVersion = 2; l.Revoked(member) || l.Revoked(representative) {
			t.Error("the end of a power stops others")
		}
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindMember, Key: key, Below: 9}))
		s.until("the member's token is dead", func() bool { return l.Revoked(member) })
		if l.Revoked(representative) || s.list().Revoked(representative) {
			t.Error("the end of a membership stops tokens by power")
		}
	})
}

// An exchanged token dies with the client that it was first issued to, and that of a
// program by power with the organisation that the program belongs to.
func TestTokensOfSeveralHandsDieWithEach(t *testing.T) {
	each(t, func(s setup) {
		l := s.list()
		exchanged := revocation.Token{Person: "anna", Client: "service", Origin: "app"}
		program := revocation.Token{Person: "agent", Client: "service", Organisation: "org", PowerVersion: 1}
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindClient, Key: "app"}))
		s.until("the exchanged token is dead", func() bool { return l.Revoked(exchanged) })
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindOrganisation, Key: "agent"}))
		s.until("the program's token is dead", func() bool { return l.Revoked(program) })
		if l.Revoked(revocation.Token{Person: "anna", Client: "service"}) || l.Revoked(revocation.Token{Person: "boris", Organisation: "org", PowerVersion: 1}) {
			t.Error("it stops others")
		}
	})
}

func TestMemberTokensBelowTheVersionAreDead(t *testing.T) {
	each(t, func(s setup) {
		l := s.list()
		key := revocation.Member("anna", "org")
		for _, below := range []int64{4, 7, 5} { // 5 comes late: the stricter stays
			s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindMember, Key: key, Below: below}))
		}
		at := func(version int64) revocation.Token {
			return revocation.Token{Person: "anna", Organisation: "org", MemberVersion: version}
		}
		s.until("6 is dead", func() bool { return l.Revoked(at(6)) })
		if l.Revoked(at(7)) || l.Revoked(at(8)) || !l.Revoked(at(0)) {
			t.Fatal("the wrong versions live")
		}
		if l.Revoked(revocation.Token{Person: "anna", Organisation: "other"}) || l.Revoked(revocation.Token{Person: "anna"}) {
			t.Fatal("another organisation's tokens are dead")
		}
	})
}

func TestRevocationOfARolledBackChangeIsNone(t *testing.T) {
	each(t, func(s setup) {
		l := s.list(func(d *revocation.Deps) { d.Poll = time.Millisecond })
		rolledBack := errors.New("rolled back")
		err := s.db.Tx(s.Context(), func(ctx context.Context) error {
			s.must(s.log.Revoke(ctx, revocation.Entry{Kind: revocation.KindPerson, Key: "anna"}))
			return rolledBack
		})
		if !errors.Is(err, rolledBack) {
			t.Fatal(err)
		}
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindPerson, Key: "boris"}))
		s.until("the next one", func() bool { return l.Revoked(revocation.Token{Person: "boris"}) })
		if l.Revoked(token) || s.list().Revoked(token) {
			t.Fatal("it is in force")
		}
	})
}

func TestRevocationEndsWithTheLastTokenItConcerns(t *testing.T) {
	each(t, func(s setup) {
		l := s.list()
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: "grant"}))
		s.until("it is in force", func() bool { return l.Revoked(token) })
		s.clock.Advance(lifetime + time.Minute - time.Microsecond)
		if !l.Revoked(token) {
			t.Fatal("a token still lives and is not stopped")
		}
		s.clock.Advance(time.Microsecond)
		if l.Revoked(token) || s.list().Len() != 0 {
			t.Fatal("it is kept for ever")
		}
	})
}

// deaf loses every event, as Redis does while it is away.
type deaf struct{ storage.Events }

func (deaf) Publish(context.Context, string, []byte) error { return errors.New("away") }

func TestLostEventsAreMadeGoodByThePoll(t *testing.T) {
	each(t, func(s setup) {
		l := s.list(func(d *revocation.Deps) { d.Poll = 5 * time.Millisecond })
		deps := s.deps
		deps.Events = deaf{deps.Events}
		away := revocation.New(deps)
		s.must(away.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindSession, Key: "session"}))
		s.until("the poll finds it", func() bool { return l.Revoked(token) })
		s.must(away.Clear(s.Context(), revocation.KindSession, "session"))
		s.until("the poll finds it cleared", func() bool { return !l.Revoked(token) })

		// A transaction that commits long after its revocation got its time.
		s.must(s.db.Tx(s.Context(), func(ctx context.Context) error {
			s.must(away.Revoke(ctx, revocation.Entry{Kind: revocation.KindClient, Key: "app"}))
			s.clock.Advance(30 * time.Second)
			if s.db.Engine() == "postgres" {
				s.until("polls pass by", func() bool { return l.Fresh() < time.Second })
			}
			return nil
		}))
		s.until("the overlap finds it", func() bool { return l.Revoked(token) })
	})
}

func TestTheNodeThatRevokesKnowsItWithTheCommit(t *testing.T) {
	each(t, func(s setup) {
		l := s.list()
		deps := s.deps
		deps.Events = deaf{deps.Events}
		here := revocation.New(deps)
		here.Tell(l)
		s.must(s.db.Tx(s.Context(), func(ctx context.Context) error {
			s.must(here.Revoke(ctx, revocation.Entry{Kind: revocation.KindSession, Key: "session"}))
			if l.Revoked(token) {
				t.Error("in force before the commit")
			}
			return nil
		}))
		if !l.Revoked(token) {
			t.Error("not in force with the commit")
		}
		s.must(here.Clear(s.Context(), revocation.KindSession, "session"))
		if l.Revoked(token) {
			t.Error("still in force after it was cleared")
		}
	})
}

func TestListForgetsAndPurgesWhatIsOver(t *testing.T) {
	each(t, func(s setup) {
		l := s.list(func(d *revocation.Deps) { d.Poll = 5 * time.Millisecond })
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: "g"}))
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindMember, Key: "a/o", Below: 1}))
		s.until("both are in force", func() bool { return l.Len() == 2 })
		s.clock.Advance(lifetime + time.Minute)
		s.until("both are forgotten", func() bool { return l.Len() == 0 })
		s.clock.Advance(time.Hour + time.Minute)
		s.until("both rows are gone", func() bool {
			var n int
			s.must(s.db.Get(s.Context(), &n, `SELECT COUNT(*) FROM revocations`))
			return n == 0
		})
	})
}

func TestFreshSaysHowOldTheListIs(t *testing.T) {
	t.Parallel()
	s := newSetup(t, storagetest.SQLite(t))
	if age := revocation.NewList(s.deps).Fresh(); age < 24*time.Hour {
		t.Fatalf("a list that was never read is %s old", age)
	}
	l := s.list(func(d *revocation.Deps) { d.Poll = 5 * time.Millisecond })
	if l.Fresh() != 0 {
		t.Fatalf("%s", l.Fresh())
	}
	s.db.Close()
	s.clock.Advance(7 * time.Second)
	time.Sleep(20 * time.Millisecond)
	if l.Fresh() != 7*time.Second {
		t.Fatalf("%s: polls that fail make it fresh", l.Fresh())
	}
	if err := revocation.NewList(s.deps).Start(s.Context()); err == nil {
		t.Fatal("it started without a database")
	}
}

func TestNonsenseEventsAreIgnored(t *testing.T) {
	t.Parallel()
	s := newSetup(t, storagetest.SQLite(t))
	l := s.list()
	for _, payload := range []string{"", "{", `{"kind":5}`, "null"} {
		s.must(s.deps.Events.Publish(s.Context(), "revocations", []byte(payload)))
	}
	s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: "grant"}))
	s.until("the real one", func() bool { return l.Revoked(token) })
}

// Two nodes over PostgreSQL and Redis.
func TestRevocationReachesAnotherNode(t *testing.T) {
	t.Parallel()
	url, redis := storagetest.PostgresURL(t), storagetest.RedisURL(t)
	node := func() setup {
		events, err := storage.NewRedis(t.Context(), redis)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { events.Close() })
		s := newSetup(t, storagetest.Second(t, url))
		s.deps.Events = events
		s.log = revocation.New(s.deps)
		return s
	}
	one, two := node(), node()
	l := two.list()
	one.must(one.log.Revoke(t.Context(), revocation.Entry{Kind: revocation.KindMember, Key: revocation.Member("anna", "org"), Below: 4}))
	two.until("the event arrives", func() bool { return l.Revoked(token) })
}

func fill(t testing.TB) *revocation.List {
	db := storagetest.SQLite(t)
	clock := storagetest.NewClock()
	deps := revocation.Deps{DB: db, Events: storagetest.Memory(t, clock.Now), Now: clock.Now, Lifetime: lifetime, Poll: time.Hour}
	log := revocation.New(deps)
	err := db.Tx(context.Background(), func(ctx context.Context) error {
		for i := range 1000 {
			for _, kind := range []revocation.Kind{revocation.KindGrant, revocation.KindSession, revocation.KindPerson} {
				if err := log.Revoke(ctx, revocation.Entry{Kind: kind, Key: fmt.Sprint("x", i)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l := revocation.NewList(deps)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRevokedAllocatesNothing(t *testing.T) {
	l := fill(t)
	if n := testing.AllocsPerRun(100, func() { l.Revoked(token) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkRevoked(b *testing.B) {
	l := fill(b)
	b.ReportAllocs()
	for b.Loop() {
		if l.Revoked(token) {
			b.Fatal("revoked")
		}
	}
}

// held keeps events back, to be delivered in another order.
type held struct {
	storage.Events
	payloads *[][]byte
}

func (h held) Publish(_ context.Context, _ string, payload []byte) error {
	*h.payloads = append(*h.payloads, payload)
	return nil
}

func TestEventsOutOfOrderWeakenNothing(t *testing.T) {
	each(t, func(s setup) {
		deliver := func(payload []byte) { s.must(s.deps.Events.Publish(s.Context(), "revocations", payload)) }
		for name, act := range map[string]func(log *revocation.Log){
			"a lower version": func(log *revocation.Log) {
				s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindMember, Key: "anna/org", Below: 2}))
				s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindMember, Key: "anna/org", Below: 4}))
			},
			"a sooner end": func(log *revocation.Log) {
				s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindPerson, Key: "anna", Until: storage.Of(s.clock.Now())}))
				s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindPerson, Key: "anna"}))
			},
			"a clearing before the next revocation": func(log *revocation.Log) {
				s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindClient, Key: "app"}))
				s.must(log.Clear(s.Context(), revocation.KindClient, "app"))
				s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindClient, Key: "app"}))
			},
		} {
			deps := s.deps
			var payloads [][]byte
			deps.Events = held{deps.Events, &payloads}
			l := s.list()
			act(revocation.New(deps))
			for i := len(payloads) - 1; i >= 0; i-- {
				deliver(payloads[i])
			}
			// An event of its own tells that all before it were heard.
			s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: name}))
			s.until(name, func() bool { return l.Revoked(revocation.Token{Grant: name}) })
			if !l.Revoked(token) {
				t.Errorf("%s, heard late, lets the token in again", name)
			}
			_, err := s.db.Exec(s.Context(), `DELETE FROM revocations`)
			s.must(err)
		}
	})
}

// A clearing that is heard late must not be undone by the revocation before it,
// or an unblocked person stays out.
func TestRevocationHeardAfterItsClearingIsOver(t *testing.T) {
	each(t, func(s setup) {
		deps := s.deps
		var payloads [][]byte
		deps.Events = held{deps.Events, &payloads}
		l, log := s.list(), revocation.New(deps)
		s.must(log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindPerson, Key: "anna"}))
		s.must(log.Clear(s.Context(), revocation.KindPerson, "anna"))
		for _, payload := range [][]byte{payloads[1], payloads[0]} {
			s.must(s.deps.Events.Publish(s.Context(), "revocations", payload))
		}
		s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: "last"}))
		s.until("all are heard", func() bool { return l.Revoked(revocation.Token{Grant: "last"}) })
		if l.Revoked(token) {
			t.Error("the revocation outlives its clearing")
		}
	})
}

func TestOrderOfChangesDoesNotHangOnTheClocksOfNodes(t *testing.T) {
	each(t, func(s setup) {
		behind := s.deps
		behind.Now = func() time.Time { return s.clock.Now().Add(-3 * time.Second) }
		ahead, late := s.log, revocation.New(behind)
		l := s.list()
		s.must(ahead.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindPerson, Key: "anna"}))
		s.until("revoked", func() bool { return l.Revoked(token) })
		s.must(late.Clear(s.Context(), revocation.KindPerson, "anna"))
		s.until("cleared by a clock that is behind", func() bool { return !l.Revoked(token) })
		s.must(ahead.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindClient, Key: "app"}))
		s.must(ahead.Clear(s.Context(), revocation.KindClient, "app"))
		s.must(late.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindClient, Key: "app"}))
		s.until("revoked by a clock that is behind", func() bool { return l.Revoked(token) })
	})
}

// A token is made by a node whose clock is ahead of the one that revokes it.
func TestRevocationOutlivesTokensOfAClockAhead(t *testing.T) {
	t.Parallel()
	s := newSetup(t, storagetest.SQLite(t))
	l := s.list()
	s.must(s.log.Revoke(s.Context(), revocation.Entry{Kind: revocation.KindGrant, Key: "grant"}))
	s.until("it is in force", func() bool { return l.Revoked(token) })
	s.clock.Advance(lifetime + 5*time.Second)
	if !l.Revoked(token) {
		t.Fatal("the token counts again for the seconds that the clocks differ by")
	}
}
