package account

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage"
)

const newPassword = "Совсем-другой-пароль-42"

func (w *world) passwordIs(personID, password string) bool {
	w.t.Helper()
	return w.Server.deps.Passwords.Verify(w.ctx, factor.Guess{PersonID: personID}, password) == nil
}

func TestPasswordIsChangedWithThePresentOne(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v, other := w.signedIn(w.elena), w.signedIn(w.elena)
		w.clock.Advance(time.Hour / 4)                                              // no fresh proof is asked: the present password is one
		v.get("/account/password").is(200).has(`name="current"`, `data-least="12"`) // administrators
		for _, test := range []struct {
			current, password, again, says string
		}{
			{"", newPassword, newPassword, "Введите нынешний пароль."},
			{password, "", "", "Введите пароль."},
			{password, newPassword, newPassword + "x", "Пароли не совпадают."},
			{password, "Короткий-1", "Короткий-1", "Пароль короче 12 знаков."},
			{password, "Пароль-7801234564-ю", "Пароль-7801234564-ю", "В пароле есть ваше имя, логин или название."},
			{password, password, password, "Этот пароль у вас уже был."},
			{"Не-тот-пароль-1", newPassword, newPassword, "Нынешний пароль не подошёл."},
		} {
			a := v.post("/account/password", "current", test.current, "password", test.password, "password_again", test.again)
			a.is(422).says(test.says).lacks(password, newPassword)
		}
		before := v.cookies["__Host-propusk-session"]
		w.clock.Advance(time.Second)
		v.post("/account/password", "current", password, "password", newPassword, "password_again", newPassword).leads("/account/security?done=password")
		if !w.passwordIs(w.elena.ID, newPassword) || w.passwordIs(w.elena.ID, password) {
			t.Error("the password is not the new one")
		}
		if v.cookies["__Host-propusk-session"] == before {
			t.Error("the session kept its secret")
		}
		v.get("/account").is(200)
		other.get("/account").leads(toSignIn("/account", session.None, false))
		if !w.told("elena@north.example", "Ваш пароль изменён") {
			t.Error("the person was not told")
		}
		if devices, _ := w.Server.deps.Devices.List(w.ctx, w.elena.ID); len(devices) != 0 {
			t.Errorf("%d devices stay known", len(devices))
		}
	})
}

// Whoever sits down at an open page cannot guess the password there.
func TestPresentPasswordLocksAfterThreeFailures(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.pavel)
	for range 3 {
		v.post("/account/password", "current", "Не-тот-пароль-1", "password", newPassword, "password_again", newPassword).is(422)
	}
	v.post("/account/password", "current", password, "password", newPassword, "password_again", newPassword).is(422)
	if w.passwordIs(w.pavel.ID, newPassword) {
		t.Error("changed while locked")
	}
}

func TestPasswordIsSetWithAFreshProofWhenThereIsNone(t *testing.T) {
	w := quickWorld(t)
	_, err := w.db.Exec(w.ctx, `DELETE FROM passwords WHERE person_id = $1`, w.pavel.ID)
	w.must(err)
	v := w.visitor(w.pavel, session.Passkey)
	v.get("/account/security").says("Задать")
	w.clock.Advance(6 * time.Minute)
	v.post("/account/password", "password", newPassword, "password_again", newPassword).leads(toSignIn("/account/password", session.Two, true))
	v.prove(w.pavel, session.Proof{Factor: session.Passkey})
	v.get("/account/password").is(200).lacks(`name="current"`)
	v.post("/account/password", "password", newPassword, "password_again", newPassword).leads("/account/security?done=password")
	if !w.passwordIs(w.pavel.ID, newPassword) {
		t.Error("not set")
	}
}

var key = regexp.MustCompile(`<code>([A-Z2-7 ]+)</code>`)

// secret is the authenticator's, as the page shows it.
func (a *answer) secret() string {
	a.t.Helper()
	found := key.FindStringSubmatch(a.body)
	if found == nil {
		a.t.Fatalf("no secret on the page: %s", a.text())
	}
	return strings.ReplaceAll(found[1], " ", "")
}

