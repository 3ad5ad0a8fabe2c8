package organisation_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
)

const statusPath = "/v1/organization/legal-status"

// Rows 279, 293: the tab, and the gates that the status closes.
func TestLegalStatusShowsWhatTheRegisterSays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Observer)
		record := w.registered(o, o.Admin)
		record.Licences = []authority.Licence{{Number: "ЛО-78-01", From: "2020-01-01", Activities: []string{"Перевозки"}, Issuer: "Ространснадзор"}}
		record.Restrictions = []authority.Restriction{
			{Code: authority.RestrictionReorganisation, Text: "Начата реорганизация", Stamp: authority.Stamp{Entered: "2026-09-01"}},
			{Code: authority.RestrictionEncumbrance, Text: "Доля арестована определением Арбитражного суда города Москвы"},
		}
		w.register.put(record)
		token := w.token(o, directory.Observer)
		v := w.call(http.StatusOK, "GET", statusPath, token, nil)
		if text(v, "status", "name") != "Действующее" || text(v, "form", "code") != "12300" || text(v, "ogrn") != o.OGRN {
			t.Errorf("status %s", encoded(v))
		}
		if got := encoded(v["gates"]); got != `[{"gate":"procurement","open":true,"reasons":[]},{"gate":"subsidies","open":false,"reasons":["reorganisation"]}]` {
			t.Errorf("gates %s", got)
		}
		if courts := v["court_decisions"].([]any); len(courts) != 1 || !strings.Contains(encoded(courts), "share_encumbered") {
			t.Errorf("court decisions %s", encoded(courts))
		}
		pdf := w.Do("GET", statusPath+"/document", token, nil)
		if pdf.StatusCode != http.StatusOK || !strings.HasPrefix(pdf.Text, "%PDF-") {
			t.Errorf("document %d", pdf.StatusCode)
		}
		if w.register.asked != 1 {
			t.Errorf("the register was asked %d times", w.register.asked)
		}
	})
}

// Row 289: after a sign-in, and daily, the register is asked again; what changed is
// told, and nobody waits for it.
func TestLegalStatusIsRefreshedDailyAndAfterASignIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		record := w.registered(o, o.Admin)
		w.call(http.StatusOK, "GET", statusPath, w.token(o, directory.Administrator), nil)
		w.Clock.Advance(20 * time.Minute)
		record.Restrictions = []authority.Restriction{{Code: authority.RestrictionBankruptcy, Text: "Введено наблюдение"}}
		w.register.put(record)
		old := cabinettest.But(w.Claims(o, w.Fresh(o, o.Members[directory.Administrator])), map[string]any{"auth_time": w.Clock.Now().Add(-30 * time.Minute).Unix()})
		if v := w.call(http.StatusOK, "GET", statusPath, cabinettest.Sign(t, old), nil); v["refreshing"] != false {
			t.Error("an earlier sign-in has the register asked")
		}
		if v := w.call(http.StatusOK, "GET", statusPath, w.token(o, directory.Administrator), nil); v["refreshing"] != true || len(v["restrictions"].([]any)) != 0 {
			t.Errorf("after a sign-in %s", encoded(v))
		}
		w.Work()
		v := w.call(http.StatusOK, "GET", statusPath, w.token(o, directory.Administrator), nil)
		if len(v["restrictions"].([]any)) != 1 || v["refreshing"] != false {
			t.Errorf("refreshed %s", encoded(v))
		}
		if got := w.told(); len(got) != 1 || got[0] != "organization.status_changed" {
			t.Errorf("told %v", got)
		}
		w.entry(o.ID, "organisation.status_changed")
		// Daily, by itself; the same facts of a later extract are no change.
		record.ExtractDate = "2026-10-25"
		w.register.put(record)
		before := w.register.asked
		w.must(w.room.RefreshStatuses(context.Background()))
		w.Clock.Advance(25 * time.Hour)
		w.must(w.room.RefreshStatuses(context.Background()))
		if w.register.asked != before+1 || len(w.told()) != 0 {
			t.Errorf("asked %d times", w.register.asked-before)
		}
	})
}

