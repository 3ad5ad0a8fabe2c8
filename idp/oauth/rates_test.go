package oauth

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"propusk/storage/journal"
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

// Attack: anybody can push as a client without a secret. Who does so without end, from an
// address of his own or from many of his network, keeps nobody else of the client's from
// signing in; nor do pushes for the house's own pages stop at a number for all.
func TestAStrangerDoesNotSpendWhatAClientMayPush(t *testing.T) {
	h := alone(t)
	h.deps.Rates = Rates{Pushed: 3}
	h.restart()
	c := h.spa()
	from := func(address string) answer {
		r := h.request(c, asking(c, nil))
		return h.send(h.Push, r.WithContext(journal.With(r.Context(), journal.Circumstances{IP: address, RequestID: "req-1"})))
	}
	for i := range 3 {
		if a := from("2001:db8::" + strconv.Itoa(i)); a.status != http.StatusCreated {
			t.Fatalf("%d %v", a.status, a.body)
		}
	}
	h.limited("the fourth of one network", from("2001:db8::ffff"))
	if a := from("198.51.100.1"); a.status != http.StatusCreated {
		t.Errorf("somebody else with the same client: %d %v", a.status, a.body)
	}
	own := h.register(Client{Kind: Web, FirstParty: true, RedirectURIs: []string{callback}, Scope: "openid"})
	for range 5 {
		if a := h.post(h.Push, own, asking(own, with{"scope": "openid"})); a.status != http.StatusCreated {
			t.Errorf("the house's own: %d %v", a.status, a.body)
		}
	}
	if err := h.deps.Ephemeral.Put(t.Context(), "what others keep", make([]byte, 120<<20), time.Hour); err != nil {
		t.Fatal(err)
	}
	a := from("198.51.100.2")
	h.refused("when there is no room", a, http.StatusTooManyRequests, "slow_down")
	if a.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
}
