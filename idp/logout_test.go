package idp

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"propusk/idp/browser"
)

func (h *house) refresh(token string) tokens {
	h.t.Helper()
	return h.exchange("app", h.appSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func logoutURL(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/oauth2/logout?" + q.Encode()
}

func TestLogoutWithTheIDTokenOfThisSession(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		answer := h.redeem("app", h.appSecret, v.choose(v.signInElena(v.begin("app")), h.north.ID).lead())
		h.clock.Advance(20 * time.Minute) // the ID token has expired: that is all right
		got := v.get(logoutURL("id_token_hint", answer.IDToken, "post_logout_redirect_uri", goodbye, "state", "s 1"))
		if got.away == nil || got.away.String() != goodbye+"?state=s+1" {
			t.Fatalf("sent to %v (%d) %s", got.away, got.status, got.text())
		}
		if v.cookies[browser.CookieSession] != "" {
			t.Error("the session's cookie is still there")
		}
		v.begin("app").is("/signin/identify")
		if got := h.refresh(answer.RefreshToken); got.Error != "invalid_grant" {
			t.Errorf("the grant outlived the session: %+v", got)
		}
		if got := h.entries("", "signout"); !slices.Equal(got, []string{"accepted"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestLogoutAsksWhoeverCannotBeSure(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		elena, pavel := h.visitor(), h.visitor()
		hers := h.redeem("app", h.appSecret, elena.choose(elena.signInElena(elena.begin("app")), h.north.ID).lead())
		his := h.redeem("app", h.appSecret, pavel.signInPavel(pavel.begin("app", "scope", "openid")).lead())
		for name, to := range map[string]string{
			"nothing":            logoutURL(),
			"a client only":      logoutURL("client_id", "app", "post_logout_redirect_uri", goodbye),
			"another's ID token": logoutURL("id_token_hint", his.IDToken, "post_logout_redirect_uri", goodbye),
			"our own page":       "/signout",
		} {
			page := elena.get(to).is("/oauth2/logout").says("Морозова Елена Сергеевна")
			if page.status != http.StatusOK {
				t.Errorf("%s: %d", name, page.status)
			}
		}
		if got := h.refresh(hers.RefreshToken); got.Status != http.StatusOK {
			t.Fatalf("signed out by being asked: %+v", got)
		}
		page := elena.get(logoutURL("client_id", "app", "post_logout_redirect_uri", goodbye)).says("Склад и учёт")
		form := page.form("/oauth2/logout")

		// The yes of another browser, or from another site, is none.
		if got := pavel.post("/oauth2/logout", form); got.status != http.StatusForbidden {
			t.Errorf("another browser's yes: %d", got.status)
		}
		form = elena.get("/signout").form("/oauth2/logout")
		elena.header.Set("Sec-Fetch-Site", "cross-site")
		if got := elena.do(http.MethodPost, "/oauth2/logout", form); got.status != http.StatusForbidden {
			t.Errorf("a yes from another site: %d", got.status)
		}
		elena.header.Del("Sec-Fetch-Site")
		if v := elena.cookies[browser.CookieSession]; v == "" {
			t.Fatal("signed out by a forged yes")
		}
		elena.post("/oauth2/logout", form).says("Вы вышли")
		elena.begin("app").is("/signin/identify")
		if got := elena.post("/oauth2/logout", form); got.status != http.StatusGone {
			t.Errorf("the same yes twice: %d", got.status)
		}
		elena.get("/signout").says("Вы вышли")
		if got := elena.get(logoutURL("client_id", "app", "post_logout_redirect_uri", goodbye)); got.away == nil || got.away.String() != goodbye {
			t.Errorf("nobody to sign out: sent to %v", got.away)
		}
	})
}

func TestLogoutByPost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	v.signInPavel(v.begin("app", "scope", "openid")).lead()
	v.header.Set("Sec-Fetch-Site", "cross-site") // a form on the application's page
	got := v.do(http.MethodPost, "/oauth2/logout", url.Values{"client_id": {"app"}, "post_logout_redirect_uri": {goodbye}, "state": {"1"}})
	v.header.Del("Sec-Fetch-Site")
	page := v.follow(got).is("/oauth2/logout")
	got = v.submit(page, "/oauth2/logout")
	if got.away == nil || got.away.String() != goodbye+"?state=1" {
		t.Errorf("sent to %v", got.away)
	}
}

// The question was about a session; another one that has begun since stays.
func TestLogoutIsOfTheSessionAskedAbout(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	v.signInPavel(v.begin("app", "scope", "openid")).lead()
	page := v.get("/signout")
	v.signInElena(v.begin("app", "prompt", "login")).is("/signin/organisation")
	v.submit(page, "/oauth2/logout")
	v.begin("app").is("/signin/organisation")
}

func TestLogoutGoesNowhereElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	for name, to := range map[string]string{
		"an address that is not registered": logoutURL("client_id", "app", "post_logout_redirect_uri", "https://evil.example/"),
		"an address without a client":       logoutURL("post_logout_redirect_uri", goodbye),
		"an unknown client":                 logoutURL("client_id", "nobody", "post_logout_redirect_uri", goodbye),
		"a forged ID token":                 logoutURL("id_token_hint", "eyJhbGciOiJub25lIn0.e30.", "post_logout_redirect_uri", goodbye),
	} {
		if got := v.get(to); got.status != http.StatusBadRequest || got.away != nil {
			t.Errorf("%s: %d, sent to %v", name, got.status, got.away)
		}
	}
}