func TestSilentRegisterLeavesTheLastAnswer(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		w.registered(o, o.Admin)
		token := w.token(o, directory.Administrator)
		w.call(http.StatusOK, "GET", statusPath, token, nil)
		w.register.fail(errors.New("timeout"))
		w.Clock.Advance(25 * time.Hour)
		w.must(w.room.RefreshStatuses(context.Background()))
		v := w.call(http.StatusOK, "GET", statusPath, w.token(o, directory.Administrator), nil)
		if text(v, "fault") != "registry_unavailable" || text(v, "status", "name") != "Действующее" {
			t.Errorf("status %s", encoded(v))
		}
		b := w.Office("Beta")
		theirs := w.token(b, directory.Administrator)
		w.refuse(http.StatusServiceUnavailable, "organization_registry_unavailable", "GET", statusPath, theirs, nil)
		if v := w.call(http.StatusOK, "GET", "/v1/organization/dashboard", theirs, nil); v["legal_status"] != nil {
			t.Errorf("dashboard %s", encoded(v))
		}
		w.register.fail(nil)
		v = w.call(http.StatusOK, "GET", statusPath, theirs, nil) // the register knows no Beta
		if v["found"] != false || encoded(v["gates"]) != `[{"gate":"procurement","open":false,"reasons":["unknown"]},{"gate":"subsidies","open":false,"reasons":["unknown"]}]` {
			t.Errorf("unknown %s", encoded(v))
		}
		w.refuse(http.StatusConflict, "legal_status_unprinted", "GET", statusPath+"/document", theirs, nil)
		w.refuse(http.StatusConflict, "organization_unknown", "POST", statusPath+"/corrections", theirs, map[string]string{"field": "name", "claimed": "ООО"})
	})
}

// Row 280: an answer within five working days, or the breach is told.
func TestCorrectionIsAnsweredWithinFiveWorkingDays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		record := w.registered(o, o.Admin)
		token := w.token(o, directory.Administrator)
		w.call(http.StatusOK, "GET", statusPath, token, nil)
		ask := map[string]string{"field": "address", "claimed": "Москва, улица Новая, дом 1", "explanation": "Переезд"}
		asked := w.call(http.StatusCreated, "POST", statusPath+"/corrections", token, ask)
		if text(asked, "shown") != o.Address || text(asked, "state") != "open" {
			t.Errorf("asked %s", encoded(asked))
		}
		due, err := time.Parse(time.RFC3339, text(asked, "due_at"))
		w.must(err)
		if days := due.Sub(w.Clock.Now()).Hours() / 24; days < 5 || days > 19 {
			t.Errorf("due in %.1f days", days)
		}
		reply := w.refuse(http.StatusUnprocessableEntity, "validation_failed", "POST", statusPath+"/corrections", token, map[string]string{"field": "address", "claimed": o.Address})
		if got := w.faults(reply); got != "/claimed same_as_shown" {
			t.Errorf("faults %s", got)
		}
		second := w.call(http.StatusCreated, "POST", statusPath+"/corrections", token, map[string]string{"field": "head", "claimed": "Иванов Иван"})
		w.must(w.Directory.AppointOperator(context.Background(), directory.System(), o.Admin.ID))
		w.refuse(http.StatusForbidden, "another_operator_needed", "POST", "/v1/moderation/corrections/"+text(second, "id")+"/answer", w.personal(o.Admin),
			map[string]string{"state": "corrected", "answer": "Исправлено"})
		_, operator := w.operator("Opone")
		answered := w.call(http.StatusOK, "POST", "/v1/moderation/corrections/"+text(second, "id")+"/answer", operator,
			map[string]string{"state": "refused", "answer": "В реестре верно"})
		if text(answered, "state") != "refused" || text(answered, "answer") != "В реестре верно" {
			t.Errorf("answered %s", encoded(answered))
		}
		w.refuse(http.StatusConflict, "correction_answered", "POST", "/v1/moderation/corrections/"+text(second, "id")+"/answer", operator,
			map[string]string{"state": "corrected", "answer": "Исправлено"})
		w.Clock.Advance(due.Sub(w.Clock.Now()) + time.Second)
		w.must(w.room.Sweep(context.Background()))
		token = w.token(o, directory.Administrator)
		one := statusPath + "/corrections/" + text(asked, "id")
		if got := text(w.call(http.StatusOK, "GET", one, token, nil), "state"); got != "overdue" {
			t.Errorf("state %s", got)
		}
		// The register says what was claimed: it is closed by itself.
		record.Address.Text = "МОСКВА, УЛ. НОВАЯ, Д. 1"
		w.register.put(record)
		w.must(w.room.RefreshStatuses(context.Background()))
		if got := text(w.call(http.StatusOK, "GET", one, token, nil), "state"); got != "corrected" {
			t.Errorf("state %s", got)
		}
		if got := strings.Join(w.told(), " "); !strings.Contains(got, "correction_refused") || !strings.Contains(got, "correction_overdue") || !strings.Contains(got, "correction_corrected") {
			t.Errorf("told %s", got)
		}
		_, operator = w.operator("Optwo")
		if list := w.call(http.StatusOK, "GET", "/v1/moderation/corrections?state=corrected", operator, nil); len(list["corrections"].([]any)) != 1 {
			t.Errorf("queue %s", encoded(list))
		}
		if list := w.call(http.StatusOK, "GET", statusPath+"/corrections?limit=1", token, nil); text(list, "next") == "" {
			t.Errorf("list %s", encoded(list))
		}
	})
}

