package main

import (
	"log/slog"
	"path/filepath"
	"regexp"
	"testing"

	"propusk/cabinet/api"
	"propusk/conf"
)

// programsWords are what only a program understands: an address of the API, or, in Russian,
// where it is no word, the name of a member of its answers.
var programsWords = map[string]*regexp.Regexp{
	"ru": regexp.MustCompile(`/v1/|\b(errors|actions|missing|instance)\b`), "en": regexp.MustCompile(`/v1/`),
}

// TestRefusalsSpeakToPeople: what a refusal says is shown on a page, too. Who reads it
// there knows no addresses of the API.
func TestRefusalsSpeakToPeople(t *testing.T) {
	t.Parallel()
	cfg := conf.Default()
	cfg.Database.URL = conf.Secret("sqlite://" + filepath.Join(t.TempDir(), "p.db") + "?synchronous=off")
	b, err := openBase(t.Context(), cfg, slog.New(slog.DiscardHandler), keepingMessages)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	h, err := openHouse(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	book, err := api.NewBook(h.rooms...)
	if err != nil {
		t.Fatal(err)
	}
	for code, text := range book.Codes() {
		speaksToPeople(t, code, "ru", text.RU.Title, text.RU.Detail)
		speaksToPeople(t, code, "en", text.EN.Title, text.EN.Detail)
	}
	for code, text := range book.Fields() {
		speaksToPeople(t, code, "ru", text.RU)
		speaksToPeople(t, code, "en", text.EN)
	}
}

func speaksToPeople(t *testing.T, code, lang string, texts ...string) {
	t.Helper()
	for _, said := range texts {
		if word := programsWords[lang].FindString(said); word != "" {
			t.Errorf("%s says %q to people: %s", code, word, said)
		}
	}
}
