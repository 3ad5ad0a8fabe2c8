package account

import (
	"testing"
	"time"

	"propusk/idp/factor"
	"propusk/idp/session"
)

func TestSessionsAreListedAndEnded(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v, second, third := w.signedIn(w.elena), w.signedIn(w.elena), w.signedIn(w.elena)
		a := v.get("/account/devices").is(200).says("Этот сеанс", "Chrome, Linux", "10.0.0.7", "пароль, код из письма", "Завершить все остальные")
		a.has("/account/sessions/" + second.session.ID + "/end").lacks("/account/sessions/" + v.session.ID + "/end")

		v.post("/account/sessions/" + second.session.ID + "/end").leads("/account/devices?done=session")
		second.get("/account").leads(toSignIn("/account", session.None, false))
		third.get("/account").is(200)
		v.post("/account/sessions/" + v.session.ID + "/end").is(404) // this one ends by signing out

		v.post("/account/sessions/end").leads("/account/devices?done=sessions")
		third.get("/account").leads(toSignIn("/account", session.None, false))
		v.get("/account/devices").is(200).lacks("Завершить все остальные")
		if !w.did(w.elena, "session.ended") || !w.did(w.elena, "session.others_ended") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
	})
}

// Ending all sessions ends this person's only.
func TestSessionsOfOthersGoOn(t *testing.T) {
	w := quickWorld(t)
	theirs := w.signedIn(w.pavel)
	w.signedIn(w.elena).post("/account/sessions/end").leads("/account/devices?done=sessions")
	theirs.get("/account").is(200)
}

func TestDevicesAreListedAndForgotten(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		devices := w.Server.deps.Devices
		_, laptop, err := devices.Remember(w.ctx, w.elena.ID, "", factor.Visit{UserAgent: "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", IP: "10.0.0.8", Country: "RU"})
		w.must(err)
		_, phone, err := devices.Remember(w.ctx, w.elena.ID, "", factor.Visit{UserAgent: "Mozilla/5.0 (iPhone) Safari/1", IP: "10.0.0.9"})
		w.must(err)
		_, err = devices.Trust(w.ctx, w.elena.ID, laptop.ID)
		w.must(err)
		v := w.signedIn(w.elena)
		v.get("/account/devices").says("Firefox, Windows", "RU, 10.0.0.8", "Доверенное", "Доверяем до", "Safari, iPhone")

		// A session that the trust opened ends with the trust; a full one goes on.
		trusting, full := w.visitor(w.elena, session.Password), w.signedIn(w.elena)
		trusting.prove(w.elena, session.Proof{Factor: session.Device, Credential: laptop.ID})
		trusting.get("/account").is(200)
		v.post("/account/devices/" + laptop.ID + "/forget").leads("/account/devices?done=device")
		trusting.get("/account").leads(toSignIn("/account", session.None, false))
		full.get("/account").is(200)
		v.post("/account/devices/" + laptop.ID + "/forget").is(404)

		v.post("/account/devices/forget").leads("/account/devices?done=devices")
		if list, _ := devices.List(w.ctx, w.elena.ID); len(list) != 0 {
			t.Errorf("%s stays known", phone.ID)
		}
		if !w.did(w.elena, "device.forgotten") || !w.did(w.elena, "device.all_forgotten") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
	})
}

func TestIdleEndIsToldToThePage(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	w.clock.Advance(20 * time.Minute)
	v.get("/account").is(200).has(`data-left="1800"`) // opening a page is use
	w.clock.Advance(30 * time.Minute)
	v.get("/account").leads(toSignIn("/account", session.None, false))
}

func TestEveryFactorHasWords(t *testing.T) {
	w := quickWorld(t)
	for _, f := range []session.Factor{
		session.Password, session.TOTP, session.SMS, session.Email, session.Passkey, session.Certificate,
		session.RecoveryCode, session.Device, session.PIN, session.Enrol,
	} {
		for _, key := range []string{"account.factor." + string(f), "account.event.signin." + string(f)} {
			for _, lang := range []string{"ru", "en"} {
				if w.face.Pages().T(lang, key) == key {
					t.Errorf("no words for %s in %s", key, lang)
				}
			}
		}
	}
}
