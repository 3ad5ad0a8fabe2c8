package idp

import (
	"bytes"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/idp/client/logo"
	"propusk/idp/oauth"
	"propusk/storage/jobs"
	"propusk/storage/outside"
)

// pictured is a house that keeps pictures of applications, and what does what is due.
func pictured(t *testing.T) (h *house, drain func()) {
	h = newHouse(t, func(d *Deps) {
		logos, err := logo.New(logo.Deps{DB: d.DB, Outside: outside.NewClient(outside.Options{Reach: outside.Loopback}), Now: d.Now})
		if err != nil {
			t.Fatal(err)
		}
		d.Logos = logos
	})
	runner := jobs.New(jobs.Deps{DB: h.db, Log: slog.New(slog.DiscardHandler), Now: h.clock.Now})
	runner.Handle(logo.Job, h.idp.deps.Logos.Fetch)
	return h, func() { h.t.Helper(); h.check(runner.Drain(t.Context())) }
}

// OpenID Connect Registration §2: logo_uri, client_uri, policy_uri and tos_uri are shown to
// whom the application asks, and the page loads nothing from elsewhere for it.
func TestTheConsentPageTellsOfTheApplication(t *testing.T) {
	t.Parallel()
	h, drain := pictured(t)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 300, 300)))
	}))
	t.Cleanup(server.Close)
	h.client(oauth.Client{ID: "shop", Name: "Лавка", About: client.About{
		LogoURI: server.URL + "/logo", ClientURI: "https://shop.example/", PolicyURI: "https://shop.example/privacy?a=1&b=2", TosURI: "https://terms.example/",
	}})
	v := h.visitor()
	page := v.choose(v.signInElena(v.begin("shop", "scope", "openid organization")), h.north.ID).is("/signin/consent")
	if strings.Contains(page.body, "<img") {
		t.Error("there is a picture before it was fetched")
	}
	drain()
	page = v.get(page.at.RequestURI())
	for _, part := range []string{
		`href="https://shop.example/" target="_blank" rel="noopener noreferrer nofollow">сайт</a> (shop.example)`,
		`href="https://shop.example/privacy?a=1&amp;b=2"`, `как оно обращается с данными</a> (shop.example)`, `условия</a> (terms.example)`,
	} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page does not have %s", part)
		}
	}
	_, after, _ := strings.Cut(page.body, `<img class="applogo" src="`)
	src, _, _ := strings.Cut(after, `"`)
	if !strings.HasPrefix(src, logoPath) || strings.Contains(page.body, server.URL) || asked != 1 {
		t.Fatalf("picture %q, asked %d times", src, asked)
	}
	got := h.bare(http.MethodGet, src, nil)
	config, err := png.DecodeConfig(bytes.NewReader([]byte(got.body)))
	if got.status != http.StatusOK || err != nil || config.Width != 128 || got.header.Get("Content-Type") != "image/png" ||
		got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.header.Get("Cache-Control"), "immutable") ||
		got.header.Get("Content-Security-Policy") != "default-src 'none'; frame-ancestors 'none'" {
		t.Errorf("%d %v %+v %v", got.status, err, config, got.header)
	}
	for _, name := range []string{"nothing", strings.Repeat("0", 64), "..%2f..%2fassets"} {
		if got := h.bare(http.MethodGet, logoPath+name, nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", name, got.status)
		}
	}
}

// RFC 7591 §5, OpenID Connect Registration §9.1: the attack of an application that anybody
// registers under another's picture and pages.
func TestWhoeverRegisteredHimselfShowsNoPictureAndNoOthersPages(t *testing.T) {
	t.Parallel()
	h, drain := pictured(t)
	h.client(oauth.Client{ID: "anybody", Name: "Банк", About: client.About{
		Registered: true, LogoURI: "https://bank.example/logo.png", ClientURI: "https://bank.example/", PolicyURI: redirect + "/privacy", TosURI: "https://bank.example/terms",
	}})
	v := h.visitor()
	page := v.choose(v.signInElena(v.begin("anybody", "scope", "openid organization")), h.north.ID).is("/signin/consent")
	drain()
	page = v.get(page.at.RequestURI())
	if strings.Contains(page.body, "<img") || strings.Contains(page.body, "bank.example") || !strings.Contains(page.body, redirect+"/privacy") {
		t.Error(page.text())
	}
}
