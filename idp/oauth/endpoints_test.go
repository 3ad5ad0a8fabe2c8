package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/idp/keys"
)

// RFC 7662 §2.2.
func TestIntrospectionTellsAllOfALiveToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		a := h.signedIn(c, nil)
		claims := h.claims(a)
		got := h.post(h.Introspect, c, url.Values{"token": {a.text("access_token")}, "token_type_hint": {"refresh_token"}})
		want := map[string]any{"active": true, "token_type": "Bearer"}
		text, _ := json.Marshal(claims)
		_ = json.Unmarshal(text, &want)
		delete(want, "gid") // ours, and nobody's business
		if !same(got.body, want) || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v\nwant\n%v", got.body, want)
		}
		got = h.post(h.Introspect, c, url.Values{"token": {a.text("refresh_token")}})
		if got.body["active"] != true || got.text("client_id") != c.ID || got.text("sub") != h.maria.ID || got.text("token_type") != "" ||
			got.body["exp"] != float64(h.clock.Now().Unix()+30*24*3600) {
			t.Errorf("refresh token: %v", got.body)
		}
	})
}

func TestIntrospectionTellsAClientOnlyOfItsOwn(t *testing.T) {
	h := alone(t)
	c, other := h.web(), h.service()
	house := h.register(Client{Kind: Service, FirstParty: true, Scope: ""})
	firstPartyWeb := h.register(Client{Kind: Web, FirstParty: true, RedirectURIs: []string{callback}, Scope: "openid"})
	a := h.signedIn(c, nil)
	for name, test := range map[string]struct {
		by              caller
		access, refresh bool
	}{
		"its own": {c, true, true}, "another client": {other, false, false},
		"the house's resource server": {house, true, false}, "the house's application": {firstPartyWeb, false, false},
	} {
		if got := h.active(test.by, a.text("access_token")); got != test.access {
			t.Errorf("%s: the access token is active: %t", name, got)
		}
		if got := h.active(test.by, a.text("refresh_token")); got != test.refresh {
			t.Errorf("%s: the refresh token is active: %t", name, got)
		}
	}
	for name, form := range map[string]url.Values{"rubbish": {"token": {"x"}}, "a.b.c": {"token": {"a.b.c"}}} {
		if got := h.post(h.Introspect, c, form); got.status != 200 || !same(got.body, object{"active": false}) {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	h.refused("a public client", h.post(h.Introspect, h.spa(), url.Values{"token": {"x"}}), http.StatusUnauthorized, "invalid_client")
	h.refused("nobody", h.post(h.Introspect, caller{}, url.Values{"token": {"x"}}), http.StatusUnauthorized, "invalid_client")
	h.refused("no token", h.post(h.Introspect, c, url.Values{}), http.StatusBadRequest, "invalid_request")
}

type object = map[string]any

func TestIntrospectionAgreesWithTheTokenEndpointOnRefreshTokens(t *testing.T) {
	h := alone(t)
	c := h.web()
	first := h.signedIn(c, nil).text("refresh_token")
	second := h.post(h.Token, c, refreshing(first, nil)).text("refresh_token")
	if !h.active(c, first) || !h.active(c, second) {
		t.Error("within the grace window both are taken")
	}
	h.clock.Advance(31e9)
	if h.active(c, first) || !h.active(c, second) {
		t.Error("after it only the second")
	}
}

func TestAnExpiredAccessTokenIsInactive(t *testing.T) {
	h := alone(t)
	c := h.service()
	token := h.post(h.Token, c, ownGrant).text("access_token")
	h.clock.Advance(600e9)
	if h.active(c, token) {
		t.Error("active at its end")
	}
}

// RFC 7009 §2.1.
func TestRevokingARefreshTokenEndsItsGrant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		a := h.signedIn(c, nil)
		later := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil))
		got := h.post(h.Revoke, c, url.Values{"token": {a.text("refresh_token")}, "token_type_hint": {"access_token"}})
		if got.status != http.StatusOK || len(got.body) != 0 {
			t.Errorf("answered %d %v", got.status, got.body)
		}
		for name, token := range map[string]string{
			"first access": a.text("access_token"), "later access": later.text("access_token"), "refresh": later.text("refresh_token"),
		} {
			if h.active(c, token) {
				t.Errorf("the %s token is active", name)
			}
		}
		h.refused("a refresh", h.post(h.Token, c, refreshing(later.text("refresh_token"), nil)), http.StatusBadRequest, "invalid_grant")
		if again := h.post(h.Revoke, c, url.Values{"token": {later.text("refresh_token")}}); again.status != http.StatusOK {
			t.Errorf("revoking what is revoked: %d %v (section 2.2)", again.status, again.body)
		}
		if got := h.journalled(h.romashka.ID); got[len(got)-1] != "grant.ended revoked_by_client" {
			t.Errorf("the journal has %q", got)
		}
	})
}

func TestRevokingAnAccessTokenEndsItAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.web()
		a := h.signedIn(c, nil)
		later := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil))
		if got := h.post(h.Revoke, c, url.Values{"token": {a.text("access_token")}}); got.status != http.StatusOK {
			t.Fatalf("answered %d %v", got.status, got.body)
		}
		if h.active(c, a.text("access_token")) {
			t.Error("the token is still active, right after")
		}
		if !h.active(c, later.text("access_token")) || !h.active(c, later.text("refresh_token")) {
			t.Error("others died with it")
		}
	})
}

func TestNobodyRevokesAnothersTokens(t *testing.T) {
	h := alone(t)
	c := h.web()
	a := h.signedIn(c, nil)
	for name, by := range map[string]caller{"another client": h.web(), "a public client": h.spa()} {
		for _, token := range []string{"access_token", "refresh_token"} {
			h.refused(name, h.post(h.Revoke, by, url.Values{"token": {a.text(token)}}), http.StatusBadRequest, "unauthorized_client")
			if !h.active(c, a.text(token)) {
				t.Errorf("%s revoked the %s", name, token)
			}
		}
	}
	wrong := c
	wrong.secret = "wrong"
	h.refused("a wrong secret", h.post(h.Revoke, wrong, url.Values{"token": {a.text("refresh_token")}}), http.StatusUnauthorized, "invalid_client")
	if got := h.post(h.Revoke, c, url.Values{"token": {"unknown"}}); got.status != http.StatusOK {
		t.Errorf("an unknown token: %d %v (RFC 7009 section 2.2)", got.status, got.body)
	}
	spa := h.spa()
	own := h.signedIn(spa, nil)
	if got := h.post(h.Revoke, spa, url.Values{"token": {own.text("refresh_token")}}); got.status != http.StatusOK || h.active(c, own.text("refresh_token")) {
		t.Errorf("a public client its own: %d %v", got.status, got.body)
	}
}

func (h *house) userinfo(change func(*http.Request)) answer {
	r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil).WithContext(h.t.Context())
	change(r)
	return h.send(h.UserInfo, r)
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// OpenID Connect Core §5.4.
func TestUserInfoTellsWhatTheScopesAllow(t *testing.T) {
	h := alone(t)
	c := h.web()
	org := object{"id": h.romashka.ID, "inn": h.romashka.INN, "ogrn": h.romashka.OGRN, "kpp": h.romashka.KPP, "name": h.romashka.Name}
	profile := object{
		"name": "Иванова Мария Петровна", "family_name": "Иванова", "given_name": "Мария", "middle_name": "Петровна",
		"locale": "ru", "updated_at": float64(h.maria.UpdatedAt.Time().Unix()),
	}
	for scope, more := range map[string]object{
		"openid": nil, "openid profile": profile, "openid email": {"email": "maria@example.org", "email_verified": true},
		"openid phone": nil, "openid organization": {"org": org, "roles": []any{"accountant"}},
	} {
		want := object{"sub": h.maria.ID}
		for name, value := range more {
			want[name] = value
		}
		token := h.signedIn(c, with{"scope": scope}).text("access_token")
		if got := h.userinfo(bearer(token)); got.status != 200 || !same(got.body, want) {
			t.Errorf("%s: %d %v, want %v", scope, got.status, got.body, want)
		}
		posted := h.userinfo(func(r *http.Request) {
			*r = *httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"access_token": {token}}.Encode())).WithContext(t.Context())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		})
		if posted.status != 200 || !same(posted.body, want) {
			t.Errorf("%s, in the body: %d %v", scope, posted.status, posted.body)
		}
	}
}

