// Package papertest gives tests a Paper with a seal of its own, kept in the test's
// database. It must not be imported by anything but tests.
package papertest

import (
	"crypto/sha256"
	"log/slog"
	"testing"
	"time"

	"propusk/cabinet/paper"
	"propusk/storage"
	"propusk/storage/journal"
)

// Issuer is the issuer of the codes that New's Paper signs.
const Issuer = "https://id.example.ru"

// Seal opens the seal that the database holds, which is made when there is none.
func Seal(t testing.TB, db *storage.DB, now func() time.Time) *paper.Seal {
	t.Helper()
	master := sha256.Sum256([]byte("papertest"))
	sealer, err := storage.NewSealer(master[:])
	if err != nil {
		t.Fatal(err)
	}
	seal, err := paper.OpenSeal(t.Context(), paper.SealDeps{
		DB: db, Sealer: sealer, Journal: journal.New(journal.Deps{DB: db, Now: now}),
		Log: slog.New(slog.DiscardHandler), Name: "Пропуск (тест)", Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

// New makes a Paper over Seal.
func New(t testing.TB, db *storage.DB, now func() time.Time) *paper.Paper {
	t.Helper()
	p, err := paper.New(paper.Deps{Seal: Seal(t, db, now), Issuer: Issuer, Name: "Пропуск", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
