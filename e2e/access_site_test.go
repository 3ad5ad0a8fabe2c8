package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// inBoth looks at the page where the browser is, in both languages, when the page
// has an address of its own; else as it is.
func (e *eyes) inBoth(name, address string) {
	e.t.Helper()
	for _, lang := range []string{"en", "ru"} {
		e.open(address + "?ui_locales=" + lang)
		e.do("wait for "+name, chromedp.WaitVisible(chromedp.CSS("main h1")))
		e.look(name + "-" + lang)
	}
}

// TestEveryPageOfTheSiteIsAccessible judges the pages that a running house
// answers with, in its own words and data: before the sign-in, through it, and
// the account of somebody who is signed in.
func TestEveryPageOfTheSiteIsAccessible(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := judging(t, "site")
	for name, path := range map[string]string{
		"help": "/help", "help-authorities": "/help/authorities", "recovery": "/recovery", "recovery-pin": "/recovery/pin",
		"registration": "/registration", "terms": "/registration/terms", "personal-data": "/registration/consent",
	} {
		e.inBoth(name, s.Issuer+path)
	}
	e.registers(s)
	e.recovers(s)
	e.entersAccount(s)
	for name, path := range map[string]string{
		"profile": "", "contacts": "/contacts", "security": "/security", "password": "/password", "authenticator": "/authenticator",
		"passkey": "/passkeys", "recovery-codes": "/recovery-codes", "certificates": "/certificates", "certificate": "/certificates/new",
		"signatures": "/signatures", "devices": "/devices", "journal": "/journal", "applications": "/applications",
		"data": "/data", "close": "/close",
	} {
		e.inBoth("account-"+name, s.Issuer+"/account"+path)
	}
	e.open(s.Issuer + "/account/recovery-codes")
	e.click(`form[action="/account/recovery-codes"] button`)
	e.waitFor(".secrets")
	e.look("account-recovery-codes-made")
}

// registers goes through the registration, up to the password.
func (e *eyes) registers(s *site) {
	e.t.Helper()
	const phone, email = "+79219990011", "vera.ozerova@mayak.example"
	e.open(s.Issuer + "/registration")
	e.click("main form button.wide")
	e.waitFor("[role=alert]")
	e.look("registration-wrong")
	for name, value := range map[string]string{"last_name": "Озерова", "first_name": "Вера", "snils": "112-233-445 95", "phone": phone, "email": email} {
		e.fill("input[name="+name+"]", value)
	}
	e.do("enter the date", chromedp.SetValue(chromedp.CSS("input[name=birth_date]"), "1990-05-17"))
	e.click("input[name=consent]")
	e.click("main form button.wide")
	e.waitFor(`input[autocomplete="one-time-code"]`)
	e.look("registration-codes")
	e.fill("input[name*=sms], input[name*=phone]", s.sentCode(e.t, "sms", phone))
	e.fill("input[name*=email]", s.sentCode(e.t, "email", email))
	e.click("main form button.wide")
	e.waitFor("input[name=password_again]")
	e.look("registration-password")
}

// recovers asks for a new password, up to the code.
func (e *eyes) recovers(s *site) {
	e.t.Helper()
	e.open(s.Issuer + "/recovery")
	e.fill("input[name=contact]", s.named(e.t, "olga.").Phone)
	e.click("main form button.wide")
	e.do("wait for what was sent", chromedp.WaitNotPresent(chromedp.CSS("input[name=contact]")))
	e.look("recovery-sent")
}

// entersAccount signs in for the account, looking at each step on the way.
func (e *eyes) entersAccount(s *site) {
	e.t.Helper()
	u := s.memberOfTwo(e.t)
	e.open(s.Issuer + "/account")
	e.waitFor("input[name=password]")
	e.look("sign-in")
	if e.evaluates(`document.querySelector("a[href*='/signin/certificate']")`) {
		e.click("a[href*='/signin/certificate']")
		e.waitFor("[data-signing]")
		e.look("sign-in-certificate")
		e.click("a[href*='/signin?']")
		e.waitFor("input[name=password]")
	}
	e.enterPassword(u)
	e.waitFor("input[name=code]")
	e.look("sign-in-code")
	e.enterCode(u.code(e.t))
	e.leaves("input[name=code]") // the page before has a heading too
	e.waitFor("main h1")
	for range 3 {
		if strings.HasPrefix(e.location(), s.Issuer+"/account") {
			return
		}
		e.look("sign-in-offer")
		e.click("button[value=later], button[value=never]")
		e.leaves("button[value=later], button[value=never]")
		e.waitFor("main h1")
	}
	e.t.Fatalf("the account does not open, the browser is at %s: %s", e.location(), e.text())
}

// leaves waits until the page with what selector names is gone.
func (e *eyes) leaves(selector string) {
	e.t.Helper()
	e.do("leave "+selector, chromedp.WaitNotPresent(chromedp.CSS(selector)))
}
