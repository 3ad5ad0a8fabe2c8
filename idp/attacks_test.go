package idp

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
)

// The flow walked out of order: each test is an attack, and its name the rule
// that stops it. They drive the server over HTTP as a browser does, with the
// forms that an attacker would send.

// outOfTurn posts a form of another step than the one that is due.
func (v *visitor) outOfTurn(page *view, path string, fields ...string) *view {
	v.h.t.Helper()
	_, id, _ := strings.Cut(page.at.RawQuery, "request=")
	if id == "" {
		id = page.form("/signin/code").Get("request")
	}
	return v.post(path, with(url.Values{"request": {id}}, fields...))
}

// Every later step is posted while the second factor is due: none is taken.
func TestSecondFactorCannotBeSkipped(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.policy(func(p *directory.Policy) { p.PIN = true })
		v := h.visitor()
		page := v.identify(v.begin("theirs"), "elena@north.example", password).is("/signin/code")
		for path, fields := range map[string][]string{
			"/signin/organisation": {"organisation", h.north.ID},
			"/signin/consent":      {"decision", "accept"},
			"/signin/pin":          {"pin", "2580", "pin_again", "2580"},
			"/signin/connect":      {"decision", "later"},
			"/signin/confirm":      {"code", "000000"},
			"/signin/password":     {"password", "Ещё-более-длинный-27", "password_again", "Ещё-более-длинный-27"},
			"/signin/totp":         {"code", "000000"},
		} {
			got := v.outOfTurn(page, path, fields...)
			if got.away != nil {
				t.Errorf("%s led to %s", path, got.away)
			}
			got.is("/signin/code")
		}
		v.begin("theirs", "prompt", "none").refused("login_required")
		set, err := h.idp.deps.PINs.Isset(h.ctx(), h.elena.ID, h.north.ID)
		h.check(err)
		if set {
			t.Error("a half-signed-in session set a PIN")
		}
	})
}

// A code belongs to the sign-in it was sent for.
func TestCodeOfAnotherAttemptProvesNothing(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		attacker, victim := h.visitor(), h.visitor()
		mine := attacker.identify(attacker.begin("app"), "elena@north.example", password).is("/signin/code")
		victim.identify(victim.begin("app"), "elena@north.example", password).is("/signin/code")
		told := h.sent("+79031234567").Code // the victim reads out the code of his own sign-in
		if got := attacker.code(mine, told); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a code of another sign-in: %d", got.status)
		}
	})
}

func TestCodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
		code := h.sent("+79031234567").Code
		v.code(page, code).is("/signin/organisation")
		h.clock.Advance(2 * time.Minute)
		w := h.visitor()
		page = w.identify(w.begin("app"), "elena@north.example", password).is("/signin/code")
		if got := w.code(page, code); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a used code: %d", got.status)
		}
		x := h.visitor()
		page = x.identify(x.begin("app"), "pavel@south.example", password).is("/signin/code")
		totp := h.totp(h.seed)
		x.code(page, totp).is("/signin/organisation")
		y := h.visitor()
		page = y.identify(y.begin("app"), "pavel@south.example", password).is("/signin/code")
		if got := y.code(page, totp); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a used code of an authenticator: %d", got.status)
		}
	})
}

// A challenge given to one sign-in is answered in vain in another, by whomever.
func TestChallengeOfAnotherPersonProvesNothing(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		elenas, pavels := h.enrolled(h.elena), h.enrolled(h.pavel)
		attacker, victim := h.visitor(), h.visitor()
		hers := victim.begin("app")
		answer := elenas.answer(hers, "/signin/passkey")
		if got := attacker.submit(attacker.begin("app"), "/signin/passkey", "credential", answer); got.status != http.StatusUnprocessableEntity {
			t.Errorf("an answer to another's challenge: %d", got.status)
		}
		// Pavel's key is no second factor of Elena's.
		page := attacker.identify(attacker.begin("app"), "elena@north.example", password).is("/signin/passkey")
		got := attacker.usePasskey(page, pavels)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("another person's passkey as second factor: %d", got.status)
		}
		attacker.begin("app").is("/signin/passkey") // the session is Elena's still, with one factor
		// Nor does an answer to the second factor's challenge identify anybody.
		other := h.visitor()
		page = other.identify(other.begin("app"), "elena@north.example", password).is("/signin/passkey")
		answer = elenas.answer(page, "/signin/passkey")
		fresh := other.post("/signin/switch", url.Values{"request": {page.form("/signin/passkey").Get("request")}}).is("/signin/identify")
		if got := other.submit(fresh, "/signin/passkey", "credential", answer); got.status != http.StatusUnprocessableEntity {
			t.Errorf("an answer to another ceremony: %d", got.status)
		}
	})
}

