package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pdf "github.com/pdfcpu/pdfcpu/pkg/api"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func TestFilingIsDeliveredAcceptedAndEnteredWithItsReceipts(t *testing.T) {
	each(t, func(w *world) {
		w.submit("filing", "f1")
		w.untilEvents("delivered", "accepted", "entered")
		a := w.answers()[1]
		if a.Number == "" || a.OrganisationID != "org-1" || a.SubmissionID != "f1" || a.Source == "" || len(a.Files) != 1 {
			t.Fatalf("%+v", a)
		}
		for field, want := range map[string]string{
			"knd": "1166002", "report": "NO_NDS", "period": "21", "year": "2026", "correction": "0", "report_knd": "1151001", "office": "7801", "registration_number": a.Number,
		} {
			if a.Fields[field] != want {
				t.Errorf("%s is %q, want %q", field, a.Fields[field], want)
			}
		}
		f := a.Files[0]
		if !strings.HasPrefix(f.Name, "KV_OTCH_7801234564780101001_") || !bytes.Contains(f.Content, []byte(`encoding="windows-1251"`)) || !bytes.Contains(f.Content, []byte("NO_NDS_7801")) {
			t.Errorf("%s: %s", f.Name, f.Content)
		}
		if r := w.received(); r.Count != 1 || r.Submissions[0].Number != a.Number || r.Submissions[0].Rule != "filing" {
			t.Errorf("%+v", r)
		}
	})
}

// goesWell are the answers to a filing that has nothing wrong with it.
var goesWell = []sandbox.Step{{Event: authority.Delivered}, {Event: authority.Accepted}, {Event: authority.Entered}}

func TestRulesDecideByKindReportAndCorrection(t *testing.T) {
	lite(t, func(w *world) {
		w.rule(sandbox.Rule{Name: "profit", Match: sandbox.Match{Report: "NO_PRIB"}, Answers: []sandbox.Step{{Event: authority.Question}}})
		w.rule(sandbox.Rule{Name: "corrections", Match: sandbox.Match{Correction: ">0"}, Answers: []sandbox.Step{{Event: authority.Question}}})
		w.rule(sandbox.Rule{Name: "VAT", Match: sandbox.Match{Kind: "filing", Report: "NO_NDS", INN: "7801234564", Recipient: "7801", Correction: "0"}, Answers: []sandbox.Step{
			{Event: authority.Refused, Faults: []authority.Fault{{Code: "0400400007", Text: "Имя файла не совпадает с ИдФайл"}}},
		}})
		w.submit("filing", "f1")
		w.untilEvents("refused")
		a := w.answers()[0]
		if len(a.Faults) != 1 || a.Faults[0].Code != "0400400007" || !strings.HasPrefix(a.Files[0].Name, "UO_OTCH_") {
			t.Fatalf("%+v", a)
		}
		w.submit("application", "a1")
		w.untilEvents("refused", "in_work", "expertise", "approved", "result")
		if f := w.answers()[4].Files; len(f) != 1 || f[0].MediaType != "application/pdf" || pdf.Validate(bytes.NewReader(f[0].Content), nil) != nil {
			t.Errorf("the result is no PDF: %+v", f)
		}
	})
}

func TestSilenceIsARuleToo(t *testing.T) {
	lite(t, func(w *world) {
		w.rule(sandbox.Rule{Name: "silence", Match: sandbox.Match{Kind: "filing"}, Times: 1})
		w.submit("filing", "f1")
		w.until("it came", func() bool { return w.received().Count == 1 })
		w.submit("filing", "f2") // the rule is used up
		w.untilEvents("delivered", "accepted", "entered")
		if a := w.answers()[0]; a.SubmissionID != "f2" {
			t.Fatalf("%+v", a)
		}
	})
}

