package idp

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"golang.org/x/net/html"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/session"
	"propusk/storage/outbox"
)

// key is an authenticator with one passkey, of person.
type key struct {
	h             *house
	authenticator virtualwebauthn.Authenticator
	credential    virtualwebauthn.Credential
	site          virtualwebauthn.RelyingParty
}

func (h *house) key(person directory.Person) *key {
	h.t.Helper()
	k := &key{
		h:             h,
		authenticator: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(person.ID)}),
		site:          virtualwebauthn.RelyingParty{ID: "id.example", Name: "Пропуск", Origin: issuer},
	}
	for len(k.credential.ID) == 0 || len(k.credential.Key.AttestationData()) != 77 { // one in a hundred is written too short
		k.credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return k
}

// enrolled is a key whose passkey the person has added.
func (h *house) enrolled(person directory.Person) *key {
	h.t.Helper()
	k := h.key(person)
	options, err := h.idp.deps.Passkeys.BeginEnrol(h.ctx(), "test", person)
	h.check(err)
	_, err = h.idp.deps.Passkeys.FinishEnrol(h.ctx(), "test", person, "Ключ", []byte(k.create(string(options))))
	h.check(err)
	return k
}

func (k *key) create(options string) string {
	k.h.t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(options)
	k.h.check(err)
	return virtualwebauthn.CreateAttestationResponse(k.site, k.authenticator, k.credential, *parsed)
}

// answer is what the authenticator says to the ceremony of a page.
func (k *key) answer(on *view, action string) string {
	k.h.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(on.options(action))
	k.h.check(err)
	k.credential.Counter++
	return virtualwebauthn.CreateAssertionResponse(k.site, k.authenticator, k.credential, *parsed)
}

// options are those of the page's ceremony with this action.
func (p *view) options(action string) string {
	p.t.Helper()
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		p.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "form" && attribute(n, "action") == action && attribute(n, "data-options") != "" {
			return attribute(n, "data-options")
		}
	}
	p.t.Fatalf("no ceremony for %s on the page (%d): %s", action, p.status, p.text())
	return ""
}

func (v *visitor) usePasskey(on *view, k *key) *view {
	v.h.t.Helper()
	return v.submit(on, "/signin/passkey", "credential", k.answer(on, "/signin/passkey"))
}

func TestSignInByPasskey(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		k, v := h.enrolled(h.elena), h.visitor()
		page := v.usePasskey(v.begin("app"), k).is("/signin/organisation")
		id := claims(h.t, h.redeem("app", h.appSecret, v.choose(page, h.north.ID).lead()).IDToken)
		if amr, _ := id["amr"].([]any); !slices.Equal(amr, []any{"pop", "user", "mfa"}) || id["acr"] != directory.ACRTwoFactors || id["sub"] != h.elena.ID {
			t.Errorf("amr = %v, acr = %v, sub = %v", id["amr"], id["acr"], id["sub"])
		}
		if got := h.entries("", "signin.passkey"); !slices.Equal(got, []string{"accepted"}) {
			t.Errorf("journal: %v", got)
		}
		// A wrong origin, a replayed answer, a blocked person.
		w := h.visitor()
		on := w.begin("app")
		k.site.Origin = "https://id.example.evil"
		if got := w.usePasskey(on, k); got.status != http.StatusUnprocessableEntity || w.cookies[browser.CookieSession] != "" {
			t.Errorf("another origin: %d", got.status)
		}
		k.site.Origin = issuer
		on = w.begin("app")
		answer := k.answer(on, "/signin/passkey")
		w.submit(on, "/signin/passkey", "credential", answer).is("/signin/organisation")
		x := h.visitor()
		if got := x.submit(x.begin("app"), "/signin/passkey", "credential", answer); got.status != http.StatusUnprocessableEntity {
			t.Errorf("replayed: %d", got.status)
		}
		h.check(h.directory.SetPersonStatus(h.ctx(), directory.System(), h.elena.ID, directory.StatusBlocked))
		if got := x.usePasskey(x.begin("app"), k); got.status != http.StatusUnprocessableEntity || x.cookies[browser.CookieSession] != "" {
			t.Errorf("blocked: %d", got.status)
		}
	})
}

