package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/webhook"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/outside"
	"propusk/storage/storagetest"
)

// house is a world with webhooks, whose dispatcher runs.
type house struct {
	*cabinettest.World
	t       *testing.T
	notices *notice.Notices
	hooks   *webhook.Webhooks
	room    api.Room
}

func each(t *testing.T, test func(h house), changes ...func(*webhook.Deps)) {
	t.Helper()
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(open(t, db, changes...)) })
}

func open(t *testing.T, db *storage.DB, changes ...func(*webhook.Deps)) house {
	t.Helper()
	h := house{t: t}
	h.World = cabinettest.New(t, db, func(b cabinettest.Base) []api.Room {
		h.notices = noticetest.New(t, b)
		deps := webhook.Deps{
			DB: b.DB, Jobs: b.Jobs, Notices: h.notices, Sealer: b.Sealer, Journal: b.Journal, Reach: outside.Loopback,
			Timeout: time.Minute, Now: b.Clock.Now, Log: b.Log, Metrics: b.Metrics,
		}
		for _, change := range changes {
			change(&deps)
		}
		var err error
		h.hooks, err = webhook.New(deps)
		cabinettest.Must(t, err)
		h.room = h.hooks.Room()
		return []api.Room{h.room}
	})
	h.hooks.Pace(20 * time.Millisecond)
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); h.hooks.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-stopped })
	return h
}

func (h house) must(err error) { h.t.Helper(); cabinettest.Must(h.t, err) }

// request is one that a receiver got.
type request struct {
	http.Header
	body string
	path string
}

// receiver is a program of an integrator.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []request
	answer http.HandlerFunc // nil: 204
}

func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.got = append(r.got, request{req.Header.Clone(), string(body), req.URL.Path})
	answer := r.answer
	r.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, req)
}

func (r *receiver) set(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request(nil), r.got...)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

type hook struct {
	ID, URL, State, Reason, Secret, Program, Description string
	Types                                                []string
	Connected                                            bool
	Actions                                              []api.Action
}

func (h house) admin(o *cabinettest.Office) string { return h.Token(o, directory.Administrator) }

// register makes a webhook at an address.
func (h house) register(o *cabinettest.Office, url string, types ...string) hook {
	h.t.Helper()
	body := map[string]any{"url": url, "description": "Бухгалтерия " + o.Tag}
	if len(types) > 0 {
		body["types"] = types
	}
	var made hook
	h.Expect(h.Do("POST", "/v1/webhooks", h.admin(o), body), 201, "").Into(h.t, &made)
	return made
}

func (h house) read(o *cabinettest.Office, id string) (found hook) {
	h.t.Helper()
	h.Expect(h.Do("GET", "/v1/webhooks/"+id, h.admin(o), nil), 200, "").Into(h.t, &found)
	return found
}

type deliveryView struct {
	ID, Type, State string
	MessageID       string `json:"message_id"`
	Attempts        int
	NextAt          *time.Time `json:"next_at"`
	Body            json.RawMessage
	Log             []struct {
		Status         int
		Error, Answer  string
		Took           int
		RequestHeaders map[string]string `json:"request_headers"`
	}
	Actions []api.Action
}

func (h house) deliveries(o *cabinettest.Office, id, query string) []deliveryView {
	h.t.Helper()
	var page struct{ Deliveries []deliveryView }
	h.Expect(h.Do("GET", "/v1/webhooks/"+id+"/deliveries"+query, h.admin(o), nil), 200, "").Into(h.t, &page)
	return page.Deliveries
}

func (h house) delivery(o *cabinettest.Office, id, delivery string) (d deliveryView) {
	h.t.Helper()
	h.Expect(h.Do("GET", "/v1/webhooks/"+id+"/deliveries/"+delivery, h.admin(o), nil), 200, "").Into(h.t, &d)
	return d
}

// tell tells an event that whoever reads filings learns of.
func (h house) tell(o *cabinettest.Office, changes ...func(*notice.Event)) notice.Event {
	h.t.Helper()
	id := storage.NewID()
	e := notice.Event{
		ID: "filing/" + id + "/accepted", Type: "filing.accepted", OrganisationID: o.ID, Category: notice.Filing,
		Permission: directory.FilingsRead, Path: "/cabinet/filings/" + id, Texts: notice.Texts{RU: notice.Message{Subject: "Отчёт принят " + o.Tag}},
		Data: map[string]any{"filing_id": id, "tag": o.Tag},
	}
	for _, change := range changes {
		change(&e)
	}
	h.must(h.DB.Tx(context.Background(), func(ctx context.Context) error { return h.notices.Tell(ctx, e) }))
	h.Work()
	return e
}

// until waits for what the dispatcher brings about.
func (h house) until(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// settled waits until the newest delivery has been tried so many times.
func (h house) settled(o *cabinettest.Office, id string, attempts int) deliveryView {
	h.t.Helper()
	var d deliveryView
	h.until(fmt.Sprintf("%d attempts", attempts), func() bool {
		list := h.deliveries(o, id, "?limit=1")
		if len(list) == 0 || list[0].Attempts < attempts {
			return false
		}
		d = list[0]
		return true
	})
	return h.delivery(o, id, d.ID)
}

// rests waits until nobody works for the webhook.
func (h house) rests(id string) {
	h.t.Helper()
	h.until("it rests", func() bool {
		var lease string
		h.must(h.DB.Get(context.Background(), &lease, `SELECT lease FROM webhooks WHERE id = $1`, id))
		return lease == ""
	})
}
