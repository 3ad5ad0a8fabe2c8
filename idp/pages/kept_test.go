package pages

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asCrowd fills in what the form of a crowd has.
func asCrowd(page *Identify) {
	page.Errors = []FieldError{{Key: "error.busy"}}
	page.Others = []Way{{Icon: "certificate", Title: "way.certificate", Text: "way.certificate.text", URL: "/signin/certificate?request=" + page.Request}}
	page.RegisterURL = "/registration"
}

// A kept page is, to the byte and the header, the one that would have been drawn, with
// whatever was typed into it.
func TestKeptIsAsDrawn(t *testing.T) {
	t.Parallel()
	kit, err := sharedKit()
	if err != nil {
		t.Fatal(err)
	}
	kept := kit.Keep(asCrowd)
	logins := []string{
		"elena@mayak.example", "", "a+b@c.example", `"><script>alert(1)</script>`, "' onfocus=x", "&amp;&#34;", "{{.}}",
		kept.marks[0], kept.marks[1], "имя\t\u2028", strings.Repeat("<", 254),
	}
	looks := []string{"", "contrast", "large.contrast"}
	for i, login := range logins {
		for j, look := range looks {
			r := httptest.NewRequest(http.MethodPost, "/signin/identify", nil)
			r.Header.Set("Accept-Language", languages[(i+j)%2])
			r.AddCookie(&http.Cookie{Name: lookCookie, Value: look})
			page := Identify{
				Request: fmt.Sprintf("request_%d-%d", i, j), Login: login,
				ClientName: "<i>Склад</i>" + look, RedirectURI: "https://app.example/callback",
			}
			got, want := httptest.NewRecorder(), httptest.NewRecorder()
			if err := kept.Render(got, r, http.StatusServiceUnavailable, page); err != nil {
				t.Fatal(err)
			}
			asCrowd(&page)
			if err := kit.Render(want, r, http.StatusServiceUnavailable, page); err != nil {
				t.Fatal(err)
			}
			if got.Body.String() != want.Body.String() || got.Code != want.Code {
				t.Errorf("%q is sent as\n%s\nand drawn as\n%s", login, got.Body, want.Body)
			}
			if fmt.Sprint(got.Header()) != fmt.Sprint(want.Header()) {
				t.Errorf("headers %v, want %v", got.Header(), want.Header())
			}
		}
	}
	if n := len(kept.drawn); n != 2*len(looks) {
		t.Errorf("%d pages were drawn", n)
	}
}

// What could mean something else in an address is not put into one.
func TestKeptRefusesStrangeRequests(t *testing.T) {
	t.Parallel()
	kit, err := sharedKit()
	if err != nil {
		t.Fatal(err)
	}
	kept := kit.Keep(asCrowd)
	for _, request := range []string{"", "a b", `"`, "a&b", "%22", "я", "a/b"} {
		w := httptest.NewRecorder()
		if err := kept.Render(w, httptest.NewRequest(http.MethodPost, "/", nil), 503, Identify{Request: request}); err == nil || w.Body.Len() > 0 {
			t.Errorf("%q: %v, %d bytes", request, err, w.Body.Len())
		}
	}
}

// However many applications there are, no more pages are kept than fit.
func TestKeptIsBounded(t *testing.T) {
	t.Parallel()
	kit, err := sharedKit()
	if err != nil {
		t.Fatal(err)
	}
	quick := *kit
	quick.twice = false
	kept := quick.Keep(asCrowd)
	for i := range keptMost + 10 {
		page := Identify{Request: "r", ClientName: fmt.Sprint(i)}
		w := httptest.NewRecorder()
		if err := kept.Render(w, httptest.NewRequest(http.MethodPost, "/", nil), 503, page); err != nil || !strings.Contains(w.Body.String(), fmt.Sprintf("<strong>%d</strong>", i)) {
			t.Fatal(err, w.Body)
		}
	}
	if n := len(kept.drawn); n != 10 {
		t.Errorf("%d are kept", n)
	}
}
