package webtest

import (
	"bytes"
	"net/http/httptest"
)

// Send makes a request as a script of a page does; headers are name, value pairs.
func (b *Browser) Send(method, path string, body []byte, headers ...string) *Page {
	b.T.Helper()
	r := httptest.NewRequest(method, desk0+path, bytes.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.follow(r)
}
