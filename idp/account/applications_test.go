package account

import (
	"testing"
	"time"

	"propusk/idp/oauth"
	"propusk/storage"
)

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

// grant is what the house's own application holds for the person from a session.
func (w *world) grant(personID, sessionID string) {
	w.t.Helper()
	if _, err := w.Server.deps.Provider.Clients().Find(w.ctx, "ours"); err != nil {
		_, _, err := w.Server.deps.Provider.Clients().Create(w.ctx, oauth.Client{
			ID: "ours", Name: "Кабинет", NameEN: "Cabinet", FirstParty: true, RedirectURIs: []string{"https://id.example/cb"},
			GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, Scope: "openid offline_access",
		})
		w.must(err)
	}
	now := storage.Of(w.clock.Now())
	_, err := w.db.Exec(w.ctx, `INSERT INTO oauth_grants (id, client_id, person_id, session_id, organisation_id, scope, acr, amr, auth_time,
		offline, generation, rotated_at, created_at, expires_at, ended_at, ended_because)
		VALUES ($1, 'ours', $2, $3, '', 'openid', '', '[]', $4, TRUE, 1, $4, $4, $5, 0, '')`,
		storage.NewID(), personID, sessionID, now, now.Add(24*time.Hour))
	w.must(err)
}

func TestOwnApplicationsAreShownWhereTheyAreSignedIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.signedIn(w.elena)
		w.grant(w.elena.ID, v.session.ID)
		w.grant(w.pavel.ID, w.signedIn(w.pavel).session.ID)
		v.get("/account/applications").is(200).says("Наши приложения", "Кабинет", "Сейчас подключено")
		v.get("/account/devices").says("Приложения Кабинет")
		v.get("/account/devices?ui_locales=en").says("Applications Cabinet")
		v.post("/account/applications/ours/withdraw").leads("/account/applications?done=application")
		for p, want := range map[string]int{w.elena.ID: 0, w.pavel.ID: 1} {
			if grants, err := w.Server.deps.Provider.Grants(w.ctx, p); err != nil || len(grants) != want {
				t.Errorf("%d grants, %v", len(grants), err)
			}
		}
	})
}

func TestConsentThatIsInUseSaysSo(t *testing.T) {
	w := quickWorld(t)
	v := w.signedIn(w.elena)
	w.grant(w.elena.ID, v.session.ID)
	w.must(w.Server.deps.Provider.RememberConsent(w.ctx, w.elena.ID, "ours", "", []string{"openid", "profile"}))
	v.get("/account/applications").is(200).says("Кабинет Сейчас подключено", "1 разрешение").lacks("Наши приложения")
}
