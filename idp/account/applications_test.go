package account

import "testing"

func TestConsentIsShownAndWithdrawn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		v.get("/account/applications").is(200).says("Разрешений нет")
		w.must(w.consent(w.elena.ID))
		w.must(w.consent(w.pavel.ID))
		w.must(w.Server.deps.Provider.RememberConsent(w.ctx, w.elena.ID, "theirs", w.north.ID, []string{"openid", "organization"}))
		v.get("/account/applications").is(200).says("Чужое приложение", "ООО «Северный маяк»", "2 разрешения", "Электронная почта", "Отозвать…")
		v.get("/account/applications?ui_locales=en").says("Their application", "2 permissions")
		v.post("/account/applications/theirs/withdraw").leads("/account/applications?done=application")
		v.post("/account/applications/theirs/withdraw").is(404)
		if left, _ := w.Server.deps.Provider.Consents(w.ctx, w.elena.ID); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
		if left, _ := w.Server.deps.Provider.Consents(w.ctx, w.pavel.ID); len(left) != 1 {
			t.Errorf("the other person has %+v", left)
		}
		if !w.did(w.elena, "consent.withdrawn") {
			t.Errorf("journal %q", w.actions(w.elena))
		}
	})
}
