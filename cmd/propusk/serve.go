package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: `Run a node: the sign-in, the token endpoints, the cabinet and its API.

With nothing set it listens on 127.0.0.1:8080 over an SQLite file in the working
folder. Any number of nodes share one PostgreSQL and one Redis. A SIGTERM ends it
after it has finished what it began.`,
		Example: `  propusk serve --config /etc/propusk.yaml
  PROPUSK_DATABASE_URL=postgres://db/propusk PROPUSK_REDIS_URL=redis://cache PROPUSK_MASTER_KEY=… propusk serve`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(cmd)
			if err != nil {
				return err
			}
			tuneRuntime(cfg.Runtime)
			log, flush := newBufferedLog(cfg.Log, cmd.ErrOrStderr())
			defer flush()
			b, err := openBase(cmd.Context(), cfg, log, hashingApart)
			if err != nil {
				return err
			}
			defer b.close()
			return serve(cmd.Context(), b)
		},
	}
}

func serve(ctx context.Context, b *base) error {
	d, err := openDoors(ctx, b.cfg)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, b)
	if err != nil {
		return errors.Join(err, d.close())
	}
	defer h.close()
	return h.run(ctx, d, nil)
}

// run works and answers at the doors until ctx ends, then stops in order: no new
// requests, those that began, jobs that began. ready is called once requests are
// taken.
func (h *house) run(ctx context.Context, d doors, ready func()) error {
	servers, err := h.servers(d)
	if err != nil {
		return errors.Join(err, d.close())
	}
	// What runs by itself outlives ctx: requests that are being finished need it.
	working, rest := context.WithCancel(context.WithoutCancel(ctx))
	defer rest()
	if err := h.start(working); err != nil {
		return errors.Join(err, d.close())
	}
	h.log.Info("listening", "address", d.main.Addr().String(), "issuer", h.cfg.Issuer, "database", h.db.Engine())
	if ready != nil {
		ready()
	}
	context.AfterFunc(ctx, func() {
		h.health.stopping.Store(true)
		h.notices.EndStreams()
		h.signals.EndPolls()
		h.log.Info("stopping")
	})
	serving, ctx := errgroup.WithContext(ctx)
	for l, server := range servers {
		serving.Go(func() error { return serveUntil(ctx, server, l, h.cfg.HTTP.ShutdownTimeout) })
	}
	return errors.Join(serving.Wait(), h.stop(ctx))
}

// passedOn are headers by which a proxy says that it is one.
var passedOn = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"}

// neighboursOnly answers loopback and private addresses that come straight: a
// request that a proxy passed on may come from anywhere. A proxy that says
// nothing of itself is known by being among the trusted ones.
func neighboursOnly(proxies []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := peerAddress(r)
		far := !peer.IsLoopback() && !peer.IsPrivate()
		for _, header := range passedOn {
			far = far || r.Header.Get(header) != ""
		}
		for _, network := range proxies {
			far = far || network.Contains(peer)
		}
		if far {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
