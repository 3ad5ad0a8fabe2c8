package authority_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// world is a gateway with an office on a test's database.
type world struct {
	*testing.T
	*authoritytest.Office
	db      *storage.DB
	clock   *storagetest.Clock
	letters authority.Letters

	mu       sync.Mutex
	handled  []authority.Answer
	ends     []authority.Delivery
	fail     error // what the handler and the loader return
	loadFail error
}

const ours = "org-1"

func each(t *testing.T, test func(w *world)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(newWorld(t, db)) })
}

func newWorld(t *testing.T, db *storage.DB) *world {
	w := &world{T: t, db: db, clock: storagetest.NewClock()}
	w.Office = authoritytest.New(t, authoritytest.Base{DB: db, Now: w.clock.Now, Organisations: func(_ context.Context, inn, _ string) (string, error) {
		if inn == "7801234564" {
			return ours, nil
		}
		return "", storage.ErrNotFound
	}})
	w.letters = authority.Letters{DB: db, Journal: journal.New(journal.Deps{DB: db, Now: w.clock.Now}), Now: w.clock.Now}
	w.Load("filing", w.load)
	w.Handle("filing", w.handle)
	w.Handle("requirement", w.handle)
	w.Watch("filing", func(_ context.Context, d authority.Delivery) error { w.ends = append(w.ends, d); return nil })
	return w
}

func (w *world) load(_ context.Context, id string) (authority.Submission, error) {
	if w.loadFail != nil {
		return authority.Submission{}, w.loadFail
	}
	return authority.Submission{
		OrganisationID: ours, INN: "7801234564", OGRN: "1027800123450", Name: "ООО «Северный маяк»", Recipient: "7801",
		Files: []authority.File{{Name: "NO_NDS.xml", MediaType: "application/xml", Content: []byte("<Файл/>"), Signatures: [][]byte{{1, 2}}}},
	}, nil
}

func (w *world) handle(_ context.Context, a authority.Answer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	w.handled = append(w.handled, a)
	return nil
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) submit(id string) {
	w.Helper()
	w.must(w.Submit(w.Context(), authority.Load{Kind: "filing", ID: id}))
}

func (w *world) events() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, a := range w.handled {
		out = append(out, a.Event)
	}
	return out
}

// until waits for what another goroutine brings about.
func (w *world) until(holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("%d sent, %v", len(w.Sent()), w.events())
		}
	}
}

func (w *world) dead() []authority.Letter {
	w.Helper()
	letters, err := w.letters.Dead(w.Context(), 10)
	w.must(err)
	return letters
}

func TestSubmissionOfARolledBackActIsNeverSent(t *testing.T) {
	each(t, func(w *world) {
		rolledBack := errors.New("rolled back")
		err := w.db.Tx(w.Context(), func(ctx context.Context) error {
			w.must(w.Submit(ctx, authority.Load{Kind: "filing", ID: "a"}))
			return rolledBack
		})
		if !errors.Is(err, rolledBack) {
			w.Fatal(err)
		}
		w.submit("b")
		w.submit("b") // asked twice is asked once
		w.Deliver(w.T)
		sent := w.Sent()
		if len(sent) != 1 || sent[0].ID != "b" || sent[0].Kind != "filing" || string(sent[0].Files[0].Content) != "<Файл/>" || sent[0].Files[0].Signatures[0][1] != 2 {
			w.Fatalf("%+v", sent)
		}
		if len(w.ends) != 1 || w.ends[0].State != authority.Sent || w.ends[0].OrganisationID != ours || w.ends[0].ID != "b" {
			w.Fatalf("%+v", w.ends)
		}
	})
}

