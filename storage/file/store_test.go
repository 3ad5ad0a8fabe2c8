package file_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

func TestWhatIsSavedComesBack(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		content := filetest.PDF("Hello")
		f := w.save(alpha, "Отчёт.pdf", content)
		sum := sha256.Sum256(content)
		now := storage.Of(w.clock.Now())
		if expect := (file.File{
			ID: f.ID, OrganisationID: alpha, Name: "Отчёт.pdf", MediaType: "application/pdf", Size: int64(len(content)),
			SHA256: hex.EncodeToString(sum[:]), CreatedAt: now, CheckedAt: now,
		}); f != expect {
			t.Errorf("saved %+v, want %+v", f, expect)
		}
		got, err := w.Get(t.Context(), alpha, f.ID)
		if must(t, err); got != f || !got.Whole() {
			t.Errorf("record %+v", got)
		}
		if text, err := w.read(alpha, f.ID); err != nil || text != string(content) {
			t.Errorf("read %q, %v", text, err)
		}
		_, whole, err := w.Read(t.Context(), alpha, f.ID, f.Size)
		if must(t, err); !bytes.Equal(whole, content) {
			t.Error("Read gives something else")
		}
		_, _, err = w.Read(t.Context(), alpha, f.ID, f.Size-1)
		want(t, err, file.ErrTooLarge)
	})
}

func TestFileOfAnotherOrganisationIsNotThere(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		f := w.save(alpha, "a.pdf", filetest.PDF("x"))
		_, err := w.Get(t.Context(), beta, f.ID)
		want(t, err, storage.ErrNotFound)
		_, _, err = w.Open(t.Context(), beta, f.ID)
		want(t, err, storage.ErrNotFound)
		_, _, err = w.Read(t.Context(), beta, f.ID, 1<<20)
		want(t, err, storage.ErrNotFound)
		want(t, w.Keep(t.Context(), beta, "filing/1", f.ID), storage.ErrNotFound)
		if owners, err := w.Owners(t.Context(), f.ID); err != nil || len(owners) != 0 {
			t.Errorf("owners %v, %v", owners, err)
		}
	})
}

func TestBytesAtRestTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	f := w.save(alpha, "a.txt", []byte(strings.Repeat("a very secret text\n", 100)))
	r, err := w.blob.Open(t.Context(), key(f.ID))
	must(t, err)
	defer r.Close()
	sealed, err := io.ReadAll(r)
	if must(t, err); bytes.Contains(sealed, []byte("secret")) || len(sealed) != int(f.Size)+1+16 {
		t.Errorf("%d bytes are kept for %d", len(sealed), f.Size)
	}
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	broken := errors.New("the sender left")
	for name, tt := range map[string]struct {
		r      io.Reader
		kinds  file.Kinds
		limit  int64
		want   error
		reason string
	}{
		"a byte too much":              {bytes.NewReader(make([]byte, 101)), file.Part, 100, file.ErrTooLarge, "too_large"},
		"much too much":                {rand.NewChaCha8([32]byte{}), file.Part, 3 << 20, file.ErrTooLarge, "too_large"},
		"nothing":                      {strings.NewReader(""), file.Part, 100, file.ErrEmpty, "empty"},
		"another kind":                 {bytes.NewReader(filetest.PNG()), file.PDF | file.XML, 1 << 20, file.ErrKind, "kind"},
		"a sender who leaves":          {io.MultiReader(bytes.NewReader(filetest.PDF("x")), iotest.ErrReader(broken)), file.PDF, 1 << 20, broken, ""},
		"a sender who leaves too late": {io.MultiReader(bytes.NewReader(make([]byte, 2<<20)), iotest.ErrReader(broken)), file.Part, 4 << 20, broken, ""},
	} {
		_, err := w.Save(t.Context(), alpha, "x.pdf", tt.kinds, tt.limit, tt.r)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if got := w.metric("propusk_files_refused_total"); got != 4 {
		t.Errorf("%v refusals counted", got)
	}
	if len(w.records())+len(w.blobs()) != 0 {
		t.Errorf("kept %v, %v", w.records(), w.blobs())
	}
}

func TestExactlyTheLimitIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, 1<<20 + 1, 3 << 20} {
		content := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(content)
		f, err := w.Save(t.Context(), alpha, "part", file.Part, int64(size), iotest.HalfReader(bytes.NewReader(content)))
		must(t, err)
		if got, err := w.read(alpha, f.ID); err != nil || got != string(content) || f.MediaType != "application/octet-stream" {
			t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
		}
	}
}

func TestReadingBeginsAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	content := make([]byte, 200<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	f, err := w.Save(t.Context(), alpha, "part", file.Part, 1<<20, bytes.NewReader(content))
	must(t, err)
	_, r, err := w.Open(t.Context(), alpha, f.ID)
	must(t, err)
	defer r.Close()
	for _, tt := range []struct {
		offset int64
		whence int
		at     int64
	}{{150 << 10, io.SeekStart, 150 << 10}, {-10, io.SeekEnd, 200<<10 - 10}, {0, io.SeekStart, 0}, {64<<10 - 5, io.SeekCurrent, 64<<10 + 5}, {0, io.SeekEnd, 200 << 10}} {
		at, err := r.Seek(tt.offset, tt.whence)
		if must(t, err); at != tt.at {
			t.Fatalf("stands at %d, want %d", at, tt.at)
		}
		part := make([]byte, 10)
		n, err := io.ReadFull(r, part)
		if expect := content[at:min(at+10, int64(len(content)))]; n != len(expect) || !bytes.Equal(part[:n], expect) || (err != nil) != (n < 10) {
			t.Errorf("from %d: %d bytes, %v", at, n, err)
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("before the beginning")
	}
}

func TestKeepingAndReleasing(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		one, two := w.save(alpha, "1.txt", []byte("1")), w.save(alpha, "2.txt", []byte("2"))
		must(t, w.Keep(t.Context(), alpha, "filing/1", one.ID, two.ID))
		must(t, w.Keep(t.Context(), alpha, "filing/1", one.ID)) // twice is once
		must(t, w.Keep(t.Context(), alpha, "document/1", one.ID))
		owned, err := w.Owned(t.Context(), "filing/1")
		if must(t, err); len(owned) != 2 || owned[0].ID != one.ID || owned[1].Name != "2.txt" {
			t.Errorf("owned %v", owned)
		}
		owners, err := w.Owners(t.Context(), one.ID)
		if must(t, err); !slices.Equal(owners, []string{"document/1", "filing/1"}) {
			t.Errorf("owners %v", owners)
		}
		if others, err := w.Others(t.Context(), "filing/1"); err != nil || !slices.Equal(others, []string{"document/1"}) {
			t.Errorf("others %v, %v", others, err)
		}
		must(t, w.Release(t.Context(), "filing/1"))
		must(t, w.Release(t.Context(), "filing/1")) // nothing is left to release
		must(t, w.Release(t.Context(), "nobody", one.ID))
		w.clock.Advance(25 * time.Hour)
		swept, err := w.Sweep(t.Context())
		if must(t, err); swept.Loose != 1 || !maps.Equal(w.records(), set([]string{one.ID})) {
			t.Errorf("swept %+v, left %v", swept, w.records())
		}
		want(t, w.Keep(t.Context(), alpha, "filing/2", one.ID, two.ID), storage.ErrNotFound)
		if owned, err := w.Owned(t.Context(), "filing/2"); err != nil || len(owned) != 0 {
			t.Errorf("half was kept: %v, %v", owned, err)
		}
		if err := w.Keep(t.Context(), alpha, "", one.ID); err == nil {
			t.Error("kept by nobody")
		}
	})
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	for name, drop := range map[string]func(*file.Deps){
		"DB": func(d *file.Deps) { d.DB = nil }, "Blob": func(d *file.Deps) { d.Blob = nil }, "Sealer": func(d *file.Deps) { d.Sealer = nil },
		"Journal": func(d *file.Deps) { d.Journal = nil }, "Now": func(d *file.Deps) { d.Now = nil }, "Log": func(d *file.Deps) { d.Log = nil },
	} {
		deps := w.deps
		drop(&deps)
		if _, err := file.New(deps); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := file.New(w.deps); err == nil {
		t.Error("metrics were registered twice")
	}
}

func TestWatchersAreToldOfANewOwnerOnceAndCanStopIt(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		var told []string
		stop := errors.New("stop")
		w.Watch(func(_ context.Context, owner string, f file.File) error {
			if told = append(told, owner+" "+f.Name); owner == "filing/2" {
				return stop
			}
			return nil
		})
		f := w.save(alpha, "a.txt", []byte("a"))
		must(t, w.Keep(t.Context(), alpha, "filing/1", f.ID))
		must(t, w.Keep(t.Context(), alpha, "filing/1", f.ID))
		want(t, w.Keep(t.Context(), alpha, "filing/2", f.ID), stop)
		if owners, err := w.Owners(t.Context(), f.ID); err != nil || !slices.Equal(owners, []string{"filing/1"}) || !slices.Equal(told, []string{"filing/1 a.txt", "filing/2 a.txt"}) {
			t.Errorf("owners %v, told %v, %v", owners, told, err)
		}
	})
}
