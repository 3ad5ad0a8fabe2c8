package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
)

// The attacks on the order of the steps and on what each of them takes.

func TestStepsCannotBeSkipped(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.begin("theirs")
		request := page.form("/signin/identify")
		later := map[string]url.Values{
			"/signin/code":         with(request, "code", "123456"),
			"/signin/code/send":    with(request, "channel", "sms"),
			"/signin/totp":         with(request, "code", "123456"),
			"/signin/organisation": with(request, "organisation", h.north.ID),
			"/signin/consent":      with(request, "decision", "accept"),
		}
		for path, form := range later {
			v.post(path, form).is("/signin/identify")
		}
		v.identify(page, "elena@north.example", password).is("/signin/code")
		for _, path := range []string{"/signin/totp", "/signin/organisation", "/signin/consent"} {
			v.post(path, later[path]).is("/signin/code")
		}
		page = v.code(v.get(page.at.RequestURI()), h.sent("+79031234567").Code).is("/signin/organisation")
		for _, path := range []string{"/signin/code", "/signin/code/send", "/signin/totp", "/signin/consent"} {
			v.post(path, later[path]).is("/signin/organisation")
		}
		if consented, err := h.provider.Consented(h.ctx(), h.elena.ID, "theirs", h.north.ID, []string{"openid"}); consented || err != nil {
			t.Errorf("consented before the page was shown: %v %v", consented, err)
		}
		page = v.choose(page, h.north.ID).is("/signin/consent")
		v.submit(page, "/signin/consent", "decision", "accept").lead()
	})
}

// An authenticator that was never connected must not be connectable by one who
// has another second factor to prove.
func TestConnectingAnAuthenticatorIsNoWayRoundTheCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
	page = v.submit(page, "/signin/code/send", "channel", "enrol").is("/signin/code")
	if page.status != http.StatusUnprocessableEntity {
		t.Errorf("channel=enrol: %d", page.status)
	}
	for _, channel := range []string{"password", "totp", "", "carrier pigeon"} {
		if got := v.submit(page, "/signin/code/send", "channel", channel); got.status != http.StatusUnprocessableEntity {
			t.Errorf("channel=%q: %d", channel, got.status)
		}
	}
}

func TestCodeOfAnotherAttemptIsWrong(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		victim, thief := h.visitor(), h.visitor()
		victims := victim.identify(victim.begin("app"), "elena@north.example", password).is("/signin/code")
		code := h.sent("+79031234567").Code
		thiefs := thief.identify(thief.begin("app"), "elena@north.example", password).is("/signin/code")
		if got := thief.code(thiefs, code); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a code that the victim read out: %d", got.status)
		}
		victim.code(victims, code).is("/signin/organisation")

		// A code dies with the identification that it was sent for.
		v := h.visitor()
		page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
		code = h.sent("+79031234567").Code
		page = v.submit(page, "/signin/switch").is("/signin/identify")
		page = v.identify(page, "elena@north.example", password).is("/signin/code")
		if fresh := h.sent("+79031234567").Code; fresh != code {
			if got := v.code(page, code); got.status != http.StatusUnprocessableEntity {
				t.Errorf("a code of before: %d", got.status)
			}
		}
	})
}

func TestAuthenticatorCodeCountsOnce(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		v.signInPavel(v.begin("app")).is("/signin/organisation")
		again := h.visitor()
		page := again.identify(again.begin("app"), "pavel@south.example", password)
		if got := again.code(page, h.totp(h.seed)); got.status != http.StatusUnprocessableEntity {
			t.Errorf("the same code twice: %d", got.status)
		}
		h.clock.Advance(30 * time.Second)
		again.code(page, h.totp(h.seed)).is("/signin/organisation")
	})
}

func TestCodeIsSentOnceAndAgainWhenAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
	for range 3 {
		v.get(page.at.RequestURI()).is("/signin/code")
	}
	if n := h.sentCount("+79031234567"); n != 1 {
		t.Fatalf("%d codes sent by looking at the page", n)
	}
	early := v.submit(page, "/signin/code/send", "channel", "sms")
	if early.status != http.StatusTooManyRequests || early.header.Get("Retry-After") != "60" {
		t.Errorf("again at once: %d, Retry-After %q", early.status, early.header.Get("Retry-After"))
	}
	early.is("/signin/code").says("60 секунд")
	first := h.sent("+79031234567").Code
	h.clock.Advance(61 * time.Second)
	page = v.submit(page, "/signin/code/send", "channel", "sms").is("/signin/code")
	second := h.sent("+79031234567").Code
	if n := h.sentCount("+79031234567"); n != 2 {
		t.Fatalf("%d codes sent", n)
	}
	if first != second {
		if got := v.code(page, first); got.status != http.StatusUnprocessableEntity {
			t.Errorf("the code before the last one: %d", got.status)
		}
	}
	// Another channel, which has a wait of its own.
	page = v.submit(page, "/signin/code/send", "channel", "email").is("/signin/code").says("e•••@north.example")
	v.code(page, h.sent("elena@north.example").Code[:3]+" "+h.sent("elena@north.example").Code[3:]).is("/signin/organisation")
}

func TestTooManyCodesAreNotSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) {})
	for range 20 {
		v := h.visitor()
		v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
	}
	v := h.visitor()
	got := v.identify(v.begin("app"), "elena@north.example", password)
	if got.is("/signin/code").status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("the 21st code within an hour: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	if n := h.sentCount("+79031234567"); n != 20 {
		t.Errorf("%d codes sent", n)
	}
}

func TestForgedOrganisation(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.signInPavel(v.begin("app")).is("/signin/organisation")
		if strings.Contains(page.text(), "Северный маяк") {
			t.Error("an organisation of others is shown")
		}
		for _, forged := range []string{h.north.ID, "00000000-0000-0000-0000-000000000000", "' or 1=1 --", strings.Repeat("9", 100)} {
			got := v.choose(page, forged).is("/signin/organisation")
			if got.status != http.StatusUnprocessableEntity {
				t.Errorf("organisation=%q: %d", forged, got.status)
			}
		}
		if got := v.choose(page, ""); got.status != http.StatusUnprocessableEntity {
			t.Errorf("no organisation: %d", got.status)
		}
		v.choose(page, h.south.ID).lead()

		// Named by the application: who is signed in may be somebody else; whoever
		// signs in for it and is no member ends it.
		page = v.begin("app", "organization", h.north.ID).is("/signin/identify").says("в которой вы не состоите")
		v.identify(page, "pavel@south.example", password).refused("access_denied")
	})
}

// Whoever tries organisations that are not his uses up his address's budget, so
// that he cannot fill the journal.
func TestForgedOrganisationsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.SignIns = browser.Limit{Failures: 5} })
	v := h.visitor()
	page := v.signInPavel(v.begin("app")).is("/signin/organisation")
	before := len(h.entries("", "signin.organisation"))
	last := page
	for range 20 {
		last = v.choose(page, h.north.ID)
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("the 20th: %d, Retry-After %q", last.status, last.header.Get("Retry-After"))
	}
	if n := len(h.entries("", "signin.organisation")) - before; n != 5 {
		t.Errorf("%d entries in the journal", n)
	}
}

// A membership that ends between the choice and the code ends the choice.
func TestRemovedMemberGetsNoCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.signInElena(v.begin("theirs")).is("/signin/organisation")
	page = v.choose(page, h.south.ID).is("/signin/consent")
	membership, err := h.directory.Membership(h.ctx(), h.elena.ID, h.south.ID)
	h.check(err)
	h.check(h.directory.RemoveMember(h.ctx(), directory.System(), h.south.ID, membership.Member.ID, nil))
	v.submit(page, "/signin/consent", "decision", "accept").is("/signin/organisation")
}

func TestConsent(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.choose(v.signInElena(v.begin("theirs")), h.north.ID).is("/signin/consent")
		page.says("Чужое приложение").says("ООО «Северный маяк»").says("app.example")
		if got := v.submit(page, "/signin/consent", "decision", "perhaps"); got.status != http.StatusBadRequest {
			t.Errorf("decision=perhaps: %d", got.status)
		}
		// The back button: another organisation takes another consent.
		page = v.post("/signin/organisation", with(page.form("/signin/consent"), "organisation", h.south.ID)).is("/signin/consent").says("АО «Южный порт»")
		v.submit(page, "/signin/consent", "decision", "accept").lead()

		// Remembered for this organisation and these scopes, for no other.
		v.choose(v.begin("theirs"), h.south.ID).lead()
		v.choose(v.begin("theirs"), h.north.ID).is("/signin/consent")
		v.choose(v.begin("theirs", "scope", "openid organization members:read"), h.south.ID).is("/signin/consent")
		page = v.choose(v.begin("theirs", "prompt", "consent"), h.south.ID).is("/signin/consent")
		v.submit(page, "/signin/consent", "decision", "refuse").refused("access_denied")
		if got := h.entries(h.south.ID, "consent"); !slices.Equal(got, []string{"accepted", "refused"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestPromptNone(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		v.begin("app", "prompt", "none").refused("login_required")
		if strings.Contains(strings.Join(v.begin("app", "prompt", "none").header.Values("Set-Cookie"), ""), browser.CookieSession) {
			t.Error("prompt=none made a session")
		}
		v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
		v.begin("app", "prompt", "none").refused("login_required")
		v.begin("app", "prompt", "none", "scope", "openid").lead()
		page := v.begin("app").is("/signin/code")
		v.code(page, h.sent("+79031234567").Code).is("/signin/organisation")
		v.begin("app", "prompt", "none").refused("interaction_required")
		v.begin("app", "prompt", "none", "organization", h.north.ID).lead()
		v.begin("theirs", "prompt", "none", "organization", h.north.ID).refused("consent_required")
		v.begin("app", "prompt", "none", "scope", "openid", "max_age", "0").lead() // proved this very moment
		h.clock.Advance(2 * time.Second)
		v.begin("app", "prompt", "none", "scope", "openid", "max_age", "1").refused("login_required")
		v.begin("app", "prompt", "none", "scope", "openid", "acr_values", directory.ACRQualified).refused("unmet_authentication_requirements")
	})
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		v.signInPavel(v.begin("app", "scope", "openid")).lead()
		h.clock.Advance(10 * time.Minute)
		for _, ask := range [][]string{{"prompt", "login"}, {"prompt", "select_account"}, {"max_age", "300"}} {
			page := v.begin("app", append([]string{"scope", "openid"}, ask...)...).is("/signin/identify")
			if got := page.form("/signin/identify").Get("login"); got != "pavel@south.example" {
				t.Errorf("%v: the page suggests %q", ask, got)
			}
			id := claims(h.t, h.redeem("app", h.appSecret, v.signInPavel(page).lead()).IDToken)
			if int64(id["auth_time"].(float64)) != h.clock.Now().Unix() || id["acr"] != "urn:propusk:2" {
				t.Errorf("%v: auth_time %v, acr %v", ask, id["auth_time"], id["acr"])
			}
			h.clock.Advance(10 * time.Minute)
		}
		v.begin("app", "scope", "openid", "max_age", "3600").lead()
	})
}

