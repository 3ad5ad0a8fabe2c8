package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/idp/oauth"
)

// fapi begins the name of every FAPI 2.0 module.
const fapi = "fapi2-security-profile-final-"

func TestFAPI2SecurityProfileOP(t *testing.T) { securityPlan().run(t) }

// combinations are the ways to authenticate and to bind tokens that the profile
// leaves open (FAPI 2.0 Security Profile §5.3.2.1).
func combinations(profile oauth.Profile, mode string, signed bool) []variant {
	var all []variant
	for _, auth := range []string{oauth.AuthPrivateKeyJWT, oauth.AuthTLS} {
		for _, constrain := range []string{"dpop", "mtls"} {
			all = append(all, variant{
				name: auth + ", " + constrain, auth: auth, constrain: constrain, profile: profile, mode: mode, signed: signed,
			})
		}
	}
	return all
}

func securityPlan() plan {
	return plan{"fapi2-security-profile-final-test-plan", "TestFAPI2SecurityProfileOP", combinations(oauth.ProfileFAPI2Security, "", false), fapiModules(false)}
}

// The reasons that FAPI modules share.
const (
	whyProfile = "of a national profile of FAPI, which this server does not have"
	whyGrants  = "Grant Management for OAuth 2.0 is not offered, and no grant_management endpoint is announced"
)

// fapiModules are those of the Security Profile, and with signed those of Message
// Signing, in the suite's order.
func fapiModules(signed bool) []module {
	modules := append(fapiRequests(), fapiObjects()...)
	modules = append(modules, fapiNegatives()...)
	modules = append(modules, fapiTokens()...)
	modules = append(modules, fapiPushed()...)
	var kept []module
	for _, m := range modules {
		if m.only != "signed" || signed {
			m.name = fapi + m.name
			kept = append(kept, m)
		}
	}
	return kept
}

// fapiRequests are the flows of a client that does right.
func fapiRequests() []module {
	return []module{
		{name: "discovery-end-point-verification", test: fapiDiscovery},
		{name: "happy-flow", test: fapiHappyFlow, note: "access tokens are tried at userinfo here and at the API in cabinet/api"},
		{name: "user-rejects-authentication", test: userRejects},
		{name: "ensure-request-object-with-multiple-aud-succeeds", only: "signed", test: objectAccepted(map[string]any{"aud": []string{issuer, "https://other.example"}})},
		{name: "ensure-authorization-request-without-state-success", test: withoutState},
		{name: "ensure-authorization-request-without-nonce-success", test: withoutNonce},
		{name: "ensure-authorization-request-with-64-char-nonce-success", test: longNonce(64)},
		{name: "ensure-other-scope-order-succeeds", test: otherScopeOrder},
		{name: "test-claims-parameter-identity-claims", test: claimsEssential},
		{name: "access-token-type-header-case-sensitivity", test: schemeCase},
		{name: "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", only: "signed", test: objectAhead(8 * time.Second)},
		{name: "check-dpop-proof-nbf-exp", only: "dpop", test: proofWithTimes},
		{name: "ensure-dpopproof-with-iat-10seconds-before-succeeds", only: "dpop", test: proofAt(-10 * time.Second)},
		{name: "ensure-dpopproof-with-iat-10seconds-after-succeeds", only: "dpop", test: proofAt(10 * time.Second)},
		{name: "ensure-mismatched-dpop-jkt-fails", only: "dpop", test: mismatchedThumbprint},
		{name: "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", only: "dpop", test: codeOfAnotherProof},
		{name: "ensure-token-endpoint-fails-with-mismatched-dpop-jkt", only: "dpop", test: codeOfAnotherThumbprint},
		{name: "ensure-dpopproof-at-par-endpoint-binding-success", only: "dpop", test: boundByProof},
		{name: "ensure-dpop-auth-code-binding-success", only: "dpop", test: boundByThumbprint},
		{name: "ensure-different-nonce-inside-and-outside-request-object", test: outsideIgnored("nonce", "another")},
		{name: "ensure-different-state-inside-and-outside-request-object", test: outsideIgnored("state", "another")},
		{name: "ensure-authorization-request-with-long-nonce", test: longNonce(384)},
		{name: "ensure-authorization-request-with-long-state", test: longState(384)},
	}
}

// FAPI 2.0 Security Profile §5.3.2.1, RFC 8414 §2.
func fapiDiscovery(p *party) {
	m := p.metadata()
	oauthDocument := p.get("/.well-known/oauth-authorization-server")
	if encoded, _ := json.Marshal(oauthDocument.body); oauthDocument.body["issuer"] != issuer {
		p.Errorf("RFC 8414: %s", encoded)
	}
	for name, wanted := range map[string]any{
		"pushed_authorization_request_endpoint":          issuer + "/oauth2/par",
		"authorization_response_iss_parameter_supported": true,
		"tls_client_certificate_bound_access_tokens":     true,
	} {
		if m[name] != wanted {
			p.Errorf("%s = %v, want %v", name, m[name], wanted)
		}
	}
	aliases, _ := m["mtls_endpoint_aliases"].(map[string]any)
	if aliases["token_endpoint"] != mutual+"/oauth2/token" || aliases["pushed_authorization_request_endpoint"] != mutual+"/oauth2/par" {
		p.Errorf("mtls_endpoint_aliases = %v", aliases)
	}
	discoveryModule(p)
}