// RFC 6750 §3.
func TestUserInfoChallenges(t *testing.T) {
	h := alone(t)
	c := h.web()
	good := h.signedIn(c, nil).text("access_token")
	revoked := h.signedIn(c, nil)
	h.post(h.Revoke, c, url.Values{"token": {revoked.text("refresh_token")}})
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
		code   string
	}{
		"no token":             {func(*http.Request) {}, 401, ""},
		"Basic":                {func(r *http.Request) { r.SetBasicAuth("a", "b") }, 401, ""},
		"in the query":         {func(r *http.Request) { r.URL.RawQuery = "access_token=" + good }, 401, ""},
		"rubbish":              {bearer("x"), 401, "invalid_token"},
		"a revoked token":      {bearer(revoked.text("access_token")), 401, "invalid_token"},
		"a refresh token":      {bearer(h.signedIn(c, nil).text("refresh_token")), 401, "invalid_token"},
		"an ID token":          {bearer(h.signedIn(c, nil).text("id_token")), 401, "invalid_token"},
		"a client's own token": {bearer(h.post(h.Token, h.service(), ownGrant).text("access_token")), 401, "invalid_token"},
		"without openid":       {bearer(h.signedIn(c, with{"scope": "members:read"}).text("access_token")), 403, "insufficient_scope"},
		"two headers":          {func(r *http.Request) { bearer(good)(r); r.Header.Add("Authorization", "Bearer "+good) }, 400, "invalid_request"},
		"PUT":                  {func(r *http.Request) { bearer(good)(r); r.Method = http.MethodPut }, 405, "invalid_request"},
		"in the header and the body": {func(r *http.Request) {
			*r = *httptest.NewRequest(http.MethodPost, "/", strings.NewReader("access_token="+good)).WithContext(t.Context())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			bearer(good)(r)
		}, 400, "invalid_request"},
	} {
		got := h.userinfo(test.change)
		challenge := got.header.Get("WWW-Authenticate")
		if got.status != test.status || !strings.HasPrefix(challenge, `Bearer realm="propusk"`) ||
			strings.Contains(challenge, "error=") != (test.code != "") || test.code != "" && !strings.Contains(challenge, `error="`+test.code+`"`) {
			t.Errorf("%s: %d %s", name, got.status, challenge)
		}
	}
}

