package main

import (
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"propusk/console/web"
	"propusk/idp/application"
	"propusk/idp/signals"
	"propusk/idp/signals/status"
)

// mount puts every part at its place, and around all of them what each request
// gets.
func (h *house) mount() {
	h.mux = http.NewServeMux()
	h.mux.Handle("/v1/", h.cabinet)
	h.mux.Handle("/console/v1/", h.console)
	h.mux.Handle("/authority/", h.authority)
	h.mux.Handle("GET /{$}", http.RedirectHandler("/cabinet", http.StatusSeeOther))
	for path, room := range map[string]http.Handler{
		"/cabinet": h.web, web.Root: h.consoleWeb, "/registration": h.registration, "/recovery": h.recovery, "/account": h.account,
	} {
		h.mux.Handle(path, room)
		h.mux.Handle(path+"/", room)
	}
	h.mux.Handle("/ssf/", h.signals.Handler())
	h.mux.Handle("GET "+signals.WellKnown, h.signals.Handler())
	h.mux.Handle(status.Path, h.statuses.Handler())
	h.mux.Handle(status.Path+"/", h.statuses.Handler())
	h.mux.Handle(application.Path, h.applications)
	h.mux.Handle(application.Path+"/", h.applications)
	h.mux.Handle("/", h.idp)
	h.mux.HandleFunc("GET /healthz", h.health.alive)
	h.mux.HandleFunc("GET /readyz", h.health.ready)
	if h.cfg.HTTP.MetricsListen == "" {
		h.mux.Handle("GET /metrics", neighboursOnly(h.proxies(), h.metricsHandler()))
	}
	edge := newEdge(h.log, h.now, h.proxies(), h.metrics)
	h.handler = edge.around(h.mux)
	h.mutual = edge.around(mutualOnly(h.mux))
}

func (h *house) metricsHandler() http.Handler {
	return promhttp.HandlerFor(h.metrics, promhttp.HandlerOpts{})
}

// proxies are the trusted networks.
func (h *house) proxies() []netip.Prefix { return prefixes(h.cfg.HTTP.TrustedProxies) }

// prefixes are networks of the configuration; Validate has seen that they parse.
func prefixes(networks []string) []netip.Prefix {
	var out []netip.Prefix
	for _, network := range networks {
		if prefix, err := netip.ParsePrefix(network); err == nil {
			out = append(out, prefix.Masked())
		}
	}
	return out
}
