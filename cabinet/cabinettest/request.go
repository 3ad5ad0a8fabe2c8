package cabinettest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/storage/journal"
)

// Reply is an answer with its body read.
type Reply struct {
	*http.Response
	Text string
}

// Problem reads the body as a problem.
func (r Reply) Problem(t testing.TB) api.Problem {
	t.Helper()
	var p api.Problem
	r.Into(t, &p)
	return p
}

// Into reads the body as JSON.
func (r Reply) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Text), v); err != nil {
		t.Fatalf("%v: %s", err, r.Text)
	}
}

// Request builds one with a token. body is nil, a string or []byte as it is, or
// anything else as JSON; headers are name, value pairs.
func Request(t testing.TB, method, path, token string, body any, headers ...string) *http.Request {
	t.Helper()
	text := encoded(t, body)
	var reader io.Reader
	if text != "" {
		reader = strings.NewReader(text)
	}
	r := httptest.NewRequest(method, path, reader)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	return r.WithContext(journal.With(r.Context(), journal.Circumstances{
		RequestID: "req-1", IP: "203.0.113.7", UserAgent: "test",
	}))
}

func encoded(t testing.TB, body any) string {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return ""
	case string:
		return body
	case []byte:
		return string(body)
	}
	text, err := json.Marshal(body)
	Must(t, err)
	return string(text)
}

// Do sends a request to the cabinet and holds request and answer against the
// OpenAPI document.
func (w *World) Do(method, path, token string, body any, headers ...string) Reply {
	w.T.Helper()
	r := Request(w.T, method, path, token, body, headers...)
	reply := w.Send(r)
	w.document.check(w.T, r, encoded(w.T, body), reply)
	return reply
}

// Send gives a request of the test's own making to the cabinet.
func (w *World) Send(r *http.Request) Reply {
	recorder := httptest.NewRecorder()
	w.Server.ServeHTTP(recorder, r)
	return Reply{recorder.Result(), recorder.Body.String()}
}

// Expect fails unless the answer has the status and, for a problem, the code.
func (w *World) Expect(reply Reply, status int, code string) Reply {
	w.T.Helper()
	if reply.StatusCode != status {
		w.T.Fatalf("status %d, want %d: %s", reply.StatusCode, status, reply.Text)
	}
	if code != "" {
		if p := reply.Problem(w.T); p.Code != code {
			w.T.Fatalf("code %q, want %q: %s", p.Code, code, reply.Text)
		}
	}
	return reply
}
