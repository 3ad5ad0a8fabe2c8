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