func TestReceiptOfTheBodyIsKeptAsAProof(t *testing.T) {
	each(t, func(w *world) {
		w.submit("a")
		if _, err := w.letters.Proof(w.Context(), "a"); !errors.Is(err, storage.ErrNotFound) {
			w.Fatal(err)
		}
		w.Deliver(w.T)
		theirs := w.Bodies[0].Keys[0]
		proof, err := w.letters.Proof(w.Context(), "a")
		w.must(err)
		digest, at, err := proof.Verify(theirs)
		if err != nil || !strings.HasPrefix(digest, "sha-256=:") || !strings.Contains(proof.Body, `"id":"a"`) || w.clock.Now().Sub(at) > time.Second {
			w.Fatalf("%s at %s, %v", digest, at, err)
		}
		w.clock.Advance(10 * 365 * 24 * time.Hour)
		if _, _, err := proof.Verify(theirs); err != nil {
			w.Errorf("it proves nothing years later: %v", err)
		}
		for name, change := range map[string]func(p *authority.Proof){
			"another body":    func(p *authority.Proof) { p.Body = strings.Replace(p.Body, `"a"`, `"b"`, 1) },
			"another content": func(p *authority.Proof) { p.Request = p.Request.Clone(); p.Request.Set("Signature", "sig1=:AAAA:") },
			"another address": func(p *authority.Proof) { p.URL = "https://office.example/v1/other" },
			"another status":  func(p *authority.Proof) { p.Status = 200 },
			"no signature":    func(p *authority.Proof) { p.Answer = http.Header{} },
		} {
			changed := *proof
			change(&changed)
			if _, _, err := changed.Verify(theirs); err == nil {
				w.Errorf("%s: it proves all the same", name)
			}
		}
		if _, _, err := proof.Verify(w.Signer.Public); err == nil {
			w.Error("our own key proves it")
		}
	})
}

func TestSubmitRefusesWhatNobodyLoads(t *testing.T) {
	each(t, func(w *world) {
		for _, load := range []authority.Load{{Kind: "poem", ID: "a"}, {Kind: "filing"}} {
			if err := w.Submit(w.Context(), load); err == nil {
				w.Errorf("%+v was taken", load)
			}
		}
	})
}

func TestTroubleOfTheBodyIsWaitedOut(t *testing.T) {
	each(t, func(w *world) {
		w.submit("a")
		w.Fail(500, 503, http.StatusUnauthorized, http.StatusNotFound)
		for n := range 4 {
			w.Deliver(w.T)
			if len(w.Sent()) != 0 {
				w.Fatalf("sent after %d failures", n+1)
			}
			waiting, err := w.letters.Waiting(w.Context(), 10)
			w.must(err)
			if len(waiting) != 1 || waiting[0].What != "submission" || waiting[0].Attempts != n+1 || !strings.Contains(waiting[0].Fault, "answered") {
				w.Fatalf("%+v", waiting)
			}
			w.clock.Advance(10 * time.Second)
		}
		w.Deliver(w.T)
		if len(w.Sent()) != 1 || len(w.ends) != 1 {
			w.Fatalf("%d sent, ends %+v", len(w.Sent()), w.ends)
		}
	})
}

func TestBodyThatFailsIsLeftAlone(t *testing.T) {
	each(t, func(w *world) {
		for n := range 7 {
			w.submit(fmt.Sprint("s", n))
		}
		w.Fail(500, 500, 500, 500, 500)
		w.Deliver(w.T)
		if n := len(w.Sent()); n != 0 {
			w.Fatalf("%d were sent although five had failed", n)
		}
		w.clock.Advance(time.Minute)
		w.Deliver(w.T)
		if n := len(w.Sent()); n != 7 {
			w.Fatalf("%d of 7 were sent after the pause", n)
		}
	})
}