func TestPasskeyAsSecondFactor(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	k, v := h.enrolled(h.loner), h.visitor()
	page := v.identify(v.begin("app"), "oleg@nowhere.example", password).is("/signin/passkey").says("Подтвердите, что это вы")
	if got := v.submit(page, "/signin/passkey", "credential", "{}"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nonsense: %d", got.status)
	}
	page = v.get(page.at.RequestURI())
	v.usePasskey(page, k).says("не состоите ни в одной организации")
	// Among the other ways of a code's page it is offered too.
	w, mine := h.visitor(), h.enrolled(h.pavel)
	page = w.identify(w.begin("app"), "pavel@south.example", password).is("/signin/code")
	w.usePasskey(page, mine).is("/signin/organisation")
}

func TestRecoveryCodeInPlaceOfTheSecondFactor(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		codes, err := h.idp.deps.RecoveryCodes.Make(h.ctx(), h.pavel.ID)
		h.check(err)
		for i, want := range []string{"/signin/organisation", "/signin/code"} { // each works once
			v := h.visitor()
			page := v.identify(v.begin("app"), "pavel@south.example", password).is("/signin/code")
			page = v.submit(page, "/signin/code/send", "channel", "recovery").is("/signin/code")
			if got := v.code(page, ""); i == 0 && got.status != http.StatusUnprocessableEntity {
				t.Errorf("no code: %d", got.status)
			}
			v.code(page, strings.ToLower(codes[0])).is(want)
		}
	})
}

// A channel that is down gives way to another.
func TestUnavailableFactorGivesWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	var err error
	h.idp.deps.Codes, err = factor.NewCodes(factor.CodeDeps{
		Outbox: noSMS{h.outbox}, Ephemeral: h.volatile, Sealer: sealer(), Locks: h.locks, Now: h.clock.Now,
	})
	h.check(err)
	v := h.visitor()
	page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code").says("e•••@north.example")
	got := v.submit(page, "/signin/code/send", "channel", "sms")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("asked for all the same: %d", got.status)
	}
	v.code(page, h.sent("elena@north.example").Code).is("/signin/organisation")
}

func TestTrustedDevice(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.identify(v.begin("app", "scope", "openid"), "pavel@south.example", password).is("/signin/code")
		v.submit(page, "/signin/code", "code", h.totp(h.seed), "trust", "yes").lead()
		later := func(d time.Duration, more ...string) *view {
			h.clock.Advance(d)
			delete(v.cookies, browser.CookieSession)
			return v.identify(v.begin("app", append([]string{"scope", "openid"}, more...)...), "pavel@south.example", password)
		}
		id := claims(h.t, h.redeem("app", h.appSecret, later(29*24*time.Hour).lead()).IDToken)
		if amr, _ := id["amr"].([]any); id["acr"] != directory.ACRTwoFactors || !slices.Contains(amr, any("rba")) {
			t.Errorf("acr %v, amr %v", id["acr"], id["amr"])
		}
		later(time.Minute, "prompt", "login").is("/signin/code")
		// Forgotten elsewhere, or too old, it is nothing.
		later(2 * 24 * time.Hour).is("/signin/code")
		h.check(h.idp.deps.Devices.ForgetAll(h.ctx(), h.pavel.ID, ""))
		later(time.Minute).is("/signin/code")
	})
}

// policy changes what north demands.
func (h *house) policy(change func(p *directory.Policy)) {
	h.t.Helper()
	p, err := h.directory.Policy(h.ctx(), h.north.ID)
	h.check(err)
	change(&p)
	h.check(h.directory.SetPolicy(h.ctx(), directory.System(), h.north.ID, p))
}

