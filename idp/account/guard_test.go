package account

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/session"
)

// path is the route's, with an id.
func (r Route) path(id string) string { return strings.ReplaceAll(r.Path, ":id", id) }

func (r Route) comesBack(id string) string {
	if r.Form == "" {
		return r.path(id)
	}
	return strings.ReplaceAll(r.Form, ":id", id)
}

// knock calls the route as a browser does.
func (v *visitor) knock(r Route, id string) *answer {
	v.w.t.Helper()
	if r.Method == http.MethodGet {
		return v.get(r.path(id))
	}
	return v.post(r.path(id), "channel", "email", "value", "new@example.ru")
}

func TestNobodySignedInIsSentToSignIn(t *testing.T) {
	w := quickWorld(t)
	for _, r := range w.Routes() {
		w.visitor(directory.Person{}).knock(r, "x").leads(toSignIn(r.comesBack("x"), session.None, false))
	}
	stranger := w.visitor(directory.Person{})
	stranger.cookies["__Host-propusk-session"] = strings.Repeat("A", 43)
	stranger.get("/account").leads(toSignIn("/account", session.None, false))
}

// A session with the password alone is half signed in when the account has a
// second factor: it reads nothing and changes nothing.
func TestHalfSignedInSessionOpensNothing(t *testing.T) {
	w := quickWorld(t)
	v := w.visitor(w.elena, session.Password)
	before := len(w.actions(w.elena))
	for _, r := range w.Routes() {
		v.knock(r, "x").leads(toSignIn(r.comesBack("x"), session.Two, false))
	}
	if after := w.actions(w.elena); len(after) != before {
		t.Errorf("something was done: %q", after[before:])
	}
	if len(w.sent("new@example.ru")) != 0 {
		t.Error("a code went out")
	}
}

func TestStaleProofChangesNoFactor(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	w.clock.Advance(5*time.Minute + time.Second)
	before := len(w.actions(w.elena))
	fresh := 0
	for _, r := range w.Routes() {
		if r.Needs != Fresh {
			continue
		}
		fresh++
		v.knock(r, "x").leads(toSignIn(r.comesBack("x"), session.Two, true))
	}
	if fresh < 15 {
		t.Errorf("only %d routes want a fresh proof", fresh)
	}
	if after := w.actions(w.elena); len(after) != before || len(w.sent("new@example.ru")) != 0 {
		t.Errorf("something was done: %q", after[before:])
	}
}

// A fresh password beside a stale code is no fresh proof of the account's level.
func TestFreshProofIsOneOfTheAccountsLevel(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	w.clock.Advance(6 * time.Minute)
	v.prove(w.elena, session.Proof{Factor: session.Password})
	v.get("/account/authenticator").leads(toSignIn("/account/authenticator", session.Two, true))
	v.prove(w.elena, session.Proof{Factor: session.SMS})
	v.get("/account/authenticator").is(200)
}

// A trusted device stands in for the second factor at a sign-in, and says nothing
// about who sits at it: with it the pages open, and no factor is changed.
func TestTrustedDeviceIsNoFreshProof(t *testing.T) {
	w := quickWorld(t)
	v := w.visitor(w.elena, session.Password, session.Device)
	v.get("/account").is(200)
	v.get("/account/authenticator").leads(toSignIn("/account/authenticator", session.Two, true))
	v.post("/account/close", "sure", "yes").leads(toSignIn("/account/close", session.Two, true))
}

// Nothing of a stranger's upload is read: his connection is cut instead.
func TestStrangersUploadIsNotRead(t *testing.T) {
	w := quickWorld(t)
	for _, kind := range []string{"multipart/form-data; boundary=x", "Multipart/Form-Data; boundary=x", " multipart/form-data;boundary=x"} {
		r := httptest.NewRequestWithContext(w.ctx, http.MethodPost, "/account/signatures", failing{t})
		r.Header.Set("Content-Type", kind)
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != toSignIn("/account", session.None, false) {
			t.Errorf("%s: answered %d to %q", kind, answer.Code, answer.Header().Get("Location"))
		}
	}
}

