package idp

import (
	"net/http"
	"slices"
	"testing"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.begin("app").is("/signin/identify").says("Склад и учёт")
		page = v.identify(page, "elena@north.example", password).is("/signin/code").says("+7 ••• •••-45-67")
		page = v.code(page, h.sent("+79031234567").Code).is("/signin/organisation").says("Морозова Елена Сергеевна")
		page.says("ООО «Северный маяк»").says("АО «Южный порт»").says("ИНН 7801234564")
		answer := h.redeem("app", h.appSecret, v.choose(page, h.north.ID).lead())
		id, access := claims(h.t, answer.IDToken), claims(h.t, answer.AccessToken)
		if id["sub"] != h.elena.ID || id["acr"] != "urn:propusk:2" || id["nonce"] != "nonce-1" {
			t.Errorf("ID token: %v", id)
		}
		if amr, _ := id["amr"].([]any); !slices.Equal(amr, []any{"pwd", "sms", "mfa"}) {
			t.Errorf("amr = %v", id["amr"])
		}
		if org, _ := access["org"].(map[string]any); org["id"] != h.north.ID {
			t.Errorf("org = %v, want %s", access["org"], h.north.ID)
		}
		if int64(id["auth_time"].(float64)) != h.clock.Now().Unix() {
			t.Errorf("auth_time = %v", id["auth_time"])
		}
		for _, chain := range []string{"", h.north.ID} {
			if got := h.entries(chain, "signin"); !slices.Equal(got, []string{"accepted"}) {
				t.Errorf("chain %q has sign-ins %v", chain, got)
			}
		}
		if got := h.entries(h.south.ID, "signin"); got != nil {
			t.Errorf("the other organisation's chain has sign-ins %v", got)
		}
		if h.counter("password", "accepted") != 1 || h.counter("sms", "accepted") != 1 {
			t.Error("propusk_signins_total did not count the proofs")
		}
	})
}

func TestSignInWithAuthenticator(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.signInPavel(v.begin("app", "scope", "openid"))
		id := claims(h.t, h.redeem("app", h.appSecret, page.lead()).IDToken)
		if amr, _ := id["amr"].([]any); !slices.Equal(amr, []any{"pwd", "otp", "mfa"}) || id["acr"] != "urn:propusk:2" {
			t.Errorf("amr = %v, acr = %v", id["amr"], id["acr"])
		}
		if _, there := id["org"]; there {
			t.Error("a sign-in without organisation scopes carries an organisation")
		}
	})
}

func TestSignInConnectsAnAuthenticator(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		v := h.visitor()
		page := v.identify(v.begin("app"), "oleg@nowhere.example", password).is("/signin/totp")
		secret := page.secret()
		again := v.get(page.at.RequestURI())
		if again.secret() != secret {
			t.Error("reloading the page gave another secret than the one that was scanned")
		}
		page = v.submit(page, "/signin/totp", "code", "000000")
		if page.status != http.StatusUnprocessableEntity {
			t.Errorf("wrong code: %d", page.status)
		}
		page = v.submit(page, "/signin/totp", "code", h.totp(secret)).is("/signin/switch")
		page.says("не состоите ни в одной организации")
		if got := h.counter("enrol", "accepted"); got != 1 {
			t.Errorf("enrolments counted: %v", got)
		}
	})
}
