package authority_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// asked is a world whose office has to be asked for its answers.
func asked(t *testing.T, db *storage.DB) *world {
	w := &world{T: t, db: db, clock: storagetest.NewClock()}
	w.Office = authoritytest.New(t, authoritytest.Base{DB: db, Now: w.clock.Now, Poll: true, Organisations: func(context.Context, string, string) (string, error) { return ours, nil }})
	w.letters = authority.Letters{DB: db, Now: w.clock.Now}
	w.Load("filing", w.load)
	w.Handle("filing", w.handle)
	w.Handle("message", w.handle)
	return w
}

func TestAnswersAreAskedForOnceAndFromWhereTheLastPageEnded(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := asked(t, db)
		w.submit("a")
		w.Deliver(t)
		for n := range 45 { // three pages
			w.Leave(authority.Answer{Event: authority.Message, INN: "7801234564", Subject: fmt.Sprint(n)})
		}
		w.must(w.Poll(t.Context()))
		w.Leave(authority.Answer{SubmissionID: "a", Event: authority.Delivered}, authority.Answer{SubmissionID: "a", Event: authority.Accepted})
		w.must(w.Poll(t.Context()))
		w.must(w.Poll(t.Context()))
		w.Deliver(t)
		events := w.events()
		if len(events) != 47 || !slices.Equal(slices.DeleteFunc(events, func(e string) bool { return e == "message" }), []string{"delivered", "accepted"}) {
			t.Fatalf("%v", w.events())
		}
		var rows []string
		w.must(db.Select(t.Context(), &rows, `SELECT after FROM authority_cursors`))
		if !slices.Equal(rows, []string{"47"}) {
			t.Fatalf("%v", rows)
		}
	})
}

func TestPageOfWhichOneAnswerIsNoneIsTakenAllTheSame(t *testing.T) {
	t.Parallel()
	w := asked(t, storagetest.SQLite(t))
	w.Leave(authority.Answer{Event: "paid", INN: "7801234564"}, authority.Answer{Event: authority.Message, INN: "7801234564"})
	w.must(w.Poll(t.Context()))
	w.Deliver(t)
	if got := w.events(); len(got) != 1 {
		t.Fatalf("%v", got)
	}
}

func TestBodyThatCannotBeAskedIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := asked(t, storagetest.SQLite(t))
	w.Leave(authority.Answer{Event: authority.Message, INN: "7801234564"})
	w.Fail(500, 500, 500, 500, 500)
	for range 5 {
		if err := w.Poll(t.Context()); err == nil || !strings.Contains(err.Error(), "office") {
			t.Fatal(err)
		}
	}
	w.must(w.Poll(t.Context())) // nobody is asked
	w.clock.Advance(time.Minute)
	w.must(w.Poll(t.Context()))
	w.Deliver(t)
	if got := w.events(); len(got) != 1 {
		t.Fatalf("%v", got)
	}
}

func TestRemoteRegister(t *testing.T) {
	t.Parallel()
	w := asked(t, storagetest.SQLite(t))
	record := authoritytest.Legal(1)
	w.Records = map[string]authority.Record{record.INN: record, "7707083893": record}
	remote := w.Remote(t)
	found, err := remote.Find(t.Context(), record.INN)
	if err != nil || found.FullName != record.FullName || len(found.Founders) != 5 || found.Capital.Entered != "2015-03-16" {
		t.Fatalf("%+v, %v", found, err)
	}
	if _, err := remote.Find(t.Context(), "1"); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	if _, err := remote.Find(t.Context(), "7707083893"); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("another organisation's record was taken: %v", err)
	}
	w.Fail(http.StatusServiceUnavailable)
	if _, err := remote.Find(t.Context(), record.INN); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a register that does not answer knows nothing about the organisation: %v", err)
	}
	if _, err := (authority.Registries{remote, remote}).Find(t.Context(), "1"); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	if _, err := authority.NewRemote(authority.Body{}, w.Signer, w.clock.Now, nil); err == nil {
		t.Error("a register without an address")
	}
}

// Somebody between us and the register must not be able to deny an organisation.
func TestUnsignedNotFoundSaysNothing(t *testing.T) {
	t.Parallel()
	w := asked(t, storagetest.SQLite(t))
	unsigned := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})
	remote, err := authority.NewRemote(w.Bodies[0], w.Signer, w.clock.Now, unsigned)
	w.must(err)
	if _, err := remote.Find(t.Context(), "7801234564"); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestDatesAndNamesAsDocumentsWriteThem(t *testing.T) {
	t.Parallel()
	if got := authority.Date("2026-02-28").Russian(); got != "28.02.2026" {
		t.Error(got)
	}
	if !authority.Date("nonsense").Time().IsZero() || authority.Date("").Russian() != "" {
		t.Error("a day that is none")
	}
	if got := (authority.Person{LastName: "Полярная", FirstName: "Вера"}).Name(); got != "Полярная Вера" {
		t.Error(got)
	}
}
