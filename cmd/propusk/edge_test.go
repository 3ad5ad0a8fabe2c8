package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"propusk/conf"
	"propusk/storage"
	"propusk/storage/journal"
)

func testEdge(log *bytes.Buffer, proxies ...string) *edge {
	var networks []netip.Prefix
	for _, p := range proxies {
		networks = append(networks, netip.MustParsePrefix(p))
	}
	return newEdge(slog.New(slog.NewJSONHandler(log, nil)), time.Now, networks, prometheus.NewRegistry())
}

func TestEdgeTellsTheJournalWhoAsks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, peer, forwarded string
		proxies               []string
		want                  string
	}{
		{name: "the peer itself", peer: "203.0.113.7:5000", want: "203.0.113.7"},
		{name: "a stranger's X-Forwarded-For is not believed", peer: "203.0.113.7:5000", forwarded: "10.9.9.9", want: "203.0.113.7"},
		{name: "a stranger's, with proxies configured", peer: "203.0.113.7:5000", forwarded: "10.9.9.9", proxies: []string{"10.0.0.0/8"}, want: "203.0.113.7"},
		{name: "a proxy's", peer: "10.0.0.1:5000", forwarded: "198.51.100.4", proxies: []string{"10.0.0.0/8"}, want: "198.51.100.4"},
		{name: "what the client wrote before the proxy is not believed", peer: "10.0.0.1:5000", forwarded: "1.1.1.1, 198.51.100.4, 10.0.0.2", proxies: []string{"10.0.0.0/8"}, want: "198.51.100.4"},
		{name: "rubbish before the proxy", peer: "10.0.0.1:5000", forwarded: "<script>, 10.0.0.2", proxies: []string{"10.0.0.0/8"}, want: "10.0.0.2"},
		{name: "a proxy that says nothing", peer: "10.0.0.1:5000", proxies: []string{"10.0.0.0/8"}, want: "10.0.0.1"},
		{name: "IPv4 in IPv6", peer: "[::ffff:10.0.0.1]:5000", forwarded: "2001:db8::1", proxies: []string{"10.0.0.0/8"}, want: "2001:db8::1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			var got journal.Circumstances
			handler := testEdge(&log, tt.proxies...).around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = journal.From(r.Context())
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			r.Header.Set("User-Agent", strings.Repeat("я", 200))
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			handler.ServeHTTP(httptest.NewRecorder(), r)
			if got.IP != tt.want || len(got.UserAgent) > 256 || got.RequestID == "" {
				t.Errorf("got %+v, want the address %s", got, tt.want)
			}
		})
	}
}

func TestEdgeTakesARequestIDOnlyWhenItIsPlain(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler := testEdge(&log).around(http.NotFoundHandler())
	for id, kept := range map[string]bool{
		"0190f2c4-7b1e-7c3a": true, "short": false, "": false, "with space in it": false,
		"line\nbreak-line": false, strings.Repeat("a", 65): false, "<script>alert": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header[requestIDHeader] = []string{id}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Header().Get(requestIDHeader); (got == id) != kept || len(got) < 8 {
			t.Errorf("id %q became %q, kept = %v wanted", id, got, kept)
		}
	}
}

func TestEdgeLogsNoSecret(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler := testEdge(&log).around(http.NotFoundHandler())
	for _, target := range []string{"/cabinet/callback?code=hunter2&state=hunter2", "/invitations/hunter2", "/oauth2/logout?id_token_hint=hunter2"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil))
	}
	if strings.Contains(log.String(), "hunter2") || strings.Count(log.String(), "\n") != 3 {
		t.Errorf("the log is %s", log.String())
	}
}

func TestEdgeAnswersAPanicWith500AndGoesOn(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := testEdge(&log)
	handler := e.around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret of the stack") }))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/early", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), w.Header().Get(requestIDHeader)) {
		t.Errorf("answer %d %q", w.Code, w.Body)
	}
	if got := testutil.ToFloat64(e.total.WithLabelValues("api", "5xx")); got != 1 {
		t.Errorf("%v answers of 5xx were counted, want 1", got)
	}
	if !strings.Contains(log.String(), "secret of the stack") {
		t.Error("the log does not say why")
	}
}

func TestEdgeCutsAnAnswerShortThatAPanicInterrupts(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := testEdge(&log)
	server := httptest.NewServer(e.around(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the first half")
		_ = http.NewResponseController(w).Flush()
		panic("secret of the stack")
	})))
	defer server.Close()
	response, err := server.Client().Get(server.URL + "/v1/late")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half an answer, %q, was delivered as a whole one: %v", body, err)
	}
	server.Close()
	if !strings.Contains(log.String(), "secret of the stack") || !strings.Contains(log.String(), `"path":"/v1/late"`) {
		t.Errorf("the log does not say why: %s", log.String())
	}
}