func TestBlockedPersonAndChangedPasswordEndTheSession(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v, w := h.visitor(), h.visitor()
		v.signInElena(v.begin("app")).is("/signin/organisation")
		w.signInPavel(w.begin("app")).is("/signin/organisation")
		h.check(h.directory.SetPersonStatus(h.ctx(), directory.System(), h.elena.ID, directory.StatusBlocked))
		v.begin("app").is("/signin/identify")
		h.clock.Advance(time.Second)
		h.check(h.passwords.Set(h.ctx(), h.pavel, "Другой-пароль-18", factor.PasswordPolicy{}))
		w.begin("app").is("/signin/identify")
	})
}

func TestSessionEndsByTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { lasting(d, time.Hour, 3*time.Hour) })
	v := h.visitor()
	answer := h.redeem("app", h.appSecret, v.choose(v.signInElena(v.begin("app")), h.north.ID).lead())
	for range 3 {
		h.clock.Advance(50 * time.Minute) // used, so it does not idle away
		v.begin("app", "scope", "openid").lead()
	}
	h.clock.Advance(31 * time.Minute)
	v.begin("app", "scope", "openid").is("/signin/identify")

	// Its grants live until the sweep that follows the end.
	refreshed := h.exchange("app", h.appSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {answer.RefreshToken}})
	if refreshed.Status != http.StatusOK {
		t.Fatalf("refresh before the sweep: %+v", refreshed)
	}
	h.check(h.idp.Sweep(h.ctx()))
	refreshed = h.exchange("app", h.appSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshed.RefreshToken}})
	if refreshed.Error != "invalid_grant" {
		t.Errorf("refresh after the session's end: %+v", refreshed)
	}

	w := h.visitor()
	w.signInElena(w.begin("app")).is("/signin/organisation")
	h.clock.Advance(61 * time.Minute)
	w.signInElena(w.begin("app").is("/signin/identify")).is("/signin/organisation")
}

// A password alone does not bring the second factor of a session back to life
// that has ended, be it by idling, by its absolute end or by a new password.
func TestSecondFactorEndsWithTheSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { lasting(d, time.Hour, 3*time.Hour) })
	idle, ended, changed := h.visitor(), h.visitor(), h.visitor()

	idle.signInElena(idle.begin("app")).is("/signin/organisation")
	h.clock.Advance(61 * time.Minute)
	idle.identify(idle.begin("app"), "elena@north.example", password).is("/signin/code")

	ended.signInElena(ended.begin("app")).is("/signin/organisation")
	for range 4 { // never idle, and the password alone proved again and again
		h.clock.Advance(50 * time.Minute)
		ended.identify(ended.begin("app", "prompt", "login"), "elena@north.example", password).is("/signin/code")
	}
	ended.begin("app").is("/signin/code")

	changed.signInPavel(changed.begin("app")).is("/signin/organisation")
	h.clock.Advance(time.Second)
	h.check(h.passwords.Set(h.ctx(), h.pavel, "Другой-пароль-18", factor.PasswordPolicy{}))
	changed.identify(changed.begin("app"), "pavel@south.example", "Другой-пароль-18").is("/signin/code")
}

func TestAttemptExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app")
	h.clock.Advance(attemptLifetime - time.Second)
	page = v.identify(page, "elena@north.example", password).is("/signin/code")
	h.clock.Advance(time.Second)
	if got := v.code(page, h.sent("+79031234567").Code); got.status != http.StatusGone {
		t.Errorf("after half an hour: %d", got.status)
	}
}
