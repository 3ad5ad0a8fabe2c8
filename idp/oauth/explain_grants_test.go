package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// What is explained of a refresh, of what waits for a person and of an exchange is what
// the endpoint does, and uses nothing up; of another client's nothing is told.
func TestTheOtherGrantsAreExplainedAndNotUsed(t *testing.T) {
	h := alone(t)
	web, other := h.web(), h.web()
	explain := func(c caller, request url.Values, would string, code string) {
		t.Helper()
		got, codes, _ := h.explained(c, url.Values{"request": {request.Encode()}})
		if got != would || code != "" && !slices.Contains(codes, code) {
			t.Errorf("%s: %s %q, want %s %s", request.Get("grant_type"), got, codes, would, code)
		}
	}

	first := h.signedIn(web, nil).text("refresh_token")
	explain(web, refreshing(first, nil), "accept", "")
	explain(web, refreshing(first, nil), "accept", "")
	explain(other, refreshing(first, nil), "refuse", "refresh_unknown")
	explain(web, refreshing("nonsense", nil), "refuse", "refresh_unknown")
	second := h.post(h.Token, web, refreshing(first, nil))
	if second.status != http.StatusOK {
		t.Fatalf("the explained token was used up: %v", second.body)
	}
	h.post(h.Token, web, refreshing(second.text("refresh_token"), nil))
	explain(web, refreshing(first, nil), "refuse", "refresh_used")
	if again := h.post(h.Token, web, refreshing(second.text("refresh_token"), nil)); again.status != http.StatusOK {
		t.Errorf("explaining an old token ended the grant: %v", again.body)
	}

	bank := h.counter(nil)
	code := h.asked(bank, nil).text("auth_req_id")
	explain(bank, fetching(code, nil), "refuse", "authorization_pending")
	explain(h.counter(nil), fetching(code, nil), "refuse", "code_unknown")
	if a := h.post(h.Token, bank, fetching(code, nil)); a.text("error") != "authorization_pending" {
		t.Errorf("the explanation counted as a poll: %v", a.body)
	}
	if err := h.RefuseWaiting(t.Context(), h.before()[0].ID, h.maria.ID); err != nil {
		t.Fatal(err)
	}
	explain(bank, fetching(code, nil), "refuse", "access_denied")

	agent := h.agent()
	mine := h.own(agent)
	explain(agent, exchanging(mine, with{"organization": h.vasilek.ID}), "accept", "")
	explain(agent, exchanging("nonsense", with{"organization": h.vasilek.ID}), "refuse", "invalid_request")
	explain(agent, exchanging(mine, with{"audience": "https://elsewhere.example"}), "refuse", "invalid_target")
}
