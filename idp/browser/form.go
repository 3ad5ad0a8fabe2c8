package browser

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"propusk/idp/pages"
)

const (
	// MaxBody is how many bytes of a request's body are read where a route says
	// nothing else.
	MaxBody  = 64 << 10
	maxQuery = 16 << 10 // bytes of the query: authorization requests of many scopes are long
	// memory is how much of an uploaded form is held in memory, in bytes; the
	// rest goes to temporary files.
	memory = 1 << 20
)

// WellFormed bounds the query and the body (in bytes) and refuses what no form
// of ours and no OAuth parameter may hold: broken escapes, broken UTF-8,
// control characters. What comes after it finds r.Form parsed, that of
// multipart/form-data too. The files of one are not looked into.
func WellFormed(w http.ResponseWriter, r *http.Request, maxBody int64) error {
	if len(r.URL.RawQuery) > maxQuery {
		return Fault{Status: http.StatusRequestURITooLong, Page: pages.FailureLarge}
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	err := parse(r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return Fault{Status: http.StatusRequestEntityTooLarge, Page: pages.FailureLarge, Err: err}
	case err != nil:
		return Malformed("parse form: %w", err)
	}
	for name, values := range r.Form {
		if !printable(name) || slices.ContainsFunc(values, func(value string) bool { return !printable(value) }) {
			return Malformed("parameter %q is not text", name)
		}
	}
	return nil
}

func parse(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodPost && kind == "multipart/form-data" {
		return r.ParseMultipartForm(memory)
	}
	return r.ParseForm()
}

// printable tells text from bytes: UTF-8 without control characters but for
// tab and line ends.
func printable(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
		return (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r == 0x7f
	})
}

// Field is one value of one of our own forms, at most limit bytes long; "" when
// the form has none.
func Field(r *http.Request, name string, limit int) (string, error) {
	values := r.PostForm[name]
	switch {
	case len(values) > 1:
		return "", Malformed("field %q is there twice", name)
	case len(values) == 0:
		return "", nil
	case len(values[0]) > limit:
		return "", Fault{Status: http.StatusBadRequest, Page: pages.FailureLarge, Err: fmt.Errorf("field %q is too long", name)}
	default:
		return values[0], nil
	}
}

// Wrong is the one message of a form: key stands beside field.
func Wrong(field, key string) []pages.FieldError {
	return []pages.FieldError{{Field: field, Key: key}}
}

// SeeOther sends the browser on with a GET, so that reloading posts nothing.
func SeeOther(c echo.Context, to string) error {
	return c.Redirect(http.StatusSeeOther, to)
}