func TestRefusedSubmissionIsADeadLetterUntilAnOperatorRetries(t *testing.T) {
	each(t, func(w *world) {
		for n, status := range []int{400, 409, 410, 413, 415, 422} {
			id := fmt.Sprint("s", status)
			w.submit(id)
			w.Fail(status)
			w.Deliver(w.T)
			dead := w.dead()
			if len(dead) != 1 || dead[0].ID != id || dead[0].Kind != "filing" || !strings.Contains(dead[0].Fault, fmt.Sprint(status)) {
				w.Fatalf("%+v", dead)
			}
			if end := w.ends[2*n]; end.ID != id || end.State != authority.Dead || end.Reason == "" {
				w.Fatalf("%+v", end)
			}
			w.must(w.letters.Retry(w.Context(), "Соколов", id))
			w.Deliver(w.T)
			if len(w.Sent()) != n+1 || w.ends[2*n+1].State != authority.Sent {
				w.Fatalf("%+v", w.ends)
			}
			if err := w.letters.Retry(w.Context(), "Соколов", id); !errors.Is(err, storage.ErrNotFound) {
				w.Fatal(err)
			}
		}
		entries, err := w.letters.Journal.List(w.Context(), journal.Filter{Limit: 10})
		w.must(err)
		if len(entries) != 6 || entries[0].Action != "authority.retried" || !strings.HasPrefix(entries[0].Object, "submission/s4") || entries[0].Details["by"] != "Соколов" {
			w.Fatalf("%+v", entries)
		}
	})
}

func TestWhatCannotBeLoaded(t *testing.T) {
	each(t, func(w *world) {
		for n, tt := range []struct {
			name string
			err  error
			dead bool // given up, and the room is told
			sent bool // tried again
		}{
			{"is withdrawn", authority.ErrWithdrawn, false, false},
			{"is withdrawn, wrapped", fmt.Errorf("wrapped: %w", authority.ErrWithdrawn), false, false},
			{"is gone", storage.ErrNotFound, true, false},
			{"is broken for good", jobs.Permanent(errors.New("no such format")), true, false},
			{"is tried once more", errors.New("the disk is busy"), false, true},
		} {
			before, told, sent := len(w.dead()), len(w.ends), len(w.Sent())
			w.submit(fmt.Sprint("s", n))
			w.loadFail = tt.err
			w.Deliver(w.T)
			if dead := len(w.dead()) > before; dead != tt.dead || (len(w.ends) > told) != tt.dead {
				w.Errorf("%s: dead %v, ends %+v", tt.name, w.dead(), w.ends)
			}
			w.loadFail = nil
			w.clock.Advance(time.Minute)
			w.Deliver(w.T)
			if got := len(w.Sent()) > sent; got != tt.sent {
				w.Errorf("%s: sent %v", tt.name, got)
			}
		}
	})
}

func TestWhatIsOverdueIsTakenUpAgain(t *testing.T) {
	each(t, func(w *world) {
		runner := jobs.New(jobs.Deps{DB: w.db, Log: slog.New(slog.DiscardHandler), Now: w.clock.Now, Poll: 5 * time.Millisecond})
		w.Office = authoritytest.New(w.T, authoritytest.Base{DB: w.db, Now: w.clock.Now, Jobs: runner})
		w.Load("filing", w.load)
		w.Handle("filing", w.handle)
		w.submit("a")
		w.Deliver(w.T)
		w.Callback(w.T, authority.Answer{ID: "1", SubmissionID: "a", Seq: 1, Event: authority.Delivered, At: storage.Of(w.clock.Now())})
		w.submit("b")
		_, err := w.db.Exec(w.Context(), `DELETE FROM jobs`) // somebody has tidied up
		w.must(err)
		w.clock.Advance(10 * time.Minute)
		w.must(runner.Start(w.Context()))
		w.Cleanup(func() { _ = runner.Stop(context.Background()) })
		w.until(func() bool { return len(w.Sent()) == 2 && len(w.events()) == 1 })
	})
}

