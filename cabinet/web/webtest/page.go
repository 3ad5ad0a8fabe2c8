package webtest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"propusk/cabinet/cabinettest"
	"propusk/storage"
)

// Page is an answer of the cabinet, with the forms that stand on it.
type Page struct {
	Status  int
	Path    string // where it stands, after all redirects, with its query
	Header  http.Header
	Body    string
	browser *Browser
	root    *html.Node
	filled  map[*html.Node][]string // fields by their values
	files   map[*html.Node]file
}

type file struct {
	name string
	body []byte
}

// hops bounds the redirects of one request: a sign-in takes three.
const hops = 12

// Open asks for a page and follows where it leads: also through a sign-in, which the
// issuer of the test grants at the level that is asked for.
func (b *Browser) Open(path string) *Page {
	b.T.Helper()
	return b.follow(httptest.NewRequest(http.MethodGet, desk0+path, nil))
}

// desk0 is where the cabinet of the test stands.
const desk0 = cabinettest.Issuer

// Post sends a form as a script or a stranger would: without any page. fields are
// all that is sent.
func (b *Browser) Post(path string, fields url.Values) *Page {
	b.T.Helper()
	r := httptest.NewRequest(http.MethodPost, desk0+path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.follow(r)
}

// follow sends a request and goes where the answers lead.
func (b *Browser) follow(r *http.Request) *Page {
	b.T.Helper()
	for range hops {
		answer := b.send(r)
		to := answer.Header().Get("Location")
		if answer.Code != http.StatusSeeOther {
			return b.page(r.URL, answer)
		}
		next, err := r.URL.Parse(to)
		cabinettest.Must(b.T, err)
		if next.Path == "/oauth2/authorize" {
			next = b.approve(b, next.Query().Get("request_uri"))
		}
		if next.Path == "/oauth2/logout" {
			return &Page{Status: answer.Code, Path: next.RequestURI(), Header: answer.Header(), browser: b}
		}
		next.Fragment = "" // stays with the browser
		r = httptest.NewRequest(http.MethodGet, next.String(), nil)
	}
	b.T.Fatalf("%s redirects without end", r.URL)
	return nil
}

func (b *Browser) send(r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("Accept-Language", b.Language)
	for _, cookie := range b.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	answer := httptest.NewRecorder()
	b.site.ServeHTTP(answer, r)
	b.jar.SetCookies(r.URL, answer.Result().Cookies())
	return answer
}

// approve plays the issuer's pages: it gives a code for the pushed request.
func (w *World) approve(b *Browser, uri string) *url.URL {
	b.T.Helper()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	request := w.pushed[uri]
	if request == nil {
		b.T.Fatalf("the browser is sent to sign in without a pushed request")
	}
	delete(w.pushed, uri)
	if acr := request.Get("acr_values"); acr != "" {
		b.ACR = acr
	}
	code := storage.NewID()
	w.codes[code] = grant{request: request, office: b.office, member: b.member, acr: b.ACR}
	query := url.Values{"code": {code}, "state": {request.Get("state")}, "iss": {cabinettest.Issuer}}
	to, err := url.Parse(request.Get("redirect_uri") + "?" + query.Encode())
	cabinettest.Must(b.T, err)
	return to
}

func (b *Browser) page(at *url.URL, answer *httptest.ResponseRecorder) *Page {
	b.T.Helper()
	body := answer.Body.String()
	root, err := html.Parse(strings.NewReader(body))
	cabinettest.Must(b.T, err)
	return &Page{
		Status: answer.Code, Path: at.RequestURI(), Header: answer.Header(), Body: body, browser: b, root: root,
		filled: map[*html.Node][]string{}, files: map[*html.Node]file{},
	}
}

// Text is what a person reads on the page, with single blanks.
func (p *Page) Text() string {
	return textOf(p.find(func(n *html.Node) bool { return n.Data == "main" }))
}

// Says fails unless every text stands on the page for a person to read.
func (p *Page) Says(texts ...string) *Page {
	p.browser.T.Helper()
	read := textOf(p.root)
	for _, text := range texts {
		if !strings.Contains(read, text) {
			p.browser.T.Errorf("%s (%d) does not say %q:\n%s", p.Path, p.Status, text, read)
		}
	}
	return p
}

// Lacks fails when one of the texts can be read.
func (p *Page) Lacks(texts ...string) *Page {
	p.browser.T.Helper()
	read := textOf(p.root)
	for _, text := range texts {
		if strings.Contains(read, text) {
			p.browser.T.Errorf("%s (%d) says %q", p.Path, p.Status, text)
		}
	}
	return p
}

// Is fails unless the page has the status.
func (p *Page) Is(status int) *Page {
	p.browser.T.Helper()
	if p.Status != status {
		p.browser.T.Fatalf("%s: status %d, want %d\n%s", p.Path, p.Status, status, p.Text())
	}
	return p
}

// At fails unless the browser has come to a path, its query left out.
func (p *Page) At(path string) *Page {
	p.browser.T.Helper()
	if at, _, _ := strings.Cut(p.Path, "?"); at != path {
		p.browser.T.Fatalf("the browser is at %s (%d), not at %s\n%s", p.Path, p.Status, path, p.Text())
	}
	return p
}

// Follow opens the link of a text.
func (p *Page) Follow(text string) *Page {
	p.browser.T.Helper()
	link := p.find(func(n *html.Node) bool { return n.Data == "a" && strings.HasPrefix(textOf(n), text) })
	if link == nil {
		p.browser.T.Fatalf("%s has no link %q\n%s", p.Path, text, p.Text())
	}
	at, err := url.Parse(desk0 + p.Path)
	cabinettest.Must(p.browser.T, err)
	to, err := at.Parse(attribute(link, "href"))
	cabinettest.Must(p.browser.T, err)
	return p.browser.Open(to.RequestURI())
}

// Fill types a value into the field of a label, or chooses the option of a text;
// of a box, "yes" ticks it and "" clears it.
func (p *Page) Fill(label, value string) *Page {
	p.browser.T.Helper()
	field := p.Field(label)
	if field.Data == "select" {
		value = p.option(field, value)
	}
	if kind := attribute(field, "type"); kind == "checkbox" || kind == "radio" {
		p.tick(field, value != "")
		return p
	}
	p.filled[field] = []string{value}
	return p
}

// tick marks a box, and clears the other radio buttons of its group.
func (p *Page) tick(field *html.Node, on bool) {
	if attribute(field, "type") == "radio" {
		for _, other := range p.all(func(n *html.Node) bool { return n.Data == "input" && attribute(n, "name") == attribute(field, "name") }) {
			p.filled[other] = nil
		}
	}
	p.filled[field] = nil
	if on {
		p.filled[field] = []string{valueOf(field)}
	}
}

// Choose puts a file into the field of a label.
func (p *Page) Choose(label, name string, body []byte) *Page {
	p.browser.T.Helper()
	p.files[p.Field(label)] = file{name, body}
	return p
}

// Value is what stands in the field of a label.
func (p *Page) Value(label string) string {
	p.browser.T.Helper()
	return strings.Join(p.values(p.Field(label)), " ")
}

// Field is the field of a label.
func (p *Page) Field(label string) *html.Node {
	p.browser.T.Helper()
	found := p.find(func(n *html.Node) bool { return n.Data == "label" && strings.HasPrefix(textOf(n), label) })
	if found == nil {
		p.browser.T.Fatalf("%s has no label %q\n%s", p.Path, label, p.Text())
	}
	if id := attribute(found, "for"); id != "" {
		if field := p.find(func(n *html.Node) bool { return attribute(n, "id") == id }); field != nil {
			return field
		}
		p.browser.T.Fatalf("%s: the label %q is of no field", p.Path, label)
	}
	field := find(found, isField)
	if field == nil {
		p.browser.T.Fatalf("%s: the label %q is of no field", p.Path, label)
	}
	return field
}

// Submit presses the button of a text, in the form that it stands in.
func (p *Page) Submit(button string) *Page {
	p.browser.T.Helper()
	pressed := p.find(func(n *html.Node) bool { return n.Data == "button" && strings.HasPrefix(textOf(n), button) })
	if pressed == nil {
		p.browser.T.Fatalf("%s has no button %q\n%s", p.Path, button, p.Text())
	}
	return p.browser.follow(p.request(pressed))
}

// request is what a browser sends when the button is pressed.
func (p *Page) request(pressed *html.Node) *http.Request {
	p.browser.T.Helper()
	form := formOf(p.root, pressed)
	if form == nil {
		p.browser.T.Fatalf("%s: the button %q is in no form", p.Path, textOf(pressed))
	}
	at, err := url.Parse(desk0 + p.Path)
	cabinettest.Must(p.browser.T, err)
	action := attribute(pressed, "formaction")
	if action == "" {
		action = attribute(form, "action")
	}
	to, err := at.Parse(action)
	cabinettest.Must(p.browser.T, err)
	fields := p.fields(form, pressed)
	if attribute(form, "method") != "post" {
		to.RawQuery = fields.Encode()
		return httptest.NewRequest(http.MethodGet, to.String(), nil)
	}
	kind, body := p.encode(form, pressed, fields)
	r := httptest.NewRequest(http.MethodPost, to.String(), body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// fields are the successful controls of a form.
func (p *Page) fields(form, pressed *html.Node) url.Values {
	fields := url.Values{}
	for _, field := range p.all(func(n *html.Node) bool { return isField(n) && formOf(p.root, n) == form }) {
		if name := attribute(field, "name"); name != "" && attribute(field, "type") != "file" && !has(field, "disabled") {
			fields[name] = append(fields[name], p.values(field)...)
		}
	}
	if name := attribute(pressed, "name"); name != "" {
		fields.Add(name, attribute(pressed, "value"))
	}
	return fields
}

func (p *Page) encode(form, pressed *html.Node, fields url.Values) (kind string, body io.Reader) {
	enctype := attribute(pressed, "formenctype")
	if enctype == "" {
		enctype = attribute(form, "enctype")
	}
	if enctype != "multipart/form-data" {
		return "application/x-www-form-urlencoded", strings.NewReader(fields.Encode())
	}
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	for name, values := range fields {
		for _, value := range values {
			cabinettest.Must(p.browser.T, writer.WriteField(name, value))
		}
	}
	for field, chosen := range p.files {
		part, err := writer.CreateFormFile(attribute(field, "name"), chosen.name)
		cabinettest.Must(p.browser.T, err)
		_, err = part.Write(chosen.body)
		cabinettest.Must(p.browser.T, err)
	}
	cabinettest.Must(p.browser.T, writer.Close())
	return writer.FormDataContentType(), &out
}
