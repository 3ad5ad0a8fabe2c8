package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"propusk/idp/oauth"
)

func TestFAPI2ClientCredentialsOP(t *testing.T) { credentialsPlan().run(t) }

// credentialsPlan is the Security Profile for programs that act for themselves (§5.3.2.1
// applies to every grant, Note 3).
func credentialsPlan() plan {
	variants := combinations(oauth.ProfileFAPI2Security, "", false)
	for i := range variants {
		variants[i].itself = true
	}
	return plan{"fapi2-security-profile-final-client-credentials-grant-test-plan", "TestFAPI2ClientCredentialsOP", variants, credentialsModules()}
}

// credentialsModules are those of the Security Profile that need no person, in the
// suite's order.
func credentialsModules() (modules []module) {
	for _, m := range fapiModules(false) {
		if slices.Contains(withoutPerson, m.name[len(fapi):]) {
			if m.name == fapi+"happy-flow" {
				m.test, m.note = credentialsFlow, "the resource is the cabinet's API"
			}
			modules = append(modules, m)
		}
	}
	return modules
}

var withoutPerson = []string{
	"discovery-end-point-verification", "happy-flow", "access-token-type-header-case-sensitivity", "check-dpop-proof-nbf-exp",
	"ensure-dpopproof-with-iat-10seconds-before-succeeds", "ensure-dpopproof-with-iat-10seconds-after-succeeds",
	"ensure-client-id-in-token-endpoint", "ensure-holder-of-key-required", "ensure-signed-client-assertion-with-RS256-fails",
	"ensure-client-assertion-in-token-endpoint", "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
	"ensure-client-assertion-with-wrong-aud-fails", "ensure-client-assertion-with-no-sub-fails", "dpop-negative-tests",
}

// grant asks for a token as the plan has it: by a new code, or for the client itself.
func (p *party) grant(calls ...func(*call)) answer {
	p.Helper()
	if p.itself {
		return p.send("/oauth2/token", url.Values{"grant_type": {oauth.GrantClientCredentials}}, calls...)
	}
	return p.redeem(p.code(nil), nil, calls...)
}

// RFC 6749 §4.4.3: a token for the client, bound to its key, and nothing besides.
func credentialsFlow(p *party) {
	got := p.granted(p.grant())
	token := got.text("access_token")
	p.bound(token)
	if claims := p.verified(token); claims["sub"] != p.client.ID || claims["client_id"] != p.client.ID {
		p.Errorf("the token is for %v of %v", claims["sub"], claims["client_id"])
	}
	for _, name := range []string{"refresh_token", "id_token"} {
		if got.body[name] != nil {
			p.Errorf("there is a %s", name)
		}
	}
	if told := p.userinfo(token); told.status != http.StatusOK {
		p.Errorf("the resource: %d %v", told.status, told.header)
	}
	if again := p.granted(p.another().grant()); again.text("access_token") == token {
		p.Error("two clients got one token")
	}
	p.othersToken(p.another(), token)
}
