package authoritytest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/httpsig"
	"propusk/storage"
	"propusk/storage/jobs"
)

// Base is what an Office's gateway stands on. DB and Now are required.
type Base struct {
	DB            *storage.DB
	Now           func() time.Time
	Ephemeral     storage.Ephemeral       // nil: one in memory
	Jobs          *jobs.Runner            // nil: one that is never started; Work does its part
	Organisations authority.Organisations // nil: no organisation is known by its numbers
	Log           *slog.Logger            // nil: nothing is logged
	Poll          bool                    // the office is asked for answers (Leave, Gateway.Poll)
}

// Host is the public host of the gateway in tests.
const Host = "cabinet.example"

// Office is a state body that the test plays itself, with the gateway that talks to
// it. Everything goes through signed HTTP messages, without a network.
type Office struct {
	*authority.Gateway
	now    func() time.Time
	signer *httpsig.Signer
	client httpsig.Public

	// Records are what the office's register knows, by ИНН and by ОГРН.
	Records map[string]authority.Record

	mu    sync.Mutex
	left  []authority.Answer // to be asked for
	sent  []authority.Submission
	seqs  map[string]int
	fails []int // statuses of the next answers
}

// New makes an office that takes every recipient, and its gateway.
func New(t testing.TB, b Base) *Office {
	t.Helper()
	if b.Log == nil {
		b.Log = slog.New(slog.DiscardHandler)
	}
	if b.Ephemeral == nil {
		memory := storage.NewMemory(b.Now)
		t.Cleanup(func() { memory.Close() })
		b.Ephemeral = memory
	}
	if b.Jobs == nil {
		b.Jobs = jobs.New(jobs.Deps{DB: b.DB, Log: b.Log, Now: b.Now})
	}
	if b.Organisations == nil {
		b.Organisations = func(context.Context, string, string) (string, error) { return "", storage.ErrNotFound }
	}
	ours, theirs := Signer(t, 1), Signer(t, 2)
	o := &Office{now: b.Now, signer: theirs, client: ours.Public, seqs: map[string]int{}}
	gateway, err := authority.New(authority.Deps{
		DB: b.DB, Jobs: b.Jobs, Ephemeral: b.Ephemeral, Organisations: b.Organisations,
		Bodies: []authority.Body{{Name: "office", URL: "https://office.example/v1", Recipients: []string{"*"}, Keys: []httpsig.Public{theirs.Public}, Poll: b.Poll}},
		Signer: ours, Host: Host, Log: b.Log, Now: b.Now, Transport: transport{o},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Gateway = gateway
	return o
}

// Signer is one of 256 keys, the same each time.
func Signer(t testing.TB, n byte) *httpsig.Signer {
	t.Helper()
	s, err := httpsig.FromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Sent is what the office has received, each submission once, in the order of arrival.
func (o *Office) Sent() []authority.Submission {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]authority.Submission{}, o.sent...)
}

// Fail has the office answer the next submissions with these statuses.
func (o *Office) Fail(statuses ...int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fails = append(o.fails, statuses...)
}

// Deliver sends everything that is queued and handles everything that came, as the
// jobs would.
func (o *Office) Deliver(t testing.TB) {
	t.Helper()
	if err := o.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Answer gives the gateway an answer as a signed callback and has it handled. ID,
// At and, of an answer to a submission, Seq are filled in when they are zero. A
// handler that refuses the answer does not fail the test; look at the room.
func (o *Office) Answer(t testing.TB, a authority.Answer) {
	t.Helper()
	o.fill(&a)
	if status := o.Callback(t, a); status != http.StatusNoContent {
		t.Fatalf("the callback was answered with %d", status)
	}
	o.Deliver(t)
}

func (o *Office) fill(a *authority.Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.ID == "" {
		a.ID = storage.NewID()
	}
	if a.At.IsZero() {
		a.At = storage.Of(o.now())
	}
	if a.SubmissionID != "" && a.Seq == 0 {
		o.seqs[a.SubmissionID]++
		a.Seq = o.seqs[a.SubmissionID]
	}
}

// Callback sends the answer as it is and returns the status. Nothing is handled
// before Deliver.
func (o *Office) Callback(t testing.TB, a authority.Answer) int {
	t.Helper()
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, "https://"+Host+authority.CallbackPath, bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if err := o.signer.SignRequest(req, body, o.now()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, req)
	return w.Code
}

// transport carries the gateway's requests to the office.
type transport struct{ office *Office }

// RoundTrip implements http.RoundTripper.
func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	o := tr.office
	v := httpsig.Verifier{Now: o.now, Key: func(id string) (httpsig.Public, bool) { return o.client, id == o.client.ID }}
	_, body, err := v.Request(req, 64<<20)
	if err != nil {
		return answer(req, http.StatusUnauthorized, nil), nil
	}
	status, receipt := o.route(req, body)
	resp := answer(req, status, receipt)
	return resp, o.signer.SignResponse(resp.Header, status, receipt, req, o.now())
}

func answer(req *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
	}
}

// Leave has the office keep answers until it is asked for them.
func (o *Office) Leave(answers ...authority.Answer) {
	for i := range answers {
		o.fill(&answers[i])
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.left = append(o.left, answers...)
}

// Remote is the office's register, asked over HTTP.
func (o *Office) Remote(t testing.TB) *authority.Remote {
	t.Helper()
	remote, err := authority.NewRemote(o.Bodies[0], o.Signer, o.now, o.Transport)
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// route finds the door that a request is for.
func (o *Office) route(req *http.Request, body []byte) (int, []byte) {
	number, register := strings.CutPrefix(req.URL.Path, "/v1/organizations/")
	switch {
	case register:
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.fails) > 0 {
			return o.fail(), nil
		}
		record, known := o.Records[number]
		if !known {
			return http.StatusNotFound, nil
		}
		text, _ := json.Marshal(record) // a struct of texts
		return http.StatusOK, text
	case req.Method == http.MethodGet:
		return o.leave(req.URL.Query())
	}
	return o.receive(body)
}

// fail is the next status that the test has asked for. The caller holds the lock.
func (o *Office) fail() int {
	status := o.fails[0]
	o.fails = o.fails[1:]
	return status
}

// leave gives a page of the answers that were left, by their number.
func (o *Office) leave(q url.Values) (int, []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.fails) > 0 {
		return o.fail(), nil
	}
	from, _ := strconv.Atoi(q.Get("after"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	page := o.left[min(from, len(o.left)):min(from+limit, len(o.left))]
	text, _ := json.Marshal(map[string]any{"answers": page, "next": strconv.Itoa(from + len(page))})
	return http.StatusOK, text
}

// receive is the office's door.
func (o *Office) receive(body []byte) (int, []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var s authority.Submission
	if json.Unmarshal(body, &s) != nil {
		return http.StatusBadRequest, nil
	}
	if len(o.fails) > 0 {
		return o.fail(), nil
	}
	receipt := authority.Receipt{ID: s.ID, ReceivedAt: storage.Of(o.now())}
	for _, before := range o.sent {
		receipt.Repeated = receipt.Repeated || before.ID == s.ID
	}
	if !receipt.Repeated {
		o.sent = append(o.sent, s)
	}
	text, _ := json.Marshal(receipt) // a struct of texts
	return http.StatusAccepted, text
}
