package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/storagetest"
)

// world is a gateway and a sandbox that speak over real HTTP. Its clock runs twenty
// times as fast, so that waits for a retry are short.
type world struct {
	*testing.T
	db      *storage.DB
	gateway *authority.Gateway
	box     *sandbox.Sandbox
	runner  *jobs.Runner
	office  *httptest.Server // of the sandbox
	cabinet *httptest.Server // of the gateway
	dir     string
	began   time.Time
	name    string
	poll    bool
	way     http.RoundTripper // of the gateway; nil: the default

	kill    func()         // ends the sandbox
	asked   sync.WaitGroup // requests that it is answering
	mu      sync.Mutex
	handled []authority.Answer
	ends    []authority.Delivery
}

func (w *world) now() time.Time { return w.began.Add(20 * time.Since(w.began)) }

// option changes a world before it is built.
type option func(*world)

func polling(w *world) { w.poll = true }

func newWorld(t *testing.T, db *storage.DB, options ...option) *world {
	t.Helper()
	w := &world{T: t, db: db, dir: t.TempDir(), began: time.Now(), name: "NO_NDS_7801_7801_7801234564780101001_20260120_A.xml"}
	for _, option := range options {
		option(w)
	}
	w.office = httptest.NewServer(http.HandlerFunc(w.ask))
	t.Cleanup(w.office.Close)
	w.cabinet = httptest.NewServer(http.HandlerFunc(w.callback))
	t.Cleanup(w.cabinet.Close)
	w.openGateway()
	w.openSandbox()
	return w
}

func each(t *testing.T, test func(w *world), options ...option) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(newWorld(t, db, options...)) })
}

// lite runs the test on SQLite alone: what is tested is the sandbox.
func lite(t *testing.T, test func(w *world), options ...option) {
	t.Parallel()
	test(newWorld(t, storagetest.SQLite(t), options...))
}

// openSandbox opens the folder, as a process that is started does. The one before,
// if any, is killed: it writes nothing more.
func (w *world) openSandbox() {
	w.Helper()
	if w.kill != nil {
		w.kill()
	}
	ours := authoritytest.Signer(w, 1)
	callback := w.cabinet.URL + authority.CallbackPath
	if w.poll {
		callback = ""
	}
	box, err := sandbox.New(sandbox.Deps{
		Dir: w.dir, Signer: authoritytest.Signer(w, 2), Callback: callback, Now: w.now,
		Key: func(id string) (httpsig.Public, bool) { return ours.Public, id == ours.ID },
	})
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	w.kill = sync.OnceFunc(func() {
		w.mu.Lock()
		w.box = nil
		w.mu.Unlock()
		w.asked.Wait()
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
		box.Close() // writes nothing: every change is on the disk when it is confirmed
	})
	w.Cleanup(w.kill)
	w.mu.Lock()
	w.box = box
	w.mu.Unlock()
}

// callback passes a request on to the gateway that was opened last.
func (w *world) callback(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	gateway := w.gateway
	w.mu.Unlock()
	gateway.ServeHTTP(rw, r)
}

// ask passes a request on to the sandbox that lives, if one does.
func (w *world) ask(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	box := w.box
	if box != nil {
		w.asked.Add(1)
	}
	w.mu.Unlock()
	if box == nil {
		panic(http.ErrAbortHandler)
	}
	defer w.asked.Done()
	box.ServeHTTP(rw, r)
}

