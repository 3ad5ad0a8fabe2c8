package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSignInAsksAsOpenIDConnectAndRFC9700Demand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.asked(w.get("/cabinet/members?after=x&ui_locales=en"))
	if asked.Get("dpop_jkt") == "" {
		t.Error("the code is bound to no key (RFC 9449 §10)")
	}
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "redirect_uri": w.cabinet.URL + "/cabinet/callback",
		"scope": "openid profile email organization organization:read notices powers:own filings:read requests:read finance:read organization:write members:read members:write journal:read", "code_challenge_method": "S256", "ui_locales": "en", "acr_values": "", "organization": "",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, asked.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(asked.Get(name)) != 43 {
			t.Errorf("%s is %q", name, asked.Get(name))
		}
	}
	p := w.approve(asked)
	if p.Header.Get("Location") != "/cabinet/members?after=x&ui_locales=en" {
		t.Errorf("comes back to %q", p.Header.Get("Location"))
	}
	cookie := p.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-propusk-cabinet=") || !strings.HasSuffix(cookie, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("cookie %q", cookie)
	}
	w.get("/cabinet").want(t, 200, "ООО «Маяк»", "А. Белова", "Руководитель", "сменить")
}

func TestTokensNeverReachTheBrowserNorTheStoreInTheClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.asked(w.get("/cabinet"))
	p := w.approve(asked)
	value := cookieOf(p, sessionCookie)
	sealed, err := w.memory.Get(t.Context(), sessionKey(value))
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{string(sealed), p.body, strings.Join(p.Header.Values("Set-Cookie"), " ")} {
		if strings.Contains(place, "access-1") || strings.Contains(place, "refresh-1") {
			t.Error("a token is in the clear")
		}
	}
}

func cookieOf(p page, name string) string {
	for _, cookie := range p.Cookies() {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

func TestCallbackRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(w *world, asked url.Values)            // before the answer
		answer func(w *world, asked url.Values) url.Values // nil = the right one
		status int
		text   string
	}{
		"unknown state": {answer: func(w *world, asked url.Values) url.Values {
			return url.Values{"state": {"x"}, "code": {"c"}, "iss": {w.peer.URL}}
		}, status: 400, text: "Время на вход вышло"},
		"state of another browser": {spoil: func(w *world, _ url.Values) {
			u, _ := url.Parse(w.cabinet.URL)
			w.browser.Jar.SetCookies(u, []*http.Cookie{{Name: browserCookie, Value: "other", Path: "/", Secure: true}})
		}, status: 400, text: "Вход начат в другом браузере"},
		"another issuer (RFC 9207)": {answer: func(_ *world, asked url.Values) url.Values {
			return url.Values{"state": {asked.Get("state")}, "code": {"c"}, "iss": {"https://evil.example"}}
		}, status: 400, text: "Ответ пришёл не оттуда"},
		"no issuer (RFC 9207)": {answer: func(_ *world, asked url.Values) url.Values {
			return url.Values{"state": {asked.Get("state")}, "code": {"c"}}
		}, status: 400, text: "Ответ пришёл не оттуда"},
		"access denied": {answer: func(w *world, asked url.Values) url.Values {
			return url.Values{"state": {asked.Get("state")}, "error": {"access_denied"}, "iss": {w.peer.URL}}
		}, status: 403, text: "<code>access_denied</code>"},
		"foreign text as error": {answer: func(w *world, asked url.Values) url.Values {
			return url.Values{"state": {asked.Get("state")}, "error": {"Call +7 900"}, "iss": {w.peer.URL}}
		}, status: 403, text: "<code>refused</code>"},
		"code of nobody": {answer: func(w *world, asked url.Values) url.Values {
			return url.Values{"state": {asked.Get("state")}, "code": {"stolen"}, "iss": {w.peer.URL}}
		}, status: 403, text: "Войти не получилось"},
		"ID token with another nonce": {spoil: func(w *world, _ url.Values) {
			w.idClaims = func(c map[string]any) { c["nonce"] = "x" }
		}, status: 403, text: "Войти не получилось"},
		"ID token for another client": {spoil: func(w *world, _ url.Values) {
			w.idClaims = func(c map[string]any) { c["aud"] = "other" }
		}, status: 403, text: "Войти не получилось"},
		"ID token of another issuer": {spoil: func(w *world, _ url.Values) {
			w.idClaims = func(c map[string]any) { c["iss"] = "https://evil.example" }
		}, status: 403, text: "Войти не получилось"},
		"ID token past its time": {spoil: func(w *world, _ url.Values) {
			w.idClaims = func(c map[string]any) { c["exp"] = 1 }
		}, status: 403, text: "Войти не получилось"},
		"token endpoint away": {spoil: func(w *world, _ url.Values) {
			w.tokens = func(rw http.ResponseWriter) bool { rw.WriteHeader(503); return true }
		}, status: 502, text: "Кабинет не может получить данные"},
		"attempt too old": {spoil: func(w *world, _ url.Values) { w.clock.Advance(31 * time.Minute) }, status: 400, text: "Время на вход вышло"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			asked := w.asked(w.get("/cabinet"))
			if c.spoil != nil {
				c.spoil(w, asked)
			}
			if c.answer == nil {
				w.approve(asked).want(t, c.status, c.text)
			} else {
				p := w.get(CallbackPath + "?" + c.answer(w, asked).Encode())
				p.want(t, c.status, c.text)
				p.lacks(t, "+7 900")
			}
			w.asked(w.get("/cabinet")) // still nobody
		})
	}
}

func TestStateIsGoodForOneAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.asked(w.get("/cabinet"))
	w.approve(asked).want(t, 303)
	w.approve(asked).want(t, 400, "Время на вход вышло")
}

func TestSignInMakesANewSessionAndEndsTheOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := cookieOf(w.approve(w.asked(w.get("/cabinet"))), sessionCookie)
	w.revoke()
	w.grantOver = true
	w.clock.Advance(time.Minute)
	second := cookieOf(w.approve(w.asked(w.get("/cabinet"))), sessionCookie)
	if second == "" || second == first {
		t.Fatalf("sessions %q and %q", first, second)
	}
	if _, err := w.memory.Get(t.Context(), sessionKey(first)); err == nil {
		t.Error("the old session lives on")
	}
}

func TestSessionOfAnotherKeyOrTooOldIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	for range 47 { // however busy
		w.clock.Advance(15 * time.Minute)
		w.get("/cabinet").want(t, 200)
	}
	w.clock.Advance(15 * time.Minute)
	w.asked(w.get("/cabinet"))

	w.signIn()
	u, _ := url.Parse(w.cabinet.URL)
	if err := w.memory.Put(t.Context(), sessionKey("forged"), []byte(`{"Until":"2099-01-01T00:00:00Z"}`), time.Hour); err != nil {
		t.Fatal(err)
	}
	w.browser.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: "forged", Path: "/", Secure: true}})
	w.asked(w.get("/cabinet"))
}

// TestSessionThatIsNotUsedEnds: after half an hour, or as soon as the organisation
// demands; the page warns before, and a person who is at it prolongs it.
func TestSessionThatIsNotUsedEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.clock.Advance(29 * time.Minute)
	w.get("/cabinet").want(t, 200, `data-left="1800"`, `data-prolong="/cabinet/prolong"`)
	w.clock.Advance(29 * time.Minute)
	w.post("/cabinet/prolong", nil).want(t, 204)
	w.clock.Advance(30*time.Minute - time.Second)
	w.get("/cabinet").want(t, 200)
	w.clock.Advance(30 * time.Minute)
	w.asked(w.get("/cabinet"))

	w.answer("GET /v1/organization/policy", 200, map[string]any{"idle": 300})
	w.signIn()
	w.get("/cabinet").want(t, 200, `data-left="300"`)
	w.clock.Advance(5 * time.Minute)
	w.asked(w.get("/cabinet"))
}

func TestTokensAreRefreshedBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.clock.Advance(9*time.Minute - time.Second)
	w.get("/cabinet").want(t, 200)
	if len(w.refreshes) != 0 {
		t.Fatalf("%d refreshes too early", len(w.refreshes))
	}
	w.clock.Advance(2 * time.Second)
	w.get("/cabinet").want(t, 200)
	w.get("/cabinet").want(t, 200)
	if len(w.refreshes) != 1 || w.refreshes[0].Get("refresh_token") != "refresh-1" {
		t.Fatalf("refreshes %v", w.refreshes)
	}
	w.clock.Advance(10 * time.Minute)
	w.get("/cabinet").want(t, 200)
	if len(w.refreshes) != 2 || w.refreshes[1].Get("refresh_token") != "refresh-2" {
		t.Errorf("the rotated refresh token is not used: %v", w.refreshes)
	}
}

func TestRequestsOfOneSessionRefreshOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.clock.Advance(10 * time.Minute)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if p := w.get("/cabinet"); p.StatusCode != 200 {
				t.Errorf("%s", p.Status)
			}
		})
	}
	all.Wait()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.refreshes) != 1 {
		t.Errorf("%d refreshes", len(w.refreshes))
	}
}

func TestRevokedTokenIsRenewedOnceThenThePersonSignsInAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.revoke()
	w.get("/cabinet").want(t, 200) // rights have changed; the refresh brings them
	w.revoke()
	w.grantOver = true
	asked := w.asked(w.get("/cabinet/journal?action=signin"))
	w.grantOver = false
	if p := w.approve(asked); p.Header.Get("Location") != "/cabinet/journal?action=signin" {
		t.Errorf("comes back to %q", p.Header.Get("Location"))
	}
}

func TestSignInDoesNotGoInCircles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.handle("GET /v1/me", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 401, "token_revoked", "Токен отозван.")
	})
	w.get("/cabinet").want(t, 403, "Кабинет не открылся")
	w.clock.Advance(time.Minute)
	w.asked(w.get("/cabinet"))

	w.answer("GET /v1/me", 200, map[string]any{"kind": "client"})
	w.asked(w.get("/cabinet"))
}

func TestRefreshedIDTokenMustBeAboutTheSamePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.clock.Advance(10 * time.Minute)
	w.subject = "p2"
	w.asked(w.get("/cabinet"))
}

func TestServersAwayAreToldAndKeepTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.clock.Advance(10 * time.Minute)
	w.tokens = func(rw http.ResponseWriter) bool { rw.WriteHeader(500); return true }
	w.get("/cabinet").want(t, 502, "Кабинет не может получить данные", `href="/cabinet"`)
	w.tokens = func(rw http.ResponseWriter) bool { _, _ = rw.Write([]byte("<html>")); return true }
	w.get("/cabinet").want(t, 502)
	w.tokens = nil
	w.handle("GET /v1/me", func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "gateway", 504) })
	w.get("/cabinet").want(t, 502)
	w.handle("GET /v1/me", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("{")) })
	w.get("/cabinet").want(t, 502)
	w.permissions()
	w.get("/cabinet").want(t, 200)

	w.server = w.newServer(func(d *Deps) { d.Issuer = "http://127.0.0.1:1" })
	u, _ := url.Parse(w.cabinet.URL)
	w.browser.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: "", Path: "/", MaxAge: -1}})
	w.get("/cabinet").want(t, 502, "Кабинет не может получить данные")
}

