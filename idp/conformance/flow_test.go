package conformance

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// object makes the signed request of a request (RFC 9101), its claims changed.
func (p *party) object(form url.Values, changes map[string]any) string {
	p.Helper()
	return p.sign(p.key, "oauth-authz-req+jwt", false)(p.objecting(form, changes))
}

// objecting are the good claims of a request object, changed.
func (p *party) objecting(form url.Values, changes map[string]any) map[string]any {
	now := p.clock.Now().Unix()
	claims := map[string]any{"iss": p.client.ID, "aud": issuer, "iat": now, "nbf": now, "exp": now + 300, "jti": "1"}
	for name := range form {
		claims[name] = form.Get(name)
	}
	return changed(claims, changes)
}

// push pushes an authorization request (RFC 9126), signed where the variant signs.
func (p *party) push(form url.Values, changes ...func(*call)) answer {
	p.Helper()
	if p.signed {
		form = url.Values{"request": {p.object(form, nil)}}
	}
	return p.send("/oauth2/par", form, changes...)
}

// reference is where the browser goes with a pushed request.
func (p *party) reference(pushed answer) string {
	p.Helper()
	if pushed.status != http.StatusCreated || pushed.text("request_uri") == "" {
		p.Fatalf("not pushed: %d %s", pushed.status, pushed.raw)
	}
	if seconds, _ := pushed.body["expires_in"].(float64); seconds <= 0 || seconds > 600 {
		p.Errorf("expires_in = %v (FAPI 2.0 Security Profile 5.3.2.2 wants less than 600)", pushed.body["expires_in"])
	}
	return issuer + "/oauth2/authorize?" + url.Values{"client_id": {p.client.ID}, "request_uri": {pushed.text("request_uri")}}.Encode()
}

// link is where the browser goes with a request: pushed where the profile has it.
func (p *party) link(changes with) string {
	p.Helper()
	form := p.asking(changes)
	if p.fapi() {
		return p.reference(p.push(form))
	}
	return issuer + "/oauth2/authorize?" + form.Encode()
}

// response reads the authorization response that the browser brought: it must come
// as it was asked for, to the redirect URI, with iss (RFC 9207).
func (p *party) response(got page) url.Values {
	p.Helper()
	if got.to == nil {
		p.Fatalf("not sent to the application: %d %s %s", got.status, got.at, got.text())
	}
	registered, _ := url.Parse(callback)
	if got.to.Host != registered.Host || got.to.Path != registered.Path || got.to.Query().Get("suite") != "1" {
		p.Fatalf("sent to %s", got.to)
	}
	response := got.to.Query()
	response.Del("suite")
	if strings.HasPrefix(p.mode, "form_post") != (got.posted != nil) {
		p.Fatalf("asked for %q and answered with %s and the form %v", p.mode, got.to, got.posted)
	}
	if got.posted != nil {
		if len(response) > 0 {
			p.Errorf("the query of a posted response says %v", response)
		}
		response = got.posted
	}
	if strings.HasSuffix(p.mode, "jwt") {
		response = p.unsealed(response)
	}
	if response.Get("iss") != issuer {
		p.Errorf("iss = %q in %v (RFC 9207 2)", response.Get("iss"), response)
	}
	return response
}

// unsealed reads a signed response (JARM §2.1, §2.4).
func (p *party) unsealed(response url.Values) url.Values {
	p.Helper()
	if len(response) != 1 {
		p.Fatalf("beside the signed response: %v", response)
	}
	claims := p.verified(response.Get("response"))
	left, _ := claims["exp"].(float64)
	now := float64(p.clock.Now().Unix())
	if claims["aud"] != p.client.ID || claims["iss"] != issuer || left <= now || left > now+600 {
		p.Errorf("the signed response says %v", claims)
	}
	plain := url.Values{}
	for name, value := range claims {
		if text, ok := value.(string); ok && name != "aud" {
			plain.Set(name, text)
		}
	}
	return plain
}

// verified checks the signature of a JWT of the server by its published keys and
// returns the claims.
func (p *party) verified(token string) map[string]any {
	p.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.RS256, jose.EdDSA})
	if err != nil {
		p.Fatalf("%q: %v", token, err)
	}
	header := signed.Signatures[0].Header
	set := p.published()
	keys := set.Key(header.KeyID)
	if header.KeyID == "" || len(keys) != 1 || keys[0].Algorithm != header.Algorithm {
		p.Fatalf("no published key for %+v", header)
	}
	payload, err := signed.Verify(keys[0])
	if err != nil {
		p.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		p.Fatal(err)
	}
	return claims
}

// published is the key set at jwks_uri.
func (p *party) published() jose.JSONWebKeySet {
	p.Helper()
	got := p.get("/oauth2/jwks")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(got.raw), &set); err != nil {
		p.Fatal(err)
	}
	return set
}

// get asks an endpoint as anybody does.
func (p *party) get(path string) answer {
	p.Helper()
	return p.transmit(&call{endpoint: path, method: http.MethodGet, header: http.Header{}, over: p.plain, host: issuer})
}

// metadata is the server's discovery document.
func (p *party) metadata() map[string]any {
	p.Helper()
	got := p.get("/.well-known/openid-configuration")
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		p.Fatalf("discovery: %d %s", got.status, got.header)
	}
	return got.body
}

// names reads a list of a JSON document.
func names(value any) (list []string) {
	items, _ := value.([]any)
	for _, item := range items {
		text, _ := item.(string)
		list = append(list, text)
	}
	return list
}

