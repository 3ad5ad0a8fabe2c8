package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// teaches checks the whole of a refusal's description.
func (h *house) teaches(what string, a answer, want string) {
	h.t.Helper()
	if a.status < 400 || a.text("error_description") != want {
		h.t.Errorf("%s: %d %q, want %q", what, a.status, a.text("error_description"), want)
	}
}

// RFC 6749 §5.2: what was expected and what came, in every place that tells a client of a
// value that differs.
func TestARefusalNamesWhatWasExpectedAndWhatCame(t *testing.T) {
	h := alone(t)
	web, service := h.web(), h.service()
	for what, test := range map[string]struct {
		changes with
		want    string
	}{
		"a redirect URI with a slash too many": {with{"redirect_uri": callback + "/"},
			"redirect_uri is not one that the application has registered; expected '" + callback + "', the nearest; received '" + callback + "/'"},
		"plain":     {with{"code_challenge_method": "plain"}, "code_challenge_method must be S256 (RFC 7636 section 4.3); expected 'S256'; received 'plain'"},
		"no method": {with{"code_challenge_method": ""}, "code_challenge_method must be S256 (RFC 7636 section 4.3); expected 'S256'; received nothing"},
		"a short challenge": {with{"code_challenge": "abc"}, "code_challenge is not one of the method S256 (RFC 7636 section 4.2); " +
			"expected 43 characters of BASE64URL; received 3 characters"},
		"a response type": {with{"response_type": "token"}, "the only response_type is code; expected 'code'; received 'token'"},
		"a response mode": {with{"response_mode": "fragment"}, "the response_mode is unknown; " +
			"expected one of query, form_post, query.jwt, fragment.jwt, form_post.jwt, jwt; received 'fragment'"},
		"a scope beyond": {with{"scope": "openid members:write"}, "a scope is none of the client's (RFC 6749 section 3.3); " +
			"expected some of openid profile email phone offline_access organization members:read filings:read; received 'members:write'"},
		"a prompt":   {with{"prompt": "create"}, "prompt has an unknown value; expected some of none, login, consent, select_account; received 'create'"},
		"a max_age":  {with{"max_age": "ten"}, "max_age is a number of seconds; expected a whole number of at least 0; received 'ten'"},
		"a resource": {with{"resource": "https://evil.example/"}, "these scopes are of another resource (RFC 8707 section 2); expected '" + issuer + "/v1'; received 'https://evil.example/'"},
	} {
		h.teaches(what, h.push(web, test.changes), test.want)
	}
	own := func(changes with) answer { return h.post(h.Token, service, parameters(flat(ownGrant), changes)) }
	h.teaches("another grant type", own(with{"grant_type": "password"}),
		"the server does not know the grant type; expected one of grant_types_supported in its metadata; received 'password'")
	h.teaches("a grant type that is not registered", own(with{"grant_type": GrantRefreshToken, "refresh_token": "x"}),
		"the client may not use the grant type refresh_token; expected one of client_credentials")
	h.teaches("a scope", own(with{"scope": "finance:write"}),
		"a scope is none of the client's (RFC 6749 section 3.3); expected some of organization members:read filings:write; received 'finance:write'")
	h.teaches("another organisation", own(with{"organization": h.vasilek.ID}),
		"the client does not belong to that organisation; expected "+h.romashka.ID+"; received '"+h.vasilek.ID+"'")
	h.teaches("a resource at the token endpoint", own(with{"resource": "https://evil.example/"}),
		"there are no tokens for that resource (RFC 8707 section 2); expected '"+issuer+"/v1'; received 'https://evil.example/'")
	h.teaches("a refresh that widens", h.post(h.Token, web, refreshing(h.signedIn(web, nil).text("refresh_token"), with{"scope": "openid email"})),
		"a scope was not granted (RFC 6749 section 6); expected some of openid members:read; received 'email'")
	h.teaches("a page in a parameter's name", h.post(h.Token, service, url.Values{"<script>": {"a", "b"}}), "the parameter '?script?' came more than once")
	h.teaches("JSON", h.send(h.Token, jsonRequest()), "the Content-Type is another; expected 'application/x-www-form-urlencoded'; received 'application/json'")
}

func jsonRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// RFC 7523 §3: the client that signed is told which claim differs, and how far its clock is.
func TestARefusedAssertionNamesTheClaimThatDiffers(t *testing.T) {
	h := alone(t)
	key := newKey(t)
	by := signing{jose.ES256, key, nil}
	c := h.signer(keySetOf(t, jose.JSONWebKey{Key: key.Public()}))
	now := h.clock.Now().Unix()
	for what, test := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"another issuer": {map[string]any{"iss": "x"}, "iss and sub of the client assertion must be the client_id (RFC 7523 section 3); expected '" + c.ID + "'; received iss 'x' and sub '" + c.ID + "'"},
		"another audience": {map[string]any{"aud": issuer + "/oauth2/token"}, "aud of the client assertion must be the issuer alone (RFC 7523 section 3); " +
			"expected '" + issuer + "'; received '" + issuer + "/oauth2/token'"},
		"two audiences": {map[string]any{"aud": []string{issuer, "https://b.example"}}, "aud of the client assertion must be the issuer alone (RFC 7523 section 3); " +
			"expected '" + issuer + "'; received a list of '" + issuer + "', 'https://b.example'"},
		"expired": {map[string]any{"exp": now - 37}, "the client assertion expired 37 s ago by this server's clock (RFC 7523 section 3); " +
			"expected exp ahead of now; received exp -37 s by this server's clock"},
		"ahead": {map[string]any{"iat": now + 90}, "the client assertion is of the future by 90 s: compare the clocks (RFC 7523 section 3); " +
			"expected iat and nbf at most 10 s ahead; received iat +90 s by this server's clock, nbf nothing"},
		"far": {map[string]any{"exp": now + 7200}, "exp of the client assertion is more than an hour away; expected exp within 3600 s; received +7200 s by this server's clock"},
	} {
		h.teaches(what, h.assert(by.jwt(t, h.asserting(c, test.changes)), nil), test.want)
	}
	// Who has not proved who he is learns nothing of it.
	stranger := signing{jose.ES256, newKey(t), nil}
	h.teaches("by another key", h.assert(stranger.jwt(t, h.asserting(c, map[string]any{"aud": "x"})), nil), "client authentication failed")
}

// RFC 9101 §4, CIBA §7.1.1: request objects, whose signature has been verified.
func TestARefusedRequestObjectNamesTheClaimThatDiffers(t *testing.T) {
	h := alone(t)
	key := newKey(t)
	by := signing{jose.ES256, key, map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}}
	c := h.requester(jose.JSONWebKey{Key: key.Public()})
	now := h.clock.Now().Unix()
	for what, test := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"another issuer":    {map[string]any{"iss": "x"}, "iss of the request object must be the client_id (RFC 9101 section 4); expected '" + c.ID + "'; received 'x'"},
		"another audience":  {map[string]any{"aud": "https://b.example"}, "aud of the request object must be the issuer (RFC 9101 section 4); expected '" + issuer + "'; received 'https://b.example'"},
		"far":               {map[string]any{"exp": now + 7200}, "exp of the request object must be at most an hour after nbf; expected at most 3600 s; received 7200 s"},
		"without exp":       {map[string]any{"exp": nil}, "exp of the request object is missing"},
		"expired":           {map[string]any{"exp": now - 5}, "the request object has expired; expected exp ahead of now; received exp -5 s by this server's clock"},
		"ahead":             {map[string]any{"nbf": now + 90}, "the request object is of the future: compare the clocks; expected iat and nbf at most 10 s ahead; received iat +0 s by this server's clock, nbf +90 s by this server's clock"},
		"another client_id": {map[string]any{"client_id": "x"}, "client_id of the request object must be that of the request (RFC 9101 section 5); expected '" + c.ID + "'; received 'x'"},
	} {
		_, err := h.authorizing(carrying(c, by.jwt(t, h.objecting(c, test.changes))))
		if got := asError(err); got.Code != "invalid_request_object" || got.Description != test.want {
			t.Errorf("%s: %q, want %q", what, got.Description, test.want)
		}
	}
}

// What differs at the redemption of a code is told to the client that it was issued to,
// and to nobody else.
func TestARefusedCodeNamesWhatDiffers(t *testing.T) {
	h := alone(t)
	web, spa := h.web(), h.spa()
	other := strings.Repeat("b", 43)
	const differs = "The 'redirect_uri' from this request does not match the one from the authorize request."
	h.teaches("another redirect URI", h.post(h.Token, web, redeeming(h.code(web, nil), with{"redirect_uri": "http://localhost:9000/x"})),
		differs+"; expected redirect_uri '"+callback+"'; received 'http://localhost:9000/x'")
	a := h.post(h.Token, web, redeeming(h.code(web, nil), with{"code_verifier": other}))
	if want := "; expected a code_verifier with the code_challenge " + challengeOf(verifier) + "; received one with " + challengeOf(other); !strings.HasSuffix(a.text("error_description"), want) {
		t.Errorf("another verifier: %v", a.body)
	}
	a = h.post(h.Token, spa, redeeming(h.code(spa, with{"scope": "openid"}), with{"redirect_uri": "http://localhost:9000/x"}))
	if text := a.text("error_description"); strings.Contains(text, callback+"'") || !strings.HasSuffix(text, "; received 'http://localhost:9000/x'") {
		t.Errorf("a public client: %v", a.body)
	}
	a = h.post(h.Token, h.web(), redeeming(h.code(web, nil), with{"redirect_uri": "http://localhost:9000/x"}))
	if text := a.text("error_description"); a.status != http.StatusBadRequest || strings.Contains(text, "expected") || strings.Contains(text, "received") {
		t.Errorf("another client: %v", a.body)
	}
}

