package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/html"
)

// verifier is the PKCE secret of every sign-in in these tests.
const verifier = "a-verifier-that-is-at-least-forty-three-characters-long"

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

// visitor is a browser: it keeps cookies (and sends Secure ones to the test's
// http listener, as browsers do on localhost), follows links and forms on our
// pages, and stops where another site begins.
type visitor struct {
	h       *house
	cookies map[string]string
	address string
	header  http.Header
}

var addresses atomic.Int64

func (h *house) visitor() *visitor {
	n := addresses.Add(1)
	return &visitor{
		h: h, cookies: map[string]string{}, header: http.Header{"Accept-Language": {"ru"}},
		address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
	}
}

// view is what the browser shows, or the address of another site it was sent to.
type view struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	at     *url.URL // path and query of our page
	away   *url.URL // set when the answer leads to another site
}

// do makes one request, without following.
func (v *visitor) do(method, path string, form url.Values) *view {
	v.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(v.h.ctx(), method, v.h.url+path, body)
	v.h.check(err)
	for name, values := range v.header {
		r.Header[name] = values
	}
	r.Header.Set("Test-Address", v.address)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, set := r.Header["Sec-Fetch-Site"]; !set {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	v.h.check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	v.h.check(err)
	v.keep(response.Cookies())
	view := &view{t: v.h.t, status: response.StatusCode, header: response.Header, body: string(text), at: r.URL}
	if to := response.Header.Get("Location"); to != "" {
		target, err := r.URL.Parse(to)
		v.h.check(err)
		view.away = target
	}
	return view
}

func (v *visitor) keep(cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
			continue
		}
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "") {
			v.h.t.Errorf("cookie %s is not what its prefix promises: %+v", c.Name, c)
		}
		v.cookies[c.Name] = c.Value
	}
}

// follow goes on while we are sent to our own pages.
func (v *visitor) follow(got *view) *view {
	v.h.t.Helper()
	for range 5 {
		if got.away == nil || !strings.HasPrefix(got.away.String(), v.h.url+"/") {
			return got
		}
		if got.status != http.StatusSeeOther {
			v.h.t.Fatalf("redirected by %d: a form could be posted again", got.status)
		}
		got = v.do(http.MethodGet, got.away.RequestURI(), nil)
	}
	v.h.t.Fatal("redirected in circles")
	return nil
}

func (v *visitor) get(path string) *view {
	v.h.t.Helper()
	return v.follow(v.do(http.MethodGet, path, nil))
}

func (v *visitor) post(path string, form url.Values) *view {
	v.h.t.Helper()
	return v.follow(v.do(http.MethodPost, path, form))
}

// submit fills in the form of the page with this action and sends it.
func (v *visitor) submit(on *view, action string, fields ...string) *view {
	v.h.t.Helper()
	form := on.form(action)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.post(action, form)
}

// authorize is a good authorization request of client, with what the test adds.
func authorize(client string, more ...string) string {
	challenge := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {client}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid organization"},
		"state": {"state-of-the-application"}, "nonce": {"nonce-1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/oauth2/authorize?" + q.Encode()
}

// begin opens a sign-in.
func (v *visitor) begin(client string, more ...string) *view {
	v.h.t.Helper()
	return v.get(authorize(client, more...))
}

func (v *visitor) identify(on *view, login, password string) *view {
	v.h.t.Helper()
	return v.submit(on, "/signin/identify", "login", login, "password", password)
}

func (v *visitor) code(on *view, code string) *view {
	v.h.t.Helper()
	return v.submit(on, "/signin/code", "code", code)
}

func (v *visitor) choose(on *view, organisation string) *view {
	v.h.t.Helper()
	return v.submit(on, "/signin/organisation", "organisation", organisation)
}

// signInElena goes through password and SMS up to what comes next.
func (v *visitor) signInElena(on *view) *view {
	v.h.t.Helper()
	on = v.identify(on, "elena@north.example", password)
	on.is("/signin/code")
	return v.code(on, v.h.sent("+79031234567").Code)
}

// signInPavel goes through password and authenticator up to what comes next.
func (v *visitor) signInPavel(on *view) *view {
	v.h.t.Helper()
	on = v.identify(on, "pavel@south.example", password)
	on.is("/signin/code")
	return v.code(on, v.h.totp(v.h.seed))
}

// is checks that the page asks for the step whose form has this action.
func (p *view) is(action string) *view {
	p.t.Helper()
	p.form(action)
	return p
}

// lead checks that the browser was sent to the application, and returns the
// parameters it carries.
func (p *view) lead() *url.URL {
	p.t.Helper()
	if p.away == nil || !strings.HasPrefix(p.away.String(), redirect+"?") {
		p.t.Fatalf("not sent to the application: %d %s %s", p.status, p.away, p.text())
	}
	if p.status != http.StatusSeeOther {
		p.t.Fatalf("sent to the application by %d", p.status)
	}
	q := p.away.Query()
	if q.Get("state") != "state-of-the-application" || q.Get("iss") != issuer {
		p.t.Fatalf("state or iss is missing: %s", p.away)
	}
	return p.away
}

// refused checks the error that the application gets.
func (p *view) refused(code string) {
	p.t.Helper()
	if got := p.lead().Query().Get("error"); got != code {
		p.t.Fatalf("error = %q, want %q", got, code)
	}
}

// form is what a form of the page would send as it stands.
func (p *view) form(action string) url.Values {
	p.t.Helper()
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		p.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "form" && attribute(n, "action") == action && attribute(n, "method") == "post" {
			return inputs(n)
		}
	}
	p.t.Fatalf("no form for %s on the page (%d %s): %s", action, p.status, p.at, p.text())
	return nil
}

func inputs(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" || attribute(n, "name") == "" {
			continue
		}
		if kind := attribute(n, "type"); (kind == "radio" || kind == "checkbox") && !has(n, "checked") {
			continue
		}
		values.Add(attribute(n, "name"), attribute(n, "value"))
	}
	return values
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is the page's words, for comparing and for messages.
func (p *view) text() string {
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return p.body
	}
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// says checks for words on the page.
func (p *view) says(words string) *view {
	p.t.Helper()
	if !strings.Contains(p.text(), words) {
		p.t.Fatalf("the page (%d) does not say %q: %s", p.status, words, p.text())
	}
	return p
}

// secret is the authenticator's secret that the page shows in letters.
func (p *view) secret() string {
	p.t.Helper()
	_, after, found := strings.Cut(p.body, "<code>")
	letters, _, closed := strings.Cut(after, "</code>")
	if !found || !closed {
		p.t.Fatalf("no secret on the page: %s", p.text())
	}
	return strings.Join(strings.Fields(letters), "")
}

// log fails the test for anything that the server calls an error.
func (h *house) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(strict{h}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type strict struct{ h *house }

func (s strict) Write(line []byte) (int, error) {
	if !s.h.quiet.Load() {
		s.h.t.Errorf("the server logged: %s", line)
	}
	return len(line), nil
}
