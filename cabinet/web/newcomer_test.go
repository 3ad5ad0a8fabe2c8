package web

import "testing"

// TestANewcomerSeesOnlyWhatIsForHim: tokens that open no organisation are asked for
// without its scopes, and no page of an organisation is drawn with them.
func TestANewcomerSeesOnlyWhatIsForHim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.asked(w.get("/cabinet/newcomer"))
	if asked.Get("scope") != "openid profile email" {
		t.Fatalf("scope %q", asked.Get("scope"))
	}
	w.answer("GET /v1/me", 200, map[string]any{"person": map[string]any{"name": "Белова Анна Сергеевна", "last_name": "Белова", "first_name": "Анна"}, "acr": "urn:propusk:2"})
	w.answer("GET /v1/registrations", 200, map[string]any{"registrations": []any{}})
	w.approve(asked)
	if p := w.get("/cabinet/newcomer"); p.Header.Get("Location") != "/cabinet/registrations" {
		t.Errorf("who is in already is sent to %q", p.Header.Get("Location"))
	}
	w.get("/cabinet/registrations").want(t, 200, "Организации пока нет", "Регистрация организации")
	for _, path := range []string{"/cabinet", "/cabinet/members", "/cabinet/organization", "/cabinet/search?q=НДС"} {
		again := w.asked(w.get(path))
		if again.Get("scope") == "openid profile email" {
			t.Errorf("%s: no sign-in for an organisation", path)
		}
	}
}
