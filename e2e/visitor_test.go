package e2e

import (
	"encoding/base32"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"
	"golang.org/x/net/html"
)

// visitor is a browser without script: it keeps cookies, follows redirects on
// the site and fills forms.
type visitor struct {
	t      testing.TB
	client *http.Client
	header http.Header // sent with each request
}

func newVisitor(t testing.TB) *visitor {
	return &visitor{t: t, header: http.Header{"Accept-Language": {"ru"}}, client: &http.Client{
		Jar:           &localJar{cookies: map[string]*http.Cookie{}},
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// localJar keeps cookies of one site. Like browsers, and unlike
// net/http/cookiejar, it sends Secure cookies to http://localhost.
type localJar struct {
	mu      sync.Mutex
	cookies map[string]*http.Cookie
}

func (j *localJar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if c.MaxAge < 0 || c.Value == "" {
			delete(j.cookies, c.Name)
			continue
		}
		j.cookies[c.Name] = c
	}
}

func (j *localJar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []*http.Cookie
	for _, c := range j.cookies {
		if c.Path == "" || strings.HasPrefix(u.Path, c.Path) {
			out = append(out, &http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return out
}

// page is one answer, read to its end.
type page struct {
	url    *url.URL
	status int
	header http.Header
	body   string
}

// do sends a request and follows redirects while they stay on its host and do
// not reach stopAt (a redirect URI; "" for none).
func (v *visitor) do(req *http.Request, stopAt string) page {
	v.t.Helper()
	for range 12 {
		for name, values := range v.header {
			req.Header[name] = values
		}
		resp, err := v.client.Do(req)
		if err != nil {
			v.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			v.t.Fatal(err)
		}
		got := page{url: req.URL, status: resp.StatusCode, header: resp.Header, body: string(body)}
		location, err := resp.Location()
		if err != nil || resp.StatusCode/100 != 3 {
			return got
		}
		got.url = location
		if location.Host != req.URL.Host || (stopAt != "" && strings.HasPrefix(location.String(), stopAt)) {
			return got
		}
		if req, err = http.NewRequest(http.MethodGet, location.String(), nil); err != nil {
			v.t.Fatal(err)
		}
	}
	v.t.Fatal("redirected in a circle at ", req.URL)
	return page{}
}

func (v *visitor) get(address, stopAt string) page {
	v.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(req, stopAt)
}

// submit sends the form with its hidden fields and what is given.
func (v *visitor) submit(p page, f form, fields url.Values, stopAt string) page {
	v.t.Helper()
	values := url.Values{}
	for name, field := range f.fields {
		if field.hidden {
			values.Set(name, field.value)
		}
	}
	for name, value := range fields {
		values[name] = value
	}
	action, err := p.url.Parse(f.action)
	if err != nil {
		v.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, action.String(), strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", action.Scheme+"://"+action.Host)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(req, stopAt)
}

// form is one <form method=post> of a page.
type form struct {
	action string
	fields map[string]field
}

type field struct {
	value  string
	values []string // of radio buttons and buttons of one name
	hidden bool
}

// forms reads the forms of a page that are sent by POST.
func (p page) forms() []form {
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return nil
	}
	var out []form
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && strings.EqualFold(attribute(n, "method"), "post") {
			out = append(out, readForm(n))
		}
	}
	return out
}

func readForm(n *html.Node) form {
	f := form{action: attribute(n, "action"), fields: map[string]field{}}
	for c := range n.Descendants() {
		name := attribute(c, "name")
		if c.Type != html.ElementNode || name == "" {
			continue
		}
		one := f.fields[name]
		one.value = attribute(c, "value")
		one.values = append(one.values, one.value)
		one.hidden = attribute(c, "type") == "hidden"
		f.fields[name] = one
	}
	return f
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// formWith finds the form that asks for a field.
func (p page) formWith(name string) (form, bool) {
	for _, f := range p.forms() {
		if one, ok := f.fields[name]; ok && !one.hidden {
			return f, true
		}
	}
	return form{}, false
}

// signIn goes through the pages from an authorization request as user, choosing
// the organisation (an id, where the page asks), consenting, until the browser
// is sent to redirectURI. It returns that address, with the code in it.
func (v *visitor) signIn(authorizationURL, redirectURI string, user *user, organisation string) *url.URL {
	v.t.Helper()
	p := v.get(authorizationURL, redirectURI)
	for range 8 {
		if p.status/100 == 3 && strings.HasPrefix(p.url.String(), redirectURI) {
			return p.url
		}
		p = v.step(p, redirectURI, user, organisation)
	}
	v.t.Fatalf("signing in does not come to an end; status %d at %s:\n%s", p.status, p.url, text(p.body))
	return nil
}

// busy reports a page that asks to try again after a moment, and keeps the form.
func busy(p page) bool {
	return p.status == http.StatusServiceUnavailable && p.header.Get("Retry-After") != ""
}

// step fills the one form that the page asks to be filled. Who is told to come later
// comes later with the same: nobody has looked at it.
func (v *visitor) step(p page, redirectURI string, u *user, organisation string) page {
	v.t.Helper()
	f, fields := v.filled(p, u, organisation)
	next := v.submit(p, f, fields, redirectURI)
	for end := time.Now().Add(patience); busy(next) && time.Now().Before(end); {
		time.Sleep(500 * time.Millisecond)
		next = v.submit(p, f, fields, redirectURI)
	}
	return next
}

// filled is the one form that the page asks to be filled, and what is put into it.
func (v *visitor) filled(p page, u *user, organisation string) (form, url.Values) {
	v.t.Helper()
	if f, ok := p.formWith("password"); ok {
		return f, url.Values{"login": {u.Login}, "password": {u.Password}}
	}
	if f, ok := p.formWith("code"); ok {
		return f, url.Values{"code": {u.code(v.t)}}
	}
	if f, ok := p.formWith("organisation"); ok {
		if !slices.Contains(f.fields["organisation"].values, organisation) {
			v.t.Fatalf("the organisation %s is not offered:\n%s", organisation, text(p.body))
		}
		return f, url.Values{"organisation": {organisation}}
	}
	if f, ok := p.formWith("decision"); ok {
		return f, url.Values{"decision": {"accept"}}
	}
	v.t.Fatalf("a page without a form to fill; status %d at %s:\n%s", p.status, p.url, text(p.body))
	return form{}, nil
}

// text is what a page says, without its marks.
func text(body string) string {
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return body
	}
	var words []string
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return tail(strings.Join(words, " "), 2000)
}

// user is one person of the demo's line.
type user struct {
	ID            string `json:"id"`
	Login         string `json:"login"`
	Password      string `json:"password"`
	TOTPSecret    string `json:"totp_secret"`
	Phone         string `json:"phone"`
	Email         string `json:"email"`
	SNILS         string `json:"snils"`
	Organisations []struct {
		organisation
		Roles []string `json:"roles"`
	} `json:"organisations"`

	mu   sync.Mutex
	step int64 // the last one-time code used: each works once
}

// code is the next one-time code of the user's generator that was not used yet.
// The server takes the codes of one step before and after the present one.
func (u *user) code(t testing.TB) string {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.TOTPSecret == "" {
		t.Fatalf("%s has no code generator", u.Login)
	}
	for {
		now := time.Now().Unix() / 30
		if step := max(u.step+1, now); step <= now+1 {
			u.step = step
			return codeAt(t, u.TOTPSecret, step)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func codeAt(t testing.TB, secret string, step int64) string {
	t.Helper()
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil {
		t.Fatalf("totp_secret is not base32: %v", err)
	}
	code, err := hotp.GenerateCode(secret, uint64(step))
	if err != nil {
		t.Fatal(fmt.Errorf("generate a one-time code: %w", err))
	}
	return code
}
