package desk

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slow is an API that reads a body for a minute, and gives up when its client does.
type slow struct{ read []byte }

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Minute):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if r.Body != nil {
		s.read, _ = io.ReadAll(r.Body)
	}
	answer := httptest.NewRecorder()
	_, _ = io.WriteString(answer, `{"taken":true}`)
	return answer.Result(), nil
}

// TestUploadsTakeAsLongAsTheyTake: an ordinary call gives up after the client's ten
// seconds; whatever sends a file does not.
func TestUploadsTakeAsLongAsTheyTake(t *testing.T) {
	t.Parallel()
	key, err := newProofKey()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		peer := &slow{}
		deps := Deps{API: "https://api.example", HTTPClient: &http.Client{Timeout: 10 * time.Second, Transport: peer}, Now: time.Now}
		d := &Desk{deps: deps}
		d.api, d.streams = deps.clients()
		visit := func() *Visit {
			held := &session{Key: key, Tokens: tokens{Access: "at", Expiry: time.Now().Add(time.Hour)}}
			q := &request{d: d, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodPost, "/cabinet", nil), lang: "ru"}
			return &Visit{request: q, session: held}
		}
		var told struct {
			Taken bool `json:"taken"`
		}
		content := strings.Repeat("a journal's line\n", 1000)
		if err := visit().UploadRaw(http.MethodPost, "/x", "application/x-ndjson", strings.NewReader(content), &told); err != nil || !told.Taken {
			t.Errorf("a raw upload of a minute: %v, taken %v", err, told.Taken)
		}
		if string(peer.read) != content {
			t.Errorf("%d bytes came, want %d", len(peer.read), len(content))
		}
		parts := []Part{{Name: "file", File: bytes.NewReader([]byte("x")), FileName: "x.pdf"}}
		if err := visit().Upload("/x", parts, &told); err != nil {
			t.Errorf("an upload of a minute: %v", err)
		}
		if _, err := visit().Raw(http.MethodPatch, "/x", nil, nil, strings.NewReader("piece")); err != nil {
			t.Errorf("a piece of a minute: %v", err)
		}
		if err := visit().Post("/x", map[string]string{}, nil); err == nil {
			t.Error("an ordinary call waits for a minute")
		}
	})
}
