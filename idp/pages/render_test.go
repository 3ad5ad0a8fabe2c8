package pages

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/net/html"
)

// sharedKit is one for all tests: a kit never changes. It knows the samples' room.
var sharedKit = sync.OnceValues(func() (*Kit, error) {
	kit, err := New(Deps{Compare: true})
	if err != nil {
		return nil, err
	}
	return kit.Extend(sampleRoom, fstest.MapFS{})
})

func setup(t *testing.T) *Kit {
	t.Helper()
	kit, err := sharedKit()
	if err != nil {
		t.Fatal(err)
	}
	return kit
}

// render draws page at target and returns the answer.
func render(t *testing.T, kit *Kit, page Page, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := kit.Render(w, httptest.NewRequest(http.MethodGet, target, nil), http.StatusOK, page); err != nil {
		t.Fatal(err)
	}
	return w
}

// walk calls fn for each element of the document, in order.
func walk(n *html.Node, fn func(*html.Node)) {
	if n.Type == html.ElementNode {
		fn(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, fn)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var out strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out.WriteString(text(c))
	}
	return strings.TrimSpace(out.String())
}

// outline is what the tests look at in a page.
type outline struct {
	count    map[string]int // elements by tag
	headings []string       // h1, h2 … in order
	h1, lang string
	title    string
	ids      map[string]int
	forms    map[string][]string // action → field names of POST forms
	named    []*html.Node        // visible inputs
	labels   map[string]bool     // for=
	refs     []string            // ids that aria attributes and fragments point at
	loaded   []string            // addresses that the browser fetches
	inline   []string            // what the policy forbids
}

func read(t *testing.T, body string) outline {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	o := outline{count: map[string]int{}, ids: map[string]int{}, forms: map[string][]string{}, labels: map[string]bool{}}
	var action string
	walk(doc, func(n *html.Node) {
		o.count[n.Data]++
		o.note(n)
		switch n.Data {
		case "form":
			action = attr(n, "action")
			if attr(n, "method") == "post" && len(o.forms[action]) == 0 {
				o.forms[action] = []string{}
			}
		case "input", "button", "select":
			if name := attr(n, "name"); name != "" {
				o.forms[action] = append(o.forms[action], name)
			}
		}
	})
	return o
}

func (o *outline) note(n *html.Node) {
	if id := attr(n, "id"); id != "" {
		o.ids[id]++
	}
	for _, name := range []string{"aria-describedby", "aria-labelledby"} {
		o.refs = append(o.refs, strings.Fields(attr(n, name))...)
	}
	if href := attr(n, "href"); strings.HasPrefix(href, "#") {
		o.refs = append(o.refs, href[1:])
	}
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			o.inline = append(o.inline, n.Data+" "+a.Key)
		}
	}
	switch n.Data {
	case "html":
		o.lang = attr(n, "lang")
	case "title":
		o.title = text(n)
	case "h1":
		o.h1 = text(n)
		fallthrough
	case "h2", "h3":
		o.headings = append(o.headings, n.Data)
	case "label":
		o.labels[attr(n, "for")] = true
	case "input", "select":
		if attr(n, "type") != "hidden" && attr(n, "type") != "radio" {
			o.named = append(o.named, n)
		}
	case "style":
		o.inline = append(o.inline, "style element")
	case "script":
		if !has(n, "src") {
			o.inline = append(o.inline, "script element")
		}
		o.loaded = append(o.loaded, attr(n, "src"))
	case "link":
		o.loaded = append(o.loaded, attr(n, "href"))
	case "img":
		o.loaded = append(o.loaded, attr(n, "src"))
	}
}

func TestEachPageHasItsStructureInBothLanguages(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for _, s := range samples() {
		for i, lang := range languages {
			t.Run(s.name+" "+lang, func(t *testing.T) {
				t.Parallel()
				body := render(t, kit, s.page, "/signin?ui_locales="+lang).Body.String()
				o := read(t, body)
				if o.lang != lang || o.h1 != s.h1[i] || !strings.Contains(o.title, s.h1[i]) {
					t.Errorf("lang %q, h1 %q, title %q", o.lang, o.h1, o.title)
				}
				if s.action != "" && !slices.Equal(o.forms[s.action], s.fields) {
					t.Errorf("form %s has the fields %v, want %v", s.action, o.forms[s.action], s.fields)
				}
				for _, mark := range s.marks {
					if !slices.ContainsFunc(strings.Split(mark, "|"), func(either string) bool { return strings.Contains(body, either) }) {
						t.Errorf("no %s in the page", mark)
					}
				}
			})
		}
	}
}

