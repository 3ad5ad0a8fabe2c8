package file_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// settled moves on until everything that is nobody's is old enough, sweeps, and
// fails unless the two stores hold the same.
func (w *world) settled() {
	w.t.Helper()
	w.clock.Advance(25 * time.Hour)
	if _, err := w.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if !maps.Equal(w.records(), w.blobs()) {
		w.t.Errorf("records %v, files %v", w.records(), w.blobs())
	}
}

// TestNoFileWithoutARecordNoRecordWithoutAFile interrupts at each place where a
// process can die or a transaction can roll back.
func TestNoFileWithoutARecordNoRecordWithoutAFile(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	content := filetest.PDF("x")
	for name, interrupted := range map[string]func(w *world){
		"the blob store fails while saving": func(w *world) {
			w.blob.put = killed
			_, err := w.Save(w.t.Context(), alpha, "a.pdf", file.PDF, 1<<20, bytes.NewReader(content))
			want(w.t, err, killed)
			if len(w.records()) != 1 {
				w.t.Error("a record without its file")
			}
		},
		"killed between file and record": func(w *world) {
			_, err := w.blob.Put(w.t.Context(), "files/00/"+storage.NewID()[:34]+"00", bytes.NewReader(content))
			must(w.t, err)
		},
		"the transaction that saves rolls back": func(w *world) {
			err := w.db.Tx(w.t.Context(), func(ctx context.Context) error {
				f, err := w.Save(ctx, alpha, "a.pdf", file.PDF, 1<<20, bytes.NewReader(content))
				must(w.t, err)
				must(w.t, w.Keep(ctx, alpha, "filing/2", f.ID))
				return killed
			})
			want(w.t, err, killed)
			if len(w.blobs()) != 2 || len(w.records()) != 1 {
				w.t.Errorf("%d files, %d records", len(w.blobs()), len(w.records()))
			}
		},
		"killed between record and keeping": func(w *world) {
			w.save(alpha, "a.pdf", content)
		},
		"the transaction that keeps rolls back": func(w *world) {
			f := w.save(alpha, "a.pdf", content)
			want(w.t, w.db.Tx(w.t.Context(), func(ctx context.Context) error {
				must(w.t, w.Keep(ctx, alpha, "filing/2", f.ID))
				return killed
			}), killed)
		},
		"killed in the middle of a sweep": func(w *world) {
			w.save(alpha, "a.pdf", content)
			w.clock.Advance(25 * time.Hour)
			w.blob.delete = killed
			_, err := w.Sweep(w.t.Context())
			want(w.t, err, killed)
			if len(w.records()) != 1 || len(w.blobs()) != 2 {
				w.t.Errorf("the record must go first: %d records, %d files", len(w.records()), len(w.blobs()))
			}
		},
		"the transaction that releases rolls back": func(w *world) {
			want(w.t, w.db.Tx(w.t.Context(), func(ctx context.Context) error {
				must(w.t, w.Release(ctx, "filing/1"))
				return killed
			}), killed)
		},
		"the sender leaves": func(w *world) {
			ctx, cancel := context.WithCancel(w.t.Context())
			cancel()
			_, err := w.Save(ctx, alpha, "a.pdf", file.PDF, 1<<20, bytes.NewReader(content))
			want(w.t, err, context.Canceled)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
				w := newWorld(t, db)
				kept := w.kept("filing/1", "kept.pdf", content)
				interrupted(w)
				w.blob.put, w.blob.delete = nil, nil
				w.settled()
				if !maps.Equal(w.records(), set([]string{kept.ID})) {
					t.Errorf("left are %v, want the one that is kept", w.records())
				}
				if got, err := w.read(alpha, kept.ID); err != nil || got != string(content) {
					t.Errorf("the one that is kept: %v", err)
				}
			})
		})
	}
}

// What is being saved is young, and is left in peace.
func TestSweepLeavesTheYoung(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	w.save(alpha, "a.txt", []byte("a"))
	_, err := w.blob.Put(t.Context(), "files/00/orphan00", strings.NewReader("x"))
	must(t, err)
	swept, err := w.Sweep(t.Context())
	if must(t, err); swept != (file.Swept{}) || len(w.blobs()) != 2 {
		t.Errorf("swept %+v", swept)
	}
	w.clock.Advance(25 * time.Hour)
	swept, err = w.Sweep(t.Context())
	if must(t, err); swept != (file.Swept{Loose: 1, Orphans: 1}) || w.metric("propusk_files_swept_total") != 2 {
		t.Errorf("swept %+v", swept)
	}
}

// TestDatabaseSweepsNoOtherOnesFiles: a database pointed at the files of another
// one by mistake knows none of them.
func TestDatabaseSweepsNoOtherOnesFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	f := w.kept("filing/1", "a.txt", []byte("a"))
	_, err := w.Sweep(t.Context())
	must(t, err)
	other := newWorld(t, storagetest.SQLite(t), func(d *file.Deps) { d.Blob = w.blob })
	other.clock.Advance(48 * time.Hour)
	_, err = other.Sweep(t.Context())
	want(t, err, file.ErrElsewhere)
	_, err = other.Check(t.Context())
	want(t, err, file.ErrElsewhere)
	if got, err := w.read(alpha, f.ID); err != nil || got != "a" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestManyAreSweptInBatches(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		for i := range 450 {
			id := storage.NewID()
			_, err := w.blob.Put(t.Context(), key(id), strings.NewReader("x"))
			must(t, err)
			if i%2 == 0 {
				_, err := db.Exec(t.Context(), `INSERT INTO files (id, organisation_id, name, media_type, size, sha256, owners, loose_at, created_at, checked_at, damaged_at)
					VALUES ($1, 'o', 'n', 'm', 1, 's', 0, 1, 1, 1, 0)`, id)
				must(t, err)
			}
		}
		w.clock.Advance(25 * time.Hour)
		swept, err := w.Sweep(t.Context())
		if must(t, err); swept != (file.Swept{Loose: 225, Orphans: 225}) || len(w.blobs()) != 0 {
			t.Errorf("swept %+v, %d files are left", swept, len(w.blobs()))
		}
	})
}

// TestOldBackupOfTheDatabaseSweepsNothing: most files have no record there.
func TestOldBackupOfTheDatabaseSweepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t), func(d *file.Deps) { d.Blob = &many{Blob: d.Blob, n: 1500} })
	w.clock.Advance(25 * time.Hour)
	swept, err := w.Sweep(t.Context())
	if want(t, err, file.ErrOrphans); swept.Orphans != 0 {
		t.Errorf("swept %+v", swept)
	}
}

// many is a blob store that lists files which it need not have.
type many struct {
	storage.Blob
	n int
}

func (m *many) Each(_ context.Context, fn func(key string, size int64, modified time.Time) error) error {
	for range m.n {
		if err := fn(key(storage.NewID()), 1, time.Unix(1, 0)); err != nil {
			return err
		}
	}
	return nil
}
