package conformance

import (
	"net/http"
	"net/url"
	"time"

	"propusk/idp/oauth"
)

// fapiPushed are about pushed requests (RFC 9126) and proof keys (RFC 7636).
func fapiPushed() []module {
	key := oauth.AuthPrivateKeyJWT
	return []module{
		{name: "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", test: reusedBefore},
		{name: "par-attempt-reuse-request_uri", test: reusedAfter},
		{name: "par-attempt-to-use-expired-request_uri", test: expiredReference},
		{name: "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted", only: key, test: assertionAhead(8*time.Second, true)},
		{name: "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", only: key, test: assertionAhead(61*time.Second, false)},
		{name: "par-attempt-to-use-request_uri-for-different-client", test: anothersReference},
		{name: "par-authorization-request-containing-request_uri-form-param", test: referencePushed},
		{name: "par-attempt-invalid-http-method", test: otherMethods},
		{name: "par-ensure-pkce-required", test: pushRefused(with{"code_challenge": "", "code_challenge_method": ""}, "invalid_request")},
		{name: "ensure-pkce-code-verifier-required", test: verifierRefused("", "invalid_grant", "invalid_request")},
		{name: "incorrect-pkce-code-verifier-rejected", test: verifierRefused(verifier+"x", "invalid_grant")},
		{name: "par-plain-pkce-rejected", test: pushRefused(with{"code_challenge": verifier, "code_challenge_method": "plain"}, "invalid_request")},
		{name: "par-authorization-request-containing-request_uri", only: "signed", test: referenceSigned},
		{name: "par-without-duplicate-parameters", test: plainly(nil)},
		{name: "par-test-array-as-audience-fails", only: key, test: audienceRefused([]string{issuer, "https://other.example"})},
		{name: "par-test-par-endpoint-url-as-audience-fails", only: key, test: audienceRefused(issuer + "/oauth2/par")},
		{name: "par-test-token-endpoint-url-as-audience-fails", only: key, test: audienceRefused(issuer + "/oauth2/token")},
		{name: "grant-management-query-and-revoke", why: whyGrants},
		{name: "grant-management-merge", why: whyGrants},
		{name: "grant-management-replace", why: whyGrants},
		{name: "grant-management-ensure-invalid-grant-id-fails", why: whyGrants},
		{name: "grant-management-ensure-query-nonexistent-grant-fails", why: whyGrants},
		{name: "grant-management-ensure-wrong-client-cannot-query-grant", why: whyGrants},
		{name: "grant-management-ensure-wrong-client-cannot-revoke-grant", why: whyGrants},
	}
}

// reusedBefore loads the page twice before anybody signs in (RFC 9126 §4).
func reusedBefore(p *party) {
	link := p.link(nil)
	if got := p.browser.open(link); !got.asks("/signin/identify") {
		p.Fatalf("%d %s", got.status, got.text())
	}
	p.identity(p.granted(p.redeem(p.codeOf(p.browser.signIn(link), "state-1"), nil)), "nonce-1")
}

// reusedAfter: a reference brings one code.
func reusedAfter(p *party) {
	link := p.link(nil)
	p.codeOf(p.browser.signIn(link), "state-1")
	p.shown(p.browser.open(link))
}

func expiredReference(p *party) {
	pushed := p.push(p.asking(nil))
	link := p.reference(pushed)
	p.clock.Advance(time.Duration(pushed.body["expires_in"].(float64)+1) * time.Second)
	p.shown(p.browser.open(link))
}

// assertionAhead is an assertion of a client whose clock runs ahead (FAPI 2.0
// Security Profile §5.3.2.1: up to 10 seconds, and never more than 60).
func assertionAhead(d time.Duration, good bool) func(*party) {
	return func(p *party) {
		at := p.clock.Now().Add(d).Unix()
		got := p.pushing(func(c *call) { c.claims = map[string]any{"iat": at, "nbf": at, "exp": at + 60} })
		if good {
			p.reference(got)
			return
		}
		p.refused("of the future", got, "invalid_client", "invalid_request")
	}
}

// anothersReference is brought with the client_id of another client.
func anothersReference(p *party) {
	other := p.another()
	pushed := p.push(p.asking(nil))
	p.shown(p.browser.open(issuer + "/oauth2/authorize?" + url.Values{"client_id": {other.client.ID}, "request_uri": {pushed.text("request_uri")}}.Encode()))
}

// RFC 9126 §2.1: a reference cannot be pushed.
func referencePushed(p *party) {
	pushed := p.push(p.asking(nil))
	form := merge(p.asking(nil), with{"request_uri": pushed.text("request_uri")})
	p.refused("beside the parameters", p.send("/oauth2/par", form), "invalid_request")
}

// referenceSigned puts the reference into the request object (RFC 9101 §4).
func referenceSigned(p *party) {
	pushed := p.push(p.asking(nil))
	object := p.object(p.asking(nil), map[string]any{"request_uri": pushed.text("request_uri")})
	p.refused("in the object", p.given(object), "invalid_request", "invalid_request_object")
}

// RFC 9126 §2.3: the endpoint takes a POST and nothing else.
func otherMethods(p *party) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		got := p.send("/oauth2/par", p.asking(nil), func(c *call) { c.method = method })
		if got.status != http.StatusMethodNotAllowed || got.text("request_uri") != "" {
			p.Errorf("%s: %d %s", method, got.status, got.raw)
		}
	}
}

// verifierRefused redeems a code with a wrong verifier (RFC 7636 §4.6).
func verifierRefused(wrong string, errors ...string) func(*party) {
	return func(p *party) {
		p.refused("the verifier", p.redeem(p.code(nil), with{"code_verifier": wrong}), errors...)
	}
}

func audienceRefused(aud any) func(*party) {
	return func(p *party) {
		p.refused("the audience", p.pushing(func(c *call) { c.claims = map[string]any{"aud": aud} }), "invalid_client", "invalid_request")
	}
}