func TestAnswersAreHandledInTheirOrderWhateverTheOrderTheyComeIn(t *testing.T) {
	each(t, func(w *world) {
		w.submit("a")
		w.Deliver(w.T)
		for _, seq := range []int{3, 2, 4} {
			w.Answer(w.T, authority.Answer{SubmissionID: "a", Seq: seq, Event: []string{"", "", authority.Accepted, authority.Entered, authority.Clarification}[seq]})
		}
		if got := w.events(); len(got) != 0 {
			w.Fatalf("handled before their turn: %v", got)
		}
		waiting, err := w.letters.Waiting(w.Context(), 10)
		w.must(err)
		if len(waiting) != 3 {
			w.Fatalf("%+v", waiting)
		}
		w.Answer(w.T, authority.Answer{SubmissionID: "a", Seq: 1, Event: authority.Delivered})
		if want := []string{"delivered", "accepted", "entered", "clarification"}; !slices.Equal(w.events(), want) {
			w.Fatalf("%v, want %v", w.events(), want)
		}
		if w.handled[0].OrganisationID != ours {
			w.Errorf("%+v", w.handled[0])
		}
	})
}

// A node that dies between an answer and those that waited for it leaves only the
// answer's job, and that is all the next node has to go by.
func TestAnswersThatWaitedAreTakenUpAfterAKill(t *testing.T) {
	each(t, func(w *world) {
		node := func() *jobs.Runner {
			runner := jobs.New(jobs.Deps{DB: w.db, Log: slog.New(slog.DiscardHandler), Now: w.clock.Now, Poll: 5 * time.Millisecond})
			w.Office = authoritytest.New(w.T, authoritytest.Base{DB: w.db, Now: w.clock.Now, Jobs: runner})
			w.Load("filing", w.load)
			return runner
		}
		answer := func(seq int, event string) {
			a := authority.Answer{ID: event, SubmissionID: "a", Seq: seq, Event: event, At: storage.Of(w.clock.Now())}
			if status := w.Callback(w.T, a); status != http.StatusNoContent {
				w.Fatalf("answer %d: %d", seq, status)
			}
		}
		killed := node()
		w.Handle("filing", func(ctx context.Context, a authority.Answer) error {
			w.db.AfterCommit(ctx, func() {
				ended, end := context.WithCancel(ctx)
				end()
				go func() { _ = killed.Stop(ended) }()
				<-ctx.Done()
			})
			return w.handle(ctx, a)
		})
		w.submit("a")
		w.Deliver(w.T)
		answer(2, authority.Accepted)
		_, err := w.db.Exec(w.Context(), `DELETE FROM jobs`) // it came too early, and its job is over
		w.must(err)
		answer(1, authority.Delivered)
		w.must(killed.Start(w.Context()))
		w.until(func() bool { return len(w.events()) == 1 })
		_ = killed.Stop(w.Context()) // it is over when this returns
		next := node()
		w.Handle("filing", w.handle)
		w.must(next.Start(w.Context()))
		w.Cleanup(func() { _ = next.Stop(context.Background()) })
		w.until(func() bool { return slices.Equal(w.events(), []string{authority.Delivered, authority.Accepted}) })
	})
}

func TestAnswerIsHandledOnceHoweverOftenItComes(t *testing.T) {
	each(t, func(w *world) {
		w.submit("a")
		w.Deliver(w.T)
		a := authority.Answer{ID: "x", SubmissionID: "a", Seq: 1, Event: authority.Delivered, At: storage.Of(w.clock.Now())}
		for range 3 {
			w.Answer(w.T, a)
		}
		if got := w.events(); len(got) != 1 {
			w.Fatalf("%v", got)
		}
		a.Event = authority.Refused
		if status := w.Callback(w.T, a); status != http.StatusConflict {
			w.Fatalf("another content under the same id: %d", status)
		}
		// Another id for a number that is taken never comes to the room.
		w.Answer(w.T, authority.Answer{ID: "y", SubmissionID: "a", Seq: 1, Event: authority.Refused})
		if dead := w.dead(); len(dead) != 1 || !strings.Contains(dead[0].Fault, "another answer came as number 1") || len(w.events()) != 1 {
			w.Fatalf("%+v, %v", dead, w.events())
		}
	})
}

