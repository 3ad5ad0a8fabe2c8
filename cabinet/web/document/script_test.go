package document_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"propusk/cabinet/web/webtest"
)

// script is what a script of a page does in the person's browser.
type script struct {
	b *webtest.Browser
	t *testing.T
}

// ask sends a body as the page's script does and reads the JSON.
func (s script) ask(method, path, organisation string, body []byte, status int) map[string]any {
	s.t.Helper()
	kind := "application/x-www-form-urlencoded"
	if method == http.MethodPut {
		kind = "application/octet-stream"
	}
	page := s.b.Send(method, path, body, "Content-Type", kind, "Accept", "application/json", "Cabinet-Organisation", organisation)
	page.Is(status)
	told := map[string]any{}
	if err := json.Unmarshal([]byte(page.Body), &told); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, path, err, page.Body)
	}
	return told
}

func with(form url.Values, name string, value int) url.Values {
	more := url.Values{name: {strconv.Itoa(value)}}
	for name, values := range form {
		more[name] = values
	}
	return more
}