func TestEachPageIsAccessible(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o := read(t, render(t, kit, s.page, "/signin").Body.String())
			for tag, want := range map[string]int{"h1": 1, "main": 1, "header": 1, "footer": 1, "title": 1} {
				if o.count[tag] != want {
					t.Errorf("%d <%s>, want %d", o.count[tag], tag, want)
				}
			}
			if o.headings[0] != "h1" || slices.Contains(o.headings, "h3") {
				t.Errorf("headings out of order: %v", o.headings)
			}
			for id, n := range o.ids {
				if n > 1 {
					t.Errorf("id %q is given %d times", id, n)
				}
			}
			for _, ref := range o.refs {
				if o.ids[ref] == 0 {
					t.Errorf("something points at #%s, which is not there", ref)
				}
			}
			for _, n := range o.named {
				if !o.labels[attr(n, "id")] {
					t.Errorf("the field %s has no label", attr(n, "name"))
				}
			}
		})
	}
}

func TestErrorsAreToldInTheSummaryAndTheTitle(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	page := Identify{Request: "r", Errors: []FieldError{{Key: "error.credentials"}, {Field: "password", Key: "error.password_required"}}}
	body := render(t, kit, page, "/signin?ui_locales=ru").Body.String()
	o := read(t, body)
	if !strings.HasPrefix(o.title, "Ошибка: Войдите") {
		t.Errorf("title %q", o.title)
	}
	summary := regexp.MustCompile(`(?s)<div class="notice stop" role="alert" tabindex="-1" autofocus.*?</div>`).FindString(body)
	for _, want := range []string{"Логин или пароль не подходят", `<a href="#password">Введите пароль.</a>`} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary lacks %q: %s", want, summary)
		}
	}
	refused := render(t, kit, Identify{Errors: []FieldError{{Key: "error.credentials"}}}, "/signin").Body.String()
	if !strings.Contains(summary, "Проверьте, что введено") || !strings.Contains(refused, "Не получилось") {
		t.Error("the summary's title does not tell a wrong field from a refusal")
	}
	if n := strings.Count(body, " autofocus"); n != 1 {
		t.Errorf("%d elements want the focus", n)
	}
}

func TestNothingIsLoadedFromElsewhereAndNothingIsInline(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for _, s := range samples() {
		o := read(t, render(t, kit, s.page, "/signin").Body.String())
		if len(o.inline) > 0 {
			t.Errorf("%s: inline %v", s.name, o.inline)
		}
		for _, url := range o.loaded {
			if !strings.HasPrefix(url, "/assets/") && !strings.HasPrefix(url, "data:image/png;base64,") {
				t.Errorf("%s loads %s", s.name, url)
			}
		}
	}
}

// weight is how many bytes an address costs, with what it imports at once. What
// a script imports later (import(…)) is asked for by the person's own act.
func weight(t *testing.T, kit *Kit, url string, seen map[string]bool) int {
	t.Helper()
	file, ok := kit.assets.files[strings.TrimPrefix(url, assetsPath)]
	if !ok || seen[url] {
		return 0
	}
	seen[url] = true
	total := len(file.plain)
	if file.gzipped != nil {
		total = len(file.gzipped)
	}
	for _, m := range regexp.MustCompile(`from "(/assets/[^"]+)"`).FindAllStringSubmatch(string(file.plain), -1) {
		total += weight(t, kit, m[1], seen)
	}
	return total
}

func TestEachPageWithAllItLoadsIsUnder100KB(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	fonts := weight(t, kit, kit.assets.named["fonts/golos-cyrillic.woff2"], map[string]bool{})
	if fonts == 0 {
		t.Fatal("the font weighs nothing")
	}
	for _, s := range samples() {
		body := render(t, kit, s.page, "/signin").Body.Bytes()
		total, seen := 0, map[string]bool{}
		for _, url := range read(t, string(body)).loaded {
			total += weight(t, kit, url, seen)
		}
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, _ = zip.Write(body)
		_ = zip.Close()
		if total += packed.Len(); total < fonts || total > 100_000 {
			t.Errorf("%s: %d bytes compressed", s.name, total)
		}
	}
}

func TestPolicyAllowsFormsToLeadToTheApplicationAlone(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for _, c := range []struct{ redirect, action string }{
		{"", "form-action 'self';"},
		{"https://rp.example/cb?x=1", "form-action 'self' https://rp.example;"},
		{"http://127.0.0.1:5001/cb", "form-action 'self' http://127.0.0.1:5001;"},
		{"com.example.app:/cb", "form-action 'self' com.example.app:;"},
		{"https://a;script-src *", "form-action 'self';"},
		{"https://a'b/", "form-action 'self';"},
		{"%zz", "form-action 'self';"},
	} {
		for _, page := range []Page{Identify{RedirectURI: c.redirect}, SignOutConfirm{RedirectURI: c.redirect}} {
			policy := render(t, kit, page, "/signin").Header().Get("Content-Security-Policy")
			if !strings.Contains(policy, c.action) || !strings.Contains(policy, "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';") || strings.Contains(policy, "unsafe") {
				t.Errorf("%q gives %q", c.redirect, policy)
			}
		}
	}
	h := render(t, kit, Failure{Title: "x"}, "/").Header()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Language": "ru", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
}