func TestPINOpensTheOrganisation(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.policy(func(p *directory.Policy) { p.PIN = true })
		v := h.visitor()
		page := v.choose(v.signInElena(v.begin("app")), h.north.ID).is("/signin/pin")
		for pin, again := range map[string]string{"": "", "1234": "1234", "2580": "2581", "25": "25"} {
			if got := v.submit(page, "/signin/pin", "pin", pin, "pin_again", again); got.status != http.StatusUnprocessableEntity {
				t.Errorf("%q, %q: %d", pin, again, got.status)
			}
		}
		v.submit(page, "/signin/pin", "pin", "2580", "pin_again", "2580").lead()
		v.begin("app", "organization", h.north.ID).lead() // once a session
		v.begin("app", "organization", h.south.ID).lead() // which has none

		w := h.visitor()
		page = w.choose(w.signInElena(w.begin("app")), h.north.ID).is("/signin/pin")
		w.begin("app", "prompt", "none", "organization", h.north.ID).refused("interaction_required")
		w.submit(page, "/signin/pin", "pin", "1112").says("2")
		w.submit(page, "/signin/pin", "pin", "2580").lead()

		x := h.visitor()
		page = x.choose(x.signInElena(x.begin("app")), h.north.ID).is("/signin/pin")
		for range 3 {
			x.submit(page, "/signin/pin", "pin", "9173")
		}
		if got := x.submit(page, "/signin/pin", "pin", "2580"); got.status != http.StatusUnprocessableEntity {
			t.Errorf("the right one after three wrong ones: %d", got.status)
		}
		x.post("/signin/organisation", with(page.form("/signin/pin"), "organisation", h.south.ID)).lead() // it keeps nobody out elsewhere
	})
}

func TestNewPasswordIsDemanded(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		const better = "Ещё-более-длинный-27"
		elsewhere := h.visitor()
		elsewhere.signInElena(elsewhere.begin("app")).is("/signin/organisation")
		h.check(h.directory.Oblige(h.ctx(), directory.System(), h.elena.ID, directory.Obligations{ChangePassword: true, AddFactor: true}))
		v := h.visitor()
		page := v.identify(v.begin("app", "scope", "openid"), "elena@north.example", password).is("/signin/code")
		page = v.code(page, h.sent("+79031234567").Code).is("/signin/password")
		for what, fields := range map[string][]string{
			"nothing":       {"password", "", "password_again", ""},
			"two different": {"password", better, "password_again", better + "x"},
			"the present":   {"password", password, "password_again", password},
			"a short one":   {"password", "Короткий-1", "password_again", "Короткий-1"},
			"no way round":  {"decision", "later"},
		} {
			if got := v.submit(page, "/signin/password", fields...); got.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", what, got.status)
			}
		}
		v.submit(page, "/signin/password", "password", better, "password_again", better).lead()
		owed, err := h.directory.Obligations(h.ctx(), h.elena.ID)
		h.check(err)
		if !owed.None() {
			t.Errorf("still owed: %+v", owed)
		}
		elsewhere.begin("app").is("/signin/identify") // every other session has ended
		v.begin("app", "scope", "openid").lead()
	})
}

func TestAgedPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.clock.Advance(91 * 24 * time.Hour)
	v := h.visitor()
	page := v.signInElena(v.begin("app")).is("/signin/password")
	v.submit(page, "/signin/password", "decision", "later").is("/signin/organisation") // advice only

	h.policy(func(p *directory.Policy) { p.PasswordAgeEnforced = true })
	w := h.visitor()
	page = w.submit(w.signInElena(w.begin("app")), "/signin/password", "decision", "later").is("/signin/organisation")
	page = w.choose(page, h.north.ID).is("/signin/password")
	// A session of before has to give the present one.
	next := w.begin("app", "organization", h.north.ID).is("/signin/password")
	const better = "Ещё-более-длинный-27"
	for _, current := range []string{"", "не тот"} {
		if got := w.submit(next, "/signin/password", "current", current, "password", better, "password_again", better); got.status != http.StatusUnprocessableEntity {
			t.Errorf("current %q: %d", current, got.status)
		}
	}
	w.submit(next, "/signin/password", "current", password, "password", better, "password_again", better).lead()
	w.get(page.at.RequestURI()).lead()
}