// However the door behaves, the far side has the submission once, and the room
// hears every answer once and in order.
func TestTroubleAtTheDoorEndsInExactlyOneSubmission(t *testing.T) {
	for name, intake := range map[string]sandbox.Intake{
		"a burst of 500":                          {Status: 500, Times: 3},
		"a burst of 429":                          {Status: 429, Times: 2},
		"the connection is broken off":            {Drop: true, Times: 2},
		"accepted, and the receipt is lost":       {Accept: true, Drop: true, Times: 1},
		"accepted, and answered with 500":         {Accept: true, Status: 502, Times: 2},
		"accepted, and answered after a time-out": {Accept: true, Delay: sandbox.Duration(400 * time.Millisecond), Times: 1},
		"nothing within the time-out, nor taken":  {Delay: sandbox.Duration(400 * time.Millisecond), Status: 503, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.rule(sandbox.Rule{Name: "trouble", Match: sandbox.Match{Kind: "filing"}, Intake: &intake, Answers: goesWell})
				w.submit("filing", "f1")
				w.untilEvents("delivered", "accepted", "entered")
				w.until("the sending is over", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.ends) == 1 })
				if r := w.received(); r.Count != 1 || w.ends[0].State != authority.Sent || w.ends[0].Number != r.Submissions[0].Number {
					t.Fatalf("%+v, %+v", r, w.ends)
				}
			}, func(w *world) { w.way = &http.Transport{ResponseHeaderTimeout: 200 * time.Millisecond} })
		})
	}
}

func TestDuplicatesAndTheWrongOrderComeToTheRoomOnceAndInOrder(t *testing.T) {
	each(t, func(w *world) {
		w.rule(sandbox.Rule{
			Name: "muddle", Match: sandbox.Match{Kind: "filing"}, Duplicates: 2, Reverse: true, Answers: goesWell,
		})
		w.submit("filing", "f1")
		w.untilEvents("delivered", "accepted", "entered")
		var list struct{ Answers []struct{ Sent int } }
		w.until("every duplicate was sent", func() bool {
			w.admin("GET", "/admin/answers", nil, &list)
			return !slices.ContainsFunc(list.Answers, func(a struct{ Sent int }) bool { return a.Sent != 3 })
		})
		if n := len(w.events()); n != 3 {
			t.Fatalf("%d answers were handled", n)
		}
	})
}

// killer is a way to the body on which our process is killed: the request goes
// out, the receipt comes, and nobody is there to read it.
type killer struct {
	armed atomic.Bool
	kill  func()
}

func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && k.armed.CompareAndSwap(true, false) {
		resp.Body.Close()
		k.kill()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return resp, err
}

func TestProcessKilledBetweenSendingAndBookkeepingSubmitsOnce(t *testing.T) {
	each(t, func(w *world) {
		k := &killer{}
		w.way = k
		w.must(w.runner.Stop(w.Context()))
		w.openGateway()
		killed := w.runner
		dead := make(chan error, 1)
		k.kill = func() {
			over, cancel := context.WithCancel(context.Background())
			cancel()
			go func() { dead <- killed.Stop(over) }()
		}
		k.armed.Store(true)
		w.submit("filing", "f1")
		if err := <-dead; !errors.Is(err, context.Canceled) {
			t.Fatalf("it was not cut: %v", err)
		}
		if n := w.received().Count; n != 1 || len(w.ends) != 0 {
			t.Fatalf("%d came, ends %+v", n, w.ends)
		}
		w.openGateway() // the next process
		w.untilEvents("delivered", "accepted", "entered")
		w.until("the sending is over", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.ends) == 1 })
		if r := w.received(); r.Count != 1 {
			t.Fatalf("%+v", r)
		}
	})
}

func TestSandboxKilledAtAnyMomentLosesNothingAccepted(t *testing.T) {
	lite(t, func(w *world) {
		w.rule(sandbox.Rule{Name: "slow", Match: sandbox.Match{Kind: "filing"}, Answers: []sandbox.Step{
			{Event: authority.Delivered}, {Event: authority.Accepted, After: sandbox.Duration(72 * time.Hour)},
		}})
		for n := range 5 {
			w.submit("filing", fmt.Sprint("f", n))
		}
		w.until("all came", func() bool { return w.received().Count == 5 })
		w.kill()
		log := filepath.Join(w.dir, "log.jsonl")
		file, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
		w.must(err)
		_, err = file.WriteString(`{"received":{"submission":{"id":"torn`) // it was killed while it wrote
		w.must(errors.Join(err, file.Close()))
		w.openSandbox()
		if r := w.received(); r.Count != 5 || r.Submissions[0].Rule != "slow" {
			t.Fatalf("%+v", r)
		}
		w.until("delivered", func() bool { return len(w.events()) == 5 })
		if status := w.admin("POST", "/admin/clock", map[string]string{"advance": "73h"}, nil); status != http.StatusOK {
			t.Fatal(status)
		}
		w.until("accepted", func() bool { return len(w.events()) == 10 })
		w.openSandbox()
		var clock struct{ Offset sandbox.Duration }
		w.admin("GET", "/admin/clock", nil, &clock)
		if time.Duration(clock.Offset) != 73*time.Hour {
			t.Fatalf("%v", time.Duration(clock.Offset))
		}
		if content, err := os.ReadFile(log); err != nil || bytes.Contains(content, []byte("torn")) {
			t.Fatal("the torn line is still there")
		}
	})
}