func fapiHappyFlow(p *party) {
	got := p.flow(with{"scope": "openid profile email"})
	p.identity(got, "nonce-1")
	p.claims(got)
	p.bound(got.text("access_token"))
	again := p.another().flow(nil)
	if again.text("access_token") == got.text("access_token") {
		p.Error("two clients got one token")
	}
}

// bound checks what an access token is bound to (RFC 9449 §6.1, RFC 8705 §3.1).
func (p *party) bound(token string) {
	p.Helper()
	cnf, _ := p.verified(token)["cnf"].(map[string]any)
	wanted := map[string]any{}
	if p.dpop() {
		wanted["jkt"] = thumbprint(p.T, p.proofKey)
	} else {
		wanted["x5t#S256"] = hashOf(string(p.certificate.Leaf.Raw))
	}
	for name, value := range wanted {
		if cnf[name] != value {
			p.Errorf("cnf = %v, want %v", cnf, wanted)
		}
	}
}

// RFC 6749 §4.1.2.1: the person's no is told to the application.
func userRejects(p *party) {
	other := p.world.party(p.T, p.variant, func(c *oauth.Client) { c.FirstParty = false })
	other.browser.decision = "refuse"
	other.denied(other.browser.signIn(other.link(nil)), "state-1", "access_denied")
}

func withoutState(p *party) {
	code := p.codeOf(p.browser.signIn(p.link(with{"state": ""})), "")
	p.identity(p.granted(p.redeem(code, nil)), "nonce-1")
}

func longNonce(length int) func(*party) {
	return func(p *party) {
		nonce := strings.Repeat("n", length)
		p.identity(p.flow(with{"nonce": nonce}), nonce)
	}
}

func longState(length int) func(*party) {
	return func(p *party) {
		state := strings.Repeat("s", length)
		p.granted(p.redeem(p.codeOf(p.browser.signIn(p.link(with{"state": state})), state), nil))
	}
}

func otherScopeOrder(p *party) {
	if claims := p.claims(p.flow(with{"scope": "email openid"})); claims["email"] != login {
		p.Errorf("userinfo says %v", claims)
	}
}

// RFC 9110 §11.1: the case of a scheme says nothing.
func schemeCase(p *party) {
	token := p.granted(p.grant()).text("access_token")
	for _, change := range []func(string) string{strings.ToLower, strings.ToUpper} {
		got := p.userinfo(token, func(c *call) {
			scheme, rest, _ := strings.Cut(c.header.Get("Authorization"), " ")
			c.header.Set("Authorization", change(scheme)+" "+rest)
		})
		if got.status != http.StatusOK {
			p.Errorf("%d %v", got.status, got.header)
		}
	}
}

// outsideIgnored carries a parameter beside the reference; what was pushed counts
// (RFC 9126 §4, RFC 9101 §6.3).
func outsideIgnored(name, value string) func(*party) {
	return func(p *party) {
		link := p.link(nil) + "&" + url.Values{name: {value}}.Encode()
		p.identity(p.granted(p.redeem(p.codeOf(p.browser.signIn(link), "state-1"), nil)), "nonce-1")
	}
}

// fapiNegatives are authorization requests that are refused.
func fapiNegatives() []module {
	return []module{
		{name: "ensure-registered-redirect-uri", test: pushedRedirectURI},
		{name: "plain-fapi-tolerate-unregistered-redirect-uri", test: pushedRedirectURI, note: "unregistered addresses are refused, as RFC 9126 2.4 lets a server do"},
		{name: "ensure-unsigned-authorization-request-without-using-par-fails", test: withoutPushing},
		{name: "ensure-redirect-uri-in-authorization-request", test: pushRefused(with{"redirect_uri": ""}, "invalid_request")},
		{name: "ensure-response-type-code-idtoken-fails", test: pushRefused(with{"response_type": "code id_token"}, "unsupported_response_type")},
		{name: "australia-connectid-ensure-invalid-purpose-fails", why: whyProfile},
		{name: "ensure-response-type-token-fails", test: pushRefused(with{"response_type": "token"}, "unsupported_response_type")},
	}
}

// pushRefused pushes a request that is wrong (RFC 9126 §2.3).
func pushRefused(changes with, errors ...string) func(*party) {
	return func(p *party) {
		p.refused("pushed", p.push(p.asking(changes)), errors...)
	}
}

func pushedRedirectURI(p *party) {
	for _, uri := range []string{"https://rp.example/callback?suite=1&bad=1", "https://evil.example/callback?suite=1"} {
		pushRefused(with{"redirect_uri": uri}, "invalid_request")(p)
	}
}

// FAPI 2.0 Security Profile §5.3.2.2: a request that the browser brings is refused.
func withoutPushing(p *party) {
	got := p.browser.open(issuer + "/oauth2/authorize?" + p.asking(nil).Encode())
	if got.to == nil {
		p.shown(got)
		return
	}
	p.denied(got, "state-1", "invalid_request")
}
