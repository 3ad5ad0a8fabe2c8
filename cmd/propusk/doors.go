package main

import (
	"context"
	"errors"
	"net"
	"net/http"

	"propusk/conf"
)

// doors are the addresses that a node accepts connections on; those that the
// configuration does not name are nil.
type doors struct {
	main    net.Listener
	mutual  net.Listener // asks for client certificates
	metrics net.Listener
}

// openDoors opens every address of the configuration, or none.
func openDoors(ctx context.Context, cfg conf.Config) (d doors, err error) {
	for _, door := range []struct {
		l       *net.Listener
		address string
	}{{&d.main, cfg.Listen}, {&d.mutual, cfg.MutualTLS.Listen}, {&d.metrics, cfg.HTTP.MetricsListen}} {
		if door.address == "" {
			continue
		}
		if *door.l, err = listen(ctx, door.address); err != nil {
			return doors{}, errors.Join(err, d.close())
		}
	}
	return d, nil
}

func (d doors) close() error {
	var failed error
	for _, l := range []net.Listener{d.main, d.mutual, d.metrics} {
		if l != nil {
			failed = errors.Join(failed, l.Close())
		}
	}
	return failed
}

// servers says what is answered at each door.
func (h *house) servers(d doors) (map[net.Listener]*http.Server, error) {
	secure, err := tlsConfig(h.cfg.TLS)
	if err != nil {
		return nil, err
	}
	servers := map[net.Listener]*http.Server{d.main: newHTTPServer(h.cfg.HTTP, secure, h.handler, h.log)}
	if d.mutual != nil {
		if secure, err = mutualTLSConfig(h.cfg.MutualTLS); err != nil {
			return nil, err
		}
		servers[d.mutual] = newHTTPServer(h.cfg.HTTP, secure, h.mutual, h.log)
	}
	if d.metrics != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", h.metricsHandler())
		// A private address, where Prometheus speaks HTTP.
		servers[d.metrics] = newHTTPServer(h.cfg.HTTP, nil, mux, h.log)
	}
	return servers, nil
}
