package document_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"propusk/storage/storagetest"
)

// Who sends pieces with wrong digests, finishes one upload many times at once or
// begins and abandons them over and over leaves no byte behind that nobody keeps.
func TestRefusedPiecesAndForkedFinishesFillNoDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	used := func(want int) {
		t.Helper()
		if got, err := w.files.Used(t.Context(), a.ID); err != nil || got != int64(want) {
			t.Errorf("%d bytes are kept, want %d: %v", got, want, err)
		}
	}
	content := archive(300 * kib)
	body := func(sum string) string {
		return fmt.Sprintf(`{"file_name":"a.zip","size":%d,"type":"archive","sha256":"%s"}`, len(content), sum)
	}
	u := w.begin(a, body(hexSum(content)))
	for range 3 {
		w.Expect(u.send(0, content[:256*kib], "Content-Digest", digest(content)), 422, "document_digest")
		w.Expect(u.send(0, content[:1000]), 422, "document_piece")
	}
	used(0)
	w.Expect(u.send(0, content, "Content-Digest", digest(content)), 204, "")
	used(len(content))
	var group sync.WaitGroup
	var mutex sync.Mutex
	made := 0
	for range 6 {
		group.Go(func() {
			if u.finish().StatusCode == http.StatusCreated {
				mutex.Lock()
				made++
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	if made != 1 {
		t.Errorf("%d documents were made of one upload", made)
	}
	used(len(content))

	other := w.begin(a, body(hexSum([]byte("another"))))
	w.Expect(other.send(0, content), 204, "")
	w.Expect(other.finish(), 422, "document_digest")
	used(2 * len(content))
	w.Expect(w.Do("DELETE", other.path, other.token, nil), 204, "")
	used(len(content))
}
