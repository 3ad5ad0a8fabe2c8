package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"propusk/conf"
	"propusk/idp/directory"
)

// TestHouseTellsWhereToGoOnAndWhomToAsk: a new member finds the way into the
// cabinet, and whoever needs help finds the support.
func TestHouseTellsWhereToGoOnAndWhomToAsk(t *testing.T) {
	t.Parallel()
	cfg := conf.Default()
	cfg.Contact = "help@severny-mayak.example"
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

	if said := h.ask(http.MethodGet, "/help", nil); !strings.Contains(said, cfg.Contact) {
		t.Error("the help page names no support")
	}
	link := invite(t, b)
	said := h.ask(http.MethodPost, link, url.Values{"password": {"Yantar-41-Veter"}, "password_again": {"Yantar-41-Veter"}})
	if !strings.Contains(said, `href="/cabinet"`) {
		t.Errorf("no way from the invitation into the cabinet:\n%s", said)
	}
}

func (h *house) ask(method, path string, form url.Values) string {
	r := httptest.NewRequest(method, h.cfg.Issuer+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	return string(body)
}

// invite makes an organisation that invites somebody new, and gives the path of
// the link.
func invite(t *testing.T, b *base) string {
	t.Helper()
	var i directory.Invitation
	err := b.db.Tx(t.Context(), func(ctx context.Context) error {
		p, err := b.directory.CreatePerson(ctx, directory.NewPerson{LastName: "Орлова", FirstName: "Анна", Email: anna, EmailVerified: true})
		if err != nil {
			return err
		}
		o, _, err := b.directory.CreateOrganisation(ctx, directory.NewOrganisation{
			Kind: directory.KindLegal, INN: inn, KPP: "780101001", OGRN: "1027800123450", Name: "ООО «Северный маяк»",
		}, p.ID, directory.Administrator)
		if err != nil {
			return err
		}
		i, err = b.directory.Invite(ctx, directory.System(), o.ID, directory.Invitation{
			LastName: "Белов", FirstName: "Борис", Email: boris, Role: directory.Observer,
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := b.outbox.List(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sent {
		if path := regexp.MustCompile(`/invitations/[\w-]+`).FindString(m.Text); m.To == i.Email && path != "" {
			return path
		}
	}
	t.Fatalf("no link among %d messages", len(sent))
	return ""
}

// newHouse is a whole house over a database of its own, which ends with the test.
func newHouse(t *testing.T) (*base, *house) {
	t.Helper()
	cfg := conf.Default()
	cfg.Database.URL = conf.Secret("sqlite://" + filepath.Join(t.TempDir(), "p.db") + "?synchronous=off")
	b, err := openBase(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	h, err := openHouse(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return b, h
}
