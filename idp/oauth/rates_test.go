package oauth

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// limited is a 429 that says when to come again, and how many may be asked.
func (h *house) limited(what string, a answer) {
	h.t.Helper()
	h.refused(what, a, http.StatusTooManyRequests, "slow_down")
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 300 || !strings.Contains(a.text("error_description"), "at most") {
		h.t.Errorf("%s: Retry-After %q, %q", what, a.header.Get("Retry-After"), a.text("error_description"))
	}
}

// RFC 9126 §7: the attack of a client that fills the short-lived state with requests
// that no browser ever brings. Another client pays nothing for it.
func TestAClientDoesNotPushWithoutEnd(t *testing.T) {
	h := alone(t)
	h.deps.Rates = Rates{Pushed: 3}
	h.restart()
	c, other := h.web(), h.web()
	for range 3 {
		if a := h.post(h.Push, c, asking(c, nil)); a.status != http.StatusCreated {
			t.Fatalf("%d %v", a.status, a.body)
		}
	}
	h.limited("the fourth", h.post(h.Push, c, asking(c, nil)))
	if a := h.post(h.Push, other, asking(other, nil)); a.status != http.StatusCreated {
		t.Errorf("another client: %d %v", a.status, a.body)
	}
	stranger := c
	stranger.secret = "wrong"
	h.refused("without the client's secret", h.post(h.Push, stranger, asking(c, nil)), http.StatusUnauthorized, "invalid_client")
	h.clock.Advance(time.Minute)
	if a := h.post(h.Push, c, asking(c, nil)); a.status != http.StatusCreated {
		t.Errorf("a minute later: %d %v", a.status, a.body)
	}
}

// CIBA §14: the attack that wears a person down, and the one that fills the state. For
// whom nobody has an account the answers are the same.
func TestAClientDoesNotAskForPeopleWithoutEnd(t *testing.T) {
	h := alone(t)
	h.deps.Rates = Rates{Backchannel: 2*askedAgain + 3}
	h.restart()
	c := h.counter(nil)
	for _, hint := range []string{"maria@example.org", "nobody@example.org"} {
		for range askedAgain {
			if a := h.asking(c, with{"login_hint": hint}); a.status != http.StatusOK {
				t.Fatalf("%s: %d %v", hint, a.status, a.body)
			}
		}
	}
	h.limited("the same person again", h.asking(c, with{"login_hint": " MARIA@example.org"}))
	h.limited("nobody again", h.asking(c, with{"login_hint": "nobody@example.org"}))
	if a := h.asking(c, with{"login_hint": "other@example.org"}); a.status != http.StatusOK {
		t.Errorf("another person: %d %v", a.status, a.body)
	}
	h.limited("the client's own bound", h.asking(c, with{"login_hint": "third@example.org"}))
	if a := h.asking(h.counter(nil), nil); a.status != http.StatusOK {
		t.Errorf("another client for the same person: %d %v", a.status, a.body)
	}
	h.clock.Advance(askedAgainIn)
	if a := h.asking(c, nil); a.status != http.StatusOK {
		t.Errorf("later: %d %v", a.status, a.body)
	}
}
