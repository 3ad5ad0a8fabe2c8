package webtest

import (
	"bytes"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"testing"

	"propusk/cabinet/cabinettest"
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

// Multipart is a form with one file, for Send.
func Multipart(t testing.TB, fields url.Values, field, name string, content []byte) (body []byte, kind string) {
	t.Helper()
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	for name, values := range fields {
		for _, value := range values {
			cabinettest.Must(t, writer.WriteField(name, value))
		}
	}
	part, err := writer.CreateFormFile(field, name)
	cabinettest.Must(t, err)
	_, err = part.Write(content)
	cabinettest.Must(t, err)
	cabinettest.Must(t, writer.Close())
	return out.Bytes(), writer.FormDataContentType()
}
