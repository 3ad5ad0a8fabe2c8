package file

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// What is in memory already is told the same as what is read, and is not copied.
func TestFillOfWhatIsInMemory(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("a report "), spoolMemory/8)
	whole, err := fill(t.Context(), bytes.NewReader(content), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	read, err := fill(t.Context(), strings.NewReader(string(content)), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer read.close()
	if whole.sha256 != read.sha256 || whole.size != read.size || whole.disk != nil || whole.memory != nil || read.disk == nil {
		t.Errorf("in memory %d bytes, %s; read %d bytes, %s", whole.size, whole.sha256, read.size, read.sha256)
	}
	got, err := io.ReadAll(io.NewSectionReader(whole.reader(), 0, whole.size))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("it is read back as %d bytes, %v", len(got), err)
	}
	if _, err := fill(t.Context(), bytes.NewReader(content), 100); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one too large: %v", err)
	}
	if _, err := fill(t.Context(), bytes.NewReader(nil), 100); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty one: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fill(over, bytes.NewReader(content), 1<<30); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	half := bytes.NewReader(content)
	_, _ = half.ReadByte()
	if rest, err := fill(t.Context(), half, 1<<30); err != nil || rest.size != int64(len(content)-1) || rest.whole != nil {
		t.Errorf("of a reader that was begun: %v", err)
	} else {
		rest.close()
	}
}