// code takes Maria through a sign-in and returns the code, having checked that the
// response is a good one.
func (p *party) code(changes with) string {
	p.Helper()
	return p.codeOf(p.browser.signIn(p.link(changes)), p.asking(changes).Get("state"))
}

func (p *party) codeOf(got page, state string) string {
	p.Helper()
	response := p.response(got)
	if response.Get("code") == "" || response.Get("state") != state || response.Has("error") {
		p.Fatalf("the response is %v, want a code and the state %q", response, state)
	}
	return response.Get("code")
}

// denied checks that the response is this error, one of several.
func (p *party) denied(got page, state string, errors ...string) {
	p.Helper()
	response := p.response(got)
	if !slices.Contains(errors, response.Get("error")) || response.Get("state") != state || response.Has("code") {
		p.Errorf("the response is %v, want %v with the state %q", response, errors, state)
	}
}

// shown checks that the person sees an error, and that nobody is sent anywhere.
func (p *party) shown(got page) {
	p.Helper()
	if got.to != nil || got.status < 400 || got.status >= 500 || got.text() == "" {
		p.Errorf("want a page that says what is wrong: %d, sent to %v: %s", got.status, got.to, got.text())
	}
}

// redeem asks for the tokens of a code.
func (p *party) redeem(code string, changes with, calls ...func(*call)) answer {
	p.Helper()
	form := merge(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, changes)
	return p.send("/oauth2/token", form, calls...)
}

func (p *party) refresh(token string, calls ...func(*call)) answer {
	p.Helper()
	return p.send("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, calls...)
}

// granted checks that an answer of the token endpoint is a good one (RFC 6749 §5.1)
// and returns it.
func (p *party) granted(got answer) answer {
	p.Helper()
	kind := "Bearer"
	if p.dpop() {
		kind = "DPoP"
	}
	seconds, _ := got.body["expires_in"].(float64)
	switch {
	case got.status != http.StatusOK || got.text("access_token") == "":
		p.Fatalf("no tokens: %d %s", got.status, got.raw)
	case !strings.EqualFold(got.text("token_type"), kind), seconds <= 0, got.header.Get("Cache-Control") != "no-store":
		p.Errorf("the answer is %v %v", got.header, got.body)
	}
	return got
}

// refused checks that an answer is one of the errors (RFC 6749 §5.2).
func (p *party) refused(what string, got answer, errors ...string) {
	p.Helper()
	if got.status != http.StatusBadRequest && got.status != http.StatusUnauthorized || !slices.Contains(errors, got.text("error")) {
		p.Errorf("%s: %d %s, want one of %v", what, got.status, got.raw, errors)
	}
	if got.text("access_token") != "" || got.text("request_uri") != "" {
		p.Errorf("%s: refused, and gave something: %s", what, got.raw)
	}
	if strings.ContainsFunc(got.text("error_description"), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		p.Errorf("%s: error_description %q has characters that RFC 6749 5.2 does not allow", what, got.text("error_description"))
	}
}

// flow is a whole sign-in.
func (p *party) flow(changes with) answer {
	p.Helper()
	return p.granted(p.redeem(p.code(changes), nil))
}

// identity checks the ID token (OpenID Connect Core §3.1.3.7) and returns its
// claims.
func (p *party) identity(got answer, nonce string) map[string]any {
	p.Helper()
	claims := p.verified(got.text("id_token"))
	now := float64(p.clock.Now().Unix())
	issued, _ := claims["iat"].(float64)
	expires, _ := claims["exp"].(float64)
	said, _ := claims["nonce"].(string)
	switch {
	case claims["iss"] != issuer, audience(claims["aud"]) != p.client.ID, claims["sub"] == "", claims["sub"] == nil:
		p.Errorf("the ID token is of %v", claims)
	case issued > now || issued < now-60 || expires <= now:
		p.Errorf("the ID token is of the time %v", claims)
	case said != nonce:
		p.Errorf("nonce = %q, want %q", said, nonce)
	}
	return claims
}

// audience is aud, alone or in a list of one.
func audience(value any) string {
	if list := names(value); len(list) == 1 {
		return list[0]
	}
	text, _ := value.(string)
	return text
}

// userinfo asks for the claims with the access token, and proves what the token is
// bound to.
func (p *party) userinfo(token string, calls ...func(*call)) answer {
	p.Helper()
	return p.send(p.resource(), url.Values{}, append([]func(*call){p.bearing(token)}, calls...)...)
}

// resource is where the plan's tokens are tried: userinfo, or the cabinet's API for those
// of programs that act for themselves, which speak of no person.
func (p *party) resource() string {
	if p.itself {
		return "/v1/me"
	}
	return "/oauth2/userinfo"
}

// bearing puts the access token into the header of a GET.
func (p *party) bearing(token string) func(*call) {
	return func(c *call) {
		c.method, c.token = http.MethodGet, token
		c.header.Set("Authorization", "Bearer "+token)
		if p.dpop() {
			c.header.Set("Authorization", "DPoP "+token)
			c.proof = p.sign(p.proofKey, "dpop+jwt", true)
		}
	}
}

// claims are what userinfo says, which must be of the same person as the ID token.
func (p *party) claims(got answer) map[string]any {
	p.Helper()
	told := p.userinfo(got.text("access_token"))
	if told.status != http.StatusOK || told.text("sub") != p.identity(got, "nonce-1")["sub"] {
		p.Fatalf("userinfo: %d %s", told.status, told.raw)
	}
	return maps.Clone(told.body)
}