func TestPlacesAreFew(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/oauth2/token": "token", "/oauth2/" + strings.Repeat("x", 99): "other", "/signin/code": "signin", "/v1/organization/members/1": "api",
		"/.well-known/openid-configuration": "discovery", "/wp-admin/x": "other", "/": "other", "/readyz": "health", "/cabinet": "cabinet",
		"/oauth2/par": "par", "/account/security": "account", "/recovery/link/x": "recovery", "/registration": "registration",
	} {
		if got := placeOf(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// Whoever reads the log must not come to an invitation, or into an account.
func TestSecretsInPathsAreNotLogged(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/invitations/s3cret": "/invitations/[secret]", "/recovery/link/s3cret": "/recovery/link/[secret]",
		"/recovery/cancel/s3cret": "/recovery/cancel/[secret]", "/v1/documents/links/s3cret": "/v1/documents/links/[secret]", "/recovery/cancel": "/recovery/cancel", "/v1/me": "/v1/me",
	} {
		if got := loggedPath(path); got != want {
			t.Errorf("%s is logged as %s, want %s", path, got, want)
		}
	}
}

// bounded is short-lived state with something to say of its bound.
type bounded struct {
	storage.Volatile
	says string
}

func (b bounded) Warning(ctx context.Context) string {
	if _, limited := ctx.Deadline(); !limited {
		return "may hang"
	}
	return b.says
}

// TestStateWithoutABoundIsWarnedOf: a Redis without maxmemory holds no stranger to his share.
func TestStateWithoutABoundIsWarnedOf(t *testing.T) {
	t.Parallel()
	memory := storage.NewMemory(time.Now)
	t.Cleanup(func() { memory.Close() })
	if got := stateWarning(t.Context(), memory); got != "" {
		t.Errorf("the memory of a node warns: %q", got)
	}
	if got := stateWarning(t.Context(), bounded{memory, "no maxmemory"}); got != "no maxmemory" {
		t.Errorf("it says %q", got)
	}
}

func TestReadyNamesEveryReason(t *testing.T) {
	t.Parallel()
	fine := check{"a", func(context.Context) error { return nil }}
	broken := check{"b", func(context.Context) error { return errors.New("does not answer") }}
	hangs := check{"c", func(ctx context.Context) error { <-ctx.Done(); return errors.New("too slow") }}
	tests := []struct {
		name   string
		health *health
		status int
		want   string
	}{
		{"all is well", &health{checks: []check{fine}}, 200, `{"ready":true,"checks":[{"name":"a","ready":true}]}`},
		{"somebody should look", &health{checks: []check{fine}, warning: func() string { return "1 of 3 lists is stale" }}, 200, `{"ready":true,"checks":[{"name":"a","ready":true}],"warning":"1 of 3 lists is stale"}`},
		{"two things are not", &health{checks: []check{fine, broken, hangs}}, 503, `{"ready":false,"checks":[{"name":"a","ready":true},{"name":"b","ready":false,"reason":"does not answer"},{"name":"c","ready":false,"reason":"too slow"}]}`},
	}
	stopping := &health{checks: []check{fine}}
	stopping.stopping.Store(true)
	tests = append(tests, tests[0])
	tests[3].name, tests[3].health, tests[3].status, tests[3].want = "stopping", stopping, 503, `{"ready":false,"checks":[{"name":"process","ready":false,"reason":"stopping"}]}`
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			tt.health.ready(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if w.Code != tt.status || strings.TrimSpace(w.Body.String()) != tt.want {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.want)
			}
		})
	}
	w := httptest.NewRecorder()
	stopping.alive(w, nil)
	if w.Code != 200 {
		t.Error("a stopping process is still alive")
	}
}

func TestMetricsAreForNeighbours(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.8.0.0/16")}
	handler := neighboursOnly(proxies, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, tt := range []struct {
		peer, header string
		status       int
	}{
		{"127.0.0.1:1", "", 200}, {"10.1.2.3:1", "", 200}, {"[fd00::1]:1", "", 200}, {"203.0.113.1:1", "", 404},
		{"127.0.0.1:1", "X-Forwarded-For", 404}, {"10.1.2.3:1", "Forwarded", 404}, {"nonsense", "", 404},
		{"127.0.0.1:1", "X-Real-IP", 404}, {"127.0.0.1:1", "Via", 404}, {"10.8.0.1:1", "", 404}, // proxies of other habits
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = tt.peer
		if tt.header != "" {
			r.Header.Set(tt.header, "for=1.2.3.4")
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.peer, tt.header, w.Code, tt.status)
		}
	}
}

func TestInProcessKeepsTheCircumstances(t *testing.T) {
	t.Parallel()
	var seen journal.Circumstances
	var log bytes.Buffer
	h := &house{}
	h.handler = testEdge(&log).around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = journal.From(r.Context())
		w.Header().Set("X-Seen", r.URL.RawQuery)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
	}))
	asked := journal.Circumstances{RequestID: "request-of-a-person", IP: "198.51.100.9", UserAgent: "Browser"}
	r, err := http.NewRequestWithContext(journal.With(t.Context(), asked), http.MethodPost, "http://localhost:8080/x?a=b", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := inProcess{h}.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusTeapot || resp.Header.Get("X-Seen") != "a=b" {
		t.Fatalf("answer %+v, %v", resp, err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "short and stout" {
		t.Errorf("body %q, %v", body, err)
	}
	if seen != asked {
		t.Errorf("the inner request has %+v, want %+v", seen, asked)
	}
	if r.Header.Get("User-Agent") != "" {
		t.Error("the caller's request was changed")
	}
}

func TestBufferedLogWritesWarningsAtOnceAndTheRestSoon(t *testing.T) {
	t.Parallel()
	written := make(chan string, 10)
	log, flush := newBufferedLog(conf.Log{Level: "info", Format: "json"}, writerFunc(func(p []byte) (int, error) {
		written <- string(p)
		return len(p), nil
	}))
	log.Debug("not this")
	log.With("a", 1).WithGroup("g").Info("first")
	log.Warn("second")
	if got := <-written; strings.Count(got, "\n") != 2 || !strings.Contains(got, `"first"`) || !strings.Contains(got, `"second"`) {
		t.Errorf("a warning writes %q, want it and what waited before", got)
	}
	log.Info("third")
	if got := <-written; !strings.Contains(got, `"third"`) {
		t.Errorf("after a moment %q is written", got)
	}
	log.Info("last")
	flush()
	var line map[string]any
	if err := json.Unmarshal([]byte(<-written), &line); err != nil || line["msg"] != "last" {
		t.Errorf("at the end %v, %v", line, err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
