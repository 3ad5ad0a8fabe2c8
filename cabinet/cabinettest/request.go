package cabinettest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"propusk/cabinet"
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

// document holds requests and answers against the served OpenAPI document.
type document struct{ router routers.Router }

// loaded are documents by their text: the worlds of a package have the same one,
// and reading it takes longer than most tests.
var loaded sync.Map

type readDocument struct {
	described map[string]bool // METHOD /path
	router    routers.Router
	err       error
}

func loadDocument(t testing.TB, server *cabinet.Server) *document {
	t.Helper()
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, httptest.NewRequest("GET", "/v1/openapi.json", nil))
	body := recorder.Body.String()
	once, _ := loaded.LoadOrStore(body, sync.OnceValue(func() readDocument { return parseDocument(body) }))
	read := once.(func() readDocument)()
	Must(t, read.err)
	described := maps.Clone(read.described)
	for _, route := range server.Routes() {
		delete(described, route.Method+" "+route.Path)
	}
	for name := range described {
		t.Errorf("%s is described but not served", name)
	}
	return &document{read.router}
}

func parseDocument(body string) (read readDocument) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(body))
	if err != nil {
		return readDocument{err: err}
	}
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		return readDocument{err: err}
	}
	read.described = map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			read.described[method+" "+path] = true
		}
	}
	doc.Servers = nil // the tests' requests have no host
	read.router, read.err = legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater())
	return read
}

func (d *document) check(t testing.TB, r *http.Request, body string, reply Reply) {
	t.Helper()
	if err := d.judge(r, body, reply); err != nil {
		t.Errorf("%s %s, answer %d: %v\n%s", r.Method, r.URL.Path, reply.StatusCode, err, reply.Text)
	}
}

// judge looks at every answer, and at every JSON request that was accepted: a
// refused one may be wrong on purpose.
func (d *document) judge(r *http.Request, body string, reply Reply) error {
	if r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	route, parameters, err := d.router.FindRoute(r)
	if err != nil {
		if reply.StatusCode == http.StatusNotFound || reply.StatusCode == http.StatusMethodNotAllowed {
			return nil
		}
		return fmt.Errorf("not in the document: %w", err)
	}
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(strings.NewReader(body))
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	options.ExcludeRequestBody = !isJSON(r.Header)
	options.ExcludeResponseBody = !isJSON(reply.Header) && reply.Text != ""
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}
	if reply.StatusCode < 400 {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			return fmt.Errorf("the request was accepted but is not as documented: %w", err)
		}
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: reply.StatusCode, Header: reply.Header,
		Body: io.NopCloser(strings.NewReader(reply.Text)), Options: options,
	})
}

func isJSON(header http.Header) bool {
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")
}
