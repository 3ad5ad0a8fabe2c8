package conformance

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/oauth"
)

// The reasons that several plans share.
const (
	whyUnsigned = "ID tokens are always signed: none is not among id_token_signing_alg_values_supported"
	whyAddress  = "the scope address is not in scopes_supported: people have no address here"
	notePKCE    = "the suite sends no code_challenge in this plan, and the server wants one of every client (RFC 9700 2.1.1): the tests send it"
)

var basicVariant = variant{name: "client_secret_basic", auth: oauth.AuthBasic}

func TestBasicOP(t *testing.T) { basicPlan().run(t) }

func basicPlan() plan {
	return plan{"oidcc-basic-certification-test-plan", "TestBasicOP", []variant{basicVariant}, basicModules()}
}

// basicModules are those of the Basic and of the Form Post plan.
func basicModules() []module {
	return []module{
		{name: "oidcc-server", test: serverModule, note: notePKCE},
		{name: "oidcc-response-type-missing", test: responseTypeMissing},
		{name: "oidcc-idtoken-signature", test: idTokenSignature},
		{name: "oidcc-idtoken-unsigned", why: whyUnsigned},
		{name: "oidcc-userinfo-get", test: userinfoGet},
		{name: "oidcc-userinfo-post-header", test: userinfoPostHeader},
		{name: "oidcc-userinfo-post-body", test: userinfoPostBody},
		{name: "oidcc-ensure-request-without-nonce-succeeds-for-code-flow", test: withoutNonce},
		{name: "oidcc-scope-profile", test: scopes("openid profile", "name", "family_name", "given_name", "middle_name", "updated_at")},
		{name: "oidcc-scope-email", test: scopes("openid email", "email", "email_verified")},
		{name: "oidcc-scope-address", why: whyAddress},
		{name: "oidcc-scope-phone", test: scopes("openid phone", "phone_number", "phone_number_verified")},
		{
			name: "oidcc-scope-all", test: scopes("openid profile email phone", "name", "email", "phone_number"),
			note: "without address, see oidcc-scope-address",
		},
		{name: "oidcc-alternate-happy-flow", test: alternateHappyFlow},
		{name: "oidcc-display-page", test: plainly(with{"display": "page"}), note: "display is taken and does not change the pages"},
		{name: "oidcc-display-popup", test: plainly(with{"display": "popup"}), note: "display is taken and does not change the pages"},
		{name: "oidcc-prompt-login", test: promptLogin},
		{name: "oidcc-prompt-none-not-logged-in", test: promptNoneNotLoggedIn},
		{name: "oidcc-prompt-none-logged-in", test: promptNoneLoggedIn},
		{name: "oidcc-max-age-1", test: maxAge1},
		{name: "oidcc-max-age-10000", test: maxAge10000},
		{name: "oidcc-ensure-request-with-unknown-parameter-succeeds", test: plainly(with{"extra": "foobar"})},
		{name: "oidcc-id-token-hint", test: idTokenHint},
		{name: "oidcc-login-hint", test: loginHint},
		{name: "oidcc-ui-locales", test: uiLocales},
		{name: "oidcc-claims-locales", test: plainly(with{"claims_locales": "ru en"}), note: "claims_locales is taken; claims are in the one language the directory has them in"},
		{name: "oidcc-ensure-request-with-acr-values-succeeds", test: acrValues},
		{name: "oidcc-codereuse", test: codeReuse(0)},
		{name: "oidcc-codereuse-30seconds", test: codeReuse(30 * time.Second)},
		{name: "oidcc-ensure-registered-redirect-uri", test: registeredRedirectURI},
		{name: "oidcc-ensure-post-request-succeeds", test: postRequest},
		{name: "oidcc-server-client-secret-post", test: clientSecretPost},
		{name: "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", test: requestURIRejected},
		{name: "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", test: unsignedObjectRejected},
		{name: "oidcc-claims-essential", test: claimsEssential},
		{name: "oidcc-ensure-request-object-with-redirect-uri", test: objectWithRedirectURI},
		{name: "oidcc-refresh-token", test: refreshTokenModule},
		{name: "oidcc-ensure-request-with-valid-pkce-succeeds", test: plainly(nil)},
	}
}

// plainly is a good flow with parameters that must not spoil it.
func plainly(changes with) func(*party) {
	return func(p *party) {
		got := p.flow(changes)
		p.identity(got, "nonce-1")
	}
}