// openGateway builds the gateway and starts its jobs, as a node that is started does.
func (w *world) openGateway() {
	w.Helper()
	memory := storage.NewMemory(w.now)
	w.Cleanup(func() { memory.Close() })
	log := slog.New(slog.DiscardHandler)
	w.runner = jobs.New(jobs.Deps{DB: w.db, Log: log, Now: w.now, Workers: 4, Poll: 5 * time.Millisecond})
	g, err := authority.New(authority.Deps{
		DB: w.db, Jobs: w.runner, Ephemeral: memory, Signer: authoritytest.Signer(w, 1), Host: w.cabinet.Listener.Addr().String(), Log: log, Now: w.now,
		Transport: w.way,
		Organisations: func(_ context.Context, inn, _ string) (string, error) {
			if inn == "7801234564" {
				return "org-1", nil
			}
			return "", storage.ErrNotFound
		},
		Bodies: []authority.Body{w.body()},
	})
	w.must(err)
	g.Load("filing", w.load)
	g.Load("application", w.load)
	for _, kind := range []string{"filing", "application", "requirement", "message"} {
		g.Handle(kind, w.handle)
	}
	g.Watch("filing", func(ctx context.Context, d authority.Delivery) error {
		w.db.AfterCommit(ctx, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ends = append(w.ends, d)
		})
		return nil
	})
	w.mu.Lock()
	w.gateway = g
	w.mu.Unlock()
	w.must(w.runner.Start(context.Background()))
	runner := w.runner
	w.Cleanup(func() { _ = runner.Stop(context.Background()) })
}

func (w *world) body() authority.Body {
	return authority.Body{Name: "sandbox", URL: w.office.URL, Recipients: []string{"*"}, Keys: []httpsig.Public{authoritytest.Signer(w, 2).Public}, Poll: w.poll}
}

func (w *world) load(_ context.Context, id string) (authority.Submission, error) {
	content := `<?xml version="1.0"?><Файл><Документ КНД="1151001" НомКорр="0" Период="21" ОтчетГод="2026"/></Файл>`
	return authority.Submission{
		OrganisationID: "org-1", INN: "7801234564", KPP: "780101001", OGRN: "1027800123450", Name: "ООО «Северный маяк»", Recipient: "7801",
		Files: []authority.File{{Name: w.name, MediaType: "application/xml", Content: []byte(content)}},
	}, nil
}

// handle remembers what was committed.
func (w *world) handle(ctx context.Context, a authority.Answer) error {
	w.db.AfterCommit(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.handled = append(w.handled, a)
	})
	return nil
}

func (w *world) answers() []authority.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.handled)
}

func (w *world) events() []string {
	var out []string
	for _, a := range w.answers() {
		out = append(out, a.Event)
	}
	return out
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) submit(kind, id string) {
	w.Helper()
	w.must(w.gateway.Submit(w.Context(), authority.Load{Kind: kind, ID: id}))
}

// until waits for what others bring about.
func (w *world) until(what string, holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain: %s; %d events", what, len(w.events()))
		}
	}
}

func (w *world) untilEvents(want ...string) {
	w.Helper()
	w.until("events", func() bool { return len(w.events()) >= len(want) })
	if got := w.events(); !slices.Equal(got, want) {
		w.Fatalf("%v, want %v", got, want)
	}
}

// admin asks the admin API and reads its answer into what it is given.
func (w *world) admin(method, path string, body any, into any) int {
	w.Helper()
	text, err := json.Marshal(body)
	w.must(err)
	if raw, is := body.(string); is {
		text = []byte(raw)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.office.URL+path, bytes.NewReader(text))
	w.must(err)
	resp, err := http.DefaultClient.Do(req)
	w.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	if into != nil && resp.StatusCode == http.StatusOK {
		w.must(json.Unmarshal(answer, into))
	}
	return resp.StatusCode
}

func (w *world) rule(r sandbox.Rule) {
	w.Helper()
	if status := w.admin("POST", "/admin/rules", r, nil); status != http.StatusOK {
		w.Fatalf("the rule was answered with %d", status)
	}
}

// received is what the sandbox's list of submissions says.
type received struct {
	Count       int
	Submissions []struct {
		ID, Kind, Number, Rule string
		Digests                []string
	}
}

func (w *world) received() (r received) {
	w.Helper()
	w.admin("GET", "/admin/submissions", nil, &r)
	return r
}
