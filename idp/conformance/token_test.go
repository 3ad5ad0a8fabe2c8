package conformance

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/oauth"
)

// fapiTokens are about the token endpoint.
func fapiTokens() []module {
	return []module{
		{name: "ensure-client-id-in-token-endpoint", only: oauth.AuthTLS, test: withoutClientID},
		{name: "ensure-holder-of-key-required", test: holderOfKey, note: "versions and ciphers of TLS are the listener's, see above"},
		{name: "ensure-authorization-code-is-bound-to-client", test: codeOfAnotherClient},
		{name: "attempt-reuse-authorization-code-after-one-second", test: codeReuse(time.Second)},
		{name: "ensure-token-endpoint-fails-with-expired-auth-code", test: expiredCode},
		{name: "ensure-signed-client-assertion-with-RS256-fails", only: oauth.AuthPrivateKeyJWT, test: assertionByRS256},
		{name: "ensure-client-assertion-in-token-endpoint", only: oauth.AuthPrivateKeyJWT, test: withoutAssertion},
		{name: "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", only: oauth.AuthPrivateKeyJWT, test: expiredAssertion},
		{name: "ensure-client-assertion-with-wrong-aud-fails", only: oauth.AuthPrivateKeyJWT, test: assertionRefused(map[string]any{"aud": "https://other.example"})},
		{name: "ensure-client-assertion-with-no-sub-fails", only: oauth.AuthPrivateKeyJWT, test: assertionRefused(map[string]any{"sub": nil})},
		{name: "ensure-invalid-client-assertions-fail", only: oauth.AuthPrivateKeyJWT, test: invalidAssertions},
		{name: "dpop-negative-tests", only: "dpop", test: dpopNegatives},
		{name: "refresh-token", test: fapiRefresh},
		{name: "cdr-sharing-duration-zero", why: whyProfile},
		{name: "cdr-negative-sharing-duration", why: whyProfile},
		{name: "cdr-refresh-token-introspection-expiry", why: whyProfile},
		{name: "cdr-arrangement-amendment", why: whyProfile},
		{name: "cdr-unrecognised-arrangement-id", why: whyProfile},
		{name: "brazil-ensure-bad-payment-signature-fails", why: whyProfile},
		{name: "australia-connectid-test-claims-parameter-idtoken-identity-claims", why: whyProfile},
	}
}

// RFC 8705 §2: who authenticates by certificate says who it is.
func withoutClientID(p *party) {
	got := p.grant(func(c *call) { c.form.Del("client_id") })
	p.refused("without client_id", got, "invalid_client", "invalid_request")
}

// bare takes what would prove possession from a call.
func (p *party) bare(c *call) {
	c.proof = nil
	if p.constrain == "mtls" {
		c.over, c.host = p.plain, issuer
	}
}

func holderOfKey(p *party) {
	got := p.grant(p.bare)
	p.refused("without proof of possession", got, "invalid_request", "invalid_grant", "invalid_dpop_proof", "invalid_client")
}

func codeOfAnotherClient(p *party) {
	code := p.code(nil)
	other := p.another()
	other.proofKey = p.proofKey
	p.refused("another client", other.redeem(code, nil), "invalid_grant")
}

func expiredCode(p *party) {
	code := p.code(nil)
	p.clock.Advance(61 * time.Second)
	p.refused("after a minute", p.redeem(code, nil), "invalid_grant")
}

// assertionRefused spoils the claims of the assertion at the token endpoint.
func assertionRefused(changes map[string]any) func(*party) {
	return func(p *party) {
		got := p.grant(func(c *call) { c.claims = changes })
		p.refused("the assertion", got, "invalid_client", "invalid_request")
	}
}

func expiredAssertion(p *party) {
	assertionRefused(map[string]any{"exp": p.clock.Now().Add(-5 * time.Minute).Unix()})(p)
}

func withoutAssertion(p *party) {
	got := p.grant(func(c *call) {
		c.assertion = nil
		c.form.Del("client_assertion_type")
	})
	p.refused("without assertion", got, "invalid_client", "invalid_request")
}