const deactivationPath = "/v1/organization/deactivation"

// Row 281: a fresh sign-in and a code; done within a day; undone until then; every
// administrator is told at each step; live tokens die.
func TestDeactivationIsConfirmedWarnedOfAndDoneWithinADay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Accountant)
		second := w.Join(o, directory.Administrator)
		w.exchange.Store(2)
		token := w.token(o, directory.Administrator)
		w.call(http.StatusAccepted, "POST", deactivationPath, token, map[string]string{"channel": "sms", "reason": "Ликвидация"})
		code := w.code(o.Admin.Phone)
		w.refuse(http.StatusForbidden, "confirmation_wrong", "POST", deactivationPath+"/confirm", token, map[string]string{"code": other(code)})
		confirmed := w.call(http.StatusOK, "POST", deactivationPath+"/confirm", token, map[string]string{"code": code})
		if text(confirmed, "state") != "confirmed" || confirmed["in_exchange"] != 2.0 {
			t.Fatalf("confirmed %s", encoded(confirmed))
		}
		due, err := time.Parse(time.RFC3339, text(confirmed, "due_at"))
		w.must(err)
		if left := due.Sub(w.Clock.Now()); left > 24*time.Hour || left < 22*time.Hour {
			t.Errorf("due in %s", left)
		}
		mail := w.Sent(second.Person.Email)[0]
		if !strings.Contains(mail.Subject, "будет деактивирован") || !strings.Contains(mail.Text, "незавершённые отправления (2)") {
			t.Errorf("mail %+v", mail)
		}
		w.must(w.room.Deactivate(context.Background())) // nothing yet
		w.Clock.Advance(due.Sub(w.Clock.Now()) - 59*time.Minute)
		for range 2 { // it warns once
			w.must(w.room.Deactivate(context.Background()))
		}
		if got := strings.Count(w.subjects(second.Person.Email), "Через час"); got != 1 {
			t.Errorf("%d warnings: %s", got, w.subjects(second.Person.Email))
		}
		accountant := w.token(o, directory.Accountant)
		w.call(http.StatusOK, "GET", "/v1/organization/profile", accountant, nil)
		w.Clock.Advance(time.Hour)
		w.must(w.room.Deactivate(context.Background()))
		now, err := w.Directory.Organisation(context.Background(), o.ID)
		w.must(err)
		if now.Status != directory.StatusClosed {
			t.Errorf("status %s", now.Status)
		}
		accountant = cabinettest.Sign(t, w.Claims(o, o.Members[directory.Accountant]))
		w.refuse(http.StatusUnauthorized, "token_revoked", "GET", "/v1/organization/profile", accountant, nil)
		if got := w.subjects(o.Admin.Email); !strings.Contains(got, "деактивирован") {
			t.Errorf("mail %s", got)
		}
		for _, action := range []string{"asked", "confirmed", "done"} {
			w.entry(o.ID, "organisation.deactivation_"+action)
		}
		w.must(w.room.Deactivate(context.Background()))
	})
}

