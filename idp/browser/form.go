package browser

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
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

const formType = "application/x-www-form-urlencoded"

// parse fills r.Form and r.PostForm. What every program sends, a form in the
// body and no query, is read without the copies that ParseForm makes.
func parse(r *http.Request) error {
	kind := r.Header.Get("Content-Type")
	switch {
	case r.Method != http.MethodPost:
		return r.ParseForm()
	case kind == formType && r.URL.RawQuery == "" && r.Body != nil:
		return parseBody(r)
	}
	if kind, _, _ = mime.ParseMediaType(kind); kind == "multipart/form-data" {
		return r.ParseMultipartForm(memory)
	}
	return r.ParseForm()
}

// parseBody reads a body that MaxBytesReader bounds. Both maps are one: nothing
// writes to them.
func parseBody(r *http.Request) error {
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= MaxBody {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(r.Body); err != nil {
		return err
	}
	form, err := url.ParseQuery(body.String())
	r.PostForm, r.Form = form, form
	return err
}

// printable tells text from bytes: UTF-8 without control characters but for
// tab and line ends.
func printable(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f {
			return printableText(value)
		}
	}
	return true
}

func printableText(value string) bool {
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