func TestStrongerSignInIsAskedForAndTheFormComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.handle("POST /v1/organization/invitations", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", acr_values="urn:propusk:2"`)
		problem(rw, 401, "assurance_insufficient", "Нужен более надёжный вход.")
	})
	asked := w.asked(w.post("/cabinet/members/invite", url.Values{"last_name": {"Орлова"}, "email": {"vera@mayak.example"}, "role": {"accountant"}}))
	if asked.Get("acr_values") != "urn:propusk:2" || asked.Get("organization") != "o1" {
		t.Errorf("asked %v", asked)
	}
	p := w.approve(asked)
	if p.Header.Get("Location") != "/cabinet/members/invite" {
		t.Fatalf("comes back to %q", p.Header.Get("Location"))
	}
	w.get("/cabinet/members/invite").want(t, 200, `value="Орлова"`, `value="vera@mayak.example"`, `value="accountant" selected`, "Вход подтверждён")
	w.get("/cabinet/members/invite").lacks(t, "Орлова")
}

func TestSignOutEndsTheSessionHereAndAtTheIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	value := cookieOf(w.approve(w.asked(w.get("/cabinet"))), sessionCookie)
	p := w.post("/cabinet/signout", nil)
	to, _ := p.Location()
	if p.StatusCode != 303 || !strings.HasPrefix(to.String(), w.peer.URL+"/oauth2/logout?") {
		t.Fatalf("%s %v", p.Status, to)
	}
	query := to.Query()
	if strings.Count(query.Get("id_token_hint"), ".") != 2 || query.Get("client_id") != clientID || query.Get("post_logout_redirect_uri") != w.cabinet.URL+"/cabinet/signed-out" {
		t.Errorf("asked %v", query)
	}
	if _, err := w.memory.Get(t.Context(), sessionKey(value)); err == nil {
		t.Error("the session lives on")
	}
	w.get("/cabinet/signed-out").want(t, 200, "Вы вышли", `href="/cabinet"`)
	w.asked(w.get("/cabinet"))
	if p := w.post("/cabinet/signout", nil); p.Header.Get("Location") != SignedOutPath {
		t.Errorf("a second sign-out leads to %q", p.Header.Get("Location"))
	}
	u, _ := url.Parse(w.cabinet.URL)
	w.browser.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: "gone", Path: "/", Secure: true}})
	if p := w.post("/cabinet/signout", nil); p.Header.Get("Location") != SignedOutPath {
		t.Errorf("a sign-out of nobody leads to %q", p.Header.Get("Location"))
	}
}

func TestFormsOfOtherSitesAndTooBigOnesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	r, _ := http.NewRequest(http.MethodPost, w.cabinet.URL+"/cabinet/members/m2/remove", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w.do(r).want(t, 403, "Форма отправлена с чужой страницы")
	w.post("/cabinet/members/invite", url.Values{"last_name": {strings.Repeat("я", 64<<10)}}).want(t, 413, "Слишком много данных")
	r, _ = http.NewRequest(http.MethodPost, w.cabinet.URL+"/cabinet/signout", strings.NewReader("%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w.do(r).want(t, 400)
	w.get("/cabinet/nowhere").want(t, 404, "Такой страницы нет")
	for _, call := range w.calls {
		if strings.HasPrefix(call, "DELETE") || strings.HasPrefix(call, "POST") {
			t.Errorf("the API was called: %s", call)
		}
	}
}

func TestDependenciesAreChecked(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil || !strings.HasSuffix(err.Error(), "is required") {
		t.Errorf("error %v", err)
	}
}

// TestStrangersCannotFillTheMemory: whoever has no session may begin a sign-in,
// and what is kept with it must be little, or a few hundred requests would leave
// no room for anybody's sign-in (storage.Memory refuses when full).
func TestStrangersCannotFillTheMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked(w.post("/cabinet/members/invite", url.Values{"position": {strings.Repeat("<", 20<<10)}}))
	w.asked(w.get("/cabinet/journal?from=" + strings.Repeat("<", 6<<10)))
	if kept := w.memory.Bytes(); kept > 4<<10 {
		t.Errorf("two requests take %d bytes", kept)
	}
}
