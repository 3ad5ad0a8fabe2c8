package client

import (
	"bytes"
	"log/slog"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const callback = "http://localhost:9000/callback"

// house is a Store with its neighbours, an organisation and a clock that stands
// still.
type house struct {
	*Store
	t        testing.TB
	db       *storage.DB
	clock    *storagetest.Clock
	romashka directory.Organisation
}

func testSealer(t testing.TB) *storage.Sealer {
	t.Helper()
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func newHouse(t testing.TB, db *storage.DB) *house {
	t.Helper()
	h := &house{t: t, db: db, clock: storagetest.NewClock()}
	log, sealer := slog.New(slog.DiscardHandler), testSealer(t)
	events := storage.NewMemory(h.clock.Now)
	t.Cleanup(func() { _ = events.Close() })
	writes := journal.New(journal.Deps{DB: db, Now: h.clock.Now})
	revocations := revocation.New(revocation.Deps{DB: db, Events: events, Now: h.clock.Now, Lifetime: 10 * time.Minute})
	people, err := directory.New(directory.Deps{
		DB: db, Journal: writes, Sealer: sealer, Now: h.clock.Now, BaseURL: "http://localhost:8080", Revocations: revocations,
		Outbox: outbox.New(outbox.Deps{DB: db, Sealer: sealer, Now: h.clock.Now, Keep: true, Log: log, Jobs: jobs.New(jobs.Deps{DB: db, Log: log, Now: h.clock.Now})}),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Store, err = New(Deps{DB: db, Events: events, Directory: people, Revocations: revocations, Journal: writes, Now: h.clock.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := people.CreatePerson(t.Context(), directory.NewPerson{LastName: "Иванова", FirstName: "Мария", Email: "maria@example.org", EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	h.romashka, _, err = people.CreateOrganisation(t.Context(), directory.NewOrganisation{
		Kind: directory.KindLegal, Name: "ООО «Ромашка»", KPP: "780101001", Address: "Санкт-Петербург", INN: "9900000017", OGRN: "1029900000019",
	}, admin.ID, directory.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// journalled returns the actions in the chain of an organisation, oldest first.
func (h *house) journalled(organisation string) []string {
	h.t.Helper()
	entries, err := h.deps.Journal.List(h.t.Context(), journal.Filter{Organisation: organisation, Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	var actions []string
	for _, entry := range slices.Backward(entries) {
		actions = append(actions, entry.Action)
	}
	return actions
}

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(t, newHouse(t, db)) })
}

// alone runs a test on SQLite, for what does not depend on the engine.
func alone(t *testing.T) *house {
	t.Parallel()
	return newHouse(t, storagetest.SQLite(t))
}
