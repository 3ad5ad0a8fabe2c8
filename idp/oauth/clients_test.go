package oauth

import "testing"

func TestADeletedClientTakesItsGrantsWithIt(t *testing.T) {
	h := alone(t)
	c := h.web()
	house := h.register(Client{Kind: Service, FirstParty: true, Scope: ""})
	token := h.signedIn(c, nil).text("access_token")
	if err := h.Clients().Delete(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if h.active(house, token) {
		t.Error("its live token is active")
	}
	var rows int64
	if err := h.db.Get(t.Context(), &rows, `SELECT COUNT(*) FROM oauth_grants`); err != nil || rows != 0 {
		t.Errorf("%d grants are left, %v", rows, err)
	}
}

func TestDependenciesAndIssuerAreChecked(t *testing.T) {
	h := alone(t)
	if _, err := New(Deps{}); err == nil {
		t.Error("made without dependencies")
	}
	for issuer, good := range map[string]bool{
		"https://id.example.org": true, "https://id.example.org/realm": true, "http://localhost:8080": true, "http://127.0.0.1:1": true,
		"http://id.example.org": false, "https://id.example.org/": false, "https://id.example.org?x=1": false, "https://id.example.org#x": false,
		"id.example.org": false, "": false, "ftp://id.example.org": false,
	} {
		deps := h.deps
		deps.Issuer, deps.Audience, deps.Metrics = issuer, "", nil
		p, err := New(deps)
		if (err == nil) != good {
			t.Errorf("issuer %q: %v", issuer, err)
		}
		if err == nil {
			if p.deps.Audience != issuer+"/v1" {
				t.Errorf("audience %q", p.deps.Audience)
			}
			p.Close()
		}
	}
	if _, err := New(h.deps); err == nil {
		t.Error("metrics were registered twice")
	}
	if err := h.EndSession(t.Context(), ""); err == nil {
		t.Error("ended the session of no id")
	}
}