func TestAnswerWhoseHandlerFailsLeavesNothingAndComesAgain(t *testing.T) {
	each(t, func(w *world) {
		w.submit("a")
		w.Deliver(w.T)
		w.fail = errors.New("the room is closed")
		w.Answer(w.T, authority.Answer{SubmissionID: "a", Event: authority.Delivered})
		w.Answer(w.T, authority.Answer{SubmissionID: "a", Event: authority.Accepted})
		w.fail = nil
		w.clock.Advance(time.Minute)
		w.Deliver(w.T)
		if want := []string{"delivered", "accepted"}; !slices.Equal(w.events(), want) {
			w.Fatalf("%v, want %v", w.events(), want)
		}
	})
}

func TestAnswerThatTheRoomRefusesForGoodIsADeadLetter(t *testing.T) {
	each(t, func(w *world) {
		w.submit("a")
		w.Deliver(w.T)
		w.fail = jobs.Permanent(errors.New("such a filing is not waiting for it"))
		w.Answer(w.T, authority.Answer{SubmissionID: "a", Event: authority.Entered})
		dead := w.dead()
		if len(dead) != 1 || dead[0].What != "answer" || dead[0].Fault != "such a filing is not waiting for it" {
			w.Fatalf("%+v", dead)
		}
		w.fail = nil
		w.must(w.letters.Retry(w.Context(), "Соколов", dead[0].ID))
		w.Deliver(w.T)
		if got := w.events(); !slices.Equal(got, []string{"entered"}) {
			w.Fatalf("%v", got)
		}
	})
}

func TestUnaskedAnswerFindsItsOrganisationOrIsADeadLetter(t *testing.T) {
	each(t, func(w *world) {
		w.Answer(w.T, authority.Answer{Event: authority.Requirement, INN: "7801234564", Subject: "О представлении пояснений"})
		if len(w.handled) != 1 || w.handled[0].OrganisationID != ours || w.handled[0].Subject != "О представлении пояснений" {
			w.Fatalf("%+v", w.handled)
		}
		w.Answer(w.T, authority.Answer{Event: authority.Requirement, INN: "500100732259"})
		dead := w.dead()
		if len(dead) != 1 || !strings.Contains(dead[0].Fault, "••••••••2259") || strings.Contains(dead[0].Fault, "5001") {
			w.Fatalf("%+v", dead)
		}
	})
}

func TestAnswerToAnUnknownSubmissionIsADeadLetter(t *testing.T) {
	each(t, func(w *world) {
		w.Answer(w.T, authority.Answer{SubmissionID: "nothing", Event: authority.Delivered})
		if dead := w.dead(); len(dead) != 1 || dead[0].Fault != "there is no such submission" {
			w.Fatalf("%+v", dead)
		}
	})
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	each(t, func(w *world) {
		good := authority.Answer{ID: "1", SubmissionID: "a", Event: authority.Delivered, Seq: 1, At: storage.Of(w.clock.Now())}
		for name, change := range map[string]func(a *authority.Answer){
			"without id":         func(a *authority.Answer) { a.ID = "" },
			"unknown event":      func(a *authority.Answer) { a.Event = "paid" },
			"unasked acceptance": func(a *authority.Answer) { a.SubmissionID, a.Seq = "", 0 },
			"unasked for nobody": func(a *authority.Answer) { a.SubmissionID, a.Seq, a.Event = "", 0, authority.Message },
			"negative seq":       func(a *authority.Answer) { a.Seq = -1 },
			"without time":       func(a *authority.Answer) { a.At = 0 },
			"a file elsewhere":   func(a *authority.Answer) { a.Files = []authority.File{{Name: "../../etc/passwd"}} },
			"a file of Windows":  func(a *authority.Answer) { a.Files = []authority.File{{Name: `..\boot.ini`}} },
			"a text with NUL":    func(a *authority.Answer) { a.Text = "a\x00b" },
			"a text too long":    func(a *authority.Answer) { a.Text = strings.Repeat("x", 100_001) },
			"too many files":     func(a *authority.Answer) { a.Files = make([]authority.File, 21) },
		} {
			a := good
			change(&a)
			if status := w.Callback(w.T, a); status != http.StatusUnprocessableEntity {
				w.Errorf("%s: %d", name, status)
			}
		}
	})
}
