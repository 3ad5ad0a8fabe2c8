package desk

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// rawLimit bounds the body of a raw call, in bytes: one piece of a resumable upload.
const rawLimit = 8 << 20

// Raw makes a call whose answer's headers matter: a piece of a resumable upload, an
// offset asked for. body may be nil; it is read into memory, up to 8 MiB, to be sent
// again when the token has to be renewed. The caller closes the answer's body. The
// error is a *Problem when the API refuses.
func (v *Visit) Raw(method, path string, query url.Values, header http.Header, body io.Reader) (*http.Response, error) {
	x := exchange{method: method, path: path, query: query, header: http.Header{}}
	for name, values := range header {
		x.header[http.CanonicalHeaderKey(name)] = values
	}
	if body != nil {
		read, err := io.ReadAll(io.LimitReader(body, rawLimit+1))
		if err != nil {
			return nil, readForm(err)
		}
		if len(read) > rawLimit {
			return nil, readForm(&http.MaxBytesError{Limit: rawLimit})
		}
		x.again = func() (io.Reader, error) { return bytes.NewReader(read), nil }
	}
	answer, err := v.live(v.d.streams, x)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer, nil
}

// NoContent answers a script that needs no answer.
func (v *Visit) NoContent() error {
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// Inline is Download for what a page of ours shows in place, in an <img> or a framed
// document: an image or a PDF, as the API's "inline" disposition says. Nothing in it
// runs: it is sandboxed, but for a PDF, which browsers show in no sandbox.
func (v *Visit) Inline(path string, query url.Values) error { return v.download(path, query, true) }

// Frames lets the page that is drawn next hold frames of our own pages' files.
func (v *Visit) Frames() { v.frames = true }
