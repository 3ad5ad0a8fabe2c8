package cabinettest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"propusk/cabinet"
)

// document holds requests and answers against the served OpenAPI document.
type document struct {
	router routers.Router
	bodies *bodies
}

// loaded are documents by their text: the worlds of a package have the same one,
// and reading it takes longer than most tests.
var loaded sync.Map

type readDocument struct {
	described map[string]bool // METHOD /path
	router    routers.Router
	bodies    *bodies
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
	return &document{read.router, read.bodies}
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
	if read.bodies, read.err = newBodies(body); read.err != nil {
		return read
	}
	doc.Servers = nil // the tests' requests have no host
	read.router, read.err = legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater())
	return read
}

// unfilled is a sentence for people that came out with {name} where a word should stand.
var unfilled = regexp.MustCompile(`"(?:detail|title)":"[^"]*\{[a-z_]+\}[^"]*"`)

func (d *document) check(t testing.TB, r *http.Request, body string, reply Reply) {
	t.Helper()
	if said := unfilled.FindString(reply.Text); said != "" {
		t.Errorf("%s %s, answer %d says words with a gap: %s", r.Method, r.URL.Path, reply.StatusCode, said)
	}
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
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		ExcludeRequestBody: true, ExcludeResponseBody: true, // bodies are held against schemas compiled once
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}
	if reply.StatusCode < 400 {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			return fmt.Errorf("the request was accepted but is not as documented: %w", err)
		}
		if err := d.bodies.request(route.Operation, r.Header, body); err != nil {
			return fmt.Errorf("the request was accepted but its body is not as documented: %w", err)
		}
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: reply.StatusCode, Header: reply.Header,
		Body: io.NopCloser(strings.NewReader(reply.Text)), Options: options,
	})
	if err != nil {
		return err
	}
	return d.bodies.response(route.Operation, reply)
}