// A node and the body are killed at random moments while submissions go out: each
// comes there once, and each has every answer once (in their order: the authority's
// own tests).
func TestEverySubmissionHasOneOutcomeWhoeverIsKilled(t *testing.T) {
	each(t, func(w *world) {
		const n = 45
		w.rule(sandbox.Rule{Name: "quick", Match: sandbox.Match{Kind: "filing"}, Duplicates: 1, Answers: goesWell})
		for i := range n {
			w.submit("filing", fmt.Sprint("f", i))
			switch i % 15 {
			case 4:
				w.openSandbox()
			case 9:
				over, cancel := context.WithCancel(w.Context())
				cancel()
				_ = w.runner.Stop(over) // everything that runs is cut
				w.openGateway()
			}
		}
		w.until("every answer came", func() bool { return len(w.events()) == 3*n })
		w.until("every sending is over", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.ends) == n })
		if r := w.received(); r.Count != n {
			t.Errorf("%d of %d came", r.Count, n)
		}
		seen := map[string][]string{}
		for _, a := range w.answers() {
			seen[a.SubmissionID] = append(seen[a.SubmissionID], a.Event)
		}
		for id, events := range seen {
			slices.Sort(events) // two nodes tell the test of their commits in any order
			if !slices.Equal(events, []string{"accepted", "delivered", "entered"}) {
				t.Errorf("%s has %v", id, events)
			}
		}
	})
}

func TestDamagedLogIsNotReadOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log.jsonl"), []byte("{}\n{broken}\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sandbox.New(sandbox.Deps{Dir: dir, Signer: authoritytest.Signer(t, 2), Key: func(string) (httpsig.Public, bool) { return httpsig.Public{}, false }})
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Fatal(err)
	}
}

func TestAnswersAreAskedForWhereTheBodyCannotReachUs(t *testing.T) {
	each(t, func(w *world) {
		for n := range 30 { // more than one page
			w.submit("filing", fmt.Sprint("f", n))
		}
		w.until("every answer was fetched", func() bool { return len(w.events()) == 90 })
		w.must(w.gateway.Poll(w.Context()))
		if n := len(w.events()); n != 90 {
			t.Fatalf("%d answers", n)
		}
	}, polling)
}

func TestRequirementsAndMessagesComeUnasked(t *testing.T) {
	lite(t, func(w *world) {
		w.admin("POST", "/admin/requirements", map[string]any{
			"inn": "7801234564", "subject": "О представлении пояснений", "text": "Просим пояснить.", "due": "240h",
			"files": []authority.File{{Name: "trebovanie.pdf", MediaType: "application/pdf", Content: []byte("%PDF-1.7")}},
		}, nil)
		w.admin("POST", "/admin/messages", map[string]any{"inn": "7801234564", "subject": "Новости", "due": "2027-01-01T00:00:00Z"}, nil)
		w.until("both came", func() bool { return len(w.events()) == 2 })
		for _, a := range w.answers() {
			switch a.Event {
			case "requirement":
				if a.OrganisationID != "org-1" || a.Number == "" || a.Due.Sub(a.At) != 240*time.Hour || string(a.Files[0].Content) != "%PDF-1.7" {
					t.Errorf("%+v", a)
				}
			case "message":
				if !a.Due.Time().Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
					t.Errorf("%+v", a)
				}
			default:
				t.Errorf("%+v", a)
			}
		}
	})
}

