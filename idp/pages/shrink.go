package pages

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// shrinkFrom is the least page that is worth compressing, in bytes.
const shrinkFrom = 2 << 10

// padding is up to how many characters a compressed page is made longer by chance: its
// length on the wire must not tell whether a guess that an address brings along stands
// on the page too (the attack known as BREACH). Pages of the sign-in, which hold
// secrets, are never compressed.
const padding = 64

var shrinkers = sync.Pool{New: func() any {
	writer, _ := gzip.NewWriterLevel(nil, 5) // a level that exists
	return writer
}}

// shrink compresses a page of the cabinet for a browser that takes it.
func shrink(w http.ResponseWriter, r *http.Request, page Page, body []byte) []byte {
	if _, custom := page.(Custom); !custom || len(body) < shrinkFrom {
		return body
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if !acceptsGzip(r) {
		return body
	}
	var out bytes.Buffer
	writer := shrinkers.Get().(*gzip.Writer)
	defer shrinkers.Put(writer)
	writer.Reset(&out)
	writer.Comment = strings.Repeat("-", rand.IntN(padding)) // #nosec G404 -- noise, no secret
	if _, err := writer.Write(body); err != nil {
		return body
	}
	if err := writer.Close(); err != nil {
		return body
	}
	w.Header().Set("Content-Encoding", "gzip")
	return out.Bytes()
}