// OpenID Connect Core §3.1.
func serverModule(p *party) {
	got := p.flow(with{"scope": "openid profile email"})
	claims := p.identity(got, "nonce-1")
	header, _, _ := strings.Cut(got.text("id_token"), ".")
	raw, _ := base64.RawURLEncoding.DecodeString(header)
	var head struct{ Alg, Kid string }
	if json.Unmarshal(raw, &head) != nil || head.Alg != "ES256" || head.Kid == "" {
		p.Errorf("the header of the ID token is %s", raw)
	}
	half, _ := base64.RawURLEncoding.DecodeString(hashOf(got.text("access_token")))
	if claims["at_hash"] != base64.RawURLEncoding.EncodeToString(half[:16]) {
		p.Errorf("at_hash = %v", claims["at_hash"])
	}
	p.claims(got)
}

// RFC 6749 §3.1.1.
func responseTypeMissing(p *party) {
	got := p.browser.signIn(p.link(with{"response_type": ""}))
	p.denied(got, "state-1", "invalid_request", "unsupported_response_type")
}

// Core §10.1: keys are told apart by kid, each with an algorithm of its own.
func idTokenSignature(p *party) {
	p.identity(p.flow(nil), "nonce-1")
	seen := map[string]bool{}
	for _, key := range p.published().Keys {
		if key.KeyID == "" || seen[key.KeyID] || key.Use != "sig" && key.Use != "enc" || !key.IsPublic() {
			p.Errorf("published: %+v", key)
		}
		seen[key.KeyID] = true
	}
	if len(seen) < 4 {
		p.Errorf("%d keys", len(seen))
	}
}

// Core §5.3.1, RFC 6750 §2.
func userinfoGet(p *party) {
	p.claims(p.flow(nil))
	got := p.get("/oauth2/userinfo")
	if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
		p.Errorf("without a token: %d %v", got.status, got.header)
	}
}

func userinfoPostHeader(p *party) {
	tokens := p.flow(nil)
	got := p.userinfo(tokens.text("access_token"), func(c *call) { c.method = http.MethodPost })
	if got.status != http.StatusOK || got.text("sub") != p.maria.ID {
		p.Errorf("%d %s", got.status, got.raw)
	}
}

func userinfoPostBody(p *party) {
	tokens := p.flow(nil)
	got := p.userinfo("", func(c *call) {
		c.method, c.form = http.MethodPost, url.Values{"access_token": {tokens.text("access_token")}}
		c.header.Del("Authorization")
	})
	if got.status != http.StatusOK || got.text("sub") != p.maria.ID {
		p.Errorf("%d %s", got.status, got.raw)
	}
}

func withoutNonce(p *party) {
	claims := p.identity(p.flow(with{"nonce": ""}), "")
	if _, there := claims["nonce"]; there {
		p.Error("there is a nonce that nobody sent")
	}
}

// scopes asks for a scope and looks for its claims at userinfo (Core §5.4), and
// for no others.
func scopes(scope string, wanted ...string) func(*party) {
	return func(p *party) {
		claims := p.claims(p.flow(with{"scope": scope}))
		for _, name := range wanted {
			if claims[name] == nil || claims[name] == "" {
				p.Errorf("%s is missing in %v", name, claims)
			}
		}
		for _, name := range []string{"name", "email", "phone_number"} {
			if !slices.Contains(wanted, name) && claims[name] != nil {
				p.Errorf("%s was not asked for", name)
			}
		}
	}
}

// RFC 6749 §3.3: the order of scopes and parameters says nothing.
func alternateHappyFlow(p *party) {
	form := p.asking(with{"scope": "email openid"})
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range form {
			if !yield(name) {
				return
			}
		}
	})
	slices.Reverse(names)
	var query []string
	for _, name := range names {
		query = append(query, url.QueryEscape(name)+"="+url.QueryEscape(form.Get(name)))
	}
	got := p.granted(p.redeem(p.codeOf(p.browser.signIn(issuer+"/oauth2/authorize?"+strings.Join(query, "&")), "state-1"), nil))
	if claims := p.claims(got); claims["email"] != login {
		p.Errorf("userinfo says %v", claims)
	}
}

