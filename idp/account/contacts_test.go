package account

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/session"
)

func TestContactIsChangedByBothCodes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		byMail, bySMS := w.signedIn(w.elena), w.visitor(w.elena, session.Password, session.SMS)
		v := w.signedIn(w.elena)
		v.get("/account/contacts").is(200).says("elena@north.example", "+7 903 123-45-67", "Подтверждён")
		v.post("/account/contacts", "channel", "email", "value", " New@North.Example ").leads("/account/contacts/confirm")
		old, fresh := w.codeTo("elena@north.example"), w.codeTo("new@north.example")
		if text := w.sent("elena@north.example")[0].Text; strings.Contains(text, "http") || !strings.Contains(text, "для подтверждения действия в «Пропуск»") {
			t.Errorf("the old contact is told %q", text)
		}
		v.get("/account/contacts").says("Смена контакта ждёт кодов.")
		v.get("/account/contacts/confirm").is(200).has(`name="old_code"`, `name="new_code"`)

		v.post("/account/contacts/confirm").is(422).says("Введите код: шесть цифр.")
		v.post("/account/contacts/confirm", "old_code", fresh, "new_code", old).is(422).says("Код не подошёл")
		if got := w.again(w.elena); got.Email != "elena@north.example" {
			t.Fatalf("changed by swapped codes: %+v", got)
		}
		v.post("/account/contacts/confirm", "old_code", old[:3]+" "+old[3:], "new_code", "").is(422).has(`name="new_code"`).lacks(`name="old_code"`)
		if got := w.again(w.elena); got.Email != "elena@north.example" {
			t.Fatalf("changed by one code: %+v", got)
		}
		v.post("/account/contacts/confirm", "new_code", fresh).leads("/account/contacts?done=contact")
		got := w.again(w.elena)
		if got.Email != "new@north.example" || !got.EmailVerified || got.Phone != w.elena.Phone {
			t.Errorf("%+v", got)
		}
		const subject = "Адрес почты вашей учётной записи изменён"
		if !w.told("elena@north.example", subject) || !w.told("new@north.example", subject) || !w.told("+79031234567", subject) {
			t.Error("not every channel was told")
		}
		if !w.did(w.elena, "person.contact_changed") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
		v.get("/account/contacts?done=contact").says("Контакт изменён.").lacks("ждёт кодов")
		byMail.get("/account").leads(toSignIn("/account", session.None, false)) // whoever holds the old mailbox
		bySMS.get("/account").is(200)
	})
}

func TestPhoneIsChangedToo(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.post("/account/contacts", "channel", "sms", "value", "8 (916) 000-11-22").leads("/account/contacts/confirm")
	v.post("/account/contacts/confirm", "old_code", w.codeTo("+79031234567"), "new_code", w.codeTo("+79160001122")).leads("/account/contacts?done=contact")
	if got := w.again(w.elena); got.Phone != "+79160001122" || !got.PhoneVerified {
		t.Errorf("%+v", got)
	}
}

func TestMistypedContactKeepsWhatWasTyped(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	for _, test := range []struct{ channel, value, says string }{
		{"email", "elena", "Это не похоже на адрес почты."},
		{"sms", "12", "Это не похоже на номер телефона."},
		{"email", "", "Введите новый адрес."},
		{"email", "ELENA@north.example", "Этот адрес уже ваш и подтверждён."},
	} {
		v.post("/account/contacts", "channel", test.channel, "value", test.value).is(422).says(test.says).
			has(`href="#value-`+test.channel+`"`, `id="value-`+test.channel+`-fault"`, `value="`+test.value+`"`)
	}
	v.post("/account/contacts", "channel", "fax", "value", "1").is(400)
	v.post("/account/contacts", "channel", "email", "value", strings.Repeat("a", 400)).is(400)
	if len(w.sent("elena@north.example")) != 0 {
		t.Error("a code went out")
	}
}

// Who asks for somebody else's contact sees the same pages as for a free one,
// and no code opens it.
func TestTakenContactCannotBeTold(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		pages := map[string]string{}
		for _, value := range []string{"free@south.example", "pavel@south.example"} {
			v := w.signedIn(w.elena)
			v.post("/account/contacts", "channel", "email", "value", value).leads("/account/contacts/confirm")
			page := v.get("/account/contacts/confirm").is(200).text()
			wrong := v.post("/account/contacts/confirm", "old_code", w.codeTo("elena@north.example"), "new_code", "000000").is(422).text()
			again := v.post("/account/contacts/send", "which", "new").is(429).text()
			pages[value] = strings.ReplaceAll(page+wrong+again, value, "X")
			v.post("/account/contacts/cancel")
			w.clock.Advance(time.Minute)
		}
		if pages["free@south.example"] != pages["pavel@south.example"] {
			t.Errorf("told apart:\n%s\n%s", pages["free@south.example"], pages["pavel@south.example"])
		}
		told := w.sent("pavel@south.example")
		if len(told) != 1 || told[0].Code != "" || !strings.Contains(told[0].Text, "Он уже указан в вашей") {
			t.Errorf("the owner is told %+v", told)
		}
		if got := w.again(w.pavel); got != w.pavel {
			t.Errorf("the owner has %+v", got)
		}
	})
}