func TestAnswerByHandFollowsThoseOfTheRule(t *testing.T) {
	lite(t, func(w *world) {
		w.submit("filing", "f1")
		w.untilEvents("delivered", "accepted", "entered")
		w.admin("POST", "/admin/submissions/f1/answers", sandbox.Step{Event: authority.Clarification, Due: sandbox.Duration(120 * time.Hour), Faults: []authority.Fault{{Code: "1", Text: "Уточните", Element: "Файл/Документ/СумНал", Value: "5"}}}, nil)
		w.untilEvents("delivered", "accepted", "entered", "clarification")
		a := w.answers()[3]
		if a.Seq != 4 || a.Faults[0].Element != "Файл/Документ/СумНал" || a.Due.Sub(a.At) != 120*time.Hour || !strings.HasPrefix(a.Files[0].Name, "UU_OTCH_") {
			t.Fatalf("%+v", a)
		}
		var sub struct {
			Answers []struct{ Answer authority.Answer }
		}
		w.admin("GET", "/admin/submissions/f1", nil, &sub)
		if len(sub.Answers) != 4 {
			t.Fatalf("%+v", sub)
		}
		if status := w.admin("POST", "/admin/answers/"+a.ID+"/resend", nil, nil); status != http.StatusOK {
			t.Fatal(status)
		}
		resp, err := http.Get(w.office.URL + "/admin/submissions/f1/files/0")
		w.must(err)
		defer resp.Body.Close()
		if content, _ := io.ReadAll(resp.Body); !strings.Contains(string(content), `КНД="1151001"`) {
			t.Errorf("%s", content)
		}
	})
}