// Whoever fixes a session in somebody's browser has nothing when that somebody
// signs in: neither by password, nor by a passkey, nor by a second factor.
func TestSessionCannotBeFixed(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		k := h.enrolled(h.elena)
		attacker, victim := h.visitor(), h.visitor()
		attacker.signInPavel(attacker.begin("app"))
		victim.cookies = maps.Clone(attacker.cookies)
		victim.usePasskey(victim.begin("app", "prompt", "login"), k).is("/signin/organisation")
		if victim.cookies[browser.CookieSession] == attacker.cookies[browser.CookieSession] {
			t.Fatal("the victim goes on with the planted secret")
		}
		attacker.begin("app").is("/signin/identify")
		h.clock.Advance(time.Minute)
		// The same person's own session, known to a thief before the second factor.
		mine := h.visitor()
		page := mine.identify(mine.begin("app", "prompt", "login"), "pavel@south.example", password).is("/signin/code")
		thief := h.visitor()
		thief.cookies = maps.Clone(mine.cookies)
		mine.code(page, h.totp(h.seed)).is("/signin/organisation")
		thief.begin("app").is("/signin/identify")
	})
}

// With the password alone nobody connects an authenticator or a passkey to an
// account that has a second factor.
func TestFactorIsNotAddedInAHalfSignedInSession(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.policy(func(p *directory.Policy) { p.Factors = []string{"password", "totp"} }) // Elena has a phone only
		v := h.visitor()
		v.cookies[browser.CookieAble] = "yes"
		page := v.identify(v.begin("app", "organization", h.north.ID), "elena@north.example", password).is("/signin/code")
		v.outOfTurn(page, "/signin/totp", "code", "000000").is("/signin/code")
		v.outOfTurn(page, "/signin/connect", "decision", "connect", "credential", "{}").is("/signin/code")
		v.submit(page, "/signin/code/send", "channel", "enrol").is("/signin/code")
		// One factor is enough for this application; a passkey is not offered.
		w := h.visitor()
		w.cookies[browser.CookieAble] = "yes"
		w.identify(w.begin("app", "scope", "openid"), "elena@north.example", password).lead()
		// Signed in in full, she connects the authenticator that north demands.
		v.code(page, h.sent("+79031234567").Code).is("/signin/totp")
	})
}

// What a recovery leaves behind (a new password, and both obligations) does not
// get past the second factor.
func TestRecoveryDoesNotShedTheSecondFactor(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		const recovered = "Восстановленный-пароль-31"
		h.check(h.passwords.Set(h.ctx(), h.pavel, recovered, factor.PasswordPolicy{MinLength: factor.StrictPassword}))
		h.check(h.directory.Oblige(h.ctx(), directory.System(), h.pavel.ID, directory.Obligations{ChangePassword: true, AddFactor: true}))
		v := h.visitor()
		page := v.identify(v.begin("app", "scope", "openid"), "pavel@south.example", recovered).is("/signin/code")
		v.outOfTurn(page, "/signin/password", "password", "Ещё-более-длинный-27", "password_again", "Ещё-более-длинный-27").is("/signin/code")
		v.outOfTurn(page, "/signin/totp", "code", "000000").is("/signin/code")
		owed, err := h.directory.Obligations(h.ctx(), h.pavel.ID)
		h.check(err)
		if !owed.ChangePassword || !owed.AddFactor {
			t.Errorf("shed: %+v", owed)
		}
		// Somebody with nothing but a password connects a second factor before
		// anything is issued.
		h.check(h.directory.Oblige(h.ctx(), directory.System(), h.loner.ID, directory.Obligations{AddFactor: true}))
		w := h.visitor()
		page = w.identify(w.begin("app", "scope", "openid"), "oleg@nowhere.example", password).is("/signin/totp")
		w.submit(page, "/signin/totp", "code", h.totp(page.secret())).lead()
	})
}

// The cookie of a trusted device is worth something for one person in one
// browser: with it nobody else's second factor is skipped, and who copies it
// still needs the password.
func TestTrustedDeviceOfAnotherPersonIsWorthNothing(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		owner := h.visitor()
		page := owner.identify(owner.begin("app"), "elena@north.example", password).is("/signin/code")
		page = owner.submit(page, "/signin/code", "code", h.sent("+79031234567").Code, "trust", "yes").is("/signin/organisation")
		owner.choose(page, h.north.ID).lead()
		cookie := owner.cookies[browser.CookieDevice]
		if cookie == "" {
			t.Fatal("no cookie for the device")
		}
		moved := h.visitor()
		moved.cookies[browser.CookieDevice] = cookie
		moved.identify(moved.begin("app"), "pavel@south.example", password).is("/signin/code")
		// Pavel signs in in full beside it: what was Elena's stays hers alone.
		moved.code(moved.begin("app"), h.totp(h.seed)).is("/signin/organisation")
		alone := h.visitor()
		alone.cookies[browser.CookieDevice] = cookie
		if got := alone.begin("app"); got.away != nil {
			t.Error("a device signs in by itself")
		}
		if got := alone.identify(alone.begin("app"), "elena@north.example", "не тот"); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a device and a wrong password: %d", got.status)
		}
		// Trust is asked for by whoever proved a second factor, not by a form.
		forged := h.visitor()
		page = forged.submit(forged.begin("app", "scope", "openid"), "/signin/identify", "login", "elena@north.example", "password", password, "trust", "yes")
		page.lead()
		forged.begin("app").is("/signin/code")
	})
}