// Attack: whoever has an operator's password and code takes the passkey that a sign-in
// offers, and with it the console.
func TestPasskeyIsNotOfferedToAnOperator(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.check(h.directory.AppointOperator(h.ctx(), directory.System(), h.pavel.ID))
	v := h.visitor()
	v.cookies[browser.CookieAble] = "yes"
	v.signInPavel(v.begin("app", "scope", "openid")).lead()
}

func TestPasskeyIsOffered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	able := func() *visitor {
		v := h.visitor()
		v.cookies[browser.CookieAble] = "yes"
		return v
	}
	v, k := able(), h.key(h.pavel)
	page := v.signInPavel(v.begin("app", "scope", "openid")).is("/signin/connect")
	if got := v.submit(page, "/signin/connect", "decision", "connect", "credential", "{}"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nonsense: %d", got.status)
	}
	page = v.get(page.at.RequestURI())
	answer := k.create(page.options("/signin/connect"))
	if got := v.submit(page, "/signin/connect", "decision", "connect", "credential", answer, "name", "x\u202ey"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a name that hides: %d", got.status)
	}
	page = v.get(page.at.RequestURI())
	v.submit(page, "/signin/connect", "decision", "connect", "credential", k.create(page.options("/signin/connect")), "name", "Ноутбук").lead()
	w := h.visitor()
	w.usePasskey(w.begin("app", "scope", "openid"), k).lead()

	e := able()
	page = e.signInElena(e.begin("app", "scope", "openid organization", "organization", h.north.ID)).is("/signin/connect")
	e.submit(page, "/signin/connect", "decision", "later").lead()
	h.clock.Advance(2 * time.Minute)
	page = e.signInElena(e.begin("app", "prompt", "login", "organization", h.north.ID)).is("/signin/connect")
	e.submit(page, "/signin/connect", "decision", "never").lead()
	h.clock.Advance(2 * time.Minute)
	e.signInElena(e.begin("app", "prompt", "login", "organization", h.north.ID)).lead()
	if got := e.post("/signin/connect", with(page.form("/signin/connect"), "decision", "maybe")); got.status != http.StatusGone {
		t.Errorf("after the end: %d", got.status)
	}
}

func TestSessionIsAsShortAsTheOrganisationWants(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.policy(func(p *directory.Policy) { p.Idle, p.Absolute = 5*time.Minute, time.Hour })
	v := h.visitor()
	v.choose(v.signInElena(v.begin("app")), h.south.ID).lead()
	h.clock.Advance(29 * time.Minute)
	v.begin("app", "organization", h.south.ID).lead()
	v.begin("app", "organization", h.north.ID).lead()
	h.clock.Advance(5 * time.Minute)
	v.begin("app", "organization", h.south.ID).is("/signin/identify")

	list, err := h.idp.sessions.OfPerson(h.ctx(), h.elena.ID)
	h.check(err)
	if len(list) != 0 {
		t.Errorf("sessions that are idle are listed: %+v", list)
	}
	v.signInElena(v.begin("app", "organization", h.north.ID)).lead()
	list, err = h.idp.sessions.OfPerson(h.ctx(), h.elena.ID)
	h.check(err)
	if len(list) != 1 || list[0].IP != v.address || list[0].DeviceID == "" || list[0].ProvedAt(session.SMS) == 0 {
		t.Errorf("sessions: %+v", list)
	}
}

// noSMS is a house without a way to send to telephones.
type noSMS struct{ *outbox.Outbox }

func (o noSMS) Send(ctx context.Context, m outbox.Message) error {
	if m.Channel == "sms" {
		return outbox.ErrChannel
	}
	return o.Outbox.Send(ctx, m)
}
