package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage/journal"
)

// explained asks what would come of something, and returns the verdict and the codes
// of the failed checks.
func (h *house) explained(c caller, form url.Values) (would string, codes []string, checks []check) {
	h.t.Helper()
	a := h.post(h.Explain, c, form)
	if a.status != http.StatusOK {
		h.t.Fatalf("%d %v", a.status, a.body)
	}
	text, _ := json.Marshal(a.body)
	var judged Judgement
	if err := json.Unmarshal(text, &judged); err != nil {
		h.t.Fatal(err)
	}
	for _, c := range judged.Checks {
		if c.Status == failed {
			codes = append(codes, c.Code)
			if c.Advice == "" && c.Expected == "" {
				h.t.Errorf("%s says nothing of what to do", c.Code)
			}
		}
	}
	if (judged.Would == "refuse") != (len(codes) > 0) {
		h.t.Errorf("%s with %v", judged.Would, codes)
	}
	return judged.Would, codes, judged.Checks
}

// What is explained is what the endpoint does: accepted here and there, or refused here
// and there.
func TestExplainAgreesWithTheEndpoint(t *testing.T) {
	h := alone(t)
	c := h.web()
	other := h.service()
	for name, test := range map[string]struct {
		changes with
		code    string
	}{
		"a good one":               {nil, ""},
		"a slash too many":         {with{"redirect_uri": callback + "/"}, "redirect_uri_unregistered"},
		"no redirect URI":          {with{"redirect_uri": ""}, "redirect_uri_missing"},
		"no PKCE":                  {with{"code_challenge": ""}, "pkce"},
		"plain PKCE":               {with{"code_challenge_method": "plain"}, "pkce"},
		"a scope too many":         {with{"scope": "openid finance:write"}, "scope_unregistered"},
		"another response type":    {with{"response_type": "token"}, "unsupported_response_type"},
		"another resource":         {with{"resource": "https://evil.example/"}, "invalid_target"},
		"an unsigned object":       {with{"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"},
		"somebody else's":          {with{"client_id": other.ID}, "not_your_client"},
		"a prompt that is unknown": {with{"prompt": "dance"}, "invalid_request"},
	} {
		request := asking(c, test.changes)
		would, codes, _ := h.explained(c, url.Values{"request": {request.Encode()}})
		if test.code == "" && would != "accept" || test.code != "" && !slices.Contains(codes, test.code) {
			t.Errorf("%s: %s %v", name, would, codes)
		}
		if name == "somebody else's" {
			continue // is a good request, of another
		}
		if _, err := h.authorizing(request); (err == nil) != (would == "accept") {
			t.Errorf("%s: explained %s, answered %v", name, would, err)
		}
	}
	_, _, checks := h.explained(c, url.Values{"request": {issuer + "/oauth2/authorize?" + asking(c, with{"redirect_uri": "http://localhost:9000/calback"}).Encode()}})
	if i := slices.IndexFunc(checks, func(c check) bool { return c.Name == "redirect_uri" }); checks[i].Expected != callback || checks[i].Received != "http://localhost:9000/calback" {
		t.Errorf("the nearest: %+v", checks[i])
	}
}

// Explaining a code leaves it good, and tells nothing of a code of another client.
func TestExplainUsesNothingUp(t *testing.T) {
	h := alone(t)
	c, by := h.fapi(ProfileOIDC)
	web := h.web()
	code := h.code(web, nil)
	request := redeeming(code, nil)
	for range 2 {
		if would, codes, _ := h.explained(web, url.Values{"request": {request.Encode()}}); would != "accept" {
			t.Fatalf("%v", codes)
		}
	}
	if _, codes, _ := h.explained(web, url.Values{"request": {redeeming(code, with{"code_verifier": strings.Repeat("x", 43), "redirect_uri": "http://localhost:9000/x"}).Encode()}}); !slices.Equal(codes, []string{"redirect_uri_differs", "code_verifier"}) {
		t.Errorf("%v", codes)
	}
	_, codes, checks := h.explained(h.web(), url.Values{"request": {request.Encode()}})
	if !slices.Equal(codes, []string{"code_unknown"}) || strings.Contains(checks[len(checks)-1].Expected, callback) {
		t.Errorf("a code of another client: %v", checks)
	}
	if a := h.post(h.Token, web, request); a.status != http.StatusOK {
		t.Fatalf("the explained code was spent: %v", a.body)
	}
	if _, codes, _ := h.explained(web, url.Values{"request": {request.Encode()}}); !slices.Equal(codes, []string{"code_spent"}) {
		t.Errorf("%v", codes)
	}
	assertion := by.jwt(t, h.asserting(c, nil))
	for range 2 {
		form := h.signedBy(by, c, url.Values{"assertion": {assertion}})
		a := h.send(h.Explain, h.request(caller{}, form))
		if a.status != http.StatusOK || a.text("would") != "accept" {
			t.Fatalf("%d %v", a.status, a.body)
		}
	}
	used := url.Values{"client_assertion": {assertion}, "client_assertion_type": {assertionType}, "assertion": {assertion}}
	if a := h.send(h.Explain, h.request(caller{}, used)); a.status != http.StatusOK || a.text("would") != "refuse" {
		t.Errorf("the assertion that authenticated has been used: %d %v", a.status, a.body)
	}
	if a := h.send(h.Explain, h.request(caller{}, used)); a.status != http.StatusUnauthorized {
		t.Errorf("explained to a replayed assertion: %d", a.status)
	}
}

func TestExplainMeasuresAssertions(t *testing.T) {
	h := alone(t)
	c, by := h.fapi(ProfileOIDC)
	stranger := signing{alg: jose.ES256, key: newKey(t)}
	now := float64(h.clock.Now().Unix())
	for name, test := range map[string]struct {
		by      signing
		changes map[string]any
		code    string
		says    string
	}{
		"another audience": {by, map[string]any{"aud": issuer + "/oauth2/token"}, "assertion_audience", "/oauth2/token"},
		"another issuer":   {by, map[string]any{"iss": "x"}, "assertion_issuer", "x"},
		"another subject":  {by, map[string]any{"sub": "x"}, "assertion_subject", "x"},
		"expired":          {by, map[string]any{"exp": now - 37}, "assertion_expired", "-37 s"},
		"a clock ahead":    {by, map[string]any{"iat": now + 90}, "clock_ahead", "+90 s"},
		"far away":         {by, map[string]any{"exp": now + 7200}, "assertion_far", "+7200 s"},
		"no jti":           {by, map[string]any{"jti": ""}, "assertion_jti", "0"},
		"another key":      {stranger, nil, "assertion_signature", ""},
	} {
		form := h.signedBy(by, c, url.Values{"assertion": {test.by.jwt(t, h.asserting(c, test.changes))}})
		a := h.send(h.Explain, h.request(caller{}, form))
		text, _ := json.Marshal(a.body)
		if a.status != http.StatusOK || a.text("would") != "refuse" || !strings.Contains(string(text), `"`+test.code+`"`) || !strings.Contains(string(text), test.says) {
			t.Errorf("%s: %d %s", name, a.status, text)
		}
	}
	for name, text := range map[string]string{"rubbish": "x", "none": "eyJhbGciOiJub25lIn0.e30.", "huge": strings.Repeat("x", maxJWT+1)} {
		a := h.send(h.Explain, h.request(caller{}, h.signedBy(by, c, url.Values{"assertion": {text}})))
		if a.status != http.StatusOK || a.text("would") != "refuse" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
}

func TestExplainJudgesTokenRequestsAndProofs(t *testing.T) {
	h := alone(t)
	c := h.service()
	for name, test := range map[string]struct {
		request url.Values
		code    string
	}{
		"good":               {ownGrant, ""},
		"unknown":            {url.Values{"grant_type": {"password"}}, "unsupported_grant_type"},
		"not registered":     {url.Values{"grant_type": {GrantAuthorizationCode}}, "unauthorized_client"},
		"a scope too many":   {url.Values{"grant_type": {GrantClientCredentials}, "scope": {"finance:write"}}, "scope_unregistered"},
		"another resource":   {url.Values{"grant_type": {GrantClientCredentials}, "resource": {"https://evil.example/"}}, "invalid_target"},
		"of another client":  {url.Values{"grant_type": {GrantClientCredentials}, "client_id": {"x"}}, "not_your_client"},
		"an assertion in it": {url.Values{"grant_type": {GrantClientCredentials}, "client_assertion": {"x"}}, "assertion_form"},
	} {
		would, codes, _ := h.explained(c, url.Values{"request": {test.request.Encode()}})
		if test.code == "" && would != "accept" || test.code != "" && !slices.Contains(codes, test.code) {
			t.Errorf("%s: %s %v", name, would, codes)
		}
	}
	if _, codes, _ := h.explained(h.web(), url.Values{"request": {"grant_type=authorization_code"}}); !slices.Contains(codes, "parameter_missing") {
		t.Errorf("%v", codes)
	}
	if _, codes, _ := h.explained(c, url.Values{"dpop": {"x"}}); !slices.Equal(codes, []string{"invalid_dpop_proof"}) {
		t.Errorf("%v", codes)
	}
	for name, form := range map[string]url.Values{"nothing": {}, "no query": {"request": {"%zz"}}, "twice": {"request": {"scope=a&scope=b"}}} {
		h.refused(name, h.post(h.Explain, c, form), http.StatusBadRequest, "invalid_request")
	}
}

// Strangers learn nothing, and nobody asks without end.
func TestExplainIsForAuthenticatedClientsAndSlow(t *testing.T) {
	h := alone(t)
	c := h.service()
	wrong := c
	wrong.secret = "x"
	request := url.Values{"request": {ownGrant.Encode()}}
	h.refused("a wrong secret", h.post(h.Explain, wrong, request), http.StatusUnauthorized, "invalid_client")
	h.refused("a public client", h.post(h.Explain, h.spa(), request), http.StatusBadRequest, "unauthorized_client")
	for range explainedAtMost {
		h.explained(c, request)
	}
	h.refused("without end", h.post(h.Explain, c, request), http.StatusTooManyRequests, "slow_down")
	h.clock.Advance(explainedIn + time.Second)
	h.explained(c, request)
	if got := h.journalled(c.OrganisationID); !slices.Contains(got, "client.explained") {
		t.Errorf("the journal has %v", got)
	}
}

// A secret that was stolen is worthless outside the client's networks, and its owner
// reads of the attempt.
func TestAForeignNetworkIsRefusedAndJournalled(t *testing.T) {
	h := alone(t)
	c := h.service()
	c.AllowedNetworks = []string{"192.0.2.0/24", "2001:db8::/32"}
	if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
		t.Fatal(err)
	}
	from := func(address string) answer {
		r := h.request(c, ownGrant)
		return h.send(h.Token, r.WithContext(circumstance(r.Context(), address)))
	}
	for _, address := range []string{"192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"} {
		if a := from(address); a.status != http.StatusOK {
			t.Errorf("%s: %d %v", address, a.status, a.body)
		}
	}
	for _, address := range []string{"198.51.100.7", "192.0.3.1", "2001:db9::1", "", "192.0.2.7.evil"} {
		for range 3 {
			h.refused(address, from(address), http.StatusUnauthorized, "invalid_client")
		}
	}
	refused := 0
	for _, action := range h.journalled(c.OrganisationID) {
		if action == "client.network_refused" {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d entries for five addresses that tried three times each", refused)
	}
}

// OpenID Connect Registration §2.
func TestDefaultsOfAClientFillItsRequests(t *testing.T) {
	h := alone(t)
	c := h.web()
	age := int64(300)
	c.DefaultMaxAge, c.DefaultACRValues = &age, []string{"urn:propusk:2"}
	if _, err := h.Clients().Update(t.Context(), c.Client); err != nil {
		t.Fatal(err)
	}
	request, err := h.authorizing(asking(c, nil))
	if err != nil || request.MaxAge == nil || *request.MaxAge != 300 || !slices.Equal(request.ACRValues, []string{"urn:propusk:2"}) {
		t.Errorf("%+v, %v", request, err)
	}
	request, err = h.authorizing(asking(c, with{"max_age": "7", "acr_values": "urn:propusk:qualified"}))
	if err != nil || *request.MaxAge != 7 || !slices.Equal(request.ACRValues, []string{"urn:propusk:qualified"}) {
		t.Errorf("%+v, %v", request, err)
	}
}

// circumstance is a request's context as the outermost middleware makes it.
func circumstance(ctx context.Context, address string) context.Context {
	return journal.With(ctx, journal.Circumstances{IP: address, RequestID: "req-1"})
}
