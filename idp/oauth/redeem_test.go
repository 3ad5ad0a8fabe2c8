package oauth

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
)

// RFC 7636 §4.1 and §4.6: what a verifier may be, and that plain is none.
func TestVerifiersThatDoNotFit(t *testing.T) {
	t.Parallel()
	const short, long = "The PKCE code verifier must be at least 43 characters.", "The PKCE code verifier can not be longer than 128 characters."
	const strange, other = "The PKCE code verifier must only contain [a-Z], [0-9], '-', '.', '_', '~'.", "The PKCE code challenge did not match the code verifier."
	good := "-._~" + strings.Repeat("aZ09", 10)
	by := func(method, challenge string) url.Values {
		return url.Values{"code_challenge_method": {method}, "code_challenge": {challenge}}
	}
	for name, test := range map[string]struct {
		asked    url.Values
		verifier string
		want     string
	}{
		"good":           {by("S256", challengeOf(good)), good, ""},
		"the longest":    {by("S256", challengeOf(strings.Repeat("a", 128))), strings.Repeat("a", 128), ""},
		"none":           {by("S256", challengeOf("")), "", short},
		"a short one":    {by("S256", challengeOf(good[:42])), good[:42], short},
		"a long one":     {by("S256", challengeOf(strings.Repeat("a", 129))), strings.Repeat("a", 129), long},
		"a blank":        {by("S256", challengeOf(good+" ")), good + " ", strange},
		"another script": {by("S256", challengeOf(good+"я")), good + "я", strange},
		"a plus":         {by("S256", challengeOf(good+"+")), good + "+", strange},
		"another":        {by("S256", challengeOf(good)), good + "x", other},
		"plain":          {by("plain", good), good, other},
		"no method":      {by("", challengeOf(good)), good, other},
		"no challenge":   {url.Values{"code_challenge_method": {"S256"}}, good, other},
		"nothing":        {nil, good, other},
	} {
		if got := wrongVerifier(test.asked, test.verifier); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// A code of which another client is told nothing ends its grant all the same when it
// comes back (RFC 6749 §4.1.2): whoever brings it, somebody has it who should not.
func TestASpentCodeEndsItsGrantWhoeverBringsIt(t *testing.T) {
	h := alone(t)
	c, thief := h.web(), h.web()
	code := h.code(c, nil)
	first := h.post(h.Token, c, redeeming(code, nil))
	a := h.post(h.Token, thief, redeeming(code, nil))
	h.refused("the thief", a, http.StatusBadRequest, "invalid_grant")
	if got := a.text("error_description"); got != "the authorization code has already been used" {
		t.Errorf("the thief is told %q", got)
	}
	h.refused("the owner's refresh", h.post(h.Token, c, refreshing(first.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
}

// What is refused after the code was spent takes the spending back.
func TestARefusedOwnerSpendsNoCode(t *testing.T) {
	h := alone(t)
	c := h.web()
	code := h.code(c, nil)
	h.refused("details that were not granted", h.post(h.Token, c, redeeming(code, with{"authorization_details": `[{"type":"filing"}]`})), http.StatusBadRequest, "invalid_authorization_details")
	h.refused("another resource", h.post(h.Token, c, redeeming(code, with{"resource": issuer + "/console/v1"})), http.StatusBadRequest, "invalid_target")
	var spent int64
	if err := h.db.Get(t.Context(), &spent, `SELECT COUNT(*) FROM oauth_grants WHERE generation > 0`); err != nil || spent != 0 {
		t.Errorf("%d codes are spent, %v", spent, err)
	}
	if a := h.post(h.Token, c, redeeming(code, nil)); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %v", a.status, a.body)
	}
}

func (h *house) setStatus(p directory.Person, status string) {
	h.t.Helper()
	if err := h.deps.Directory.SetPersonStatus(h.t.Context(), directory.System(), p.ID, status); err != nil {
		h.t.Fatal(err)
	}
}

// What is found out only when the code is spent already: the code is as good as before,
// on the node that remembers it and on another.
func TestWhoMayNotHaveTheGrantSpendsNoCode(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		code := h.code(c, nil)
		h.setStatus(h.maria, directory.StatusBlocked)
		for range 2 {
			a := h.post(h.Token, c, redeeming(code, nil))
			h.refused("the blocked", a, http.StatusBadRequest, "invalid_grant")
			if got := a.text("error_description"); got != errPersonBlocked.Description {
				t.Errorf("the blocked are told %q", got)
			}
		}
		h.setStatus(h.maria, directory.StatusActive)
		a := h.post(h.Token, c, redeeming(code, nil))
		if a.status != http.StatusOK || h.claims(a).Organisation == nil {
			t.Errorf("afterwards: %d %v", a.status, a.body)
		}
	})
}

// A code is good on every node, and on none for a second time: what a node remembers of
// it says nothing about whether it is spent, or gone with its session.
func TestCodesAreGoodOnEveryNodeOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		deps := h.deps
		deps.Metrics = nil
		elsewhere := h.start(deps)
		session := func(a *Approval) { a.SessionID = "the-session" }
		code, gone := h.code(c, nil), h.code(c, nil, session)
		if a := h.post(elsewhere.Token, c, redeeming(code, nil)); a.status != http.StatusOK {
			t.Fatalf("on another node: %d %v", a.status, a.body)
		}
		h.clock.Advance(time.Second)
		h.refused("here, after that", h.post(h.Token, c, redeeming(code, nil)), http.StatusBadRequest, "invalid_grant")
		if err := elsewhere.EndSession(t.Context(), "the-session"); err != nil {
			t.Fatal(err)
		}
		a := h.post(h.Token, c, redeeming(gone, nil))
		h.refused("of a session that another node ended", a, http.StatusBadRequest, "invalid_grant")
		if got := a.text("error_description"); got != errUnknownCode.Description {
			t.Errorf("it is told %q", got)
		}
	})
}

// Memory for codes is bounded; those that were forgotten are read.
func TestCodesRememberedAreBounded(t *testing.T) {
	t.Parallel()
	var c codes
	for i := range 3 * codesMost {
		c.remember(pending{Code: strconv.Itoa(i)})
	}
	if n := len(c.young) + len(c.old); n > 2*codesMost {
		t.Errorf("%d are remembered", n)
	}
	if _, ok := c.take("0"); ok {
		t.Error("the oldest is remembered")
	}
	last := strconv.Itoa(3*codesMost - 1)
	g, ok := c.take(last)
	_, twice := c.take(last)
	if !ok || g.Code != last || twice {
		t.Errorf("the newest: %v, and once more: %v", ok, twice)
	}
}
