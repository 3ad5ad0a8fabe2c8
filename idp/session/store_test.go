package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func newStore(db *storage.DB, ended *[]string) *Store {
	var mu sync.Mutex
	st, err := New(Deps{DB: db, Idle: time.Hour, Absolute: 8 * time.Hour, Now: func() time.Time { return at }, End: func(_ context.Context, id string) error {
		mu.Lock()
		defer mu.Unlock()
		*ended = append(*ended, id)
		return nil
	}})
	if err != nil {
		panic(err)
	}
	return st
}

// Two tabs prove two factors at the same moment: neither proof is lost.
func TestProofsAtOnceAreBothKept(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now := t.Context(), storage.Of(at)
		ss := newStore(db, new([]string))
		s, _, err := ss.Begin(ctx, nil, "elena", Proof{Factor: Password}, Where{}, now)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		secrets := make([]string, 3)
		for i, factor := range []Factor{TOTP, SMS, Email} {
			wait.Go(func() {
				var err error
				if _, secrets[i], err = ss.Add(ctx, s, Proof{Factor: factor}, Where{}, now.Add(time.Second)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		var live int
		for _, secret := range secrets {
			found, err := ss.Find(ctx, secret, now)
			if errors.Is(err, storage.ErrNotFound) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			live++
			if len(found.Proofs.V) != 4 {
				t.Errorf("proofs: %v", found.Proofs.V)
			}
		}
		if live != 1 {
			t.Errorf("%d secrets of one session are live", live)
		}
	})
}

func TestSessionOfAnotherPersonEnds(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now := t.Context(), storage.Of(at)
		var ended []string
		ss := newStore(db, &ended)
		first, secret, err := ss.Begin(ctx, nil, "elena", Proof{Factor: Password}, Where{}, now)
		if err != nil {
			t.Fatal(err)
		}
		again, renewed, err := ss.Begin(ctx, first, "elena", Proof{Factor: Password}, Where{}, now.Add(time.Minute))
		if err != nil || again.ID != first.ID || renewed == secret || len(ended) != 0 {
			t.Fatalf("the same person: %v %v, ended %v", again, err, ended)
		}
		if again.ProvedAt(Password) != now.Add(time.Minute) || again.ExpiresAt != now.Add(time.Minute).Add(8*time.Hour) {
			t.Errorf("proved at %v, ends at %v", again.ProvedAt(Password), again.ExpiresAt)
		}
		other, _, err := ss.Begin(ctx, again, "pavel", Proof{Factor: Password}, Where{}, now)
		if err != nil || other.ID == first.ID || !slices.Equal(ended, []string{first.ID}) {
			t.Fatalf("another person: %v %v, ended %v", other, err, ended)
		}
		if _, _, err := ss.Add(ctx, first, Proof{Factor: TOTP}, Where{}, now); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a proof for a session that is over: %v", err)
		}
		if anew, _, err := ss.Begin(ctx, first, "elena", Proof{Factor: Password}, Where{}, now); err != nil || anew.ID == first.ID {
			t.Errorf("a session that is over is begun anew: %v %v", anew, err)
		}
		if _, err := ss.Any(ctx, renewed); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the session that is over is found: %v", err)
		}
		if _, err := ss.Find(ctx, "", now); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("no secret finds: %v", err)
		}
	})
}

// A use is written at most once a minute, and counts against idling.
func TestSessionUseIsNotedByTheMinute(t *testing.T) {
	t.Parallel()
	db, now := storagetest.SQLite(t), storage.Of(at)
	ss := newStore(db, new([]string))
	_, secret, err := ss.Begin(t.Context(), nil, "elena", Proof{Factor: Password}, Where{}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ use, seen time.Duration }{{59 * time.Second, 0}, {60 * time.Second, 60 * time.Second}, {100 * time.Second, 60 * time.Second}} {
		s, err := ss.Find(t.Context(), secret, now.Add(step.use))
		if err != nil || s.SeenAt != now.Add(step.seen) {
			t.Errorf("used after %s: seen at %v, want %v (%v)", step.use, s.SeenAt, now.Add(step.seen), err)
		}
	}
	if _, err := ss.Find(t.Context(), secret, now.Add(60*time.Second+time.Hour)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("idle for an hour: %v", err)
	}
	if _, err := ss.Any(t.Context(), secret); err != nil {
		t.Errorf("an idle session can still be signed out: %v", err)
	}
}