func TestDiscoveryTellsWhatIsOn(t *testing.T) {
	h := alone(t)
	text, err := json.Marshal(h.Discovery())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"issuer": issuer, "token_endpoint": issuer + "/oauth2/token", "authorization_endpoint": issuer + "/oauth2/authorize",
		"jwks_uri": issuer + "/oauth2/jwks", "userinfo_endpoint": issuer + "/oauth2/userinfo", "end_session_endpoint": issuer + "/oauth2/logout",
		"pushed_authorization_request_endpoint": issuer + "/oauth2/par",
		"introspection_endpoint":                issuer + "/oauth2/introspect", "revocation_endpoint": issuer + "/oauth2/revoke",
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"}, "subject_types_supported": []any{"public", "pairwise"},
		"grant_types_supported": []any{
			"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
			"urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		},
		"device_authorization_endpoint": issuer + "/oauth2/device_authorization", "backchannel_authentication_endpoint": issuer + "/oauth2/bc-authorize",
		"backchannel_token_delivery_modes_supported":                      []any{"poll", "ping"},
		"backchannel_authentication_request_signing_alg_values_supported": []any{"ES256", "PS256", "EdDSA", "RS256"},
		"backchannel_user_code_parameter_supported":                       false,
		"code_challenge_methods_supported":                                []any{"S256"},
		"token_endpoint_auth_methods_supported":                           []any{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"introspection_endpoint_auth_methods_supported":                   []any{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"revocation_endpoint_auth_methods_supported":                      []any{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"id_token_signing_alg_values_supported":                           []any{"ES256", "RS256", "PS256", "EdDSA"},
		"acr_values_supported":                                            []any{"urn:propusk:1", "urn:propusk:2", "urn:propusk:qualified"},
		"dpop_signing_alg_values_supported":                               []any{"ES256", "PS256", "EdDSA"},
		"token_endpoint_auth_signing_alg_values_supported":                []any{"ES256", "PS256", "EdDSA", "RS256"},
		"tls_client_certificate_bound_access_tokens":                      false, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"authorization_response_iss_parameter_supported": true, "request_parameter_supported": true,
		"request_uri_parameter_supported": false, "claims_parameter_supported": true,
	} {
		if !same(got[name], want) {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	for _, off := range []string{
		"registration_endpoint", "check_session_iframe",
		"mtls_endpoint_aliases",
	} {
		if _, on := got[off]; on {
			t.Errorf("%s is not on, and stands in discovery", off)
		}
	}
	if scopes := got["scopes_supported"].([]any); len(scopes) != len(client.Scopes()) || scopes[0] != "openid" {
		t.Errorf("scopes_supported = %v", scopes)
	}
}

func (h *house) logout(form url.Values) (Logout, error) {
	return h.LogoutRequest(h.t.Context(), httptest.NewRequest(http.MethodGet, "/oauth2/logout?"+form.Encode(), nil))
}

// OpenID Connect RP-Initiated Logout §2, §3.
func TestLogoutRequestsAreChecked(t *testing.T) {
	h := alone(t)
	c, other := h.web(), h.web()
	const bye = "http://localhost:9000/bye"
	var session string
	hint := h.signedIn(c, nil, func(a *Approval) { session = a.SessionID }).text("id_token")
	h.clock.Advance(3600e9) // expired hints are allowed
	full := Logout{ClientID: c.ID, ClientName: c.Name, PostLogoutRedirectURI: bye, State: "s&t", SessionID: session, PersonID: h.maria.ID}
	for name, test := range map[string]struct {
		form with
		want Logout
	}{
		"nothing":             {nil, Logout{}},
		"the client":          {with{"client_id": c.ID}, Logout{ClientID: c.ID, ClientName: c.Name}},
		"client and return":   {with{"client_id": c.ID, "post_logout_redirect_uri": bye}, Logout{ClientID: c.ID, ClientName: c.Name, PostLogoutRedirectURI: bye}},
		"a hint and return":   {with{"id_token_hint": hint, "post_logout_redirect_uri": bye, "state": "s&t"}, full},
		"hint and its client": {with{"id_token_hint": hint, "client_id": c.ID, "post_logout_redirect_uri": bye, "state": "s&t"}, full},
	} {
		got, err := h.logout(parameters(test.form))
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got := full.ReturnURL(); got != bye+"?state=s%26t" {
		t.Errorf("returns to %s", got)
	}
	if got := (Logout{PostLogoutRedirectURI: bye + "?a=b", State: "x"}).ReturnURL(); got != bye+"?a=b&state=x" {
		t.Errorf("returns to %s", got)
	}
	if got := (Logout{State: "x"}).ReturnURL(); got != "" {
		t.Errorf("returns to %s", got)
	}
	forged, err := h.sign(keys.Default, "JWT", idToken{Issuer: "https://evil.example", Subject: "x", Audience: audience{c.ID}})
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]with{
		"an unregistered return":       {"client_id": c.ID, "post_logout_redirect_uri": bye + "/"},
		"a redirect URI as return":     {"client_id": c.ID, "post_logout_redirect_uri": callback},
		"a return of nobody":           {"post_logout_redirect_uri": bye},
		"an unknown client":            {"client_id": "nobody"},
		"another client than the hint": {"id_token_hint": hint, "client_id": other.ID},
		"a hint of rubbish":            {"id_token_hint": "x"},
		"a hint of another issuer":     {"id_token_hint": forged},
		"an access token as hint":      {"id_token_hint": h.post(h.Token, h.service(), ownGrant).text("access_token")},
	} {
		if got, err := h.logout(parameters(form)); err == nil || asError(err).Status != http.StatusBadRequest || got != (Logout{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	twice := url.Values{"client_id": {c.ID, c.ID}}
	if _, err := h.logout(twice); err == nil {
		t.Error("a repeated parameter was taken")
	}
	if _, err := h.LogoutRequest(t.Context(), httptest.NewRequest(http.MethodDelete, "/", nil)); asError(err).Status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %v", err)
	}
	posted := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("client_id="+c.ID))
	posted.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got, err := h.LogoutRequest(t.Context(), posted); err != nil || got.ClientID != c.ID {
		t.Errorf("POST: %+v, %v", got, err)
	}
}