// A consent is the answer to a page that was shown, for what it named.
func TestConsentCannotBeForged(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.signInElena(v.begin("theirs")).is("/signin/organisation")
		id := page.form("/signin/organisation").Get("request")
		v.post("/signin/consent", url.Values{"request": {id}, "decision": {"accept"}}).is("/signin/organisation")
		page = v.choose(page, h.north.ID).is("/signin/consent")
		// Accepted for one organisation, it is asked for again for another.
		v.choose(v.begin("theirs"), h.south.ID).is("/signin/consent")
		evil := h.visitor()
		evil.cookies = maps.Clone(v.cookies)
		evil.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
		if got := evil.do(http.MethodPost, "/signin/consent", url.Values{"request": {id}, "decision": {"accept"}}); got.status != http.StatusForbidden {
			t.Errorf("from another site: %d", got.status)
		}
		stranger := h.visitor()
		stranger.begin("theirs")
		if got := stranger.post("/signin/consent", url.Values{"request": {id}, "decision": {"accept"}}); got.status != http.StatusForbidden {
			t.Errorf("from another browser: %d", got.status)
		}
		given, err := h.provider.Consented(h.ctx(), h.elena.ID, "theirs", h.north.ID, []string{"openid", "organization"})
		h.check(err)
		if given {
			t.Error("consent is kept that nobody gave")
		}
		v.submit(page, "/signin/consent", "decision", "accept").lead()
	})
}

// prompt=none answers by an error whatever is pending, and shows nothing.
func TestPromptNoneWithAnythingPending(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		none := func(v *visitor, more ...string) *view {
			return v.begin("app", append([]string{"prompt", "none"}, more...)...)
		}
		v := h.visitor()
		none(v).refused("login_required")
		page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
		none(v).refused("login_required")
		v.code(page, h.sent("+79031234567").Code).is("/signin/organisation")
		none(v).refused("interaction_required")
		none(v, "organization", h.north.ID).lead()
		h.policy(func(p *directory.Policy) { p.PIN = true })
		none(v, "organization", h.north.ID).refused("interaction_required")
		v.begin("theirs", "prompt", "none", "scope", "openid").refused("consent_required")
		h.check(h.directory.Oblige(h.ctx(), directory.System(), h.elena.ID, directory.Obligations{ChangePassword: true}))
		none(v, "scope", "openid").refused("login_required")
	})
}

// A link into somebody else's sign-in, at whatever step, signs nobody in.
func TestLoginCSRF(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		attacker, victim := h.visitor(), h.visitor()
		victim.begin("app")
		half := attacker.identify(attacker.begin("app"), "pavel@south.example", password).is("/signin/code")
		full := attacker.code(half, h.totp(h.seed)).is("/signin/organisation")
		for what, page := range map[string]*view{"half signed in": half, "signed in": full} {
			if got := victim.get("/signin?request=" + requestOf(page)); got.status != http.StatusForbidden {
				t.Errorf("%s: %d", what, got.status)
			}
			if got := victim.post("/signin/organisation", url.Values{"request": {requestOf(page)}, "organisation": {h.south.ID}}); got.status != http.StatusForbidden {
				t.Errorf("%s, posted: %d", what, got.status)
			}
		}
		// A form of the attacker's own site that signs the victim in as him.
		form := with(victim.begin("app").form("/signin/identify"), "login", "pavel@south.example", "password", password)
		victim.header = http.Header{"Sec-Fetch-Site": nil, "Origin": {"https://evil.example"}}
		if got := victim.do(http.MethodPost, "/signin/identify", form); got.status != http.StatusForbidden || victim.cookies[browser.CookieSession] != "" {
			t.Errorf("a form of another site: %d", got.status)
		}
	})
}

func requestOf(page *view) string {
	for _, action := range []string{"/signin/code", "/signin/organisation"} {
		if strings.Contains(page.body, `action="`+action+`"`) {
			return page.form(action).Get("request")
		}
	}
	return ""
}