func TestAuthenticatorIsConnectedReplacedAndRemoved(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		first := v.get("/account/authenticator").is(200).secret()
		if again := v.get("/account/authenticator").secret(); again != first {
			t.Error("a page drawn again has another secret")
		}
		v.post("/account/authenticator", "code", "").is(422).says("Введите код: шесть цифр.")
		v.post("/account/authenticator", "code", "000000").is(422).says("Код не подошёл.")
		v.post("/account/authenticator", "code", w.otp(first)).leads("/account/security?done=totp")
		v.get("/account/security").says("Заменить", "Отключить…")
		guess := factor.Guess{PersonID: w.elena.ID}
		if err := w.Server.deps.TOTP.Verify(w.ctx, guess, w.otp(first)); err == nil {
			t.Error("the code of the confirmation works twice")
		}

		// Another session, opened with the first authenticator, ends with it.
		stolen := w.visitor(w.elena, session.Password, session.TOTP)
		kept := w.signedIn(w.elena)
		second := v.get("/account/authenticator").is(200).says("Прежнее приложение действует").secret()
		if second == first {
			t.Error("the present secret is shown again")
		}
		w.clock.Advance(time.Minute)
		w.must(w.Server.deps.TOTP.Verify(w.ctx, guess, w.otp(first))) // until then
		v.post("/account/authenticator", "code", w.otp(second)).leads("/account/security?done=totp")
		w.clock.Advance(time.Minute)
		if err := w.Server.deps.TOTP.Verify(w.ctx, guess, w.otp(first)); err == nil {
			t.Error("the replaced one still works")
		}
		stolen.get("/account").leads(toSignIn("/account", session.None, false))
		kept.get("/account").is(200)

		v.post("/account/authenticator/remove").leads("/account/security?done=totp_removed")
		v.post("/account/authenticator/remove").leads("/account/security?done=totp_removed") // twice is once
		want := []string{"totp.confirmed", "totp.replaced", "totp.disconnected"}
		got := slices.DeleteFunc(w.actions(w.elena), func(a string) bool { return !strings.HasPrefix(a, "totp.") })
		if !slices.Equal(got, want) {
			t.Errorf("journal %q", got)
		}
		if !w.told("elena@north.example", "Приложение-генератор кодов заменено") {
			t.Error("the person was not told")
		}
	})
}

// A secret that one browser was shown is nothing in another one.
func TestOfferedAuthenticatorBelongsToItsSession(t *testing.T) {
	w := quickWorld(t)
	mine, theirs := w.signedIn(w.elena), w.signedIn(w.elena)
	secret := mine.get("/account/authenticator").secret()
	theirs.post("/account/authenticator", "code", w.otp(secret)).is(422)
	if _, confirmed, _ := w.Server.deps.Directory.TOTP(w.ctx, w.elena.ID); confirmed {
		t.Error("connected")
	}
}

func TestOnlySecondFactorIsNotRemoved(t *testing.T) {
	w := quickWorld(t)
	w.must(w.Server.deps.Directory.ReplaceTOTP(w.ctx, w.loner.ID, []byte("12345678901234567890"), 1))
	v := w.visitor(w.loner, session.Password, session.TOTP)
	v.get("/account/security").lacks("/account/authenticator/remove")
	v.post("/account/authenticator/remove").is(409).says("Это единственный второй шаг")
	if _, confirmed, _ := w.Server.deps.Directory.TOTP(w.ctx, w.loner.ID); !confirmed {
		t.Error("removed")
	}
}

func TestRecoveryCodesAreShownOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		v.get("/account/recovery-codes").is(200).says("Сделать коды")
		a := v.post("/account/recovery-codes").is(200).says("Они показаны один раз.").has("data:text/plain;charset=utf-8;base64,", "propusk-recovery-codes.txt")
		codes := regexp.MustCompile(`<code class="number">([0-9A-Z]{5}-[0-9A-Z]{5})</code>`).FindAllStringSubmatch(a.body, -1)
		if len(codes) != 10 {
			t.Fatalf("%d codes", len(codes))
		}
		if a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
		}
		for _, path := range []string{"/account/recovery-codes", "/account/security"} {
			for _, code := range codes {
				v.get(path).lacks(code[1])
			}
		}
		guess := factor.Guess{PersonID: w.elena.ID}
		w.must(w.Server.deps.RecoveryCodes.Verify(w.ctx, guess, codes[3][1]))
		v.get("/account/security").says("Осталось 9")
		v.get("/account/recovery-codes").says("Сейчас действуют 9 кодов.")
		v.post("/account/recovery-codes").is(200)
		if err := w.Server.deps.RecoveryCodes.Verify(w.ctx, guess, codes[4][1]); err == nil {
			t.Error("a code of before works")
		}
		if !w.did(w.elena, "recovery_codes.made") || !w.told("elena@north.example", "Созданы новые резервные коды") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
	})
}

// site is the relying party as the virtual authenticator sees it.
var site = virtualwebauthn.RelyingParty{ID: "id.example", Name: "Пропуск", Origin: issuer}

var options = regexp.MustCompile(`data-options="([^"]+)"`)

// create answers the ceremony on the page.
func create(t *testing.T, a *answer, rp virtualwebauthn.RelyingParty, p string) string {
	t.Helper()
	return createWith(t, a, rp, p, newKey())
}

func createWith(t *testing.T, a *answer, rp virtualwebauthn.RelyingParty, p string, credential virtualwebauthn.Credential) string {
	t.Helper()
	found := options.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("no ceremony on the page: %s", a.text())
	}
	text := strings.NewReplacer("&#34;", `"`, "&amp;", "&", "&#43;", "+", "&lt;", "<", "&gt;", ">").Replace(found[1])
	parsed, err := virtualwebauthn.ParseAttestationOptions(text)
	if err != nil {
		t.Fatal(err)
	}
	key := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(p)})
	return virtualwebauthn.CreateAttestationResponse(rp, key, credential, *parsed)
}

// newKey avoids one in a hundred keys, which the virtual authenticator writes
// with a coordinate too short.
func newKey() virtualwebauthn.Credential {
	for {
		c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(c.Key.AttestationData()) == 77 {
			return c
		}
	}
}

func TestPasskeyIsAddedRenamedAndRemoved(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		page := v.get("/account/passkeys").is(200).has(`value="Chrome, Linux"`)
		credential := create(t, page, site, w.elena.ID)
		v.post("/account/passkeys", "credential", credential, "name", "Рабочий ноутбук").leads("/account/security?done=passkey")
		v.post("/account/passkeys", "credential", credential, "name", "ещё раз").is(422).says("Страница была открыта слишком долго.")
		v.get("/account/security").says("Рабочий ноутбук", "Переименовать")

		keys, err := w.Server.deps.Passkeys.List(w.ctx, w.elena.ID)
		w.must(err)
		path := "/account/passkeys/" + keys[0].ID
		v.get(path).is(200).has(`value="Рабочий ноутбук"`)
		v.post(path+"/name", "name", "").is(422)
		v.post(path+"/name", "name", "Домашний").leads("/account/security?done=passkey_renamed")

		// A session that this very key opened ends with it; others go on.
		finder, another := w.visitor(w.elena), w.visitor(w.elena)
		finder.prove(w.elena, session.Proof{Factor: session.Passkey, Credential: keys[0].ID})
		another.prove(w.elena, session.Proof{Factor: session.Passkey, Credential: "another"})
		v.post(path + "/remove").leads("/account/security?done=passkey_removed")
		finder.get("/account").leads(toSignIn("/account", session.None, false))
		another.get("/account").is(200)
		v.post(path + "/remove").is(404)
		got := slices.DeleteFunc(w.actions(w.elena), func(a string) bool { return !strings.HasPrefix(a, "passkey.") })
		if !slices.Equal(got, []string{"passkey.added", "passkey.renamed", "passkey.removed"}) {
			t.Errorf("journal %q", got)
		}
		if !w.told("elena@north.example", "Добавлен ключ доступа") || !w.told("elena@north.example", "Ключ доступа удалён") {
			t.Error("the person was not told")
		}
	})
}

