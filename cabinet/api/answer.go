package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"propusk/storage"
)

// Answer writes a JSON body. A GET with an entity tag answers 304 to a client
// that holds this very state (RFC 9110 §13.1.2).
func Answer(c Call, status int, etag string, body any) error {
	if unchanged(c, etag) {
		return nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	c.Response().Header().Set("Content-Type", PlainJSON)
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(encoded) // a client that has left cannot be told so
	return nil
}

// unchanged answers 304 where it fits.
func unchanged(c Call, etag string) bool {
	if etag == "" {
		return false
	}
	c.Response().Header().Set("ETag", etag)
	method := c.Request().Method
	if (method == http.MethodGet || method == http.MethodHead) && listsTag(c.Request().Header.Values("If-None-Match"), etag) {
		c.Response().WriteHeader(http.StatusNotModified)
		return true
	}
	return false
}

// Created answers 201 with the address of what was made (RFC 9110 §15.3.2).
func Created(c Call, location, etag string, body any) error {
	c.Response().Header().Set("Location", location)
	return Answer(c, http.StatusCreated, etag, body)
}

// NoContent answers 204.
func NoContent(c Call) error {
	c.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// Speaks marks an answer whose labels depend on the language.
func Speaks(c Call, lang string) {
	c.Response().Header().Set("Content-Language", lang)
	c.Response().Header().Add("Vary", "Accept-Language")
}

// List is items, [] for none: a list in JSON is never null.
func List[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// FileAnswer describes the bytes of a download.
type FileAnswer struct {
	Name, MediaType string
	SHA256          string // hex; becomes the ETag
	Size            int64  // bytes; negative: unknown
	Inline          bool   // may be shown in place; only for types a browser cannot run
}

// File sends bytes as a download (RFC 6266). Whatever they are, a browser neither
// guesses their type nor runs anything in them. A reader that is also an io.Seeker
// lets a client ask for a part (RFC 9110 §14). When the reading fails midway the
// connection is broken off, so that half a file is never taken for a whole.
func File(c Call, f FileAnswer, r io.Reader) error {
	header := c.Response().Header()
	if f.SHA256 != "" && unchanged(c, `"`+f.SHA256+`"`) {
		return nil
	}
	header.Set("Content-Type", f.MediaType)
	header.Set("Content-Disposition", disposition(f))
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if seeker, ok := r.(io.ReadSeeker); ok && f.Size >= 0 {
		return filePart(c, seeker)
	}
	if f.Size >= 0 {
		header.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	}
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(c.Response(), r); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// filePart answers the range that is asked for, the whole when none is; If-Range
// goes by the entity tag.
func filePart(c Call, r io.ReadSeeker) error {
	failing := &failing{ReadSeeker: r}
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, failing)
	if failing.err == nil {
		return nil
	}
	if c.Response().Committed {
		panic(http.ErrAbortHandler)
	}
	return failing.err
}

// failing remembers the error of a reading, which http.ServeContent passes over.
type failing struct {
	io.ReadSeeker
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func disposition(f FileAnswer) string {
	kind := "attachment"
	if f.Inline {
		kind = "inline"
	}
	if text := mime.FormatMediaType(kind, map[string]string{"filename": f.Name}); text != "" {
		return text
	}
	return kind
}

// EntityTag names one state of a record: its version, and the times of whatever
// else is shown with it.
func EntityTag(version int64, times ...storage.Time) string {
	tag := `"` + strconv.FormatInt(version, 36)
	for _, t := range times {
		tag += "-" + strconv.FormatInt(int64(t), 36)
	}
	return tag + `"`
}

// CheckIfMatch refuses a change of a state that the client has not seen (RFC 9110
// §13.1.1). The caller binds the change itself to the version it has compared.
func CheckIfMatch(c Call, etag string) error {
	if listsTag(c.Request().Header.Values("If-Match"), etag) {
		return nil
	}
	return Refuse("version_changed")
}

// Conditional reports whether the client makes its change depend on a state.
func (c Call) Conditional() bool { return len(c.Request().Header.Values("If-Match")) > 0 }

// Matches is CheckIfMatch for a client that makes a condition, and nothing for one
// that makes none.
func (c Call) Matches(etag string) error {
	if !c.Conditional() {
		return nil
	}
	return CheckIfMatch(c, etag)
}

// listsTag looks for a tag in the values of If-Match or If-None-Match. Our tags
// have no commas, so the list can be cut at them. A weak tag (W/) is another text
// than ours and never matches: right for If-Match, and no loss for If-None-Match.
func listsTag(values []string, etag string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one == etag || one == "*" {
				return true
			}
		}
	}
	return false
}
