package account

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"propusk/idp/session"
	"propusk/storage/journal"
)

func (w *world) entry(e journal.Entry) {
	w.t.Helper()
	w.must(w.log.Append(w.ctx, e))
}

func TestJournalShowsThePersonsSignIns(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		agent := "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
		w.entry(journal.Entry{Actor: w.elena.ID, Action: "signin.password", Outcome: "accepted", IP: "10.0.0.7", UserAgent: agent})
		w.entry(journal.Entry{Actor: w.elena.ID, Action: "signin.password", Outcome: "wrong", IP: "203.0.113.9", UserAgent: agent})
		w.entry(journal.Entry{Actor: w.elena.ID, Action: "signin.unheard_of", Outcome: "strange", IP: "10.0.0.7"})
		w.entry(journal.Entry{Actor: w.pavel.ID, Action: "signin.totp", Outcome: "accepted", IP: "198.51.100.1"})
		w.entry(journal.Entry{Actor: w.elena.ID, Organisation: w.north.ID, Action: "signin.password", Outcome: "accepted", IP: "192.0.2.77"})
		v := w.signedIn(w.elena)
		a := v.get("/account/journal").is(200).says("Вход: пароль", "не подошло", "203.0.113.9 другой адрес", "Firefox, Windows", "signin.unheard_of")
		a.lacks("198.51.100.1", "192.0.2.77", "Учётная запись создана", "10.0.0.7 другой адрес")
		v.get("/account/journal?show=all").is(200).says("Пароль изменён")
		v.get("/account/journal?show=nonsense").is(200).lacks("Пароль изменён")
	})
}

var nextPage = regexp.MustCompile(`rel="next" href="([^"]+)"`)

func TestJournalHasPagesWhosePlaceTellsNothing(t *testing.T) {
	w := quickWorld(t)
	for range journalPage + 5 {
		w.entry(journal.Entry{Actor: w.elena.ID, Action: "signin.password", Outcome: "accepted", IP: "10.0.0.7"})
	}
	v := w.signedIn(w.elena)
	a := v.get("/account/journal").is(200)
	found := nextPage.FindStringSubmatch(a.body)
	if found == nil || strings.Count(a.body, "<tr><td") != journalPage {
		t.Fatalf("%d entries, next %v", strings.Count(a.body, "<tr><td"), found)
	}
	next := strings.ReplaceAll(found[1], "&amp;", "&")
	b := v.get(next).is(200).has(`href="/account/journal?show=signin"`)
	if n := strings.Count(b.body, "<tr><td"); n != 5 {
		t.Errorf("%d entries on the second page", n)
	}
	w.signedIn(w.pavel).get(next).is(400) // another person's place
	v.get("/account/journal?before=12").is(400)
	v.get("/account/journal?before=%21").is(400)
}

// Attack: whoever holds the only mailbox of a person, who is told there, adds a way in and
// drops the letter. The owner sees it where he signs in; who has a phone is told by SMS.
func TestAChangeThatOneChannelWasToldOfIsShown(t *testing.T) {
	w := quickWorld(t)
	_, err := w.db.Exec(w.ctx, `UPDATE persons SET phone = '', phone_verified = FALSE WHERE id = $1`, w.elena.ID)
	w.must(err)
	w.signedIn(w.elena).get("/account").is(200).lacks("Недавно менялись способы входа") // the account is new, and so is its password
	w.clock.Advance(2 * time.Hour)
	v := w.signedIn(w.elena)
	v.post("/account/authenticator", "code", w.otp(v.get("/account/authenticator").secret())).leads("/account/security?done=totp")
	w.must(w.db.Tx(w.ctx, func(ctx context.Context) error { // and buries it
		for range 501 {
			w.must(w.log.Append(ctx, journal.Entry{Actor: w.elena.ID, Action: "signin.password", Outcome: "wrong", IP: "203.0.113.9"}))
		}
		return nil
	}))
	v.get("/account").says("Недавно менялись способы входа", "Проверьте", "Журнал").has("/account/journal?show=all")
	w.clock.Advance(changedFor - time.Minute)
	again := w.visitor(w.elena, session.Password, session.TOTP)
	again.get("/account").says("Недавно менялись способы входа")
	_, err = w.db.Exec(w.ctx, `UPDATE persons SET phone = '+79210001101', phone_verified = TRUE WHERE id = $1`, w.elena.ID)
	w.must(err)
	again.get("/account").lacks("Недавно менялись способы входа")
	_, err = w.db.Exec(w.ctx, `UPDATE persons SET phone = '', phone_verified = FALSE WHERE id = $1`, w.elena.ID)
	w.must(err)
	w.clock.Advance(2 * time.Minute)
	again.get("/account").lacks("Недавно менялись способы входа")
}
