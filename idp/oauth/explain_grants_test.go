package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/go-jose/go-jose/v4"
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

	h.deviceIsExplained(explain)
	h.assertionIsExplained(explain)

	agent := h.agent()
	mine := h.own(agent)
	explain(agent, exchanging(mine, with{"organization": h.vasilek.ID}), "accept", "")
	explain(agent, exchanging("nonsense", with{"organization": h.vasilek.ID}), "refuse", "invalid_request")
	explain(agent, exchanging(mine, with{"audience": "https://elsewhere.example"}), "refuse", "invalid_target")
}

// explainer checks what is explained of a request to a client.
type explainer func(c caller, request url.Values, would, code string)

// deviceIsExplained: RFC 8628 §3.5, for a client that authenticates. Public ones are told
// nothing (TestExplainIsForAuthenticatedClientsAndSlow).
func (h *house) deviceIsExplained(explain explainer) {
	h.t.Helper()
	machine := func() caller {
		return h.register(Client{Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantDeviceCode}, Scope: "openid members:read"})
	}
	c := machine()
	a := h.post(h.DeviceAuthorization, c, url.Values{"scope": {"openid members:read"}})
	if a.status != http.StatusOK {
		h.t.Fatalf("no device code: %d %v", a.status, a.body)
	}
	asking := func(code string) url.Values {
		return url.Values{"grant_type": {GrantDeviceCode}, "device_code": {code}}
	}
	code := a.text("device_code")
	explain(c, asking(code), "refuse", "authorization_pending")
	explain(c, asking(code), "refuse", "authorization_pending")
	explain(machine(), asking(code), "refuse", "code_unknown")
	explain(c, asking("nonsense"), "refuse", "code_unknown")
	explain(c, url.Values{"grant_type": {GrantDeviceCode}}, "refuse", "parameter_missing")
	if a := h.post(h.Token, c, asking(code)); a.text("error") != "authorization_pending" {
		h.t.Errorf("the explanation counted as a poll: %v", a.body)
	}
	h.clock.Advance(deviceLifetime)
	explain(c, asking(code), "refuse", "expired_token")
}

// assertionIsExplained: RFC 7523 §3, of an assertion that is the grant.
func (h *house) assertionIsExplained(explain explainer) {
	h.t.Helper()
	key := newKey(h.t)
	by := signing{jose.ES256, key, nil}
	c := h.bearer(keySetOf(h.t, jose.JSONWebKey{Key: key.Public()}), func(c *Client) { c.TokenEndpointAuthMethod = AuthBasic })
	asking := func(assertion string) url.Values {
		return url.Values{"grant_type": {GrantJWTBearer}, "assertion": {assertion}}
	}
	good := by.jwt(h.t, h.asserting(c, nil))
	explain(c, asking(good), "accept", "")
	explain(c, asking(good), "accept", "")
	if a := h.post(h.Token, c, asking(good)); a.status != http.StatusOK {
		h.t.Fatalf("the explained assertion was spent: %d %v", a.status, a.body)
	}
	explain(c, asking(good), "refuse", "assertion_used")
	explain(c, asking(by.jwt(h.t, h.asserting(c, map[string]any{"aud": issuer + "/oauth2/token"}))), "refuse", "assertion_audience")
	explain(c, asking(by.jwt(h.t, h.asserting(c, map[string]any{"sub": h.maria.ID}))), "refuse", "assertion_subject")
	explain(c, asking(signing{jose.ES256, newKey(h.t), nil}.jwt(h.t, h.asserting(c, nil))), "refuse", "assertion_signature")
	explain(c, asking("nonsense"), "refuse", "assertion_form")
	for typ, would := range map[string]string{"authorization-grant+jwt": "accept", "client-authentication+jwt": "refuse"} { // as the endpoint has it
		assertion := signing{jose.ES256, key, map[jose.HeaderKey]any{"typ": typ}}.jwt(h.t, h.asserting(c, nil))
		explain(c, asking(assertion), would, "")
		if a := h.post(h.Token, c, asking(assertion)); (a.status == http.StatusOK) != (would == "accept") {
			h.t.Errorf("%s: %d %v", typ, a.status, a.body)
		}
	}
	explain(c, url.Values{"grant_type": {GrantJWTBearer}}, "refuse", "parameter_missing")
}
