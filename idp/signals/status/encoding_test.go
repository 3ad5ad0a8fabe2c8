package status

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
	"testing"
)

// The byte arrays of draft-ietf-oauth-status-list §4.2. What zlib makes of them is not
// prescribed byte by byte; what it gives back is.
func TestListsReadAsTheSpecificationHasThem(t *testing.T) {
	t.Parallel()
	for lst, want := range map[string][]byte{"eNrbuRgAAhcBXQ": {0xb9, 0xa3}, "eNo76fITAAPfAgc": {0xc9, 0x44, 0xf9}} {
		ours, err := compressed(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{lst, ours} {
			raw, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			z, err := zlib.NewReader(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is %x, %v, want %x", text, got, err, want)
			}
		}
	}
}