// Two sign-ins in two tabs, step by step in turns: each ends as itself, for its
// own application, organisation and nonce.
func TestMixedUpTabsBothFinishRightly(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		k, v := h.enrolled(h.elena), h.visitor()
		one, two := v.begin("app", "nonce", "nonce-1"), v.begin("theirs", "nonce", "nonce-2")
		two = v.usePasskey(two, k).is("/signin/organisation")
		one = v.get(one.at.RequestURI()).is("/signin/organisation") // the session is there for both
		two = v.choose(two, h.south.ID).is("/signin/consent")
		// A form of one tab posted with the other's page still says what it says.
		first := h.redeem("app", h.appSecret, v.choose(one, h.north.ID).lead())
		second := h.redeem("theirs", h.secret, v.submit(two, "/signin/consent", "decision", "accept").lead())
		for token, want := range map[string][3]string{
			first.IDToken:  {"app", "nonce-1", h.north.ID},
			second.IDToken: {"theirs", "nonce-2", h.south.ID},
		} {
			id := claims(h.t, token)
			if aud, _ := id["aud"].([]any); !slices.Contains(aud, any(want[0])) || id["nonce"] != want[1] || id["sub"] != h.elena.ID {
				t.Errorf("aud %v, nonce %v, sub %v; want %v", id["aud"], id["nonce"], id["sub"], want)
			}
		}
		if org, _ := claims(h.t, second.AccessToken)["org"].(map[string]any); org["id"] != h.south.ID {
			t.Errorf("the second tab got %v", org["id"])
		}
	})
}

// An unusual sign-in is not completed without the second confirmation; its
// owner can stop it, and is told of it when it was completed.
func TestUnusualSignInIsConfirmed(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.idp.deps.Unusual.AnyDevice = false
		known := h.visitor()
		known.identify(known.begin("app", "scope", "openid"), "elena@north.example", password).lead() // the first one
		known.identify(known.begin("app", "scope", "openid", "prompt", "login"), "elena@north.example", password).lead()
		v := h.visitor()
		page := v.identify(v.begin("app", "scope", "openid"), "elena@north.example", password).is("/signin/confirm")
		// Beginning once more, in another tab or in silence, is no way round.
		v.begin("app", "scope", "openid", "prompt", "none").refused("login_required")
		v.begin("app", "scope", "openid").is("/signin/confirm")
		v.get("/signin/here?to=/account").is("/signin/confirm")
		if h.here(v) != "" {
			t.Error("the account's pages are open to a sign-in that waits for its confirmation")
		}
		wrong := "000000"
		if h.sent("+79031234567").Code == wrong {
			wrong = "111111"
		}
		for what, fields := range map[string][]string{"nothing": {"code", ""}, "wrong": {"code", wrong}, "no passkey": {"credential", "{}"}} {
			if got := v.submit(page, "/signin/confirm", fields...); got.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", what, got.status)
			}
		}
		page = v.submit(page, "/signin/confirm/send", "channel", "email").is("/signin/confirm")
		before := h.sentCount("elena@north.example")
		v.submit(page, "/signin/confirm", "code", h.sent("elena@north.example").Code).lead()
		if h.sentCount("elena@north.example") != before+1 {
			t.Error("nobody told the owner of a new device")
		}
		if h.here(v) != h.elena.ID {
			t.Error("the account's pages are closed to a sign-in that was confirmed")
		}
		// By somebody else's hand: stopped, and the session is gone.
		w := h.visitor()
		page = w.identify(w.begin("app", "scope", "openid"), "elena@north.example", password).is("/signin/confirm")
		w.post("/signin/confirm", url.Values{"request": {page.form("/signin/confirm").Get("request")}, "decision": {"refuse"}}).refused("access_denied")
		w.begin("app", "scope", "openid").is("/signin/identify")
		if got := h.entries("", "signin.unusual"); !slices.Equal(got, []string{"success"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

// Ten thousand codes guessed from a thousand addresses: no more are looked at
// than the lock allows, and the owner signs in meanwhile on his own device.
func TestStrangersCannotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	owner := h.visitor()
	owner.choose(owner.signInElena(owner.begin("app")), h.north.ID).lead() // the device is known now
	for range 20 {
		v := h.visitor()
		v.identify(v.begin("app"), "elena@north.example", "не тот")
	}
	stranger := h.visitor()
	if got := stranger.identify(stranger.begin("app"), "elena@north.example", password); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the right password of a locked account, elsewhere: %d", got.status)
	}
	h.clock.Advance(2 * time.Minute)
	owner.signInElena(owner.begin("app", "prompt", "login")).is("/signin/organisation")
}

// here is who the account's pages take the visitor for; "" = nobody.
func (h *house) here(v *visitor) string {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/account", nil)
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	got, found, err := h.idp.face.Here(echo.New().NewContext(r, httptest.NewRecorder()))
	h.check(err)
	if !found {
		return ""
	}
	return got.Person.ID
}
