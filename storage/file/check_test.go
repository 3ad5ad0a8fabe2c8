package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// tamper changes the bytes of a file in the blob store.
func (w *world) tamper(id string, change func(sealed []byte) []byte) (before []byte) {
	w.t.Helper()
	r, err := w.blob.Open(w.t.Context(), key(id))
	must(w.t, err)
	before, err = io.ReadAll(r)
	must(w.t, errors.Join(err, r.Close()))
	w.replace(id, change(bytes.Clone(before)))
	return before
}

func (w *world) replace(id string, sealed []byte) {
	w.t.Helper()
	_, err := w.blob.Put(w.t.Context(), key(id), bytes.NewReader(sealed))
	must(w.t, err)
}

const sealedChunk = 64<<10 + 16

// TestEveryChangeOfTheBytesIsFoundOnRead changes three chunks in all ways that
// leave them three chunks, or not.
func TestEveryChangeOfTheBytesIsFoundOnRead(t *testing.T) {
	t.Parallel()
	content := make([]byte, 150<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	for name, change := range map[string]func([]byte) []byte{
		"the first byte":    func(b []byte) []byte { b[0] ^= 1; return b },
		"a bit":             func(b []byte) []byte { b[100_000] ^= 1; return b },
		"the last byte":     func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b },
		"cut off":           func(b []byte) []byte { return b[:len(b)-1] },
		"cut after a chunk": func(b []byte) []byte { return b[:1+sealedChunk] },
		"empty":             func([]byte) []byte { return nil },
		"two chunks swapped": func(b []byte) []byte {
			return slices.Concat(b[:1], b[1+sealedChunk:1+2*sealedChunk], b[1:1+sealedChunk], b[1+2*sealedChunk:])
		},
		"a chunk repeated":    func(b []byte) []byte { copy(b[1+sealedChunk:], b[1:1+sealedChunk]); return b },
		"another file's":      nil,
		"nothing in between":  func(b []byte) []byte { return slices.Concat(b[:1+sealedChunk], b[1+2*sealedChunk:]) },
		"zeros from a crash":  func(b []byte) []byte { return make([]byte, len(b)) },
		"a page of zeros":     func(b []byte) []byte { clear(b[4096:8192]); return b },
		"the version of ours": func(b []byte) []byte { b[0] = 2; return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storagetest.SQLite(t))
			f, err := w.Save(t.Context(), alpha, "a", file.Part, 1<<20, bytes.NewReader(content))
			must(t, err)
			must(t, w.Keep(t.Context(), alpha, "filing/1", f.ID))
			if change == nil {
				other, err := w.Save(t.Context(), alpha, "b", file.Part, 1<<20, bytes.NewReader(content))
				must(t, err)
				change = func([]byte) []byte { return w.tamper(other.ID, func(b []byte) []byte { return b }) }
			}
			w.tamper(f.ID, change)
			got, err := w.read(alpha, f.ID)
			want(t, err, file.ErrDamaged)
			if !strings.HasPrefix(string(content), got) {
				t.Error("bytes that were never saved were given out")
			}
			_, err = w.read(alpha, f.ID) // the second reading tells nobody again
			want(t, err, file.ErrDamaged)
			if got := w.actions(alpha); !slices.Equal(got, []string{"file.damaged changed"}) {
				t.Errorf("the journal has %v", got)
			}
			if now, err := w.Get(t.Context(), alpha, f.ID); err != nil || now.Whole() || w.metric("propusk_files_damaged_total") != 1 {
				t.Errorf("%+v, %v, %v counted", now, err, w.metric("propusk_files_damaged_total"))
			}
			if log := w.log.String(); strings.Count(log, "a file is damaged") != 1 || !strings.Contains(log, key(f.ID)) {
				t.Errorf("the log says %q", log)
			}
		})
	}
}

func TestRecordWithAnotherDigestIsFoundAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	f := w.kept("filing/1", "a.txt", []byte("a"))
	_, err := w.db.Exec(t.Context(), `UPDATE files SET sha256 = $1 WHERE id = $2`, strings.Repeat("0", 64), f.ID)
	must(t, err)
	_, err = w.read(alpha, f.ID)
	want(t, err, file.ErrDamaged)
}

