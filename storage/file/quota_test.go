package file_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/storagetest"
)

// part saves bytes of no kind.
func (w *world) part(organisation string, size int) (file.File, error) {
	return w.Save(context.Background(), organisation, "part", file.Part, 1<<20, strings.NewReader(strings.Repeat("x", size)))
}

func (w *world) used(organisation string) int64 {
	w.t.Helper()
	bytes, err := w.Used(context.Background(), organisation)
	if err != nil {
		w.t.Fatal(err)
	}
	return bytes
}

func TestAnOrganisationHasNoMoreThanItsQuota(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db, func(d *file.Deps) { d.Quota = 1000 })
		ctx := context.Background()
		first, err := w.part(alpha, 600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.part(alpha, 401); !errors.Is(err, file.ErrQuota) {
			t.Errorf("beyond the quota: %v", err)
		}
		if _, err := w.part(beta, 1000); err != nil {
			t.Errorf("another organisation's: %v", err)
		}
		// What a state body sends comes all the same, and is counted.
		if _, err := w.SaveOurs(ctx, alpha, "answer", file.Part, 1<<20, strings.NewReader(strings.Repeat("x", 500))); err != nil || w.used(alpha) != 1100 {
			t.Errorf("ours: %v, %d bytes", err, w.used(alpha))
		}
		if _, err := w.part(alpha, 1); !errors.Is(err, file.ErrQuota) {
			t.Errorf("one byte more: %v", err)
		}
		if err := w.Discard(ctx, beta, first.ID); err != nil || w.used(alpha) != 1100 {
			t.Errorf("discarded by another organisation: %v, %d bytes", err, w.used(alpha))
		}
		if err := w.Discard(ctx, alpha, first.ID); err != nil || w.used(alpha) != 500 {
			t.Errorf("discarded: %v, %d bytes", err, w.used(alpha))
		}
		w.clock.Advance(25 * time.Hour)
		if _, err := w.Sweep(ctx); err != nil || w.used(alpha) != 0 || w.used(beta) != 0 {
			t.Errorf("swept: %v, %d and %d bytes", err, w.used(alpha), w.used(beta))
		}
	})
}

// Of many at once no more are taken than there is room for, and what is refused
// leaves no bytes behind.
func TestForkedSavesShareOneQuota(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db, func(d *file.Deps) { d.Quota = 1000 })
		var group sync.WaitGroup
		var mutex sync.Mutex
		taken := 0
		for range 12 {
			group.Go(func() {
				_, err := w.part(alpha, 300)
				mutex.Lock()
				defer mutex.Unlock()
				if err == nil {
					taken++
				} else if !errors.Is(err, file.ErrQuota) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if taken != 3 || w.used(alpha) != 900 || len(w.blobs()) != 3 {
			t.Errorf("%d taken, %d bytes, %d blobs", taken, w.used(alpha), len(w.blobs()))
		}
	})
}

// What came in and nobody kept is bounded apart; what was kept once is not of it.
func TestWhatNobodyKeepsIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t), func(d *file.Deps) { d.Unkept = 1000 })
	ctx := context.Background()
	first, err := w.part(alpha, 900)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.part(alpha, 101); !errors.Is(err, file.ErrQuota) {
		t.Errorf("beyond the bound: %v", err)
	}
	if err := w.Keep(ctx, alpha, "document/1", first.ID); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	if err := w.Release(ctx, "document/1"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.part(alpha, 1000); err != nil {
		t.Errorf("with one that was kept and let go: %v", err)
	}
	if err := w.Discard(ctx, alpha, first.ID); err != nil || w.used(alpha) != 1000 {
		t.Errorf("discarded: %v, %d bytes", err, w.used(alpha))
	}
	kept, _ := w.part(beta, 10)
	if err := w.Keep(ctx, beta, "document/2", kept.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Discard(ctx, beta, kept.ID); err != nil || w.used(beta) != 10 {
		t.Errorf("what somebody keeps was discarded: %v", err)
	}
}
