package idp

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Attack: one address begins sign-ins without end, until there is room for nobody's.
// It is told to come later; everybody else signs in, and who began goes on.
func TestAFloodOfSignInsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	early := h.visitor()
	page := early.begin("app")
	h.check(h.volatile.Put(h.ctx(), "what others keep", make([]byte, 70<<20), time.Hour))
	flood, refused := h.visitor(), 0
	for range 70 {
		answer := flood.do(http.MethodGet, authorize("app"), nil)
		if answer.status == http.StatusTooManyRequests {
			refused++
			if wait := answer.header.Get("Retry-After"); wait == "" || wait == "0" || !strings.Contains(answer.body, "слишком много входов") {
				t.Fatalf("Retry-After %q\n%s", wait, answer.text())
			}
		}
	}
	if refused != 10 {
		t.Errorf("%d of 70 were refused", refused)
	}
	for _, path := range []string{"/signin/here?to=/account", "/signin/here?to=/account&acr=urn:propusk:2"} {
		if got := flood.do(http.MethodGet, path, nil); got.status != http.StatusTooManyRequests {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	early.choose(early.signInElena(page), h.north.ID).lead()
	other := h.visitor()
	other.choose(other.signInElena(other.begin("app")), h.north.ID).lead()
}
