package idp

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"propusk/idp/browser"
)

// The attacks on what ties a sign-in together: attempt, browser, session, person.

func TestAttemptBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		victim, thief := h.visitor(), h.visitor()
		page := victim.begin("app")
		thief.begin("app") // has a cookie of its own
		for _, v := range []*visitor{thief, h.visitor()} {
			got := v.get(page.at.RequestURI())
			if got.status != http.StatusForbidden {
				t.Errorf("GET in another browser: %d", got.status)
			}
			got.says("Вход начат в другом браузере")
			got = v.post("/signin/identify", with(page.form("/signin/identify"), "login", "elena@north.example", "password", password))
			if got.status != http.StatusForbidden || v.cookies[browser.CookieSession] != "" {
				t.Errorf("POST in another browser: %d, session %q", got.status, v.cookies[browser.CookieSession])
			}
		}
		if got := victim.get("/signin?request=" + browser.Random()); got.status != http.StatusGone {
			t.Errorf("a request that never was: %d", got.status)
		}
		victim.identify(page, "elena@north.example", password).is("/signin/code")
	})
}

// A link to a sign-in that the attacker has half finished must not sign the
// victim in as the attacker (login CSRF).
func TestAttackersSignInCannotBeHandedOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	attacker, victim := h.visitor(), h.visitor()
	page := attacker.signInPavel(attacker.begin("app"))
	victim.begin("app")
	if got := victim.get(page.at.RequestURI()); got.status != http.StatusForbidden {
		t.Errorf("the victim was let into the attacker's sign-in: %d", got.status)
	}
}

func TestCrossSitePostIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	for name, header := range map[string]http.Header{
		"fetch metadata": {"Sec-Fetch-Site": {"cross-site"}},
		"sibling domain": {"Sec-Fetch-Site": {"same-site"}},
		"origin only":    {"Sec-Fetch-Site": nil, "Origin": {"https://evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := h.visitor()
			form := with(v.begin("app").form("/signin/identify"), "login", "pavel@south.example", "password", password)
			v.header = header
			for _, route := range h.idp.Routes() {
				if route.Method != http.MethodPost || route.Kind != browser.Page {
					continue
				}
				if got := v.do(http.MethodPost, route.Path, form); got.status != http.StatusForbidden {
					t.Errorf("%s: %d", route.Path, got.status)
				}
			}
			if v.cookies[browser.CookieSession] != "" {
				t.Error("signed in from another site")
			}
		})
	}
}

func TestSessionGetsANewSecretAtEachProof(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.begin("app")
		if v.cookies[browser.CookieSession] != "" {
			t.Error("a session before any proof")
		}
		page = v.identify(page, "elena@north.example", password).is("/signin/code")
		first := maps.Clone(v.cookies)
		page = v.code(page, h.sent("+79031234567").Code).is("/signin/organisation")
		if v.cookies[browser.CookieSession] == first[browser.CookieSession] {
			t.Fatal("the second factor left the session's secret as it was")
		}
		// Whoever knew the secret before the second factor has nothing now.
		knew := h.visitor()
		knew.cookies = first
		knew.get(page.at.RequestURI()).is("/signin/identify")
		v.choose(page, h.north.ID).lead()
		v.begin("app", "prompt", "login").is("/signin/identify")
		third := v.cookies[browser.CookieSession]
		v.identify(v.begin("app", "prompt", "login"), "elena@north.example", password)
		if v.cookies[browser.CookieSession] == third {
			t.Error("a new password left the session's secret as it was")
		}
	})
}

// A session planted in the victim's browser ends when the victim signs in, and
// the planter does not get the victim's.
func TestPlantedSessionIsWorthNothing(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		attacker := h.visitor()
		attacker.signInPavel(attacker.begin("app"))
		planted := attacker.cookies[browser.CookieSession]

		victim := h.visitor()
		victim.cookies[browser.CookieSession] = planted
		page := victim.begin("app", "prompt", "login")
		victim.signInElena(page).is("/signin/organisation")
		if victim.cookies[browser.CookieSession] == planted {
			t.Fatal("the victim goes on with the planted secret")
		}
		attacker.begin("app").is("/signin/identify")
		var left int
		h.check(h.db.Get(h.ctx(), &left, `select count(*) from sessions where person_id = $1`, h.pavel.ID))
		if left != 0 {
			t.Errorf("%d sessions of the planter are left", left)
		}
	})
}