// FAPI 2.0 Security Profile §5.4.1.
func assertionByRS256(p *party) {
	other := p.withRSA()
	if p.itself {
		other.refused("RS256", other.grant(other.assertingBy(jose.RS256)), "invalid_client", "invalid_request")
		other.granted(other.grant(other.assertingBy(jose.PS256)))
		return
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
	other.refused("RS256", other.send("/oauth2/token", form, other.assertingBy(jose.RS256)), "invalid_client", "invalid_request")
	other.refused("PS256 with a bad token", other.send("/oauth2/token", form, other.assertingBy(jose.PS256)), "invalid_grant")
}

// invalidAssertions are each wrong in one way (RFC 7523 §3, FAPI 2.0 Security
// Profile §5.3.2.1); a good one ends them.
func invalidAssertions(p *party) {
	now := p.clock.Now()
	try := func(what string, change func(*call)) {
		p.Helper()
		p.refused(what, p.pushing(change), "invalid_client", "invalid_request")
	}
	claims := func(changes map[string]any) func(*call) { return func(c *call) { c.claims = changes } }
	ahead := now.Add(70 * time.Second).Unix()
	for what, changes := range map[string]map[string]any{
		"without sub": {"sub": nil}, "with another sub": {"sub": "another"}, "without iss": {"iss": nil}, "with another iss": {"iss": "another"},
		"without aud": {"aud": nil}, "with another aud": {"aud": "https://other.example"}, "for the PAR endpoint": {"aud": issuer + "/oauth2/par"},
		"for the token endpoint": {"aud": issuer + "/oauth2/token"}, "for two": {"aud": []string{issuer, "https://other.example"}},
		"for a list": {"aud": []string{issuer}}, "of five minutes ago": {"exp": now.Add(-5 * time.Minute).Unix()},
		"of the future": {"iat": ahead, "nbf": ahead, "exp": ahead + 60}, "without exp": {"exp": nil}, "without jti": {"jti": nil},
	} {
		try(what, claims(changes))
	}
	try("no assertion", func(c *call) { c.assertion = nil; c.form.Del("client_assertion_type") })
	try("without a type", func(c *call) { c.form.Del("client_assertion_type") })
	try("of another type", func(c *call) {
		c.form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
	})
	try("by none", func(c *call) {
		c.assertion = func(claims map[string]any) string { return unsigned(p.T, map[string]any{"alg": "none"}, claims) }
	})
	try("with a changed signature", func(c *call) {
		sign := c.assertion
		c.assertion = func(claims map[string]any) string { return tampered(sign(claims)) }
	})
	soon := now.Add(8 * time.Second).Unix()
	p.reference(p.pushing(claims(map[string]any{"iat": soon, "nbf": soon})))
	p.reference(p.pushing(claims(nil)))
}

// pushing pushes a good request, the call changed.
func (p *party) pushing(change func(*call)) answer {
	p.Helper()
	return p.push(p.asking(nil), change)
}

// FAPI 2.0 Security Profile §5.3.2.1: refresh tokens do not rotate; they are their
// client's, and worth nothing without proof of possession.
func fapiRefresh(p *party) {
	first := p.flow(with{"scope": "openid offline_access"})
	before := p.identity(first, "nonce-1")
	second := p.granted(p.refresh(first.text("refresh_token")))
	if next := second.text("refresh_token"); next != "" && next != first.text("refresh_token") {
		p.Error("the refresh token was rotated")
	}
	if after := p.verified(second.text("id_token")); after["sub"] != before["sub"] {
		p.Errorf("sub = %v, was %v", after["sub"], before["sub"])
	}
	p.bound(second.text("access_token"))
	if got := p.userinfo(second.text("access_token")); got.status != http.StatusOK {
		p.Errorf("userinfo: %d %v", got.status, got.header)
	}
	p.refused("without proof of possession", p.refresh(first.text("refresh_token"), p.bare), "invalid_client", "invalid_grant", "invalid_request", "invalid_dpop_proof")
	other := p.another()
	other.proofKey = p.proofKey
	p.refused("another client's", other.refresh(first.text("refresh_token")), "invalid_grant", "invalid_client")
	p.othersToken(other, first.text("access_token"))
}

// othersToken: an access token is refused to whoever does not hold its key.
func (p *party) othersToken(other *party, token string) {
	p.Helper()
	thief := *other
	thief.proofKey = newKey()
	if got := thief.userinfo(token); got.status != http.StatusUnauthorized || !strings.Contains(got.header.Get("WWW-Authenticate"), "error=") {
		p.Errorf("a thief's request: %d %v", got.status, got.header)
	}
}
