package account

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/session"
)

func TestDataFileHoldsThePersonsDataAndNoSecret(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		v.post("/account/passkeys", "credential", create(t, v.get("/account/passkeys"), site, w.elena.ID), "name", "Ключ").leads("/account/security?done=passkey")
		secret := v.get("/account/authenticator").secret()
		v.post("/account/authenticator", "code", w.otp(secret)).leads("/account/security?done=totp")
		w.bind(v)
		w.must(w.consent(w.elena.ID))
		_, _, err := w.Server.deps.Devices.Remember(w.ctx, w.elena.ID, "", factor.Visit{UserAgent: "Firefox/1", IP: "10.0.0.9"})
		w.must(err)
		a := v.get("/account/data/file").is(200)
		if got := a.header.Get("Content-Disposition"); got != `attachment; filename="propusk-data.json"` {
			t.Errorf("Content-Disposition %q", got)
		}
		var f file
		w.must(json.Unmarshal([]byte(a.body), &f))
		if f.Issuer != issuer || f.Person.Email != "elena@north.example" || !f.Person.Authenticator || len(f.Person.Memberships) != 1 ||
			len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Ключ" || len(f.Certificates) != 1 || len(f.Devices) != 1 ||
			len(f.Sessions) != 1 || !slices.Equal(f.Sessions[0].Factors, []string{"password", "email"}) || len(f.Consents) != 1 || len(f.Journal) < 3 {
			t.Errorf("%s", a.body)
		}
		hash, _, err := w.Server.deps.Directory.PasswordHash(w.ctx, w.elena.ID)
		w.must(err)
		for _, hidden := range []string{secret, hash, "argon2", v.cookies["__Host-propusk-session"], "credential_id", w.pavel.ID} {
			if strings.Contains(a.body, hidden) {
				t.Errorf("the file holds %q", hidden)
			}
		}
		if !w.did(w.elena, "person.data_downloaded") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
	})
}

func TestAccountIsClosedADayAfterItWasAsked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.pavel)
		w.must(w.consent(w.pavel.ID))
		w.grant(w.pavel.ID, v.session.ID)
		v.get("/account/close").is(200).says("Закрыть учётную запись")
		v.post("/account/close").is(422).says("Отметьте, что вы понимаете последствия.")
		v.post("/account/close", "sure", "yes").leads("/account/close")
		v.get("/account/close").says("Учётная запись закроется:", "Отменить закрытие")
		v.get("/account").says("Учётная запись будет закрыта")
		v.get("/account/data").says("Отменить закрытие…")
		if !w.told("pavel@south.example", "Ваша учётная запись будет закрыта") {
			t.Error("the person was not told")
		}
		w.clock.Advance(DefaultClosingDelay - time.Minute)
		w.must(w.Sweep(w.ctx))
		if got := w.again(w.pavel); got.Status != directory.StatusActive {
			t.Fatalf("closed before its time: %+v", got)
		}
		v = w.signedIn(w.pavel)
		w.clock.Advance(time.Minute)
		w.must(w.Sweep(w.ctx))
		if got := w.again(w.pavel); got.Status != directory.StatusBlocked || got.Email != "" || got.LastName != "Орлов" {
			t.Errorf("%+v", got)
		}
		v.get("/account").leads(toSignIn("/account", session.None, false))
		sessions, err := w.Server.deps.Sessions.OfPerson(w.ctx, w.pavel.ID)
		w.must(err)
		consents, err := w.Server.deps.Provider.Consents(w.ctx, w.pavel.ID)
		w.must(err)
		grants, err := w.Server.deps.Provider.Grants(w.ctx, w.pavel.ID)
		w.must(err)
		if len(sessions) != 0 || len(consents) != 0 || len(grants) != 0 {
			t.Errorf("%d sessions, %d consents, %d grants stay", len(sessions), len(consents), len(grants))
		}
		if !w.told("pavel@south.example", "Ваша учётная запись закрыта") {
			t.Error("the person was not told of the end")
		}
	})
}

func TestClosingIsUndoneInTime(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.pavel)
	v.post("/account/close", "sure", "yes").leads("/account/close")
	w.clock.Advance(20 * time.Hour)
	v = w.signedIn(w.pavel)
	v.post("/account/close/undo").leads("/account?done=closing_undone")
	v.post("/account/close/undo").leads("/account?done=closing_undone") // twice is once
	w.clock.Advance(20 * time.Hour)
	w.must(w.Sweep(w.ctx))
	if got := w.again(w.pavel); got.Status != directory.StatusActive {
		t.Errorf("%+v", got)
	}
}

func TestOnlyAdministratorCannotClose(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	v.get("/account/close").is(200).says("без вас организация останется без администратора", "ООО «Северный маяк»").lacks(`action="/account/close"`)
	v.post("/account/close", "sure", "yes").is(409).says("ООО «Северный маяк»")
	if w.did(w.elena, "person.closing_asked") {
		t.Error("asked all the same")
	}
}
