package idp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/factor"
	"propusk/idp/oauth"
	"propusk/storage"
)

// crowded lets so many in that nobody else is.
func (h *house) crowded() {
	h.t.Helper()
	for range 1000 {
		admission, err := h.passwords.Admit()
		if err != nil {
			return
		}
		h.t.Cleanup(admission.Leave)
	}
	h.t.Fatal("there is no bound")
}

// gone is short-lived state that nobody may ask for anything.
type gone struct{ storage.Ephemeral }

func (gone) Get(context.Context, string) ([]byte, error) { return nil, errors.New("asked") }

// Who is told to come later is told without anything being read, and finds the form as
// it was: the application, the login, and where the sign-in may lead.
func TestACrowdIsToldWithoutAsking(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app", "ui_locales", "en")
	h.crowded()
	h.idp.attempts.ephemeral, h.idp.signIns = gone{h.volatile}, nil
	const login = `"><b>elena+1@north.example`
	got := v.identify(page, login, password)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "3" {
		t.Fatalf("%d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	got.says("Too many people are signing in")
	form := got.form("/signin/identify")
	if form.Get("login") != login || form.Get("request") != page.form("/signin/identify").Get("request") || form.Get("password") != "" {
		t.Errorf("the form is %v", form)
	}
	if name := h.app.NameEN; name == "" || !strings.Contains(got.body, name) {
		t.Errorf("the application %q is not named", name)
	}
	if !strings.Contains(got.header.Get("Content-Security-Policy"), "form-action 'self' https://app.example;") {
		t.Errorf("the sign-in leads nowhere: %s", got.header.Get("Content-Security-Policy"))
	}
	if n := h.counter("password", "busy"); n != 1 {
		t.Errorf("counted %v", n)
	}
	if got := v.identify(page, strings.Repeat("a", 255), password); got.status != http.StatusBadRequest {
		t.Errorf("a login too long: %d", got.status)
	}
}

// stalled is a reader who takes no byte of his answer until he is let go.
type stalled struct {
	*httptest.ResponseRecorder
	writing chan struct{}
	release chan struct{}
}

func (w stalled) Write(p []byte) (int, error) {
	w.writing <- struct{}{}
	<-w.release
	return w.ResponseRecorder.Write(p)
}

// Attack: passwords whose senders never read the answer. They keep nobody out.
func TestWhoDoesNotReadHisAnswerKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	form := v.begin("app").form("/signin/identify")
	w := stalled{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	for name, login := range map[string]string{"a wrong password": "elena@north.example", "no login": ""} {
		form.Set("login", login)
		form.Set("password", "wrong")
		r := httptest.NewRequest(http.MethodPost, "/signin/identify", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: browser.CookieBrowser, Value: v.cookies[browser.CookieBrowser]})
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.idp.ServeHTTP(w, r)
		}()
		<-w.writing
		var in []factor.Admission
		for {
			admission, err := h.passwords.Admit()
			if err != nil {
				break
			}
			in = append(in, admission)
		}
		if len(in) != 4*17 {
			t.Errorf("%s: %d are let in beside him", name, len(in))
		}
		for _, admission := range in {
			admission.Leave()
		}
		w.release <- struct{}{}
		<-done
	}
}

// A node that did not show the form asks what it is about, once.
func TestACrowdAtAnotherNode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app")
	h.crowded()
	h.idp.fronts = fronts{}
	if got := v.identify(page, "elena@north.example", password); got.status != http.StatusServiceUnavailable {
		t.Fatalf("asked once: %d", got.status)
	}
	h.idp.attempts.ephemeral = gone{h.volatile}
	v.identify(page, "elena@north.example", password).says("Склад и учёт")
}

// The form of a crowd tells a stranger nothing of somebody's sign-in, and what is no
// sign-in is told so.
func TestACrowdHasNoStrangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app")
	h.crowded()
	stranger := h.visitor()
	stranger.begin("app")
	if got := stranger.identify(page, "x", "y"); got.status != http.StatusForbidden {
		t.Errorf("in another browser: %d", got.status)
	}
	if got := h.visitor().identify(page, "x", "y"); got.status != http.StatusForbidden {
		t.Errorf("in a browser without cookies: %d", got.status)
	}
	if got := v.post("/signin/identify", url.Values{"request": {browser.Random()}, "login": {"x"}, "password": {"y"}}); got.status != http.StatusGone {
		t.Errorf("no such sign-in: %d", got.status)
	}
	v.header.Set("Sec-Fetch-Site", "cross-site")
	if got := v.identify(page, "x", "y"); got.status != http.StatusForbidden {
		t.Errorf("posted by another site: %d", got.status)
	}
}

// What is remembered of sign-ins is bounded, and of two the one in use stays.
func TestFrontsAreBounded(t *testing.T) {
	t.Parallel()
	cookie := browser.Random()
	mine := front{browser: browser.Hashed(cookie), redirectURI: redirect}
	var fs fronts
	fs.remember("mine", mine)
	fs.remember("idle", mine)
	for i := range 3 * frontsMost {
		fs.remember(strconv.Itoa(i), front{})
		if i%1000 == 0 {
			if got, known := fs.of("mine", cookie); !known || got != mine {
				t.Fatalf("after %d others: %+v %v", i, got, known)
			}
		}
	}
	if _, known := fs.of("idle", cookie); known {
		t.Error("what nobody asked for is there")
	}
	if n := len(fs.young) + len(fs.old); n > 2*frontsMost {
		t.Errorf("%d are remembered", n)
	}
	if _, known := fs.of("mine", browser.Random()); known {
		t.Error("another browser's is given out")
	}
}

// The form names the application in the page's language.
func TestFrontNames(t *testing.T) {
	t.Parallel()
	f := frontOf(&attempt{Browser: "b", Request: &oauth.AuthorizationRequest{
		ClientName: "Склад", ClientNameEN: "Stock", RedirectURI: redirect, UILocales: []string{"fr", "en-GB", "ru"},
	}})
	if want := (front{"b", [2]string{"Склад", "Stock"}, redirect, "en"}); f != want || f.name("ru") != "Склад" || f.name("en") != "Stock" {
		t.Errorf("%+v", f)
	}
}

// What costs the most in a flood: those whose passwords are not looked at. "cpu-µs/op"
// is the server's part and what the test makes of a request and an answer.
func BenchmarkToldToWait(b *testing.B) {
	h := newHouse(b, func(*Deps) {})
	v := h.visitor()
	form := v.begin("app").form("/signin/identify")
	form.Set("login", "elena@north.example")
	form.Set("password", password)
	h.crowded()
	body, cookie := form.Encode(), v.cookies[browser.CookieBrowser]
	b.ReportAllocs()
	before := processor()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/signin/identify", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept-Language", "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(&http.Cookie{Name: browser.CookieBrowser, Value: cookie})
		w := httptest.NewRecorder()
		h.idp.ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable {
			b.Fatal(w.Code)
		}
	}
	b.ReportMetric(float64((processor()-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

// processor is the time that the process had a processor.
func processor() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
