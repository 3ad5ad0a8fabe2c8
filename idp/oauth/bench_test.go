package oauth

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"propusk/idp/keys"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// BenchmarkClientCredentials compares a token request over HTTP with a handler
// that only signs a JWT of the same size with ES256, in the same run. "cpu-µs" is
// the CPU of the whole process, client included, for one request; what the
// client costs shows in the empty handler. The aim is token at most 1.4 times
// signature.
func BenchmarkClientCredentials(b *testing.B) {
	h := newHouse(b, storagetest.SQLite(b))
	c := h.service()
	request := func(url string) *http.Request {
		r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(ownGrantBody))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(c.ID, c.secret)
		return r
	}
	token := func(w http.ResponseWriter, r *http.Request) { _ = h.Token(w, r) }
	for _, handler := range []struct {
		name string
		http.HandlerFunc
	}{{"empty", empty}, {"signature", signs(b, h)}, {"token", token}} {
		b.Run(handler.name, func(b *testing.B) {
			server := httptest.NewServer(handler)
			defer server.Close()
			b.ReportAllocs()
			before := processor()
			for b.Loop() {
				response, err := server.Client().Do(request(server.URL))
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode != http.StatusOK {
					b.Fatal(response.Status)
				}
			}
			b.ReportMetric(float64((processor()-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
		})
	}
}

const ownGrantBody = "grant_type=client_credentials"

// processor is the CPU that the process has used.
func processor() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func empty(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "{}")
}

// signs is the bare handler: it signs a ready payload of a token's size with the
// same key, by the quickest code there is.
func signs(b *testing.B, h *house) http.HandlerFunc {
	made := h.post(h.Token, h.service(), url.Values{"grant_type": {GrantClientCredentials}}).text("access_token")
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(made, ".")[1])
	if err != nil {
		b.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		token, err := ring.Sign(keys.ES256, keys.TypeAccessToken, payload)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"`+token+`"}`)
	}
}

// BenchmarkHandler is the same without HTTP: what the code itself costs.
func BenchmarkHandler(b *testing.B) {
	h := newHouse(b, storagetest.SQLite(b))
	c := h.service()
	template := h.request(c, url.Values{"grant_type": {GrantClientCredentials}})
	b.ReportAllocs()
	for b.Loop() {
		r := *template
		r.Body = io.NopCloser(strings.NewReader(ownGrantBody))
		w := httptest.NewRecorder()
		if err := h.Token(w, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefresh(b *testing.B) {
	eachDB(b, func(b *testing.B, h *house) {
		c := h.web()
		latest := h.signedIn(c, nil).text("refresh_token")
		for b.Loop() {
			a := h.post(h.Token, c, refreshing(latest, nil))
			if latest = a.text("refresh_token"); latest == "" {
				b.Fatalf("%d %v", a.status, a.body)
			}
		}
	})
}

func BenchmarkCode(b *testing.B) {
	eachDB(b, func(b *testing.B, h *house) {
		c := h.web()
		for b.Loop() {
			b.StopTimer()
			code := h.code(c, nil)
			b.StartTimer()
			if a := h.post(h.Token, c, redeeming(code, nil)); a.status != http.StatusOK {
				b.Fatalf("%d %v", a.status, a.body)
			}
		}
	})
}

func eachDB(b *testing.B, bench func(b *testing.B, h *house)) {
	for name, open := range map[string]func(testing.TB) *storage.DB{"sqlite": storagetest.SQLite, "postgres": storagetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			bench(b, newHouse(b, open(b)))
		})
	}
}