func TestRegisterAnswersOverHTTP(t *testing.T) {
	lite(t, func(w *world) {
		status := w.admin("POST", "/admin/organizations", map[string]any{"inn": "7801234564", "kpp": "780101001", "ogrn": "1027800123450", "full_name": "Общество с ограниченной ответственностью «Северный маяк»"}, nil)
		if status != http.StatusOK {
			t.Fatal(status)
		}
		remote, err := authority.NewRemote(w.body(), authoritytest.Signer(t, 1), w.now, nil)
		w.must(err)
		for _, number := range []string{"7801234564", "1027800123450"} {
			r, err := remote.Find(t.Context(), number)
			if err != nil || r.ShortName != "ООО «Северный маяк»" || r.TaxOffice.Office.Code != "7801" || len(r.Heads) != 1 || r.ExtractDate == "" {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		if _, err := remote.Find(t.Context(), "7707083893"); !errors.Is(err, storage.ErrNotFound) {
			t.Fatal(err)
		}
		if status := w.admin("DELETE", "/admin/organizations/7801234564", nil, nil); status != http.StatusOK {
			t.Fatal(status)
		}
		if _, err := remote.Find(t.Context(), "7801234564"); !errors.Is(err, storage.ErrNotFound) {
			t.Fatal(err)
		}
		if found, err := (authority.Registries{remote, one{}}).Find(t.Context(), "7801234564"); err != nil || found.INN != "1" {
			t.Fatalf("the next register was not asked: %v", err)
		}
		w.office.Close()
		if _, err := (authority.Registries{remote, one{}}).Find(t.Context(), "7801234564"); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("a register that does not answer knows nothing: %v", err)
		}
	})
}

// one is a register that knows one organisation.
type one struct{}

func (one) Find(context.Context, string) (authority.Record, error) {
	return authority.Record{INN: "1"}, nil
}

func TestAdminRefusesWhatItDoesNotUnderstand(t *testing.T) {
	lite(t, func(w *world) {
		for _, tt := range []struct {
			method, path, body string
			want               int
		}{
			{"POST", "/admin/requirements", `{"subject":"для никого"}`, 400},
			{"POST", "/admin/requirements", `{"inn":"1","due":"скоро"}`, 400},
			{"POST", "/admin/requirements", `{"inn":"1","duе":"1h"}`, 400}, // a Cyrillic letter
			{"PUT", "/admin/rules", `{"rules":[{"name":"x","answers":[{"event":"paid"}]}]}`, 400},
			{"PUT", "/admin/rules", `{"rules":[{"name":"x","intake":{"status":200}}]}`, 400},
			{"PUT", "/admin/rules", `{"rules":[{"name":"x","match":{"correction":"many"}}]}`, 400},
			{"POST", "/admin/rules", `{"answers":[]}`, 400},
			{"POST", "/admin/rules", `{"name":"x","answers":[{"event":"result","after":"-1s"}]}`, 400},
			{"POST", "/admin/clock", `{"advance":"5"}`, 400},
			{"POST", "/admin/clock", `{"at":"2001-01-01T00:00:00Z"}`, 400},
			{"POST", "/admin/organizations", `{"inn":"7801234564"}`, 400},
			{"DELETE", "/admin/organizations/1", ``, 404},
			{"GET", "/admin/submissions/x", ``, 404},
			{"GET", "/admin/submissions/x/files/0", ``, 404},
			{"POST", "/admin/submissions/x/answers", `{"event":"result"}`, 404},
			{"POST", "/admin/submissions/x/answers", `{"event":"paid"}`, 400},
			{"POST", "/admin/answers/x/resend", ``, 404},
			{"PUT", "/admin/rules", `{"rules":[{"name":"x","answers":[]}]}`, 200},
			{"GET", "/admin/rules", ``, 200},
			{"DELETE", "/admin/rules/x", ``, 200},
			{"GET", "/admin/organizations", ``, 200},
			{"GET", "/", ``, 200},
			{"GET", "/key", ``, 200},
		} {
			if got := w.admin(tt.method, tt.path, tt.body, nil); got != tt.want {
				t.Errorf("%s %s %s: %d, want %d", tt.method, tt.path, tt.body, got, tt.want)
			}
		}
	})
}

func TestAdminWantsItsTokenAndTheExchangeItsSignature(t *testing.T) {
	t.Parallel()
	var console bytes.Buffer
	box, err := sandbox.New(sandbox.Deps{
		Signer: authoritytest.Signer(t, 2), AdminToken: "geheim", Console: &console, JSON: true,
		Key: func(string) (httpsig.Public, bool) { return httpsig.Public{}, false },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, path, header string
		want                 int
	}{
		{"GET", "/admin/submissions", "", 401}, {"GET", "/admin/submissions", "Bearer geheim!", 401}, {"GET", "/admin/submissions", "Bearer geheim", 200},
		{"GET", "/admin/submissions/a/files/0", "", 401},
		{"POST", "/submissions", "Bearer geheim", 401}, {"GET", "/answers", "", 401}, {"GET", "/organizations/7801234564", "", 401},
	} {
		if got := ask(box, tt.method, tt.path, tt.header); got != tt.want {
			t.Errorf("%s %s %q: %d, want %d", tt.method, tt.path, tt.header, got, tt.want)
		}
	}
	if !strings.Contains(console.String(), `"event":"refused"`) {
		t.Errorf("%s", console.String())
	}
}

func TestWithoutAFolderNothingIsKeptAndEverythingWorks(t *testing.T) {
	lite(t, func(w *world) {
		w.submit("filing", "f1")
		w.untilEvents("delivered", "accepted", "entered")
	}, func(w *world) { w.dir = "" })
}

// Attack: a page that the developer reads commands his sandbox, by a form of its own or
// by a name that resolves to his machine.
func TestNoWebPageCommandsTheSandbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	for name, spoil := range map[string]func(r *http.Request){
		"a form of another site": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a script of this host":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"a sandboxed frame":      func(r *http.Request) { r.Header.Set("Origin", "null") },
		"DNS rebinding":          func(r *http.Request) { r.Host = "evil.example" },
		"a name like ours":       func(r *http.Request) { r.Host = "localhost.evil.example:9090" },
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r, err := http.NewRequestWithContext(w.Context(), method, w.office.URL+"/admin/clock", strings.NewReader(`{"advance":"1h"}`))
			w.must(err)
			spoil(r)
			answer, err := http.DefaultClient.Do(r)
			w.must(err)
			answer.Body.Close()
			if answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %s: %d", name, method, answer.StatusCode)
			}
		}
	}
	for _, host := range []string{"localhost:9090", "127.0.0.1", "[::1]:9090", "[::1]"} {
		r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.office.URL+"/admin/clock", nil)
		w.must(err)
		r.Host = host
		answer, err := http.DefaultClient.Do(r)
		w.must(err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", host, answer.StatusCode)
		}
	}
}