func TestForeignPasskeyAnswerAddsNothing(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	evil := site
	evil.Origin = "https://evil.example"
	v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys"), evil, w.elena.ID)).is(422).says("Ключ доступа не создан")
	other := create(t, w.signedIn(w.elena).get("/account/passkeys"), site, w.elena.ID)
	v.get("/account/passkeys")
	v.post("/account/passkeys", "credential", other).is(422)
	v.post("/account/passkeys", "credential", "").is(422)
	if keys, _ := w.Server.deps.Passkeys.List(w.ctx, w.elena.ID); len(keys) != 0 {
		t.Errorf("%d passkeys", len(keys))
	}
}

func TestOnlyWayInIsNotRemoved(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.pavel)
	v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys"), site, w.pavel.ID)).leads("/account/security?done=passkey")
	keys, err := w.Server.deps.Passkeys.List(w.ctx, w.pavel.ID)
	w.must(err)
	_, err = w.db.Exec(w.ctx, `DELETE FROM passwords WHERE person_id = $1`, w.pavel.ID)
	w.must(err)
	v = w.visitor(w.pavel, session.Passkey)
	v.post("/account/passkeys/" + keys[0].ID + "/remove").is(409).says("Это единственный способ войти")
	if keys, _ := w.Server.deps.Passkeys.List(w.ctx, w.pavel.ID); len(keys) != 1 {
		t.Error("removed")
	}
}

// Two tabs take the last two ways in away at the same moment: one of them stays.
func TestTwoTabsDoNotRemoveTheLastWayIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.pavel)
		for _, name := range []string{"Первый", "Второй"} {
			v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys"), site, w.pavel.ID), "name", name).leads("/account/security?done=passkey")
		}
		keys, err := w.Server.deps.Passkeys.List(w.ctx, w.pavel.ID)
		w.must(err)
		_, err = w.db.Exec(w.ctx, `DELETE FROM passwords WHERE person_id = $1`, w.pavel.ID)
		w.must(err)
		tabs := []*visitor{w.visitor(w.pavel, session.Passkey), w.visitor(w.pavel, session.Passkey)}
		statuses := make([]int, len(tabs))
		var both sync.WaitGroup
		for i, tab := range tabs {
			both.Go(func() { statuses[i] = tab.post("/account/passkeys/" + keys[i].ID + "/remove").status })
		}
		both.Wait()
		if slices.Sort(statuses); !slices.Equal(statuses, []int{303, 409}) {
			t.Errorf("answered %v", statuses)
		}
		if left, err := w.Server.deps.Passkeys.List(w.ctx, w.pavel.ID); err != nil || len(left) != 1 {
			t.Errorf("%d ways in are left, %v", len(left), err)
		}
	})
}

func TestLockedPasskeyIsShownAsSuch(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.pavel)
	v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys"), site, w.pavel.ID)).leads("/account/security?done=passkey")
	keys, _ := w.Server.deps.Passkeys.List(w.ctx, w.pavel.ID)
	w.must(w.Server.deps.Directory.LockPasskey(w.ctx, keys[0].ID))
	v.get("/account/security").says("Заблокирован", "Похоже, у ключа есть копия.")
	held, err := w.Server.held(w.ctx, w.pavel)
	if err != nil || len(held.passkeys) != 0 {
		t.Errorf("a locked passkey is held: %v, %v", held.passkeys, err)
	}
}

