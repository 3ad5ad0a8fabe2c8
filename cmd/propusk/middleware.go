package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage/journal"
)

// requestIDHeader carries the name of one request through proxies, log, journal
// and error pages.
const requestIDHeader = "X-Request-Id"

// edge is what every request passes on its way in and out.
type edge struct {
	log     *slog.Logger
	now     func() time.Time
	proxies []netip.Prefix // whose X-Forwarded-For is believed
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newEdge(log *slog.Logger, now func() time.Time, proxies []netip.Prefix, metrics prometheus.Registerer) *edge {
	e := &edge{
		log: log, now: now, proxies: proxies,
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "propusk_http_requests_total",
			Help: "Requests answered, by the place asked for and the class of the status.",
		}, []string{"place", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "propusk_http_request_seconds",
			Help:    "Time from the request's header to the end of its answer.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"place"}),
	}
	metrics.MustRegister(e.total, e.seconds)
	return e
}

// around gives next the circumstances of its request (journal.From) and tells
// of it afterwards: one line of log, one count. A panic becomes a 500.
func (e *edge) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := e.now()
		c := e.circumstances(r)
		r = r.WithContext(journal.With(r.Context(), c))
		w.Header().Set(requestIDHeader, c.RequestID)
		answer := &recorder{ResponseWriter: w}
		defer func() { e.tell(r, c, answer, e.now().Sub(start)) }()
		defer func() {
			if p := recover(); p != nil {
				e.panicked(answer, r, c, p)
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

func (e *edge) circumstances(r *http.Request) journal.Circumstances {
	id := r.Header.Get(requestIDHeader)
	if !plainID(id) {
		id = newRequestID()
	}
	return journal.Circumstances{RequestID: id, IP: e.clientIP(r), UserAgent: cut(r.UserAgent(), 256)}
}

// clientIP is the address of the peer, or, where the peer is a trusted proxy,
// the last address of X-Forwarded-For that no trusted proxy wrote of itself.
func (e *edge) clientIP(r *http.Request) string {
	peer := peerAddress(r)
	if !e.trusted(peer) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = hop.Unmap()
		if !e.trusted(peer) {
			break
		}
	}
	return peer.String()
}

func (e *edge) trusted(ip netip.Addr) bool {
	for _, network := range e.proxies {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

func peerAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap()
}

func (e *edge) panicked(w *recorder, r *http.Request, c journal.Circumstances, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	e.log.ErrorContext(r.Context(), "a handler panicked",
		"request_id", c.RequestID, "panic", p, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // the answer has begun: what is cut short must look so
	}
	http.Error(w, "Internal error, request "+c.RequestID, http.StatusInternalServerError)
}

func (e *edge) tell(r *http.Request, c journal.Circumstances, w *recorder, took time.Duration) {
	place := placeOf(r.URL.Path)
	e.total.WithLabelValues(place, statusClass(w.code())).Inc()
	e.seconds.WithLabelValues(place).Observe(took.Seconds())
	if place == "health" {
		return
	}
	e.access(r, c, w.code(), took)
}

// access writes the line of one request. Why not slog.LogAttrs: it looks up its
// caller for every line, which is the same for all of these.
func (e *edge) access(r *http.Request, c journal.Circumstances, status int, took time.Duration) {
	handler := e.log.Handler()
	if !handler.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(e.now(), slog.LevelInfo, "request", 0)
	line.AddAttrs(
		slog.String("request_id", c.RequestID),
		slog.String("method", r.Method),
		slog.String("path", loggedPath(r.URL.Path)),
		slog.Int("status", status),
		slog.Int64("microseconds", took.Microseconds()),
		slog.String("ip", c.IP))
	_ = handler.Handle(r.Context(), line) // a log that cannot be written has nowhere to say so
}

// placeOf names the part of the house a path belongs to, from a short fixed
// list, so that a stranger cannot grow the metrics.
func placeOf(path string) string {
	switch first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); first {
	case "oauth2":
		switch rest {
		case "authorize", "par", "token", "introspect", "revoke", "userinfo", "logout", "jwks":
			return rest
		}
		return "other"
	case "signin", "registration", "recovery", "account", "invitations", "assets", "cabinet", "demo":
		return first
	case "v1":
		return "api"
	case ".well-known":
		return "discovery"
	case "healthz", "readyz", "metrics":
		return "health"
	}
	return "other"
}

// loggedPath is the path without the secret that some paths carry; the query is
// never logged, for codes and tokens travel in it.
func loggedPath(path string) string {
	for _, before := range []string{"/invitations/", "/recovery/link/", "/recovery/cancel/", "/v1/documents/links/"} {
		if strings.HasPrefix(path, before) {
			return before + "[secret]"
		}
	}
	return cut(path, 256)
}

func statusClass(code int) string {
	if code < 100 || code > 599 {
		return "other"
	}
	return [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[code/100-1]
}

// plainID reports whether a request id from outside may stand in our log.
func plainID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(id[:])
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
