package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"propusk/idp/browser"
)

// Whatever is posted to whatever route, at whatever step of a sign-in, the
// answer is no 5xx and no panic, and no code leaves without its proofs.
func FuzzForms(f *testing.F) {
	for route := range byte(13) {
		for step := range byte(4) {
			f.Add(route, step, "login=elena%40north.example&password=x&code=123456&channel=sms&organisation=x&decision=accept")
		}
	}
	f.Add(byte(0), byte(0), "login=%00&password=%ff")
	f.Add(byte(1), byte(1), "code=%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6")
	f.Add(byte(5), byte(2), "organisation="+strings.Repeat("%F0%9F%94%91", 20))
	f.Add(byte(6), byte(3), "decision=accept&decision=refuse")
	f.Add(byte(8), byte(0), "grant_type=authorization_code&code=x&client_id=app&client_secret=%00")
	f.Add(byte(11), byte(3), "id_token_hint=e30.e30.e30&post_logout_redirect_uri=javascript:alert(1)")
	f.Add(byte(12), byte(0), "password=a&password_again=a&login=;;;%")
	f.Add(byte(0), byte(0), "%")
	f.Add(byte(0), byte(0), "a;b&=&&==")

	h, at, forms := fuzzed(f)
	var posts []browser.Route
	for _, r := range h.idp.Routes() {
		if r.Method == http.MethodPost {
			posts = append(posts, r)
		}
	}
	f.Fuzz(func(t *testing.T, route, step byte, body string) {
		h.t = t
		v, form := at[step%4], forms[step%4]
		path := strings.Replace(posts[int(route)%len(posts)].Path, ":token", "x", 1)
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()+"&"+body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Test-Address", h.visitor().address)
		for name, value := range v.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		circumstances(h.idp).ServeHTTP(w, r)
		got := w.Result()
		if got.StatusCode >= 500 || got.StatusCode < 200 {
			t.Errorf("%s answers %d to %q", path, got.StatusCode, body)
		}
		if to := got.Header.Get("Location"); strings.HasPrefix(to, redirect) && strings.Contains(to, "code=") && step%4 != 3 {
			t.Errorf("%s gave a code at step %d to %q", path, step%4, body)
		}
	})
}

// fuzzed is a house with a visitor at each step. Sessions must not end by what
// is thrown at them, so each visitor is somebody's own.
func fuzzed(t testing.TB) (h *house, at [4]*visitor, forms [4]url.Values) {
	h = newHouse(t, func(d *Deps) {
		d.SignIns, d.Tokens = browser.Limit{Failures: 1 << 30}, browser.Limit{Failures: 1 << 30}
	})
	for i := range at {
		at[i] = h.visitor()
	}
	page := at[0].begin("theirs")
	forms[0] = url.Values{"request": page.form("/signin/identify")["request"]}
	page = at[1].identify(at[1].begin("theirs"), "pavel@south.example", password)
	forms[1] = url.Values{"request": page.form("/signin/code")["request"]}
	page = at[2].signInElena(at[2].begin("theirs"))
	forms[2] = url.Values{"request": page.form("/signin/organisation")["request"]}
	page = at[3].choose(at[3].signInElena(at[3].begin("theirs")), h.north.ID)
	forms[3] = url.Values{"request": page.form("/signin/consent")["request"]}
	return h, at, forms
}

// A path of any bytes finds a page or none.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{"/signin", "/assets/../../etc/passwd", "/invitations/%00", "//", "/oauth2/authorize?client_id=%00", "/.well-known/", "/signin?request=%F0"} {
		f.Add(seed)
	}
	h := newHouse(f, func(*Deps) {})
	f.Fuzz(func(t *testing.T, path string) {
		h.t = t
		u, err := url.ParseRequestURI("/" + strings.TrimPrefix(path, "/"))
		if err != nil {
			t.Skip()
		}
		w := httptest.NewRecorder()
		r := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}, RemoteAddr: "192.0.2.1:1", Body: http.NoBody}
		h.idp.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q answers %d", path, w.Code)
		}
	})
}