func TestContactThatWasTakenMeanwhileStaysItsOwners(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		v.post("/account/contacts", "channel", "email", "value", "race@north.example").leads("/account/contacts/confirm")
		w.must(w.Server.deps.Directory.ChangeContact(w.ctx, w.pavel.ID, directory.ChannelEmail, w.pavel.Email, "race@north.example"))
		v.post("/account/contacts/confirm", "old_code", w.codeTo("elena@north.example"), "new_code", w.codeTo("race@north.example")).
			is(409).says("Этот контакт нельзя указать.")
		if got := w.again(w.elena); got.Email != "elena@north.example" {
			t.Errorf("%+v", got)
		}
	})
}

// The change belongs to the session that began it: a second browser of the same
// person, and the browser of another person, have nothing to confirm.
func TestContactChangeBelongsToItsSession(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.post("/account/contacts", "channel", "email", "value", "new@north.example").leads("/account/contacts/confirm")
	old, fresh := w.codeTo("elena@north.example"), w.codeTo("new@north.example")
	for _, other := range []*visitor{w.signedIn(w.elena), w.signedIn(w.pavel)} {
		other.get("/account/contacts/confirm").leads("/account/contacts")
		other.post("/account/contacts/confirm", "old_code", old, "new_code", fresh).leads("/account/contacts")
		other.post("/account/contacts/send", "which", "new").leads("/account/contacts")
	}
	if got := w.again(w.elena); got.Email != "elena@north.example" {
		t.Errorf("%+v", got)
	}
	v.post("/account/contacts/cancel").leads("/account/contacts?done=contact_cancelled")
	v.post("/account/contacts/confirm", "old_code", old, "new_code", fresh).leads("/account/contacts")
}

func TestCodesAreSentAgainAfterAWait(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.post("/account/contacts", "channel", "email", "value", "new@north.example").leads("/account/contacts/confirm")
	first := w.codeTo("new@north.example")
	a := v.post("/account/contacts/send", "which", "new").is(http.StatusTooManyRequests)
	if a.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	w.clock.Advance(time.Minute)
	v.post("/account/contacts/send", "which", "new").leads("/account/contacts/confirm?sent=new")
	v.get("/account/contacts/confirm?sent=new").says("Новый код отправлен")
	v.post("/account/contacts/send", "which", "third").is(400)
	v.post("/account/contacts/confirm", "new_code", first, "old_code", w.codeTo("elena@north.example")).is(422)
	v.post("/account/contacts/confirm", "new_code", w.codeTo("new@north.example")).leads("/account/contacts?done=contact")
}

// A qualified signature stands for the code to a contact that is lost.
func TestLostContactIsChangedWithAQualifiedSignature(t *testing.T) {
	w := quickWorld(t)
	v := w.visitor(w.elena, session.Certificate)
	v.post("/account/contacts", "channel", "sms", "value", "+79160001122").leads("/account/contacts/confirm")
	v.get("/account/contacts/confirm").lacks(`name="old_code"`)
	if len(w.sent("+79031234567")) != 0 {
		t.Error("the lost phone was asked")
	}
	v.post("/account/contacts/confirm", "new_code", w.codeTo("+79160001122")).leads("/account/contacts?done=contact")
	if !w.told("+79031234567", "Номер телефона вашей учётной записи изменён") {
		t.Error("the old phone was not told")
	}
}

func TestUnverifiedContactIsVerifiedByItsCode(t *testing.T) {
	w := quickWorld(t)
	v := w.visitor(w.loner, session.Password)
	v.post("/account/contacts", "channel", "email", "value", "oleg@nowhere.example").leads("/account/contacts/confirm")
	v.get("/account/contacts/confirm").lacks(`name="old_code"`)
	v.post("/account/contacts/confirm", "new_code", w.codeTo("oleg@nowhere.example")).leads("/account/contacts?done=contact")
	if got := w.again(w.loner); !got.EmailVerified {
		t.Errorf("%+v", got)
	}
	if got := w.actions(w.loner); !slices.Contains(got, "person.contact_confirmed") || slices.Contains(got, "person.contact_changed") {
		t.Errorf("journal %q", got)
	}
}

func TestLanguageIsSaved(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.post("/account/language", "locale", "en").leads("/account?done=language&ui_locales=en")
	v.get("/account?done=language&ui_locales=en").says("The language is saved.", "Profile")
	if got := w.again(w.elena); got.Locale != "en" {
		t.Errorf("%+v", got)
	}
	v.get("/account/contacts").says("Change the e-mail")
	v.post("/account/language", "locale", "de").is(400)
}
