package authority_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// door is a gateway with two bodies, of which the test signs callbacks itself.
type door struct {
	*testing.T
	*authority.Gateway
	clock   *storagetest.Clock
	metrics *prometheus.Registry
}

func newDoor(t *testing.T) *door {
	t.Helper()
	db, clock := storagetest.SQLite(t), storagetest.NewClock()
	d := &door{T: t, clock: clock, metrics: prometheus.NewRegistry()}
	log := slog.New(slog.DiscardHandler)
	body := func(name string, key byte, recipients ...string) authority.Body {
		return authority.Body{Name: name, URL: "https://" + name + ".example", Recipients: recipients, Keys: []httpsig.Public{authoritytest.Signer(t, key).Public}}
	}
	var err error
	d.Gateway, err = authority.New(authority.Deps{
		DB: db, Jobs: jobs.New(jobs.Deps{DB: db, Log: log, Now: clock.Now}), Ephemeral: storagetest.Memory(t, clock.Now),
		Organisations: func(context.Context, string, string) (string, error) { return ours, nil },
		Bodies:        []authority.Body{body("fns", 2, "78*"), body("sfr", 3, "*")},
		Signer:        authoritytest.Signer(t, 1), Host: authoritytest.Host, Log: log, Now: clock.Now, Metrics: d.metrics,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout }),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Handle("requirement", func(context.Context, authority.Answer) error { return nil })
	d.Handle("filing", func(context.Context, authority.Answer) error { return nil })
	d.Load("filing", func(context.Context, string) (authority.Submission, error) {
		return authority.Submission{OrganisationID: ours, INN: "7801234564", Recipient: "7801"}, nil
	})
	return d
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// request is a callback with the answer, signed by the n-th key.
func (d *door) request(key byte, a authority.Answer) *http.Request {
	d.Helper()
	body, err := json.Marshal(a)
	if err != nil {
		d.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "https://"+authoritytest.Host+authority.CallbackPath, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if err := authoritytest.Signer(d.T, key).SignRequest(r, body, d.clock.Now()); err != nil {
		d.Fatal(err)
	}
	return r
}

func (d *door) status(r *http.Request) int {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Code
}

func (d *door) requirement(id string) authority.Answer {
	return authority.Answer{ID: id, Event: authority.Requirement, INN: "7801234564", At: storage.Of(d.clock.Now())}
}

func again(r *http.Request, body string) *http.Request {
	next := r.Clone(r.Context())
	next.Body = http.NoBody
	next.Body = readCloser{strings.NewReader(body)}
	return next
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestCallbackThatIsReplayedIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	a := d.requirement("1")
	body, _ := json.Marshal(a)
	r := d.request(2, a)
	if status := d.status(again(r, string(body))); status != http.StatusNoContent {
		t.Fatal(status)
	}
	if status := d.status(again(r, string(body))); status != http.StatusUnauthorized {
		t.Fatalf("the replay was answered with %d", status)
	}
	if status := d.status(d.request(2, a)); status != http.StatusNoContent {
		t.Fatalf("an honest repeat, signed anew, was answered with %d", status)
	}
	d.clock.Advance(httpsig.Window + time.Minute)
	if status := d.status(again(r, string(body))); status != http.StatusUnauthorized {
		t.Fatalf("a late replay was answered with %d", status)
	}
}

func TestCallbackThatIsNotTheBodysOwnIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	body, _ := json.Marshal(d.requirement("1"))
	for name, change := range map[string]func(r *http.Request) *http.Request{
		"another body": func(r *http.Request) *http.Request {
			return again(r, strings.Replace(string(body), "7801234564", "7707083893", 1))
		},
		"no signature":            func(r *http.Request) *http.Request { r.Header.Del("Signature"); return r },
		"no input":                func(r *http.Request) *http.Request { r.Header.Del("Signature-Input"); return r },
		"two signatures":          func(r *http.Request) *http.Request { r.Header.Add("Signature", r.Header.Get("Signature")); return r },
		"for another host":        func(r *http.Request) *http.Request { r.Host = "other.example"; return r },
		"another type":            func(r *http.Request) *http.Request { r.Header.Set("Content-Type", "text/plain"); return r },
		"a query that was added":  func(r *http.Request) *http.Request { r.URL.RawQuery = "a=b"; return r },
		"signed by somebody else": func(*http.Request) *http.Request { return d.request(9, d.requirement("1")) },
		"a digest of another body": func(r *http.Request) *http.Request {
			r.Header.Set("Content-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
			return r
		},
	} {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, change(d.request(2, d.requirement("1"))))
		if w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "signature_refused") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// A stranger with a header that looks right must not make us read his body.
func TestUnsignedBodyIsNotRead(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	r := d.request(9, d.requirement("1"))
	read := false
	r.Body = readCloser{strings.NewReader("x")}
	r.Body = watched{r.Body.(readCloser), &read}
	if status := d.status(r); status != http.StatusUnauthorized || read {
		t.Fatalf("%d, body read: %v", status, read)
	}
}

type watched struct {
	readCloser
	read *bool
}

func (w watched) Read(p []byte) (int, error) { *w.read = true; return w.readCloser.Read(p) }

func TestAnswerOfAnotherBodyDoesNotReachTheSubmission(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	if err := d.Submit(t.Context(), authority.Load{Kind: "filing", ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Work(t.Context()); err != nil { // addressed to fns, which does not answer
		t.Fatal(err)
	}
	forged := authority.Answer{ID: "x", SubmissionID: "a", Seq: 1, Event: authority.Accepted, At: storage.Of(d.clock.Now())}
	if status := d.status(d.request(3, forged)); status != http.StatusNoContent {
		t.Fatal(status)
	}
	letters, err := authority.Letters{DB: d.DB, Now: d.clock.Now}.Dead(t.Context(), 10)
	if err != nil || len(letters) != 1 || letters[0].Fault != "the submission went to another body" || letters[0].Body != "sfr" {
		t.Fatalf("%+v, %v", letters, err)
	}
	// An operator who retries it does not make it the right body's.
	journals := journal.New(journal.Deps{DB: d.DB, Now: d.clock.Now})
	if err := (authority.Letters{DB: d.DB, Journal: journals, Now: d.clock.Now}).Retry(t.Context(), "Соколов", letters[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := d.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	letters, err = authority.Letters{DB: d.DB, Now: d.clock.Now}.Dead(t.Context(), 10)
	if err != nil || len(letters) != 1 || letters[0].Fault != "authority: the submission went to another body" {
		t.Fatalf("after a retry: %+v, %v", letters, err)
	}
	// The right body's answer comes before its receipt was read, and counts.
	if status := d.status(d.request(2, forged)); status != http.StatusNoContent {
		t.Fatal(status)
	}
	if err := d.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := d.scrape(); !strings.Contains(text, "propusk_authority_answers_total/fns/accepted/handled 1") {
		t.Error(text)
	}
}

// scrape is every metric of the gateway, a line each.
func (d *door) scrape() string {
	d.Helper()
	families, err := d.metrics.Gather()
	if err != nil {
		d.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		for _, m := range f.GetMetric() {
			b.WriteString(f.GetName())
			for _, l := range m.GetLabel() {
				b.WriteString("/" + l.GetValue())
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			b.WriteString(" " + strconv.FormatFloat(value, 'f', -1, 64) + "\n")
		}
	}
	return b.String()
}

func TestMetricsTellOfTheQueueTheBreakerAndTheAnswers(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		if err := d.Submit(t.Context(), authority.Load{Kind: "filing", ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.status(d.request(2, d.requirement("1")))
	d.status(d.request(2, d.requirement("1")))
	d.status(d.request(9, d.requirement("1")))
	text := d.scrape()
	for _, want := range []string{
		"propusk_authority_queue/queued/submission 5", "propusk_authority_queue/dead/submission 0", "propusk_authority_queue/waiting/answer 1", "propusk_authority_queue/dead/answer 0",
		"propusk_authority_breaker/fns 2", "propusk_authority_breaker/sfr 0", "propusk_authority_sends_total/fns/failed 5", "propusk_authority_send_seconds/fns 5",
		"propusk_authority_callbacks_total/taken 1", "propusk_authority_callbacks_total/repeated 1", "propusk_authority_callbacks_total/signature_refused 1",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestKeyIsPublished(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, authority.KeyPath, nil))
	key, err := httpsig.ParsePublic(w.Body.String())
	if err != nil || key.ID != authoritytest.Signer(t, 1).ID {
		t.Fatalf("%v, %v", key.ID, err)
	}
}

func TestBodiesThatCannotBeToldApartAreRefused(t *testing.T) {
	t.Parallel()
	good := authority.Body{Name: "fns", URL: "https://fns.example", Recipients: []string{"*"}, Keys: []httpsig.Public{authoritytest.Signer(t, 2).Public}}
	for name, bodies := range map[string]func(b authority.Body) []authority.Body{
		"name":          func(b authority.Body) []authority.Body { b.Name = "ФНС"; return []authority.Body{b} },
		"address":       func(b authority.Body) []authority.Body { b.URL = "fns.example"; return []authority.Body{b} },
		"slash":         func(b authority.Body) []authority.Body { b.URL += "/"; return []authority.Body{b} },
		"no key":        func(b authority.Body) []authority.Body { b.Keys = nil; return []authority.Body{b} },
		"recipient":     func(b authority.Body) []authority.Body { b.Recipients = []string{"7*8"}; return []authority.Body{b} },
		"the same name": func(b authority.Body) []authority.Body { return []authority.Body{b, b} },
		"the same key": func(b authority.Body) []authority.Body {
			other := b
			other.Name = "sfr"
			return []authority.Body{b, other}
		},
	} {
		d := newDoor(t).Deps
		d.Metrics = nil
		d.Jobs = jobs.New(jobs.Deps{DB: d.DB, Log: d.Log, Now: d.Now})
		d.Bodies = bodies(good)
		if _, err := authority.New(d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := authority.New(authority.Deps{}); err == nil {
		t.Error("a gateway of nothing")
	}
}

func TestTheMostExactRecipientDecides(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	if err := d.Submit(t.Context(), authority.Load{Kind: "filing", ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	letters, err := authority.Letters{DB: d.DB, Now: d.clock.Now}.Waiting(t.Context(), 10)
	if err != nil || len(letters) != 1 || letters[0].Body != "fns" {
		t.Fatalf("%+v, %v", letters, err)
	}
}
