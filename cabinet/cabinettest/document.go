package cabinettest

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"propusk/cabinet"
	"propusk/cabinet/api/apitest"
)

// document holds requests and answers against the served OpenAPI document.
type document struct{ *apitest.Document }

func loadDocument(t testing.TB, server *cabinet.Server) *document {
	t.Helper()
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, httptest.NewRequest("GET", "/v1/openapi.json", nil))
	read, err := apitest.Read(recorder.Body.String())
	Must(t, err)
	described := read.Described()
	for _, route := range server.Routes() {
		delete(described, route.Method+" "+route.Path)
	}
	for name := range described {
		t.Errorf("%s is described but not served", name)
	}
	return &document{read}
}

// unfilled is a sentence for people that came out with {name} where a word should stand.
var unfilled = regexp.MustCompile(`"(?:detail|title)":"[^"]*\{[a-z_]+\}[^"]*"`)

func (d *document) check(t testing.TB, r *http.Request, body string, reply Reply) {
	t.Helper()
	if said := unfilled.FindString(reply.Text); said != "" {
		t.Errorf("%s %s, answer %d says words with a gap: %s", r.Method, r.URL.Path, reply.StatusCode, said)
	}
	if err := d.Judge(r, body, apitest.Answer{Status: reply.StatusCode, Header: reply.Header, Body: reply.Text}); err != nil {
		t.Errorf("%s %s, answer %d: %v\n%s", r.Method, r.URL.Path, reply.StatusCode, err, reply.Text)
	}
}
