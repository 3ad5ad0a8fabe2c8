package idp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
)

// A new password is a new proof of who it is; it does not ask the person on a new
// device for his second factor once more.
func TestNewPasswordDoesNotAskForTheSecondFactorAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.idp.deps.Unusual.AnyDevice = false
	known := h.visitor()
	known.choose(known.signInElena(known.begin("app")), h.north.ID).lead()
	h.check(h.directory.Oblige(h.ctx(), directory.System(), h.elena.ID, directory.Obligations{ChangePassword: true}))
	const better = "Ещё-более-длинный-27"
	h.clock.Advance(time.Minute)
	v := h.visitor()
	page := v.signInElena(v.begin("app")).is("/signin/password")
	h.clock.Advance(time.Second)
	v.submit(page, "/signin/password", "password", better, "password_again", better).is("/signin/organisation")
}

// Every way to have come to the choice of the organisation has words.
func TestOrganisationSaysHowThePersonCame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	codes, err := h.idp.deps.RecoveryCodes.Make(h.ctx(), h.pavel.ID)
	h.check(err)
	v := h.visitor()
	page := v.identify(v.begin("app"), "pavel@south.example", password).is("/signin/code")
	page = v.submit(page, "/signin/code/send", "channel", "recovery")
	if text := v.code(page, codes[0]).is("/signin/organisation").text(); strings.Contains(text, "how.") {
		t.Errorf("by a code on paper: %s", text)
	}
	w := h.visitor()
	page = w.identify(w.begin("app"), "pavel@south.example", password).is("/signin/code")
	w.submit(page, "/signin/code", "code", h.totp(h.seed), "trust", "yes").is("/signin/organisation")
	w.choose(w.begin("app"), h.south.ID).lead()
	// The attempt that ticked the box has to end for the device to be trusted.
	w.choose(w.get(page.at.RequestURI()), h.south.ID).lead()
	delete(w.cookies, browser.CookieSession)
	if text := w.identify(w.begin("app"), "pavel@south.example", password).is("/signin/organisation").text(); strings.Contains(text, "how.") {
		t.Errorf("by a trusted device: %s", text)
	}
}

// Forms that no page of the step holds end in a page, never in a fault of ours.
func TestHostileFormsAtEachStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.policy(func(p *directory.Policy) { p.PIN = true })
	v := h.visitor()
	try := func(page *view, step string) {
		t.Helper()
		request := requestOf(page)
		for _, path := range []string{"passkey", "code", "code/send", "totp", "confirm", "confirm/send", "password", "organisation", "pin", "connect", "consent"} {
			for _, form := range []url.Values{
				{}, {"credential": {"{}"}}, {"code": {"\t"}}, {"channel": {"passkey"}}, {"channel": {"device"}}, {"channel": {"enrol"}}, {"channel": {"pin"}},
				{"decision": {"connect"}}, {"pin": {"------"}, "pin_again": {"------"}}, {"organisation": {"x"}},
			} {
				form["request"] = []string{request}
				if got := v.post("/signin/"+path, form); got.status >= http.StatusInternalServerError {
					t.Errorf("%s: POST %s %v: %d", step, path, form, got.status)
				}
			}
		}
	}
	page := v.begin("app").is("/signin/identify")
	try(page, "identify")
	page = v.identify(v.begin("app"), "pavel@south.example", password).is("/signin/code")
	try(page, "code")
	v = h.visitor()
	page = v.choose(v.signInElena(v.begin("app")), h.north.ID).is("/signin/pin")
	try(page, "pin")
}