// Ids of another person's things are not found, whatever is done with them.
func TestIdsOfOthersAreNotFound(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		theirs := w.signedIn(w.pavel)
		theirs.post("/account/passkeys", "credential", create(t, theirs.get("/account/passkeys"), site, w.pavel.ID)).leads("/account/security?done=passkey")
		keys, err := w.Server.deps.Passkeys.List(w.ctx, w.pavel.ID)
		w.must(err)
		_, device, err := w.Server.deps.Devices.Remember(w.ctx, w.pavel.ID, "", factor.Visit{UserAgent: "Firefox/1", IP: "10.0.0.9"})
		w.must(err)
		certificate := w.bind(theirs)
		w.must(w.consent(w.pavel.ID))

		v := w.signedIn(w.elena)
		before := len(w.actions(w.elena))
		ids := map[string]string{
			"passkeys": keys[0].ID, "certificates": certificate, "sessions": theirs.session.ID, "devices": device.ID, "applications": "theirs",
		}
		for _, r := range w.Routes() {
			if !strings.Contains(r.Path, ":id") {
				continue
			}
			noun := strings.Split(r.Path, "/")[2]
			if ids[noun] == "" {
				t.Fatalf("no id for %s", r.Path)
			}
			v.knock(r, ids[noun]).is(404)
			v.knock(r, storage.NewID()).is(404)
		}
		if after := w.actions(w.elena); len(after) != before {
			t.Errorf("something was done: %q", after[before:])
		}
		theirs.get("/account").is(200)
		theirs.get("/account/applications").says("Чужое приложение")
		if _, known, err := w.Server.deps.Directory.TOTP(w.ctx, w.pavel.ID); known || err == nil {
			t.Error("an authenticator came from nowhere")
		}
		if devices, _ := w.Server.deps.Devices.List(w.ctx, w.pavel.ID); len(devices) != 1 {
			t.Errorf("%d devices", len(devices))
		}
	})
}

// consent lets an application of somebody else's do something for the person.
func (w *world) consent(personID string) error {
	w.t.Helper()
	if _, err := w.Server.deps.Provider.Clients().Find(w.ctx, "theirs"); err != nil {
		_, _, err := w.Server.deps.Provider.Clients().Create(w.ctx, oauth.Client{
			ID: "theirs", Name: "Чужое приложение", NameEN: "Their application", RedirectURIs: []string{"https://app.example/cb"},
			GrantTypes: []string{oauth.GrantAuthorizationCode}, Scope: "openid profile email",
		})
		w.must(err)
	}
	return w.Server.deps.Provider.RememberConsent(w.ctx, personID, "theirs", "", []string{"openid", "profile", "email"})
}

// Attack: somebody has an operator's password and the codes of his mailbox, and makes
// himself the passkey that opens the console, or takes the owner's away first.
func TestAnOperatorsKeysAreChangedByHisKeysAlone(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys").is(200), site, w.elena.ID), "name", "Первый").
		leads("/account/security?done=passkey") // nothing opens the console yet, nor is she an operator
	w.must(w.Server.deps.Directory.AppointOperator(w.ctx, directory.System(), w.elena.ID))
	keys, err := w.Server.deps.Passkeys.List(w.ctx, w.elena.ID)
	w.must(err)

	thief := w.visitor(w.elena, session.Password, session.Email, session.TOTP, session.Device)
	for _, path := range []string{"/account/passkeys", "/account/certificates/new"} {
		thief.get(path).is(409).says("Вы оператор службы.")
	}
	for _, path := range []string{"/account/passkeys", "/account/passkeys/" + keys[0].ID + "/remove", "/account/certificates/challenge", "/account/certificates/new"} {
		thief.post(path, "credential", "{}", "name", "Мой").is(409).says("Вы оператор службы.")
	}
	if now, err := w.Server.deps.Passkeys.List(w.ctx, w.elena.ID); err != nil || len(now) != 1 {
		t.Errorf("%d passkeys, %v", len(now), err)
	}

	owner := w.visitor(w.elena, session.Passkey)
	owner.get("/account/passkeys").is(200)
	w.clock.Advance(freshFor + time.Second)
	owner.prove(w.elena, session.Proof{Factor: session.Password}) // fresh, but no key
	owner.prove(w.elena, session.Proof{Factor: session.Email})
	owner.get("/account/passkeys").is(409)
	w.must(w.Server.deps.Directory.DismissOperator(w.ctx, directory.System(), w.elena.ID))
	owner.get("/account/passkeys").is(200)
}
