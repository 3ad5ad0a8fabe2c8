package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"propusk/cabinet"
	"propusk/cabinet/web"
	"propusk/idp"
	"propusk/idp/pages"
	"propusk/idp/session"
)

// house is a whole node: the issuer behind its pages, the cabinet behind its
// guard, and the work that runs by itself.
type house struct {
	*issuer
	pages    *pages.Kit
	sessions *session.Store
	idp      *idp.Server
	cabinet  *cabinet.Server
	web      *web.Server
	health   *health
	mux      *http.ServeMux
	handler  http.Handler
}

// openHouse builds a node; start makes it work.
func openHouse(ctx context.Context, b *base) (*house, error) {
	i, err := openIssuer(ctx, b)
	if err != nil {
		return nil, err
	}
	h := &house{issuer: i}
	for _, open := range []func(context.Context) error{h.openIDP, h.openCabinet, h.openWeb} {
		if err := open(ctx); err != nil {
			i.close()
			return nil, err
		}
	}
	h.health = &health{checks: h.checks()}
	h.mount()
	return h, nil
}

func (h *house) openIDP(context.Context) (err error) {
	if h.pages, err = pages.New(pages.Deps{Log: h.log}); err != nil {
		return fmt.Errorf("read the pages: %w", err)
	}
	h.sessions, err = session.New(session.Deps{
		DB: h.db, Idle: h.cfg.Session.Idle, Absolute: h.cfg.Session.Absolute, End: h.provider.EndSession, Now: h.now,
	})
	if err != nil {
		return err
	}
	h.idp, err = idp.New(idp.Deps{
		DB: h.db, Ephemeral: h.volatile, Provider: h.provider, Keys: h.keys, Directory: h.directory,
		Passwords: h.passwords, TOTP: h.totp, Codes: h.codes, Pages: h.pages, Journal: h.journal,
		Issuer: h.cfg.Issuer, Contact: h.cfg.Contact, Home: "/cabinet", Sessions: h.sessions,
		Now: h.now, Log: h.log, Metrics: h.metrics,
	})
	return err
}

// openCabinet gives the cabinet the issuer's keys as any resource server gets
// them, from the published set; only the way there is short, see inProcess.
func (h *house) openCabinet(context.Context) (err error) {
	h.cabinet, err = cabinet.New(cabinet.Deps{
		Issuer: h.cfg.Issuer, Audience: audience(h.cfg.Issuer),
		Keys:        cabinet.NewJWKS(h.cfg.Issuer+"/oauth2/jwks", inProcess{h}).Key,
		Revocations: h.revoked, Directory: h.directory, Journal: h.journal, Ephemeral: h.volatile,
		Log: h.log, Now: h.now, Metrics: h.metrics,
		Limits: cabinet.Limits{PerClient: h.cfg.Limits.PerClient, PerOrganisation: h.cfg.Limits.PerOrganisation},
	})
	return err
}

// mount puts every part at its place, and around all of them what each request
// gets.
func (h *house) mount() {
	h.mux = http.NewServeMux()
	h.mux.Handle("/v1/", h.cabinet)
	h.mux.Handle("/cabinet", h.web)
	h.mux.Handle("/cabinet/", h.web)
	h.mux.Handle("GET /{$}", http.RedirectHandler("/cabinet", http.StatusSeeOther))
	h.mux.Handle("/", h.idp)
	h.mux.HandleFunc("GET /healthz", h.health.alive)
	h.mux.HandleFunc("GET /readyz", h.health.ready)
	if h.cfg.HTTP.MetricsListen == "" {
		h.mux.Handle("GET /metrics", neighboursOnly(h.proxies(), h.metricsHandler()))
	}
	h.handler = newEdge(h.log, h.now, h.proxies(), h.metrics).around(h.mux)
}

func (h *house) metricsHandler() http.Handler {
	return promhttp.HandlerFor(h.metrics, promhttp.HandlerOpts{})
}

// proxies are the trusted networks; Validate has seen that they parse.
func (h *house) proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, network := range h.cfg.HTTP.TrustedProxies {
		if prefix, err := netip.ParsePrefix(network); err == nil {
			out = append(out, prefix.Masked())
		}
	}
	return out
}

// start loads what must be in memory before the first request and begins the
// work that runs by itself.
func (h *house) start(ctx context.Context) error {
	if err := h.revoked.Start(ctx); err != nil {
		return err
	}
	h.jobs.Every("sessions/sweep", 5*time.Minute, h.idp.Sweep)
	h.jobs.Every("grants/purge", time.Hour, h.provider.Purge)
	return h.jobs.Start(ctx)
}

// stop finishes what the jobs began, within the patience of the configuration.
func (h *house) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.HTTP.ShutdownTimeout)
	defer cancel()
	if err := h.jobs.Stop(ctx); err != nil {
		return fmt.Errorf("jobs were cut: %w", err)
	}
	return nil
}

// staleAfter is the age of the revocation list above which this node should get
// no requests: it may let a removed member in. It is read every two seconds.
const staleAfter = 10 * time.Second

func (h *house) checks() []check {
	return []check{
		{"database", h.telling("database", "does not answer", h.db.Ping)},
		{"short-lived state", h.telling("short-lived state", "does not answer", h.volatile.Ping)},
		{"revocations", func(context.Context) error {
			if age := h.revoked.Fresh(); age > staleAfter {
				return fmt.Errorf("last read %s ago", age.Round(time.Second))
			}
			return nil
		}},
		{"signing keys", func(context.Context) error {
			if _, err := h.keys.Signing(""); err != nil {
				return errors.New("no key signs")
			}
			return nil
		}},
	}
}

// telling logs the cause of a failed check, which may name hosts, and answers
// with what is fit for anybody.
func (h *house) telling(name, reason string, ask func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		h.log.WarnContext(ctx, "not ready", "check", name, "error", err)
		return errors.New(reason)
	}
}
