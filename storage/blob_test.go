package storage_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func putBlob(t *testing.T, b storage.Blob, key, content string) {
	t.Helper()
	n, err := b.Put(t.Context(), key, strings.NewReader(content))
	if must(t, err); n != int64(len(content)) {
		t.Fatalf("put %d bytes, want %d", n, len(content))
	}
}

func readBlob(t *testing.T, b storage.Blob, key string) string {
	t.Helper()
	r, err := b.Open(t.Context(), key)
	must(t, err)
	defer r.Close()
	content, err := io.ReadAll(r)
	must(t, err)
	return string(content)
}

func listBlobs(t *testing.T, b storage.Blob) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	must(t, b.Each(t.Context(), func(key string, size int64, modified time.Time) error {
		if age := time.Since(modified); age < -time.Minute || age > time.Minute {
			t.Errorf("%s was put %s ago", key, age)
		}
		found[key] = size
		return nil
	}))
	return found
}

func TestBlobContract(t *testing.T) {
	t.Parallel()
	storagetest.EachBlob(t, func(t *testing.T, b storage.Blob) {
		_, err := b.Open(t.Context(), "files/01/one")
		want(t, err, storage.ErrNotFound)
		putBlob(t, b, "files/01/one", "first")
		putBlob(t, b, "files/01/one", "second")
		putBlob(t, b, "files/02/two", "")
		if got := readBlob(t, b, "files/01/one"); got != "second" {
			t.Errorf("got %q", got)
		}
		if got := readBlob(t, b, "files/02/two"); got != "" {
			t.Errorf("the empty one has %q", got)
		}
		must(t, b.Delete(t.Context(), "files/01/one"))
		must(t, b.Delete(t.Context(), "files/01/one")) // twice is no error
		must(t, b.Delete(t.Context(), "files/01"))     // nor is what others stand below
		_, err = b.Open(t.Context(), "files/01/one")
		want(t, err, storage.ErrNotFound)
		_, err = b.Open(t.Context(), "files/02")
		want(t, err, storage.ErrNotFound)
		if got := listBlobs(t, b); !maps.Equal(got, map[string]int64{"files/02/two": 0}) {
			t.Errorf("listed %v", got)
		}
	})
}

func TestBlobLargerThanAPartComesBackAndSeeks(t *testing.T) {
	t.Parallel()
	storagetest.EachBlob(t, func(t *testing.T, b storage.Blob) {
		content := make([]byte, 8<<20+12345)
		_, _ = rand.Read(content)
		n, err := b.Put(t.Context(), "large", iotest.HalfReader(bytes.NewReader(content)))
		if must(t, err); n != int64(len(content)) {
			t.Fatalf("put %d bytes, want %d", n, len(content))
		}
		r, err := b.Open(t.Context(), "large")
		must(t, err)
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes came back, %v", len(got), err)
		}
		for _, at := range []int64{8<<20 + 1, 0, 77} {
			_, err := r.Seek(at, io.SeekStart)
			must(t, err)
			part := make([]byte, 1000)
			if _, err := io.ReadFull(r, part); err != nil || !bytes.Equal(part, content[at:at+1000]) {
				t.Errorf("from %d: %v", at, err)
			}
		}
	})
}

func TestEachListsEverythingAndEndsWithTheError(t *testing.T) {
	t.Parallel()
	storagetest.EachBlob(t, func(t *testing.T, b storage.Blob) {
		expect := map[string]int64{}
		for i := range 8 {
			key := fmt.Sprintf("files/%02d/%d", i%3, i)
			putBlob(t, b, key, strings.Repeat("x", i))
			expect[key] = int64(i)
		}
		if got := listBlobs(t, b); !maps.Equal(got, expect) {
			t.Errorf("listed %v, want %v", got, expect)
		}
		enough, seen := errors.New("enough"), 0
		err := b.Each(t.Context(), func(string, int64, time.Time) error { seen++; return enough })
		if want(t, err, enough); seen != 1 {
			t.Errorf("fn was called %d times after its error", seen)
		}
	})
}

