package idp

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

func newSessions(db *storage.DB, ended *[]string) *sessions {
	var mu sync.Mutex
	return &sessions{db: db, idle: time.Hour, absolute: 8 * time.Hour, end: func(_ context.Context, id string) error {
		mu.Lock()
		defer mu.Unlock()
		*ended = append(*ended, id)
		return nil
	}}
}

// Two tabs prove two factors at the same moment: neither proof is lost.
func TestProofsAtOnceAreBothKept(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now := t.Context(), storage.Of(at)
		ss := newSessions(db, new([]string))
		s, _, err := ss.begin(ctx, nil, "elena", now)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		secrets := make([]string, 3)
		for i, factor := range []Factor{FactorTOTP, FactorSMS, FactorEmail} {
			wait.Go(func() {
				var err error
				if _, secrets[i], err = ss.add(ctx, s, factor, now.Add(time.Second)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		var live int
		for _, secret := range secrets {
			found, err := ss.find(ctx, secret, now)
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
		ss := newSessions(db, &ended)
		first, secret, err := ss.begin(ctx, nil, "elena", now)
		if err != nil {
			t.Fatal(err)
		}
		again, renewed, err := ss.begin(ctx, first, "elena", now.Add(time.Minute))
		if err != nil || again.ID != first.ID || renewed == secret || len(ended) != 0 {
			t.Fatalf("the same person: %v %v, ended %v", again, err, ended)
		}
		if again.provedAt(FactorPassword) != now.Add(time.Minute) || again.ExpiresAt != now.Add(time.Minute).Add(8*time.Hour) {
			t.Errorf("proved at %v, ends at %v", again.provedAt(FactorPassword), again.ExpiresAt)
		}
		other, _, err := ss.begin(ctx, again, "pavel", now)
		if err != nil || other.ID == first.ID || !slices.Equal(ended, []string{first.ID}) {
			t.Fatalf("another person: %v %v, ended %v", other, err, ended)
		}
		if _, _, err := ss.add(ctx, first, FactorTOTP, now); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a proof for a session that is over: %v", err)
		}
		if anew, _, err := ss.begin(ctx, first, "elena", now); err != nil || anew.ID == first.ID {
			t.Errorf("a session that is over is begun anew: %v %v", anew, err)
		}
		if _, err := ss.any(ctx, renewed); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the session that is over is found: %v", err)
		}
		if _, err := ss.find(ctx, "", now); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("no secret finds: %v", err)
		}
	})
}

// A use is written at most once a minute, and counts against idling.
func TestSessionUseIsNotedByTheMinute(t *testing.T) {
	t.Parallel()
	db, now := storagetest.SQLite(t), storage.Of(at)
	ss := newSessions(db, new([]string))
	_, secret, err := ss.begin(t.Context(), nil, "elena", now)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ use, seen time.Duration }{{59 * time.Second, 0}, {60 * time.Second, 60 * time.Second}, {100 * time.Second, 60 * time.Second}} {
		s, err := ss.find(t.Context(), secret, now.Add(step.use))
		if err != nil || s.SeenAt != now.Add(step.seen) {
			t.Errorf("used after %s: seen at %v, want %v (%v)", step.use, s.SeenAt, now.Add(step.seen), err)
		}
	}
	if _, err := ss.find(t.Context(), secret, now.Add(60*time.Second+time.Hour)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("idle for an hour: %v", err)
	}
	if _, err := ss.any(t.Context(), secret); err != nil {
		t.Errorf("an idle session can still be signed out: %v", err)
	}
}

// A sweep whose end fails leaves the session for the next one.
func TestSweep(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx, now := t.Context(), storage.Of(at)
		var ended []string
		ss := newSessions(db, &ended)
		old, _, err := ss.begin(ctx, nil, "elena", now)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ss.begin(ctx, nil, "pavel", now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		end := ss.end
		ss.end = func(context.Context, string) error { return errors.New("not now") }
		if err := ss.sweep(ctx, now.Add(8*time.Hour)); err == nil {
			t.Error("a failure was swallowed")
		}
		ss.end = end
		for range 2 {
			if err := ss.sweep(ctx, now.Add(8*time.Hour)); err != nil {
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
	ss := newSessions(db, &ended)
	err := db.Tx(t.Context(), func(ctx context.Context) error {
		for range sweepBatch + 1 {
			if _, _, err := ss.begin(ctx, nil, "elena", now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ss.sweep(t.Context(), now.Add(8*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if len(ended) != sweepBatch+1 {
		t.Errorf("%d of %d sessions ended", len(ended), sweepBatch+1)
	}
}