func TestDeactivationIsUndoneUntilItIsDone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		token := w.token(o, directory.Administrator)
		w.refuse(http.StatusConflict, "deactivation_state", "DELETE", deactivationPath, token, nil)
		w.call(http.StatusAccepted, "POST", deactivationPath, token, map[string]string{"channel": "email"})
		w.call(http.StatusOK, "POST", deactivationPath+"/confirm", token, map[string]string{"code": w.code(o.Admin.Email)})
		w.refuse(http.StatusConflict, "deactivation_state", "POST", deactivationPath, token, map[string]string{"channel": "sms"})
		w.call(http.StatusNoContent, "DELETE", deactivationPath, w.token(o, directory.Head), nil) // the head stops it too
		w.Clock.Advance(25 * time.Hour)
		w.must(w.room.Deactivate(context.Background()))
		if now, err := w.Directory.Organisation(context.Background(), o.ID); err != nil || now.Status != directory.StatusActive {
			t.Errorf("%v %v", now.Status, err)
		}
		if v := w.call(http.StatusOK, "GET", deactivationPath, w.token(o, directory.Administrator), nil); text(v, "state") != "none" {
			t.Errorf("state %s", encoded(v))
		}
		if got := w.subjects(o.Admin.Email); !strings.Contains(got, "отменена") {
			t.Errorf("mail %s", got)
		}
	})
}

// RFC 9470: a sign-in of six minutes ago is too old, and says how fresh it must be.
func TestDeactivationTakesAFreshSignInOfAnAdministrator(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Head)
		claims := w.Claims(o, w.Fresh(o, o.Members[directory.Administrator]))
		claims["auth_time"] = w.Clock.Now().Add(-6 * time.Minute).Unix()
		body := map[string]string{"channel": "sms"}
		reply := w.refuse(http.StatusUnauthorized, "sign_in_stale", "POST", deactivationPath, cabinettest.Sign(t, claims), body)
		if got := strings.Join(reply.Header.Values("WWW-Authenticate"), " "); !strings.Contains(got, `max_age="300"`) || !strings.Contains(got, "insufficient_user_authentication") {
			t.Errorf("challenge %s", got)
		}
		w.refuse(http.StatusForbidden, "administrator_required", "POST", deactivationPath, w.token(o, directory.Head), body)
		robot := cabinettest.Sign(t, w.ServiceClaims(o, directory.OrganizationWrite))
		w.refuse(http.StatusForbidden, "person_required", "POST", deactivationPath, robot, body)
		// The code of one administrator is nobody else's.
		token := w.token(o, directory.Administrator)
		another := w.Join(o, directory.Administrator)
		theirs := cabinettest.Sign(t, w.Claims(o, another))
		w.call(http.StatusAccepted, "POST", deactivationPath, token, body)
		code := map[string]string{"code": w.code(o.Admin.Phone)}
		w.refuse(http.StatusConflict, "deactivation_state", "POST", deactivationPath+"/confirm", theirs, code)
		// Another's wish takes the place of one without its code.
		w.call(http.StatusAccepted, "POST", deactivationPath, theirs, body)
		w.refuse(http.StatusConflict, "deactivation_state", "POST", deactivationPath+"/confirm", token, code)
		w.call(http.StatusNoContent, "DELETE", deactivationPath, token, nil)
		if got := w.told(); len(got) != 0 {
			t.Errorf("told %v of what nobody has confirmed", got)
		}
	})
}