// Core §3.1.2.1: prompt=login asks anew, and auth_time tells it.
func promptLogin(p *party) {
	first := p.identity(p.flow(with{"max_age": "15000"}), "nonce-1")
	p.clock.Advance(2 * time.Second)
	p.browser.seen = nil
	second := p.identity(p.flow(with{"prompt": "login", "max_age": "15000"}), "nonce-1")
	if !slices.Contains(p.browser.seen, "/signin/identify") {
		p.Error("nobody was asked to sign in")
	}
	if second["auth_time"].(float64) <= first["auth_time"].(float64) || second["sub"] != first["sub"] {
		p.Errorf("auth_time went from %v to %v", first["auth_time"], second["auth_time"])
	}
}

func promptNoneNotLoggedIn(p *party) {
	p.denied(p.browser.open(p.link(with{"prompt": "none"})), "state-1", "login_required", "interaction_required")
}

func promptNoneLoggedIn(p *party) {
	first := p.identity(p.flow(nil), "nonce-1")
	p.clock.Advance(2 * time.Second)
	code := p.codeOf(p.browser.open(p.link(with{"prompt": "none"})), "state-1")
	second := p.identity(p.granted(p.redeem(code, nil)), "nonce-1")
	if second["sub"] != first["sub"] || second["auth_time"] != first["auth_time"] {
		p.Errorf("%v, and silently %v", first, second)
	}
}

// Core §3.1.2.1: whoever signed in longer than max_age ago is asked again.
func maxAge1(p *party) {
	first := p.identity(p.flow(nil), "nonce-1")
	p.clock.Advance(2 * time.Second)
	p.browser.seen = nil
	second := p.identity(p.flow(with{"max_age": "1"}), "nonce-1")
	authenticated, _ := second["auth_time"].(float64)
	if !slices.Contains(p.browser.seen, "/signin/identify") || authenticated < float64(p.clock.Now().Unix()-1) || second["sub"] != first["sub"] {
		p.Errorf("asked for %v; auth_time %v", p.browser.seen, second["auth_time"])
	}
}

func maxAge10000(p *party) {
	first := p.identity(p.flow(with{"max_age": "10000"}), "nonce-1")
	p.clock.Advance(2 * time.Second)
	p.browser.seen = nil
	second := p.identity(p.flow(with{"max_age": "10000"}), "nonce-1")
	if len(p.browser.seen) > 0 || first["auth_time"] == nil || first["auth_time"] != second["auth_time"] {
		p.Errorf("asked for %v; auth_time %v and %v", p.browser.seen, first["auth_time"], second["auth_time"])
	}
}

func idTokenHint(p *party) {
	first := p.flow(nil)
	code := p.codeOf(p.browser.open(p.link(with{"prompt": "none", "id_token_hint": first.text("id_token")})), "state-1")
	if again := p.identity(p.granted(p.redeem(code, nil)), "nonce-1"); again["sub"] != p.maria.ID {
		p.Errorf("sub = %v", again["sub"])
	}
}

func loginHint(p *party) {
	got := p.browser.open(p.link(with{"login_hint": login}))
	if _, fields, found := got.form(func(a string) bool { return a == "/signin/identify" }); !found || fields.Get("login") != login {
		p.Errorf("the page suggests %v", fields)
	}
	p.codeOf(p.browser.proceed(got), "state-1")
}

func uiLocales(p *party) {
	for locales, word := range map[string]string{"ru en": "Пароль", "xx en": "Password"} {
		other := p.another()
		other.browser = p.world.browser(p.T)
		if got := other.browser.open(other.link(with{"ui_locales": locales})); !strings.Contains(got.text(), word) {
			p.Errorf("%s: %s", locales, got.text())
		} else {
			other.codeOf(other.browser.proceed(got), "state-1")
		}
	}
}

func acrValues(p *party) {
	supported := names(p.metadata()["acr_values_supported"])
	if len(supported) == 0 {
		p.Fatal("acr_values_supported is empty")
	}
	claims := p.identity(p.flow(with{"acr_values": "urn:unknown " + supported[0]}), "nonce-1")
	if claims["acr"] != supported[0] {
		p.Errorf("acr = %v, want %s", claims["acr"], supported[0])
	}
}

// RFC 6749 §4.1.2: a code is good once; one that comes back takes its tokens along.
func codeReuse(after time.Duration) func(*party) {
	return func(p *party) {
		code := p.code(nil)
		first := p.granted(p.redeem(code, nil))
		p.clock.Advance(after + time.Millisecond)
		p.refused("the code again", p.redeem(code, nil), "invalid_grant")
		if got := p.userinfo(first.text("access_token")); got.status != http.StatusUnauthorized {
			p.Errorf("the token of the first use still opens userinfo: %d", got.status)
		}
	}
}