func TestHeadSendsNoBody(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := setup(t).Render(w, httptest.NewRequest(http.MethodHead, "/help", nil), http.StatusTeapot, Help{}); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusTeapot || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("status %d, %d bytes, length %q", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

func TestScopesAreExplainedAndUnknownOnesAreNotHidden(t *testing.T) {
	t.Parallel()
	got := setup(t).Scopes("ru", []string{"openid", "members:read", "billing:all"})
	want := []ScopeItem{{"Смотреть сотрудников", "Имена, роли и права"}, {Title: "billing:all"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestExtensionDrawsItsPagesInTheSameLayouts(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	room := fstest.MapFS{
		"list.html":  {Data: []byte(`{{template "room" .}}{{define "main"}}<h1>{{say .Title}}</h1>{{template "rows" .Page}}{{template "time" .Page.At}}{{date .Page.At}}{{end}}`)},
		"_rows.html": {Data: []byte(`{{define "rows"}}{{template "empty" (dict "Title" .Name "Text" (t "room.text" "Count" 3))}}{{end}}`)},
	}
	words := fstest.MapFS{
		"ru.json": {Data: []byte(`{"room.text": {"one": "{{.Count}} строка", "few": "{{.Count}} строки", "many": "{{.Count}} строк", "other": "{{.Count}} строки"}, "room.title": "Список"}`)},
		"en.json": {Data: []byte(`{"room.text": {"one": "{{.Count}} row", "other": "{{.Count}} rows"}, "room.title": "List"}`)},
	}
	more, err := kit.Extend(room, words)
	if err != nil {
		t.Fatal(err)
	}
	page := Custom{
		Template: "list.html", Title: "room.title", RedirectURI: "https://id.example",
		Data:  map[string]any{"Name": "<b>", "At": time.Date(2026, 11, 22, 22, 30, 0, 0, time.UTC)},
		Shell: &Shell{Organisation: Strip{Name: "ООО «Маяк»", Sub: "Руководитель", SwitchURL: "/switch"}, PersonName: "Е. Морозова", HomeURL: "/cabinet", SignOutURL: "/cabinet/signout", Nav: []NavItem{{Title: "room.title", URL: "/x", Current: true}, {Title: "Журнал", URL: "/y", Break: true, Count: 2, Urgent: true}}},
	}
	body := render(t, more, page, "/cabinet?ui_locales=ru").Body.String()
	for _, want := range []string{
		"<title>Список · Пропуск</title>", "&lt;b&gt;", "3 строки", `aria-current="page">Список`, `class="tag stop">2`, "23 ноября 2026, 01:30",
		`datetime="2026-11-22T22:30:00Z"`, `href="/switch"`, `action="/cabinet/signout"`, "Е. Морозова",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if body := render(t, more, page, "/cabinet?ui_locales=en").Body.String(); !strings.Contains(body, "3 rows") || !strings.Contains(body, "23 November 2026, 01:30") {
		t.Error("the English page lacks its words")
	}
	if err := kit.Render(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), 200, page); err == nil {
		t.Error("the kit that was extended knows the extension's page")
	}
}

func TestExtensionMayNotReplaceOurs(t *testing.T) {
	t.Parallel()
	kit, none := setup(t), fstest.MapFS{}
	for name, ext := range map[string][2]fstest.MapFS{
		"page":          {{"help.html": {Data: []byte("x")}}, none},
		"word":          {none, {"ru.json": {Data: []byte(`{"brand": "Чужой"}`)}}},
		"broken json":   {none, {"en.json": {Data: []byte(`{`)}}},
		"broken page":   {{"a.html": {Data: []byte("{{")}}, none},
		"unknown words": {{"a.html": {Data: []byte(`{{shout "a"}}`)}}, none},
	} {
		if _, err := kit.Extend(ext[0], ext[1]); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWrongComponentFailsThePageAndSendsNothing(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"asset": `{{asset "nowhere.css"}}`, "odd": `{{template "tag" (dict "Text")}}`, "unnamed": `{{template "tag" (dict 1 2)}}`,
	} {
		kit, err := setup(t).Extend(fstest.MapFS{"a.html": {Data: []byte(body)}}, fstest.MapFS{})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if err := kit.Render(w, httptest.NewRequest(http.MethodGet, "/", nil), 200, Custom{Template: "a.html"}); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: error %v, %d bytes sent", name, err, w.Body.Len())
		}
	}
}

func TestNumbersAreGroupedForReading(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"+78125553535": "+7 812 555-35-35", "+4930123456": "+4930123456", "": ""} {
		if got := phone(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
	if got := groups("ABCDEFGHIJ"); got != "ABCD EFGH IJ" {
		t.Errorf("groups %q", got)
	}
}
