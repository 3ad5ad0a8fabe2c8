package browsertest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"propusk/storage/journal"
)

// The visitor keeps and drops cookies, sends forms, headers, host and address,
// and follows redirects.
func TestVisitorIsABrowser(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /in", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.Redirect(w, r, "/here", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /here", func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Cookie("a")
		fmt.Fprintf(w, "<script>no</script><h1>Я <b>здесь</b></h1><p>%s &amp; %s %s %s", c.Value, r.Host, journal.From(r.Context()).IP, r.Header.Get("Accept-Language"))
	})
	mux.HandleFunc("POST /out", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", MaxAge: -1})
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.PostFormValue("x"), r.Header.Get("Sec-Fetch-Site"))
	})
	v := New(t, mux)
	v.Host = "id.example"
	v.Get("/in").To(t, "/here")
	v.Follow(v.Get("/in")).Is(t, http.StatusOK, "Я здесь").Says(t, "1 & id.example 192.0.2.1 ru")
	v.Address = "198.51.100.1"
	v.Get("/here").Says(t, "198.51.100.1")
	if got := v.Post("/out", "x", "y").Is(t, http.StatusTeapot, ""); got.Text() != "ysame-origin" || got.Title() != "" {
		t.Errorf("the form: %q", got.Text())
	}
	if len(v.Cookies) != 0 {
		t.Errorf("cookies stay: %v", v.Cookies)
	}
}

type duration = time.Duration

func TestAlikeAndMedian(t *testing.T) {
	t.Parallel()
	Alike(t, "the same", func() (a, b []duration) { return []duration{1, 2, 3}, []duration{1, 2, 3} })
}