func TestTwoTabsOfOnePersonBothFinish(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		one, two := v.begin("app", "state", "state-of-the-application"), v.begin("app", "nonce", "nonce-2")
		one = v.identify(one, "elena@north.example", password).is("/signin/code")
		codeOfOne := h.sent("+79031234567").Code
		two = v.identify(two, "elena@north.example", password).is("/signin/code")
		codeOfTwo := h.sent("+79031234567").Code
		one = v.code(one, codeOfOne).is("/signin/organisation")
		two = v.code(two, codeOfTwo).is("/signin/organisation")
		first := h.redeem("app", h.appSecret, v.choose(one, h.north.ID).lead())
		second := h.redeem("app", h.appSecret, v.choose(two, h.south.ID).lead())
		for token, want := range map[string]string{first.AccessToken: h.north.ID, second.AccessToken: h.south.ID} {
			if org, _ := claims(h.t, token)["org"].(map[string]any); org["id"] != want {
				t.Errorf("a tab got %v, chose %s", org["id"], want)
			}
		}
		if a, b := claims(h.t, first.IDToken), claims(h.t, second.IDToken); a["nonce"] != "nonce-1" || b["nonce"] != "nonce-2" || a["sid"] != b["sid"] {
			t.Errorf("nonces %v %v, sessions %v %v", a["nonce"], b["nonce"], a["sid"], b["sid"])
		}
	})
}

// Another tab signs somebody else in: the first tab must not finish as him.
func TestTabOfAnotherPersonBeginsAnew(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		one, two := v.begin("app"), v.begin("app")
		one = v.signInElena(one).is("/signin/organisation")
		v.signInPavel(two).is("/signin/organisation")

		got := v.choose(one, h.south.ID) // Pavel is a member there too
		got.is("/signin/identify").says("вошёл другой человек")
		if values := got.form("/signin/identify"); values.Get("login") != "" {
			t.Errorf("the page suggests %q", values.Get("login"))
		}
		answer := h.redeem("app", h.appSecret, v.choose(v.signInElena(got), h.south.ID).lead())
		if sub := claims(h.t, answer.IDToken)["sub"]; sub != h.elena.ID {
			t.Errorf("finished as %v", sub)
		}
	})
}

func TestAttemptGivesOneAnswer(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.signInElena(v.begin("app")).is("/signin/organisation")
		form := with(page.form("/signin/organisation"), "organisation", h.north.ID)
		if got := v.do(http.MethodPost, "/signin/organisation", form); got.status != http.StatusSeeOther {
			t.Fatalf("choice: %d", got.status)
		}
		answers := make([]*view, 8)
		var wait sync.WaitGroup
		for i := range answers {
			racer := h.visitor()
			racer.cookies = maps.Clone(v.cookies)
			wait.Go(func() { answers[i] = racer.do(http.MethodGet, page.at.RequestURI(), nil) })
		}
		wait.Wait()
		var codes int
		for _, a := range answers {
			switch {
			case a.away != nil && a.away.Query().Get("code") != "":
				codes++
			case a.status != http.StatusGone:
				t.Errorf("a loser got %d %s", a.status, a.away)
			}
		}
		if codes != 1 {
			t.Errorf("%d codes for one sign-in", codes)
		}
		// The back button.
		v.get(page.at.RequestURI()).says("уже завершён")
		if got := v.post("/signin/organisation", form); got.status != http.StatusGone {
			t.Errorf("a form of a finished sign-in: %d", got.status)
		}
		if got := h.entries("", "signin"); !slices.Equal(got, []string{"accepted"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

// with is a copy of a form with some fields set.
func with(form url.Values, fields ...string) url.Values {
	form = maps.Clone(form)
	if form == nil {
		form = url.Values{}
	}
	for i := 0; i < len(fields); i += 2 {
		form[fields[i]] = []string{fields[i+1]}
	}
	return form
}