// A reader that fails, or a caller who leaves, changes nothing that can be opened.
func TestFailedPutLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	storagetest.EachBlob(t, func(t *testing.T, b storage.Blob) {
		putBlob(t, b, "kept", "before")
		broken := errors.New("the sender left")
		for name, size := range map[string]int{"small": 100, "in parts": 9 << 20} {
			r := io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(broken))
			_, err := b.Put(t.Context(), "kept", r)
			if want(t, err, broken); readBlob(t, b, "kept") != "before" {
				t.Errorf("%s: half of it is there", name)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := b.Put(ctx, "kept", strings.NewReader("after"))
		want(t, err, context.Canceled)
		_, err = b.Put(ctx, "new", strings.NewReader("after"))
		want(t, err, context.Canceled)
		if got := listBlobs(t, b); !maps.Equal(got, map[string]int64{"kept": 6}) {
			t.Errorf("listed %v", got)
		}
	})
}

// Readers see the old or the new, whole.
func TestPutReplacesAtOneStroke(t *testing.T) {
	t.Parallel()
	storagetest.EachBlob(t, func(t *testing.T, b storage.Blob) {
		versions := []string{strings.Repeat("a", 50_000), strings.Repeat("b", 70_000)}
		putBlob(t, b, "key", versions[0])
		var work sync.WaitGroup
		for _, content := range versions {
			work.Go(func() {
				for range 10 {
					if _, err := b.Put(context.Background(), "key", strings.NewReader(content)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 20 {
			if got := readBlob(t, b, "key"); !slices.Contains(versions, got) {
				t.Errorf("a mixture of %d bytes", len(got))
			}
		}
		work.Wait()
	})
}

func TestKeysCannotLeaveTheFolder(t *testing.T) {
	t.Parallel()
	storagetest.EachBlob(t, func(t *testing.T, b storage.Blob) {
		for _, key := range []string{
			"", ".", "..", "../out", "a/../../out", "a/..", "/etc/passwd", "a//b", "a/", "/a", "a/./b", `a\b`, `..\out`,
			".incoming/x", "a/.hidden", "a\x00b", "a b", "Ä", "A", "a\nb", "-a", "c:d", "%2e%2e/a", strings.Repeat("a", 201), strings.Repeat("a/", 256) + "a",
		} {
			_, put := b.Put(t.Context(), key, strings.NewReader("x"))
			_, open := b.Open(t.Context(), key)
			for act, err := range map[string]error{"put": put, "open": open, "delete": b.Delete(t.Context(), key)} {
				if !errors.Is(err, storage.ErrBlobKey) {
					t.Errorf("%s %q: %v", act, key, err)
				}
			}
		}
		if got := listBlobs(t, b); len(got) != 0 {
			t.Errorf("listed %v", got)
		}
	})
}

func TestFolderFollowsNoLinkOutOfIt(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
	b := storagetest.OpenBlob(t, "file://"+dir)
	must(t, os.Symlink(outside, filepath.Join(dir, "files")))
	if r, err := b.Open(t.Context(), "files/secret"); err == nil {
		r.Close()
		t.Error("a file outside was opened")
	}
	if _, err := b.Put(t.Context(), "files/new", strings.NewReader("x")); err == nil {
		t.Error("a file outside was written")
	}
	if err := b.Delete(t.Context(), "files/secret"); err == nil {
		t.Error("a file outside was deleted")
	}
	if got, err := os.ReadDir(outside); err != nil || len(got) != 1 {
		t.Errorf("outside are %v, %v", got, err)
	}
	if got := listBlobs(t, b); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
}

func TestFolderIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "when", "missing")
	b := storagetest.OpenBlob(t, "file://"+dir)
	putBlob(t, b, "files/01/one", "x")
	for path, mode := range map[string]os.FileMode{"": 0o700, "files/01": 0o700, "files/01/one": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if must(t, err); info.Mode().Perm() != mode {
			t.Errorf("%q has mode %v", path, info.Mode())
		}
	}
}

func TestTidyRemovesWhatCutPutsLeft(t *testing.T) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		b := storagetest.OpenBlob(t, "file://"+dir)
		putBlob(t, b, "kept", "x")
		cut := filepath.Join(dir, ".incoming", "CUT") // as a kill between write and rename leaves it
		must(t, os.WriteFile(cut, []byte("half"), 0o600))
		must(t, b.Tidy(t.Context(), time.Now().Add(-time.Hour)))
		if _, err := os.Stat(cut); err != nil {
			t.Errorf("one that is being written was removed: %v", err)
		}
		must(t, b.Tidy(t.Context(), time.Now().Add(time.Hour)))
		if _, err := os.Stat(cut); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
		if readBlob(t, b, "kept") != "x" {
			t.Error("tidying took more")
		}
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		server := storagetest.NewS3(t)
		b := server.Blob(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server.Down(func(r *http.Request) bool { // neither the second part nor the abort gets through
			if r.URL.Query().Get("partNumber") == "2" {
				cancel()
				return true
			}
			return r.Method == http.MethodDelete && r.URL.Query().Has("uploadId")
		})
		if _, err := b.Put(ctx, "large", bytes.NewReader(make([]byte, 9<<20))); err == nil {
			t.Error("put")
		}
		server.Down(nil)
		must(t, b.Tidy(t.Context(), time.Now().Add(-time.Hour)))
		if n := server.Uploads(); n != 1 {
			t.Errorf("%d uploads, want the one that was cut", n)
		}
		must(t, b.Tidy(t.Context(), time.Now().Add(time.Hour)))
		if n := server.Uploads(); n != 0 {
			t.Errorf("%d uploads are left", n)
		}
	})
}

func TestS3RequestsAreSignedAndStayBelowThePrefix(t *testing.T) {
	t.Parallel()
	server := storagetest.NewS3(t)
	server.Put("another/one", []byte("x"))
	server.Put("propusk/Not Ours", []byte("x"))
	b := server.Blob(t)
	putBlob(t, b, "files/01/one", "x")
	if got := server.Keys(); !slices.Equal(got, []string{"another/one", "propusk/Not Ours", "propusk/files/01/one"}) {
		t.Errorf("the bucket holds %v", got)
	}
	if got := listBlobs(t, b); !maps.Equal(got, map[string]int64{"files/01/one": 1}) {
		t.Errorf("listed %v", got)
	}
	stranger := storagetest.OpenBlob(t, strings.Replace(server.Address(), "s3://AK", "s3://XX", 1))
	if _, err := stranger.Put(t.Context(), "x", strings.NewReader("x")); err == nil || strings.Contains(err.Error(), "not-a-secret") {
		t.Errorf("another account: %v", err)
	}
}

func TestS3ThatIsAwayIsNotAnAbsentBlob(t *testing.T) {
	t.Parallel()
	server := storagetest.NewS3(t)
	b := server.Blob(t)
	putBlob(t, b, "one", "x")
	server.Down(func(*http.Request) bool { return true })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := b.Open(ctx, "one"); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if err := b.Each(ctx, func(string, int64, time.Time) error { return nil }); err == nil {
		t.Error("an empty list")
	}
	server.Down(nil)
	missing := storagetest.OpenBlob(t, strings.Replace(server.Address(), "@files/", "@missing/", 1))
	if _, err := missing.Open(t.Context(), "one"); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a bucket that is not there: %v", err)
	}
}

func TestOpenBlobRefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "files", "file://", "file:///", "file://host/dir", "ftp://host/dir", "s3://", "s3:///x", "s3://k:secret@b?endpoint=host",
		"s3://k:secret@b?endpoint=https://host/path", "s3://k:secret@b/../x", "s3://k:secret@b/%zz", "file:///dev/null/x", "s3://k:secret@b?endpoint=ftp://h",
	} {
		if b, err := storage.OpenBlob(address); err == nil {
			t.Errorf("%q was opened: %v", address, b)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the keys show: %v", err)
		}
	}
}
