package paper

import (
	"bytes"
	"compress/zlib"
	"io"
)

// Printable lists every letter that the package says its fonts have.
func Printable() []rune {
	var all []rune
	for _, r := range printable.R16 {
		for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
			all = append(all, c)
		}
	}
	return all
}

// Contents are the unpacked streams of a PDF's pages, as far as they unpack.
func Contents(file []byte) ([]string, error) {
	objects, err := objectsOf(file)
	var all []string
	for n := 1; n <= len(objects); n++ {
		_, packed, found := bytes.Cut(objects[n], []byte("stream\n"))
		reader, broken := zlib.NewReader(bytes.NewReader(packed))
		if !found || broken != nil {
			continue
		}
		if content, err := io.ReadAll(reader); err == nil {
			all = append(all, string(content))
		}
	}
	return all, err
}