func registeredRedirectURI(p *party) {
	for _, uri := range []string{callback + "&x=1", "https://rp.example/callback", "https://rp.example/other", "https://evil.example/callback?suite=1"} {
		p.shown(p.browser.open(p.link(with{"redirect_uri": uri})))
	}
}

// Core §3.1.2.1: GET and POST. The form is on the application's page, from which
// our cookies do not come along.
func postRequest(p *party) {
	got := p.browser.proceed(p.browser.follow(p.browser.do(http.MethodPost, issuer+"/oauth2/authorize", p.asking(nil))))
	p.identity(p.granted(p.redeem(p.codeOf(got, "state-1"), nil)), "nonce-1")
}

func clientSecretPost(p *party) {
	v := p.variant
	v.auth = oauth.AuthPost
	other := p.world.party(p.T, v)
	other.identity(other.flow(nil), "nonce-1")
	wrong := other.redeem(other.code(nil), nil, func(c *call) { c.form.Set("client_secret", "wrong") })
	other.refused("a wrong secret", wrong, "invalid_client")
}

// Core §6.2: what is not supported is refused clearly.
func requestURIRejected(p *party) {
	if p.metadata()["request_uri_parameter_supported"] != false {
		p.Error("request_uri_parameter_supported is not false")
	}
	got := p.browser.open(issuer + "/oauth2/authorize?" + p.asking(with{"request_uri": "https://rp.example/object.jwt"}).Encode())
	p.denied(got, "state-1", "request_uri_not_supported")
}

// Core §6.1. Nothing in an object that nobody signed is believed, the redirect URI
// neither, so that only a page can say so.
func unsignedObjectRejected(p *party) {
	object := unsigned(p.T, map[string]any{"alg": "none"}, p.objecting(p.asking(nil), nil))
	if algorithms := names(p.metadata()["request_object_signing_alg_values_supported"]); slices.Contains(algorithms, "none") {
		p.Errorf("none is among %v", algorithms)
	}
	p.shown(p.browser.open(issuer + "/oauth2/authorize?" + merge(p.asking(nil), with{"request": object}).Encode()))
}

// Core §5.5: without support, the parameter is not in the way; with it, the claim
// is there.
func claimsEssential(p *party) {
	supported, _ := p.metadata()["claims_parameter_supported"].(bool)
	got := p.claims(p.flow(with{"claims": `{"userinfo":{"name":{"essential":true}}}`}))
	if supported && got["name"] == nil {
		p.Errorf("userinfo says %v", got)
	}
}

// Core §6.1: the parameters are those of the object, the redirect URI first.
func objectWithRedirectURI(p *party) {
	v := p.variant
	v.signed = true
	other := p.world.party(p.T, v)
	other.browser = p.browser
	object := other.object(other.asking(nil), nil)
	got := other.browser.signIn(issuer + "/oauth2/authorize?" + merge(other.asking(with{"redirect_uri": "https://evil.example/"}), with{"request": object}).Encode())
	other.identity(other.granted(other.redeem(other.codeOf(got, "state-1"), nil)), "nonce-1")
	object = other.object(other.asking(with{"redirect_uri": "https://evil.example/"}), nil)
	other.shown(other.browser.open(issuer + "/oauth2/authorize?" + merge(other.asking(nil), with{"request": object}).Encode()))
}

// Core §12: refreshed tokens are of the same person, client and sign-in, and a
// refresh token is its client's alone.
func refreshTokenModule(p *party) {
	first := p.flow(with{"scope": "openid offline_access", "prompt": "consent"})
	before := p.identity(first, "nonce-1")
	p.clock.Advance(2 * time.Second)
	second := p.granted(p.refresh(first.text("refresh_token")))
	after := p.verified(second.text("id_token"))
	if after["sub"] != before["sub"] || after["iss"] != before["iss"] || audience(after["aud"]) != p.client.ID || after["auth_time"] != before["auth_time"] ||
		after["iat"].(float64) <= before["iat"].(float64) {
		p.Errorf("before %v, after %v", before, after)
	}
	if got := p.userinfo(second.text("access_token")); got.status != http.StatusOK {
		p.Errorf("userinfo: %d", got.status)
	}
	other := p.another()
	p.refused("another's refresh token", other.refresh(second.text("refresh_token")), "invalid_grant", "invalid_client")
	if !slices.Contains(names(p.metadata()["grant_types_supported"]), "refresh_token") {
		p.Error("grant_types_supported lacks refresh_token")
	}
}
