package extract

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// A sender who falls behind is cut off where the connection waits for him, and one who
// keeps the pace is not; once all has come in there is no deadline any more.
func TestASenderKeepsThePace(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	now, deadline := began, time.Time{}
	p := &paced{
		body: strings.NewReader(strings.Repeat("x", 5<<20)), began: began, now: func() time.Time { return now },
		deadline: func(at time.Time) error { deadline = at; return nil },
	}
	read := func(n int64) error { _, err := io.CopyN(io.Discard, p, n); return err }
	if err := read(1); err != nil || !deadline.Equal(began.Add(3*time.Second)) {
		t.Errorf("the first byte: %v, until %s", err, deadline)
	}
	now = began.Add(4 * time.Second)
	if err := read(1); !errors.Is(err, errSlow) {
		t.Errorf("one byte in four seconds: %v", err)
	}
	now = began
	if err := read(1<<20 - 1); err != nil {
		t.Fatal(err)
	}
	now = began.Add(11*time.Second - 1) // a mebibyte is eight seconds
	if err := read(1); err != nil || !deadline.Equal(began.Add(11*time.Second)) {
		t.Errorf("a mebibyte: %v, until %s", err, deadline)
	}
	now = began.Add(12 * time.Second)
	if err := read(1); !errors.Is(err, errSlow) {
		t.Errorf("too late with the next one: %v", err)
	}
	now = began
	if err := read(4 << 20); !errors.Is(err, io.EOF) || !deadline.IsZero() {
		t.Errorf("the end: %v, until %s", err, deadline)
	}
	p.body, p.read = strings.NewReader("x"), 100<<20
	now = began.Add(30 * time.Second)
	if err := read(1); !errors.Is(err, errSlow) {
		t.Errorf("half a minute for whatever size: %v", err)
	}
}