func TestCheckFindsWhatIsDamagedMissingAndRestored(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		changed, gone := w.kept("filing/1", "changed.pdf", filetest.PDF("1")), w.kept("filing/2", "gone.pdf", filetest.PDF("2"))
		w.kept("filing/3", "whole.pdf", filetest.PDF("3"))
		before := w.tamper(changed.ID, func(b []byte) []byte { b[9] ^= 1; return b })
		must(t, w.blob.Delete(t.Context(), key(gone.ID)))
		_, err := w.blob.Put(t.Context(), "files/00/orphan00", strings.NewReader("x"))
		must(t, err)
		report, err := w.Check(t.Context()) // all are young
		if must(t, err); report != (file.Report{}) {
			t.Errorf("%+v", report)
		}
		w.clock.Advance(8 * 24 * time.Hour)
		report, err = w.Check(t.Context())
		if must(t, err); report != (file.Report{Checked: 3, Damaged: 2, Known: 2, Orphans: 1}) {
			t.Errorf("%+v", report)
		}
		if got := w.actions(alpha); !slices.Equal(got, []string{"file.damaged changed", "file.damaged missing"}) {
			t.Errorf("the journal has %v", got)
		}
		if w.metric("propusk_files_damaged") != 2 || w.metric("propusk_files_checked_total") != 3 {
			t.Error("the metrics say otherwise")
		}
		if report, err = w.Check(t.Context()); err != nil || report.Checked != 0 || report.Known != 2 {
			t.Errorf("a second look at once: %+v, %v", report, err)
		}
		w.replace(changed.ID, before)
		w.clock.Advance(8 * 24 * time.Hour)
		report, err = w.Check(t.Context())
		if must(t, err); report != (file.Report{Checked: 3, Damaged: 1, Known: 1, Orphans: 1}) {
			t.Errorf("after the restoring: %+v", report)
		}
		if got := w.actions(alpha); got[len(got)-1] != "file.restored whole" || len(got) != 3 {
			t.Errorf("the journal has %v", got)
		}
	})
}

func TestMissingFileIsDamagedAndNotUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	f := w.kept("filing/1", "a.txt", []byte("a"))
	must(t, w.blob.Delete(t.Context(), key(f.ID)))
	_, _, err := w.Open(t.Context(), alpha, f.ID)
	want(t, err, file.ErrDamaged)
	if got := w.actions(alpha); !slices.Equal(got, []string{"file.damaged missing"}) {
		t.Errorf("the journal has %v", got)
	}
}

func TestMoreThanABatchIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	for i := range 210 {
		w.kept(fmt.Sprint("filing/", i), "a.txt", []byte("a"))
	}
	w.clock.Advance(8 * 24 * time.Hour)
	if report, err := w.Check(t.Context()); err != nil || report.Checked != 210 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The lists that the schedule walks are index walks on PostgreSQL.
func TestSweepAndCheckWalkIndexes(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	_, err := db.Exec(t.Context(), `
		INSERT INTO files (id, organisation_id, name, media_type, size, sha256, owners, loose_at, created_at, checked_at, damaged_at)
		SELECT 'f' || n, 'o', 'n', 'm', 1, 's', 1, 0, n, n, 0 FROM generate_series(1, 20000) n`)
	must(t, err)
	_, err = db.Exec(t.Context(), `ANALYZE files`)
	must(t, err)
	for _, query := range []string{
		`SELECT id FROM files WHERE loose_at > 0 AND loose_at < 1000 ORDER BY loose_at LIMIT 200`,
		`SELECT id FROM files WHERE checked_at < 1000 ORDER BY checked_at, id LIMIT 200`,
		`SELECT COUNT(*) FROM files WHERE damaged_at > 0`,
	} {
		var plan []string
		must(t, db.Select(t.Context(), &plan, `EXPLAIN `+query))
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
			t.Errorf("%s:\n%s", query, text)
		}
	}
}
