package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"propusk/conf"
)

// newLog writes structured lines to w. The configuration was validated, so an
// unknown level cannot come here.
func newLog(c conf.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level))
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// flushEvery is how long a line below warning may wait to be written: a busy
// node then pays one system call for many requests. A killed process loses at
// most so much of its access log; what matters is in the journal.
const flushEvery = 200 * time.Millisecond

// lineBuffer collects lines for w and writes them every flushEvery.
type lineBuffer struct {
	mu   sync.Mutex
	buf  *bufio.Writer
	stop chan struct{}
	done chan struct{}
}

func newLineBuffer(w io.Writer) *lineBuffer {
	b := &lineBuffer{buf: bufio.NewWriterSize(w, 64<<10), stop: make(chan struct{}), done: make(chan struct{})}
	go b.run()
	return b
}

func (b *lineBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lineBuffer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.buf.Flush() // whoever reads the log has gone away; nobody is left to tell
}

func (b *lineBuffer) run() {
	defer close(b.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.flush()
		case <-b.stop:
			return
		}
	}
}

// close writes what is left.
func (b *lineBuffer) close() {
	close(b.stop)
	<-b.done
	b.flush()
}

// prompt is a handler that has warnings and errors written at once.
type prompt struct {
	slog.Handler
	buffer *lineBuffer
}

// newBufferedLog is newLog for a node that answers requests. Call close before
// the process ends.
func newBufferedLog(c conf.Log, w io.Writer) (log *slog.Logger, close func()) {
	buffer := newLineBuffer(w)
	return slog.New(prompt{newLog(c, buffer).Handler(), buffer}), buffer.close
}

func (p prompt) Handle(ctx context.Context, r slog.Record) error {
	err := p.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		p.buffer.flush()
	}
	return err
}

func (p prompt) WithAttrs(attrs []slog.Attr) slog.Handler {
	return prompt{p.Handler.WithAttrs(attrs), p.buffer}
}

func (p prompt) WithGroup(name string) slog.Handler {
	return prompt{p.Handler.WithGroup(name), p.buffer}
}
