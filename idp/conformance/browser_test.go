package conformance

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser is one without script: it keeps cookies, follows redirects on the
// server's pages and fills their forms, and stops where an application begins.
type browser struct {
	t       *testing.T
	http    *http.Client
	address string
	// decision is what is answered to the question of consent; "" = accept.
	decision string
	seen     []string // the actions of the forms that were sent
	consent  string   // the page on which it was answered last
}

func (w *world) browser(t *testing.T) *browser {
	client := w.client(t, nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client.Jar = jar
	return &browser{t: t, http: client, address: w.address()}
}

// page is what the browser shows, or where it was sent.
type page struct {
	status int
	header http.Header
	body   string
	at     *url.URL
	// to is the application's address, when the browser was sent there, and
	// posted what a form would bring there (Form Post Response Mode); both nil on
	// a page of the server.
	to     *url.URL
	posted url.Values
}

// do makes one request, and none at the application.
func (b *browser) do(method, address string, form url.Values) page {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set(addressHeader, b.address)
	r.Header.Set("Accept-Language", "en")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := page{status: response.StatusCode, header: response.Header, body: string(text), at: r.URL}
	if location := response.Header.Get("Location"); location != "" {
		if p.to, err = r.URL.Parse(location); err != nil {
			b.t.Fatal(err)
		}
	} else if action, fields, found := p.form(func(action string) bool { return !strings.HasPrefix(action, "/") }); found {
		p.posted = fields
		if p.to, err = url.Parse(action); err != nil {
			b.t.Fatal(err)
		}
	}
	return p
}

// open follows an address to the next page of the server or to the application.
func (b *browser) open(address string) page {
	b.t.Helper()
	return b.follow(b.do(http.MethodGet, address, nil))
}

func (b *browser) follow(p page) page {
	b.t.Helper()
	for range 6 {
		if p.to == nil || p.to.Scheme+"://"+p.to.Host != issuer {
			return p
		}
		p = b.do(http.MethodGet, p.to.String(), nil)
	}
	b.t.Fatal("redirected in circles")
	return p
}

// submit sends the form of the page for the action, filled.
func (b *browser) submit(p page, action string, filled map[string]string) page {
	b.t.Helper()
	_, fields, found := p.form(func(a string) bool { return a == action })
	if !found {
		b.t.Fatalf("no form for %s: %d %s %s", action, p.status, p.at, p.text())
	}
	for name, value := range filled {
		fields.Set(name, value)
	}
	b.seen = append(b.seen, action)
	return b.follow(b.do(http.MethodPost, issuer+action, fields))
}

// signIn goes from an address of the server to the application, through whatever
// it asks of Maria.
func (b *browser) signIn(address string) page {
	b.t.Helper()
	return b.proceed(b.open(address))
}

// proceed fills pages until the application is reached, or an error is shown.
func (b *browser) proceed(p page) page {
	b.t.Helper()
	for range 6 {
		switch {
		case p.to != nil || p.status >= http.StatusBadRequest:
			return p
		case p.asks("/signin/identify"):
			p = b.submit(p, "/signin/identify", map[string]string{"login": login, "password": password})
		case p.asks("/signin/consent"):
			decision := b.decision
			if decision == "" {
				decision = "accept"
			}
			b.consent = p.body
			p = b.submit(p, "/signin/consent", map[string]string{"decision": decision})
		default:
			b.t.Fatalf("a page that nobody expects: %d %s %s", p.status, p.at, p.text())
		}
	}
	b.t.Fatal("the sign-in does not end")
	return p
}

// asks reports whether the page has a form for the action.
func (p page) asks(action string) bool {
	_, _, found := p.form(func(a string) bool { return a == action })
	return found
}

// form finds the first form to be posted whose action pleases, with its fields.
func (p page) form(pleases func(action string) bool) (action string, fields url.Values, found bool) {
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return "", nil, false
	}
	for n := range root.Descendants() {
		if n.Data != "form" || attribute(n, "method") != "post" || !pleases(attribute(n, "action")) {
			continue
		}
		fields = url.Values{}
		for field := range n.Descendants() {
			kind := attribute(field, "type")
			if field.Data == "input" && attribute(field, "name") != "" && kind != "radio" && kind != "checkbox" {
				fields.Add(attribute(field, "name"), attribute(field, "value"))
			}
		}
		return attribute(n, "action"), fields, true
	}
	return "", nil, false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is the page's words, for messages.
func (p page) text() string {
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
