package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/conf"
)

// stopping is a server that is asked to end by stop, with so much patience; ended
// gives what serveUntil said.
func stopping(t *testing.T, patience time.Duration, handler http.HandlerFunc) (address string, stop func(), ended chan error) {
	t.Helper()
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	server := newHTTPServer(conf.Default().HTTP, nil, handler, slog.New(slog.DiscardHandler))
	ended = make(chan error, 1)
	go func() { ended <- serveUntil(ctx, server, l, patience) }()
	return l.Addr().String(), stop, ended
}

func dialled(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// silentConnection is one that the server has accepted, and that has asked nothing.
func silentConnection(t *testing.T, address string) net.Conn {
	t.Helper()
	c := dialled(t, address)
	next := dialled(t, address) // accepted after the other
	asks(t, next, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answers(t, next)
	return c
}

func asks(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func answers(t *testing.T, c net.Conn) {
	t.Helper()
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%+v, %v", resp, err)
	}
}

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// A connection opened ahead of need is no request: a stop does not wait for it until
// its patience ends, nor tell that requests were cut.
func TestStopDoesNotWaitForWhoAskedNothing(t *testing.T) {
	t.Parallel()
	address, stop, ended := stopping(t, time.Minute, noContent)
	unused := silentConnection(t, address)
	began := time.Now()
	stop()
	if err := <-ended; err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("it ended after %s with %v", time.Since(began), err)
	}
	if n, err := unused.Read(make([]byte, 1)); err == nil {
		t.Errorf("it reads %d bytes of an open connection", n)
	}
}

// Nor does whoever is accepted while the stop is under way keep it.
func TestStopHangsUpOnWhoComesLate(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	s := &silent{open: map[net.Conn]struct{}{}}
	s.hangUp()
	s.watch(there, http.StateNew)
	if _, err := here.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("its connection reads %v", err)
	}
}

// What outlives the patience is cut, and the stop says so.
func TestStopTellsOfRequestsThatItCut(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	const patience = 200 * time.Millisecond
	address, stop, ended := stopping(t, patience, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	asks(t, dialled(t, address), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut after "+patience.String()) {
		t.Errorf("it ended with %v", err)
	}
}