// RFC 9449 §4.3: the proof's own values.
func TestARefusedProofNamesWhatDiffers(t *testing.T) {
	h := alone(t)
	c, p := h.service(), h.prover()
	for what, test := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"another method":  {map[string]any{"htm": "GET"}, "htm is not the method of the request; expected POST; received 'GET'"},
		"another address": {map[string]any{"htu": "https://b.example/t?a"}, "htu is not the address of the request; expected " + issuer + "/oauth2/x; received 'https://b.example/t?a'"},
		"an old one": {map[string]any{"iat": h.clock.Now().Unix() - 400}, "iat is not within the time of this server; " +
			"expected iat at most 300 s old and 300 s ahead; received '400 s old'"},
	} {
		h.teaches(what, p.proving(c, ownGrant, test.changes), test.want)
	}
	web := h.web()
	code := h.code(web, with{"dpop_jkt": p.jkt()})
	h.teaches("no proof for a bound code", h.post(h.Token, web, redeeming(code, nil)),
		"the code is bound to a key that the request does not prove (RFC 9449 section 10); expected a proof by the key '"+p.jkt()+"'; received no proof")
}

// Attacks on whoever reads errors: what came is repeated without what acts in HTML, in a
// header or in a log, cut, unable to speak in our name, and never when it may be a secret.
func TestWhatIsRepeatedInAnErrorIsHarmless(t *testing.T) {
	t.Parallel()
	for came, want := range map[string]string{
		"":                                  "nothing",
		"plain":                             "'plain'",
		"<script>alert(1)</script>":         "'?script?alert(1)?/script?'",
		"x'; expected 'https://evil":        "'x?; expected ?https://evil'",
		"a\r\nSet-Cookie: b\x00\"\\`&":      "'a??Set-Cookie: b?????'",
		"привет":                            "'" + strings.Repeat("?", 6) + "'",
		strings.Repeat("a b", 50):           "'" + strings.Repeat("a b", 40) + "...'",
		"eyJhbGciOiJFUzI1NiJ9.e30.AA":       "27 bytes that may be a secret",
		"x?code=" + strings.Repeat("k", 43): "50 bytes that may be a secret",
	} {
		if got := shown(came); got != want {
			t.Errorf("%q: %s, want %s", came, got, want)
		}
	}
	if got := shownList([]string{"a", "b", "c", "d", "e", "f"}); got != "'a', 'b', 'c', 'd', 2 more" {
		t.Error(got)
	}
}

// A browser asks the authorization endpoint in anybody's hands, and anybody says that he
// is a public client: neither is told what a client has registered.
func TestStrangersLearnNothingOfAClientFromErrors(t *testing.T) {
	h := alone(t)
	web, spa := h.web(), h.spa()
	for what, changes := range map[string]with{"a redirect URI": {"redirect_uri": "https://evil.example/"}, "a scope": {"scope": "members:write"}} {
		_, err := h.authorizing(asking(web, changes))
		if e := asError(err); strings.Contains(e.Description, callback) || strings.Contains(e.Description, "filings:read") || strings.Contains(e.Description, "evil") {
			t.Errorf("%s: the browser is told %q", what, e.Description)
		}
		a := h.push(spa, changes)
		if text := a.text("error_description"); a.status != http.StatusBadRequest || strings.Contains(text, "expected") || !strings.Contains(text, "received") {
			t.Errorf("%s: somebody who says that he is a public client: %v", what, a.body)
		}
	}
	h.teaches("a public client's grant type", h.post(h.Token, spa, url.Values{"grant_type": {GrantDeviceCode}, "device_code": {"x"}}),
		"the client may not use the grant type "+GrantDeviceCode)
}

// RFC 6749 §4.1.2.1, RFC 9207 §2, JARM §2.1: the redirect names the page that explains,
// in whichever mode.
func TestARedirectedErrorNamesThePageThatExplainsIt(t *testing.T) {
	h := alone(t)
	c := h.web()
	_, err := h.authorizing(asking(c, with{"prompt": "create"}))
	w := httptest.NewRecorder()
	h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
	location, perr := url.Parse(w.Header().Get("Location"))
	if perr != nil || location.Query().Get("error_uri") != issuer+"/help/errors#invalid_request" || location.Fragment != "" {
		t.Errorf("by query: %s", location)
	}
	_, err = h.authorizing(asking(c, with{"prompt": "create", "response_mode": "form_post"}))
	w = httptest.NewRecorder()
	h.AuthorizeError(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
	if !strings.Contains(w.Body.String(), `name="error_uri" value="`+issuer+`/help/errors#invalid_request"`) {
		t.Errorf("by form: %s", w.Body)
	}
	request, err := h.authorizing(asking(c, with{"response_mode": "jwt"}))
	if err != nil {
		t.Fatal(err)
	}
	w = httptest.NewRecorder()
	h.Refuse(w, httptest.NewRequest(http.MethodGet, "/", nil), request, "login_required", "nobody is signed in")
	location, _ = url.Parse(w.Header().Get("Location"))
	var claims struct {
		URI string `json:"error_uri"`
	}
	if err := h.verify(location.Query().Get("response"), "JWT", &claims); err != nil || claims.URI != issuer+"/help/errors#login_required" {
		t.Errorf("signed: %v %+v", err, claims)
	}
}
