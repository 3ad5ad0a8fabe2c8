package account

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/session"
	"propusk/storage"
)

// visitor is a browser with a session.
type visitor struct {
	w       *world
	session *session.Session
	cookies map[string]string
	header  http.Header
}

// visitor is somebody's browser that has proved the factors now; none = a browser
// that nobody is signed in in.
func (w *world) visitor(p directory.Person, factors ...session.Factor) *visitor {
	w.t.Helper()
	v := &visitor{w: w, cookies: map[string]string{}, header: http.Header{
		"Accept-Language": {"ru"}, "Test-Address": {"10.0.0.7"},
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"},
	}}
	for _, f := range factors {
		v.prove(p, session.Proof{Factor: f, At: storage.Of(w.clock.Now())})
	}
	return v
}

// signedIn is a browser with password and a code.
func (w *world) signedIn(p directory.Person) *visitor {
	w.t.Helper()
	return w.visitor(p, session.Password, session.Email)
}

// prove adds a proof to the browser's session, as the sign-in does.
func (v *visitor) prove(p directory.Person, proof session.Proof) {
	v.w.t.Helper()
	where := session.Where{IP: "10.0.0.7", UserAgent: v.header.Get("User-Agent"), DeviceID: "device-1"}
	now := storage.Of(v.w.clock.Now())
	proof.At = now
	var secret string
	var err error
	if v.session == nil {
		v.session, secret, err = v.w.Server.deps.Sessions.Begin(v.w.ctx, nil, p.ID, proof, where, now)
	} else {
		v.session, secret, err = v.w.Server.deps.Sessions.Add(v.w.ctx, v.session, proof, where, now)
	}
	v.w.must(err)
	v.cookies[browser.CookieSession] = secret
}

// refresh proves the factors again, now.
func (v *visitor) refresh(p directory.Person) {
	v.w.t.Helper()
	v.prove(p, session.Proof{Factor: session.Password})
	v.prove(p, session.Proof{Factor: session.Email})
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path, kind string, body io.Reader) *answer {
	v.w.t.Helper()
	r, err := http.NewRequestWithContext(v.w.ctx, method, v.w.url+path, body)
	v.w.must(err)
	for name, values := range v.header {
		r.Header[name] = values
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
		if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	v.w.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	v.w.must(err)
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	return &answer{v.w.t, response.StatusCode, response.Header, string(text)}
}

func (v *visitor) get(path string) *answer {
	v.w.t.Helper()
	return v.do(http.MethodGet, path, "", nil)
}

func (v *visitor) post(path string, fields ...string) *answer {
	v.w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// upload posts a multipart form: fields are name and value in turn, files name
// and content.
func (v *visitor) upload(path string, fields []string, files map[string][]byte) *answer {
	v.w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		v.w.must(form.WriteField(fields[i], fields[i+1]))
	}
	for name, content := range files {
		part, err := form.CreateFormFile(name, name+".bin")
		v.w.must(err)
		_, err = part.Write(content)
		v.w.must(err)
	}
	v.w.must(form.Close())
	return v.do(http.MethodPost, path, form.FormDataContentType(), &body)
}

// is checks the status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answered %d (to %q), want %d: %s", a.status, a.header.Get("Location"), status, a.text())
	}
	return a
}

// leads checks where the browser is sent.
func (a *answer) leads(to string) *answer {
	a.t.Helper()
	if a.status != http.StatusSeeOther || a.header.Get("Location") != to {
		a.t.Fatalf("answered %d to %q, want 303 to %q: %s", a.status, a.header.Get("Location"), to, a.text())
	}
	return a
}

func (a *answer) text() string {
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return a.body
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
func (a *answer) says(words ...string) *answer {
	a.t.Helper()
	text := a.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			a.t.Fatalf("the page (%d) does not say %q: %s", a.status, w, text)
		}
	}
	return a
}

// lacks checks that markup is not on the page.
func (a *answer) lacks(parts ...string) *answer {
	a.t.Helper()
	for _, part := range parts {
		if strings.Contains(a.body, part) {
			a.t.Fatalf("the page (%d) has %q: %s", a.status, part, a.text())
		}
	}
	return a
}

// has checks for markup on the page.
func (a *answer) has(parts ...string) *answer {
	a.t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			a.t.Fatalf("the page (%d) lacks %q: %s", a.status, part, a.body)
		}
	}
	return a
}

// value is the value of the hidden field on the page.
func (a *answer) value(name string) string {
	a.t.Helper()
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data != "input" {
			continue
		}
		found := map[string]string{}
		for _, at := range n.Attr {
			found[at.Key] = at.Val
		}
		if found["name"] == name {
			return found["value"]
		}
	}
	a.t.Fatalf("no field %q: %s", name, a.text())
	return ""
}

// otp is the authenticator's code now.
func (w *world) otp(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.clock.Now())
	w.must(err)
	return code
}

// toSignIn is where a browser is sent that must prove more first.
func toSignIn(to string, level session.Level, fresh bool) string {
	age := time.Duration(0)
	if fresh {
		age = 5 * time.Minute
	}
	return browser.SignInFirst(to, level.ACR(), age)
}
