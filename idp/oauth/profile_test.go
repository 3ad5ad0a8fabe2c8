package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/client"
	"propusk/idp/directory"
)

// fapi is a client held to a profile, with its key.
func (h *house) fapi(profile Profile) (caller, signing) {
	key := newKey(h.t)
	return h.register(Client{
		Kind: Web, Profile: profile, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope: "openid organization members:read", TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: keySetOf(h.t, jose.JSONWebKey{Key: key.Public()}),
	}), signing{alg: jose.ES256, key: key}
}

// signedBy is a form with a fresh assertion.
func (h *house) signedBy(by signing, c caller, form url.Values) url.Values {
	return parameters(flat(form), with{"client_assertion": by.jwt(h.t, h.asserting(c, nil)), "client_assertion_type": assertionType})
}

// One word switches everything on (FAPI 2.0 Security Profile §5.3.2).
func TestAProfileSwitchesOnWhatItDemands(t *testing.T) {
	h := alone(t)
	c, by := h.fapi(ProfileFAPI2Security)
	if !c.RequirePushed || !c.DPoPBound || c.RequireSigned {
		t.Errorf("%+v", c.Client)
	}
	_, err := h.authorizing(asking(c, nil))
	h.redirected("a request by the browser", err, "invalid_request", "st")
	pushed := h.send(h.Push, h.request(caller{}, h.signedBy(by, c, asking(c, nil))))
	request, err := h.authorizing(referring(c, pushed.text("request_uri")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.issued(request)
	if err != nil {
		t.Fatal(err)
	}
	redeem := func() url.Values { return h.signedBy(by, c, redeeming(got.Get("code"), nil)) }
	h.refused("without a proof", h.send(h.Token, h.request(caller{}, redeem())), http.StatusBadRequest, "invalid_dpop_proof")
	if a := h.prover().proving(caller{}, redeem(), nil); a.text("token_type") != "DPoP" {
		t.Errorf("%d %v", a.status, a.body)
	}
	signing, _ := h.fapi(ProfileFAPI2MessageSigning)
	if !signing.RequireSigned || !signing.RequirePushed || !signing.DPoPBound {
		t.Errorf("%+v", signing.Client)
	}
}

// FAPI 2.0 Message Signing §5.4: an answer that is not signed is not asked for.
func TestMessageSigningWantsSignedAnswers(t *testing.T) {
	h := alone(t)
	c, by := h.fapi(ProfileFAPI2MessageSigning)
	push := func(changes map[string]any) answer {
		return h.send(h.Push, h.request(caller{}, h.signedBy(by, c, url.Values{"request": {by.jwt(t, h.objecting(c, changes))}})))
	}
	h.refused("by query", push(nil), http.StatusBadRequest, "invalid_request")
	if a := push(map[string]any{"response_mode": "jwt"}); a.status != http.StatusCreated {
		t.Errorf("signed: %d %v", a.status, a.body)
	}
}

// FAPI 2.0 Message Signing §5.4.1: errors are signed as codes are, also that of a request
// that asked for another answer, or came with the browser.
func TestMessageSigningSignsItsErrors(t *testing.T) {
	h := alone(t)
	c, by := h.fapi(ProfileFAPI2MessageSigning)
	for mode, told := range map[string]string{"": "query", "query": "query", "form_post": "query", "fragment.jwt": "fragment", "nonsense": "query"} {
		object := by.jwt(t, h.objecting(c, map[string]any{"response_mode": mode, "scope": "everything"}))
		_, err := h.authorizing(carrying(c, object))
		w := httptest.NewRecorder()
		if page := h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err); page != nil {
			t.Fatalf("%q: %+v", mode, page)
		}
		way, got := delivered(t, w)
		if said := h.unsigned(c, got); way != told || said.Get("error") != "invalid_request" || said.Get("state") != "st" || said.Get("iss") != issuer {
			t.Errorf("%q: by %s: %v", mode, way, said)
		}
	}
}

// FAPI 2.0 Message Signing §5.3.3: an application that registers response modes is answered
// by those alone, whoever writes its request.
func TestAnApplicationIsAnsweredByItsResponseModes(t *testing.T) {
	h := alone(t)
	register := func(change func(*Client)) (caller, error) {
		c := Client{
			Name: "Склад", Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode}, Scope: "openid members:read",
			TokenMetadata: client.TokenMetadata{ResponseModes: []string{"form_post", "jwt"}},
		}
		change(&c)
		made, secret, err := h.Clients().Create(t.Context(), c)
		return caller{made, secret}, err
	}
	c, err := register(func(*Client) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"form_post", "jwt"} {
		if _, err := h.authorizing(asking(c, with{"response_mode": mode})); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
	for _, mode := range []string{"", "query", "fragment.jwt", "query.jwt"} {
		_, err := h.authorizing(asking(c, with{"response_mode": mode}))
		w := httptest.NewRecorder()
		h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
		if way, got := delivered(t, w); way != "form" || got.Get("error") != "invalid_request" {
			t.Errorf("%q: by %s: %v", mode, way, got)
		}
		h.refused(mode+", pushed", h.post(h.Push, c, asking(c, with{"response_mode": mode})), http.StatusBadRequest, "invalid_request")
	}
	for name, change := range map[string]func(*Client){
		"an unknown one": func(c *Client) { c.ResponseModes = []string{"web_message"} },
		"one twice":      func(c *Client) { c.ResponseModes = []string{"jwt", "jwt"} },
		"none that is signed": func(c *Client) {
			c.Profile, c.TokenEndpointAuthMethod, c.JWKS = ProfileFAPI2MessageSigning, AuthPrivateKeyJWT, keySetOf(t, jose.JSONWebKey{Key: newKey(t).Public()})
			c.ResponseModes = []string{"query", "form_post"}
		},
	} {
		if _, err := register(change); err == nil || !strings.Contains(err.Error(), "response_modes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FAPI 2.0 Security Profile §5.3.2.1: a code is good for a minute, also where the operator
// lets those of other applications live longer.
func TestACodeOfFAPILivesAMinuteAtMost(t *testing.T) {
	h := alone(t)
	h.deps.Lifetimes.Code = 5 * time.Minute
	h.restart()
	c, by := h.fapi(ProfileFAPI2Security)
	web, key := h.web(), h.prover()
	code := func() string {
		pushed := h.send(h.Push, h.request(caller{}, h.signedBy(by, c, asking(c, nil))))
		request, err := h.authorizing(referring(c, pushed.text("request_uri")))
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.issued(request)
		if err != nil {
			t.Fatal(err)
		}
		return got.Get("code")
	}
	early, late, plain := code(), code(), h.code(web, nil)
	h.clock.Advance(time.Minute - time.Second)
	if a := key.proving(caller{}, h.signedBy(by, c, redeeming(early, nil)), nil); a.status != http.StatusOK {
		t.Errorf("within a minute: %d %v", a.status, a.body)
	}
	h.clock.Advance(time.Second)
	h.refused("after a minute", key.proving(caller{}, h.signedBy(by, c, redeeming(late, nil)), nil), http.StatusBadRequest, "invalid_grant")
	if a := h.post(h.Token, web, redeeming(plain, nil)); a.status != http.StatusOK {
		t.Errorf("another application's: %d %v", a.status, a.body)
	}
}

// FAPI 2.0 Security Profile §5.3.2.1: the refresh token stays, and is prolonged by
// its use.
func TestARefreshTokenOfFAPIDoesNotRotate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c, by := h.fapi(ProfileFAPI2Security)
		key := h.prover()
		pushed := h.send(h.Push, h.request(caller{}, h.signedBy(by, c, asking(c, nil))))
		request, err := h.authorizing(referring(c, pushed.text("request_uri")))
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.issued(request)
		if err != nil {
			t.Fatal(err)
		}
		token := key.proving(caller{}, h.signedBy(by, c, redeeming(got.Get("code"), nil)), nil).text("refresh_token")
		for range 3 {
			h.clock.Advance(20 * 24 * time.Hour)
			a := key.proving(caller{}, h.signedBy(by, c, refreshing(token, nil)), nil)
			if a.status != http.StatusOK || a.text("refresh_token") != token {
				t.Fatalf("%d %v", a.status, a.body)
			}
		}
		for _, o := range []directory.Organisation{h.vasilek, h.romashka} { // nor does it by moving to another organisation
			a := key.proving(caller{}, h.signedBy(by, c, refreshing(token, with{"organization": o.ID})), nil)
			if a.text("refresh_token") != token || h.claims(a).Organisation.ID != o.ID {
				t.Errorf("moved: %d %v", a.status, a.body)
			}
		}
		h.post(h.Revoke, caller{}, h.signedBy(by, c, url.Values{"token": {token}}))
		h.refused("after revocation", key.proving(caller{}, h.signedBy(by, c, refreshing(token, nil)), nil), http.StatusBadRequest, "invalid_grant")
	})
}

func TestProfilesAreChecked(t *testing.T) {
	h := alone(t)
	c, _ := h.fapi(ProfileFAPI2Security)
	for name, change := range map[string]func(*Client){
		"an unknown one":    func(c *Client) { c.Profile = "fapi3" },
		"a secret":          func(c *Client) { c.TokenEndpointAuthMethod = AuthBasic },
		"a public client":   func(c *Client) { c.Kind, c.TokenEndpointAuthMethod = SPA, AuthNone },
		"RS256":             func(c *Client) { c.IDTokenSignedResponseAlg = "RS256" },
		"RS256 of its own":  func(c *Client) { c.AuthSigningAlg = "RS256" },
		"RS256 for answers": func(c *Client) { c.ResponseAlg = "RS256" },
	} {
		bad := c.Client
		bad.ID = ""
		change(&bad)
		if _, _, err := h.Clients().Create(t.Context(), bad); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
	rs := h.register(Client{
		Kind: Service, Profile: ProfileFAPI2Security, TokenEndpointAuthMethod: AuthPrivateKeyJWT, JWKS: keySetOf(t, jose.JSONWebKey{Key: rsaKey().Public()}),
	})
	key := h.prover()
	h.refused("an assertion by RS256", key.proving(caller{}, h.signedBy(signing{jose.RS256, rsaKey(), nil}, rs, ownGrant), nil), http.StatusUnauthorized, "invalid_client")
	if a := key.proving(caller{}, h.signedBy(signing{jose.PS256, rsaKey(), nil}, rs, ownGrant), nil); a.status != http.StatusOK {
		t.Errorf("PS256: %d %v", a.status, a.body)
	}
}

// RFC 8707 §2: a token for another resource than ours is not to be had, and none
// of ours is given in its place.
func TestATokenForAnotherResourceIsNotToBeHad(t *testing.T) {
	h := alone(t)
	c, service := h.web(), h.service()
	const ours = issuer + "/v1"
	_, err := h.authorizing(asking(c, with{"resource": "https://evil.example/"}))
	h.redirected("authorize", err, "invalid_target", "st")
	if _, err := h.authorizing(asking(c, with{"resource": ours})); err != nil {
		t.Errorf("ours: %v", err)
	}
	h.refused("client credentials", h.post(h.Token, service, parameters(flat(ownGrant), with{"resource": "https://evil.example/"})), http.StatusBadRequest, "invalid_target")
	code := h.code(c, nil)
	h.refused("a code", h.post(h.Token, c, redeeming(code, with{"resource": "https://evil.example/"})), http.StatusBadRequest, "invalid_target")
	if a := h.post(h.Token, c, redeeming(code, with{"resource": ours})); a.status != http.StatusOK || h.claims(a).Audience[0] != ours {
		t.Errorf("ours: %d %v", a.status, a.body)
	}
}

// RFC 9701 §5.
func TestAnIntrospectionCanBeSigned(t *testing.T) {
	h := alone(t)
	c := h.service()
	token := h.post(h.Token, c, ownGrant).text("access_token")
	for _, test := range []struct {
		token  string
		active bool
	}{{token, true}, {"x", false}} {
		r := h.request(c, url.Values{"token": {test.token}})
		r.Header.Set("Accept", "application/token-introspection+jwt")
		w := httptest.NewRecorder()
		if err := h.Introspect(w, r); err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := h.verify(w.Body.String(), "token-introspection+jwt", &claims); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		said := claims["token_introspection"].(map[string]any)
		if claims["iss"] != issuer || claims["aud"] != c.ID || claims["iat"] != float64(h.clock.Now().Unix()) || said["active"] != test.active || claims["sub"] != nil ||
			w.Header().Get("Content-Type") != "application/token-introspection+jwt" || len(claims) != 4 {
			t.Errorf("%v %v", claims, w.Header())
		}
		if _, err := h.verifyAccessToken(w.Body.String()); err == nil {
			t.Error("the answer passes for an access token")
		}
	}
	if got := h.post(h.Introspect, c, url.Values{"token": {token}}); !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		t.Errorf("unasked: %v", got.header)
	}
}
