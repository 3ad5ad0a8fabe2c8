package apitest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// Document is an OpenAPI document that has been read.
type Document struct {
	Doc    *openapi3.T
	router routers.Router
	bodies *bodies
}

// Answer is what came of a request.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// read are documents by their text: the worlds of a package have the same one, and
// reading it takes longer than most tests.
var read sync.Map

// Read reads a document and sees that it is valid OpenAPI 3.1; the same text once a
// process. Nobody may change what it answers.
func Read(text string) (*Document, error) {
	once, _ := read.LoadOrStore(text, sync.OnceValues(func() (*Document, error) { return parse(text) }))
	return once.(func() (*Document, error))()
}

func parse(text string) (*Document, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		return nil, fmt.Errorf("the document is not valid: %w", err)
	}
	doc.Servers = nil // the tests' requests have no host
	d := &Document{Doc: doc}
	if d.bodies, err = newBodies(text); err != nil {
		return nil, fmt.Errorf("read the document's schemas: %w", err)
	}
	if d.router, err = legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater()); err != nil {
		return nil, fmt.Errorf("read the document's paths: %w", err)
	}
	return d, nil
}

// Described lists the operations, as "METHOD /path".
func (d *Document) Described() map[string]bool {
	described := map[string]bool{}
	for path, item := range d.Doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	return described
}

// Judge looks at every answer, and at every request that was accepted: a refused one
// may be wrong on purpose.
func (d *Document) Judge(r *http.Request, body string, a Answer) error {
	if strings.HasSuffix(r.URL.Path, "/") || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil // the validator's router drops the slash; the methods are HTTP's own
	}
	route, parameters, err := d.router.FindRoute(r)
	if err != nil {
		if a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed {
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
	if a.Status < http.StatusBadRequest {
		if err := d.accepted(input, body); err != nil {
			return err
		}
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.Status, Header: a.Header, Body: io.NopCloser(strings.NewReader(a.Body)), Options: options,
	})
	if err != nil {
		return fmt.Errorf("the answer is not as documented: %w", err)
	}
	return d.bodies.response(route.Operation, a)
}

func (d *Document) accepted(input *openapi3filter.RequestValidationInput, body string) error {
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return fmt.Errorf("the request was accepted but is not as documented: %w", err)
	}
	if err := d.bodies.request(input.Route.Operation, input.Request.Header, body); err != nil {
		return fmt.Errorf("the request was accepted but its body is not as documented: %w", err)
	}
	return nil
}
