package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"propusk/conf"
)

// listen opens the address of the configuration.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// newHTTPServer bounds what one connection may cost. Without secure it speaks
// plain HTTP.
func newHTTPServer(c conf.HTTP, secure *tls.Config, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         secure,
		ReadHeaderTimeout: c.ReadHeaderTimeout,
		ReadTimeout:       c.ReadTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       c.IdleTimeout,
		MaxHeaderBytes:    c.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// tlsConfig is nil without files. The pair is read now, so that a broken one is
// found at start.
func tlsConfig(c conf.TLS) (*tls.Config, error) {
	if c.Certificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	oldest := uint16(tls.VersionTLS13)
	if c.MinVersion == "1.2" {
		oldest = tls.VersionTLS12
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: oldest, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// serveUntil answers on l until ctx ends; then it takes no new connection and
// waits, for patience at most, for the requests that began.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener, patience time.Duration) error {
	silent := &silent{open: map[net.Conn]struct{}{}}
	server.ConnState = silent.watch
	server.RegisterOnShutdown(silent.hangUp)
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			failed <- server.ServeTLS(l, "", "")
			return
		}
		failed <- server.Serve(l)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		return errors.Join(fmt.Errorf("requests were cut after %s: %w", patience, err), server.Close())
	}
	return nil
}

// tuneRuntime sets the defaults of the garbage collector; GOGC and GOMEMLIMIT in
// the environment win. Why not Go's own 100: a token costs a few hundred short
// allocations, and collecting less often takes a third off its price.
func tuneRuntime(c conf.Runtime) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(c.GCPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" && c.MemoryLimit > 0 {
		debug.SetMemoryLimit(int64(c.MemoryLimit) << 20)
	}
}