// failing is a body that must not be read.
type failing struct{ t *testing.T }

func (f failing) Read([]byte) (int, error) {
	f.t.Error("the body was read")
	return 0, io.EOF
}

func TestFormOfAnotherSiteIsRefused(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	before := len(w.actions(w.elena))
	for _, r := range w.Routes() {
		if r.Method != http.MethodPost {
			continue
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			v.header.Set(name, value)
			v.knock(r, "x").is(http.StatusForbidden)
			v.header.Del(name)
		}
	}
	if after := w.actions(w.elena); len(after) != before {
		t.Errorf("something was done: %q", after[before:])
	}
	v.get("/account").is(200)
}

func TestBlockedPersonIsNobody(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.pavel)
	v.get("/account").is(200)
	w.must(w.Server.deps.Directory.SetPersonStatus(w.ctx, directory.System(), w.pavel.ID, directory.StatusBlocked))
	v.get("/account").leads(toSignIn("/account", session.None, false))
}

// The level of who has a second factor of any kind is two; who has none is let
// in by the password, to connect one.
func TestAccountWithoutASecondFactorIsOpenedByThePassword(t *testing.T) {
	w := quickWorld(t)
	v := w.visitor(w.loner, session.Password)
	v.get("/account").is(200).says("Почта не подтверждена", "Подключите более надёжный способ входа")
	v.get("/account/authenticator").is(200)
	w.must(w.Server.deps.Directory.ReplaceTOTP(w.ctx, w.loner.ID, []byte("12345678901234567890"), 1))
	v.get("/account").leads(toSignIn("/account", session.Two, false))
}

// What was typed comes back after the sign-in in between, once.
func TestInterruptedFormComesBack(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		w.clock.Advance(6 * time.Minute)
		v.post("/account/contacts", "channel", "email", "value", "typed@example.ru").leads(toSignIn("/account/contacts", session.Two, true))
		if len(w.sent("typed@example.ru")) != 0 {
			t.Error("a code went out")
		}
		v.refresh(w.elena)
		v.get("/account/security").is(200).lacks("Вход подтверждён. Проверьте")
		v.get("/account/contacts").is(200).says("Вход подтверждён. Проверьте и отправьте ещё раз.").has(`value="typed@example.ru"`)
		v.get("/account/contacts").is(200).lacks("typed@example.ru")
	})
}

func TestEveryPageIsDrawnInBothLanguages(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	for _, r := range w.Routes() {
		if r.Method != http.MethodGet || strings.Contains(r.Path, ":id") || r.Path == "/account/contacts/confirm" || r.Path == "/account/data/file" {
			continue
		}
		for _, lang := range []string{"ru", "en"} {
			a := v.get(r.Path+"?ui_locales="+lang).is(200).lacks("account.", "ZgotmplZ", "<no value>")
			a.has(`lang="`+lang+`"`, `action="/account/signout"`, "data-prolong=\"/account/prolong\"", `aria-current="page"`)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.get("/account/nothing").is(http.StatusNotFound)
	v.post("/account/journal").is(http.StatusMethodNotAllowed)
}

func TestSigningOutEndsThisSession(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v, other := w.signedIn(w.elena), w.signedIn(w.elena)
		secret := v.cookies["__Host-propusk-session"]
		v.post("/account/prolong").is(http.StatusNoContent)
		v.post("/account/signout").leads("/signout")
		if v.cookies["__Host-propusk-session"] != "" {
			t.Error("the cookie stays")
		}
		v.cookies["__Host-propusk-session"] = secret
		v.get("/account").leads(toSignIn("/account", session.None, false))
		other.get("/account").is(200)
		if !w.did(w.elena, "session.ended") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
	})
}

func TestDepsAreChecked(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil || !strings.Contains(err.Error(), "DB") {
		t.Errorf("%v", err)
	}
}