// A sweep whose end fails leaves the session for the next one.
func TestSweep(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now := t.Context(), storage.Of(at)
		var ended []string
		ss := newStore(db, &ended)
		old, _, err := ss.Begin(ctx, nil, "elena", Proof{Factor: Password}, Where{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ss.Begin(ctx, nil, "pavel", Proof{Factor: Password}, Where{}, now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		end := ss.end
		ss.end = func(context.Context, string) error { return errors.New("not now") }
		if err := ss.Sweep(ctx, now.Add(8*time.Hour)); err == nil {
			t.Error("a failure was swallowed")
		}
		ss.end = end
		for range 2 {
			if err := ss.Sweep(ctx, now.Add(8*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(ended, []string{old.ID}) {
			t.Errorf("ended %v, want %s once", ended, old.ID)
		}
	})
}

// A sweep ends all that are over, however many came to their end since the last.
func TestSweepLeavesNoBacklog(t *testing.T) {
	t.Parallel()
	db, now := storagetest.SQLite(t), storage.Of(at)
	var ended []string
	ss := newStore(db, &ended)
	err := db.Tx(t.Context(), func(ctx context.Context) error {
		for range sweepBatch + 1 {
			if _, _, err := ss.Begin(ctx, nil, "elena", Proof{Factor: Password}, Where{}, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ss.Sweep(t.Context(), now.Add(8*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if len(ended) != sweepBatch+1 {
		t.Errorf("%d of %d sessions ended", len(ended), sweepBatch+1)
	}
}

// What is odd about an identification stays with the session, through further
// proofs, until it is struck out or somebody identifies himself anew.
func TestUnusualStaysUntilItIsStruckOut(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now, st := t.Context(), storage.Of(at), newStore(db, new([]string))
		odd := Where{DeviceID: "laptop", IP: "192.0.2.1", UserAgent: "Firefox", Country: "RU", Unusual: []string{"device"}}
		s, _, err := st.Begin(ctx, nil, "elena", Proof{Factor: Password}, odd, now)
		if err != nil {
			t.Fatal(err)
		}
		s, secret, err := st.Add(ctx, s, Proof{Factor: SMS}, Where{IP: "192.0.2.2"}, now)
		if err != nil || !slices.Equal(s.Unusual.V, []string{"device"}) || s.DeviceID != "laptop" || s.IP != "192.0.2.2" {
			t.Errorf("after a second factor: %+v %v", s, err)
		}
		if err := st.Usual(ctx, s); err != nil {
			t.Fatal(err)
		}
		if err := st.OnDevice(ctx, s, "phone"); err != nil {
			t.Fatal(err)
		}
		found, err := st.Find(ctx, secret, now)
		if err != nil || len(found.Unusual.V) != 0 || found.DeviceID != "phone" {
			t.Errorf("struck out: %+v %v", found, err)
		}
		s, _, err = st.Begin(ctx, found, "elena", Proof{Factor: Password}, odd, now)
		if err != nil || len(s.Unusual.V) != 1 {
			t.Errorf("identified in an odd way again: %+v %v", s, err)
		}
		s, _, err = st.Begin(ctx, s, "elena", Proof{Factor: Passkey}, Where{}, now)
		if err != nil || len(s.Unusual.V) != 0 {
			t.Errorf("identified in a usual way: %+v %v", s, err)
		}
	})
}

func TestEnterShortensOnly(t *testing.T) {
	t.Parallel()
	db, now := storagetest.SQLite(t), storage.Of(at)
	st := newStore(db, new([]string))
	s, secret, err := st.Begin(t.Context(), nil, "elena", Proof{Factor: Password}, Where{}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		idle, absolute time.Duration
		idles, ends    time.Duration // of the session afterwards, from now
	}{
		{0, 0, time.Hour, 8 * time.Hour},
		{10 * time.Minute, 4 * time.Hour, 10 * time.Minute, 4 * time.Hour},
		{20 * time.Minute, 6 * time.Hour, 10 * time.Minute, 4 * time.Hour},
		{5 * time.Minute, 2 * time.Minute, 2 * time.Minute, 2 * time.Minute},
	} {
		if err := st.Enter(t.Context(), s, step.idle, step.absolute); err != nil {
			t.Fatal(err)
		}
		found, err := st.Any(t.Context(), secret)
		if err != nil || st.IdleEnd(found) != now.Add(step.idles) || found.ExpiresAt != now.Add(step.ends) {
			t.Errorf("after %v %v: idles out at %v, ends at %v (%v)", step.idle, step.absolute, st.IdleEnd(found), found.ExpiresAt, err)
		}
	}
}

// Attack: who is to prove himself to the organisation every hour does so elsewhere, where
// the house's twelve hours hold. The organisation's hour begins anew, and stays an hour.
func TestAnotherProofDoesNotStretchAnOrganisationsEnd(t *testing.T) {
	t.Parallel()
	db, now := storagetest.SQLite(t), storage.Of(at)
	st := newStore(db, new([]string))
	s, _, err := st.Begin(t.Context(), nil, "elena", Proof{Factor: Password}, Where{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Enter(t.Context(), s, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	for i, later := range []time.Duration{50 * time.Minute, 100 * time.Minute} {
		again, _, err := st.Begin(t.Context(), s, "elena", Proof{Factor: Password}, Where{}, now.Add(later))
		if err != nil || again.ID != s.ID || again.ExpiresAt != now.Add(later+time.Hour) {
			t.Fatalf("proof %d: %+v %v, want the end at %v", i, again, err, now.Add(later+time.Hour))
		}
		s = again
	}
	// A second factor moves nothing.
	if again, _, err := st.Add(t.Context(), s, Proof{Factor: TOTP}, Where{}, now.Add(2*time.Hour)); err != nil || again.ExpiresAt != s.ExpiresAt {
		t.Errorf("a second factor: %+v %v", again, err)
	}
}

// Attack: a session past its absolute end is taken up again before it is swept, with
// the grants that should have ended with it.
func TestASessionPastItsEndIsNotRevived(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		now, ended := storage.Of(at), []string{}
		st := newStore(db, &ended)
		old, _, err := st.Begin(t.Context(), nil, "elena", Proof{Factor: Password}, Where{}, now)
		if err != nil {
			t.Fatal(err)
		}
		next, _, err := st.Begin(t.Context(), old, "elena", Proof{Factor: Password}, Where{}, now.Add(8*time.Hour))
		if err != nil || next.ID == old.ID || !slices.Equal(ended, []string{old.ID}) {
			t.Errorf("goes on as %v, ended %v (%v)", next, ended, err)
		}
	})
}

// Two tabs enter two organisations at once; the stricter one's bounds stay.
func TestEnterFromTwoTabsShortensOnly(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		now := storage.Of(at)
		st := newStore(db, new([]string))
		s, secret, err := st.Begin(t.Context(), nil, "elena", Proof{Factor: Password}, Where{}, now)
		if err != nil {
			t.Fatal(err)
		}
		strict, lax := *s, *s
		if err := errors.Join(
			st.Enter(t.Context(), &strict, 5*time.Minute, time.Hour), st.Enter(t.Context(), &lax, 10*time.Minute, 2*time.Hour), st.Enter(t.Context(), s, 0, 3*time.Hour),
		); err != nil {
			t.Fatal(err)
		}
		found, err := st.Any(t.Context(), secret)
		if err != nil || st.IdleEnd(found) != now.Add(5*time.Minute) || found.ExpiresAt != now.Add(time.Hour) {
			t.Errorf("idles out at %v, ends at %v (%v)", st.IdleEnd(found), found.ExpiresAt, err)
		}
	})
}

func TestSessionsOfAPerson(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now := t.Context(), storage.Of(at)
		var ended []string
		st := newStore(db, &ended)
		begin := func(person string, ago time.Duration) *Session {
			s, _, err := st.Begin(ctx, nil, person, Proof{Factor: Password}, Where{}, now.Add(-ago))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		older, newer := begin("elena", 30*time.Minute), begin("elena", time.Minute)
		begin("elena", 2*time.Hour) // idle
		others := begin("pavel", 0)
		list, err := st.OfPerson(ctx, "elena")
		if err != nil || len(list) != 2 || list[0].ID != newer.ID || list[1].ID != older.ID {
			t.Errorf("live sessions: %+v %v", list, err)
		}
		n, err := st.DropOfPerson(ctx, "elena", newer.ID)
		if err != nil || n != 2 || len(ended) != 2 || slices.Contains(ended, newer.ID) {
			t.Errorf("ended %d: %v %v", n, ended, err)
		}
		if n, err := st.DropOfPerson(ctx, "elena", ""); err != nil || n != 1 {
			t.Errorf("ended %d more: %v", n, err)
		}
		if list, err := st.OfPerson(ctx, "pavel"); err != nil || len(list) != 1 || list[0].ID != others.ID {
			t.Errorf("somebody else's: %+v %v", list, err)
		}
		if _, err := New(Deps{}); err == nil {
			t.Error("a store without a database")
		}
	})
}
