package browsertest

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"propusk/storage/journal"
)

// Visitor is one browser at one address.
type Visitor struct {
	T       testing.TB
	Address string            // "" = 192.0.2.1
	Host    string            // of its requests; "" = that of the handler's issuer
	Header  http.Header       // sent with each request
	Cookies map[string]string // by name
	handler http.Handler
}

// New returns a browser that talks to handler.
func New(t testing.TB, handler http.Handler) *Visitor {
	return &Visitor{T: t, handler: handler, Header: http.Header{"Accept-Language": {"ru"}}, Cookies: map[string]string{}}
}

// Answer is what came back.
type Answer struct {
	Status   int
	Header   http.Header
	Location string // of a redirect
	Body     string
}

// Get asks for a page.
func (v *Visitor) Get(path string) Answer {
	v.T.Helper()
	return v.send(httptest.NewRequest(http.MethodGet, path, nil))
}

// Post sends a form: names and values in turn.
func (v *Visitor) Post(path string, fields ...string) Answer {
	v.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.send(r)
}

// Follow goes on with the redirects of an answer until there is a page.
func (v *Visitor) Follow(a Answer) Answer {
	v.T.Helper()
	for range 8 {
		if a.Location == "" {
			return a
		}
		a = v.Get(a.Location)
	}
	v.T.Fatal("redirected in a circle")
	return a
}

func (v *Visitor) send(r *http.Request) Answer {
	v.T.Helper()
	for name, values := range v.Header {
		r.Header[name] = values
	}
	for name, value := range v.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if v.Host != "" {
		r.Host = v.Host
	}
	address := v.Address
	if address == "" {
		address = "192.0.2.1"
	}
	r = r.WithContext(journal.With(r.Context(), journal.Circumstances{RequestID: "request-1", IP: address, UserAgent: "test"}))
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	result := w.Result()
	defer result.Body.Close()
	for _, c := range result.Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(v.Cookies, c.Name)
			continue
		}
		v.Cookies[c.Name] = c.Value
	}
	body, err := io.ReadAll(result.Body)
	if err != nil {
		v.T.Fatal(err)
	}
	return Answer{Status: result.StatusCode, Header: result.Header, Location: result.Header.Get("Location"), Body: string(body)}
}

var (
	tags  = regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>|<[^>]*>`)
	title = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
)

// Text is what the page says.
func (a Answer) Text() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(a.Body, " "))), " ")
}

// Title is the page's heading.
func (a Answer) Title() string {
	found := title.FindStringSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(tags.ReplaceAllString(found[1], "")))
}

// Is fails the test unless the answer has the status and, "" is any, the title.
func (a Answer) Is(t testing.TB, status int, title string) Answer {
	t.Helper()
	if a.Status != status || title != "" && a.Title() != title {
		t.Fatalf("status %d %q, want %d %q: %s", a.Status, a.Title(), status, title, a.Text())
	}
	return a
}

// To fails the test unless the answer redirects there.
func (a Answer) To(t testing.TB, location string) Answer {
	t.Helper()
	if a.Status != http.StatusSeeOther || a.Location != location {
		t.Fatalf("status %d to %q, want 303 to %q: %s", a.Status, a.Location, location, a.Text())
	}
	return a
}

// Says fails the test unless the page has all the words.
func (a Answer) Says(t testing.TB, words ...string) Answer {
	t.Helper()
	said := a.Text()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("the page does not say %q, it says: %s", w, said)
		}
	}
	return a
}
