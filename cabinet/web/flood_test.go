package web

import (
	"net/http"
	"testing"
	"time"
)

// Attack: a stranger opens the cabinet's pages without end, and each time a sign-in of
// his is kept. When room is short he is told to come later, and pushes nothing to the
// issuer any more; whoever is signed in goes on.
func TestAFloodOfStrangersKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	if err := w.memory.Put(t.Context(), "what others keep", make([]byte, 70<<20), time.Hour); err != nil {
		t.Fatal(err)
	}
	stranger := &http.Client{Transport: w.browser.Transport, CheckRedirect: w.browser.CheckRedirect}
	statuses := map[int]int{}
	for range 70 {
		answer, err := stranger.Get(w.cabinet.URL + "/cabinet/members")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		statuses[answer.StatusCode]++
		if answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("Retry-After") != "1800" {
			t.Fatalf("Retry-After %q", answer.Header.Get("Retry-After"))
		}
	}
	if statuses[http.StatusSeeOther] != 60 || statuses[http.StatusTooManyRequests] != 10 {
		t.Errorf("answers: %v", statuses)
	}
	w.mutex.Lock()
	pushed := len(w.pushed)
	w.mutex.Unlock()
	if pushed != 60 {
		t.Errorf("%d requests were pushed", pushed)
	}
	w.get("/cabinet").want(t, 200, "ООО «Маяк»")
}
