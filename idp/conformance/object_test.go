package conformance

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/oauth"
)

func TestFAPI2MessageSigningOP(t *testing.T) { messagePlan().run(t) }

// messagePlan signs requests (JAR) and responses (JARM).
func messagePlan() plan {
	return plan{"fapi2-message-signing-final-test-plan", "TestFAPI2MessageSigningOP", combinations(oauth.ProfileFAPI2MessageSigning, "jwt", true), fapiModules(true)}
}

// fapiObjects are about request objects (RFC 9101, FAPI 2.0 Message Signing §5.3).
func fapiObjects() []module {
	over := func(d time.Duration, name string) func(*party) {
		return func(p *party) {
			objectRefused(map[string]any{name: p.clock.Now().Add(d).Unix()})(p)
		}
	}
	return []module{
		{name: "ensure-request-object-without-exp-fails", only: "signed", test: objectRefused(map[string]any{"exp": nil})},
		{name: "ensure-request-object-without-nbf-fails", only: "signed", test: objectRefused(map[string]any{"nbf": nil})},
		{name: "state-only-outside-request-object-not-used", test: stateOutside},
		{name: "ensure-request-object-without-redirect-uri-fails", test: withoutRedirectURI},
		{name: "ensure-expired-request-object-fails", only: "signed", test: over(-5*time.Minute, "exp")},
		{name: "ensure-request-object-with-bad-aud-fails", only: "signed", test: objectRefused(map[string]any{"aud": "https://other.example"})},
		{name: "ensure-request-object-with-exp-over-60-fails", only: "signed", test: over(70*time.Minute, "exp")},
		{name: "australia-connectid-ensure-request-object-with-exp-over-10-fails", only: "signed", why: whyProfile},
		{name: "ensure-request-object-with-nbf-over-60-fails", only: "signed", test: over(-70*time.Minute, "nbf")},
		{name: "australia-connectid-ensure-request-object-with-nbf-over-15-fails", only: "signed", why: whyProfile},
		{name: "ksa-ensure-request-object-with-exp-over-10-fails", only: "signed", why: whyProfile},
		{name: "ksa-ensure-request-object-with-nbf-over-10-fails", only: "signed", why: whyProfile},
		{name: "ensure-signed-request-object-with-RS256-fails", only: "signed", test: objectByRS256},
		{name: "ensure-request-object-signature-algorithm-is-not-none", only: "signed", test: objectByNone},
		{name: "ensure-request-object-with-invalid-signature-fails", only: "signed", test: objectForged},
		{name: "ensure-matching-key-in-authorization-request", only: "signed", test: objectOfAnother},
		{name: "ensure-unsigned-request-at-par-endpoint-fails", only: "signed", test: unsignedPushed},
	}
}

// given pushes a request object as it is.
func (p *party) given(object string) answer {
	p.Helper()
	return p.send("/oauth2/par", url.Values{"request": {object}})
}

func objectAccepted(changes map[string]any) func(*party) {
	return func(p *party) {
		link := p.reference(p.given(p.object(p.asking(nil), changes)))
		p.identity(p.granted(p.redeem(p.codeOf(p.browser.signIn(link), "state-1"), nil)), "nonce-1")
	}
}

// objectAhead is an object of a client whose clock runs ahead.
func objectAhead(d time.Duration) func(*party) {
	return func(p *party) {
		objectAccepted(map[string]any{"nbf": p.clock.Now().Add(d).Unix(), "iat": p.clock.Now().Add(d).Unix()})(p)
	}
}

func objectRefused(changes map[string]any) func(*party) {
	return func(p *party) {
		p.refused("the object", p.given(p.object(p.asking(nil), changes)), "invalid_request_object", "invalid_request")
	}
}

// stateOutside: what stands beside the reference is not used.
func stateOutside(p *party) {
	link := p.link(with{"state": ""}) + "&state=outside"
	p.granted(p.redeem(p.codeOf(p.browser.signIn(link), ""), nil))
}

// withoutRedirectURI leaves it out of what is signed or pushed; beside a signed
// request it does not count.
func withoutRedirectURI(p *party) {
	form := p.asking(with{"redirect_uri": ""})
	if p.signed {
		form = url.Values{"request": {p.object(form, nil)}, "redirect_uri": {callback}}
	}
	p.refused("without redirect_uri", p.send("/oauth2/par", form), "invalid_request", "invalid_request_object")
}

// rsaKey is one for all: making it is slow.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		fatal(err)
	}
	return key
})

// withRSA gives the client an RSA key as well, so that only the algorithm is wrong
// with what it signs.
func (p *party) withRSA() *party {
	p.Helper()
	return p.world.party(p.T, p.variant, func(c *oauth.Client) {
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: rsaKey().Public(), KeyID: "rsa", Use: "sig"},
		}})
		if err != nil {
			p.Fatal(err)
		}
		c.JWKS = set
	})
}

// FAPI 2.0 Security Profile §5.4.1: PS256, ES256 or EdDSA.
func objectByRS256(p *party) {
	other := p.withRSA()
	by := func(alg jose.SignatureAlgorithm) answer {
		claims := other.objecting(other.asking(nil), nil)
		return other.send("/oauth2/par", url.Values{"request": {jws(p.T, alg, rsaKey(), "oauth-authz-req+jwt", false, claims)}}, other.assertingBy(jose.PS256))
	}
	other.refused("RS256", by(jose.RS256), "invalid_request_object", "invalid_request")
	other.reference(by(jose.PS256))
}

// assertingBy signs the client assertion, where there is one, by the RSA key.
func (p *party) assertingBy(alg jose.SignatureAlgorithm) func(*call) {
	return func(c *call) {
		if c.assertion != nil {
			c.assertion = func(claims map[string]any) string { return jws(p.T, alg, rsaKey(), "", false, claims) }
		}
	}
}

func objectByNone(p *party) {
	p.refused("none", p.given(unsigned(p.T, map[string]any{"alg": "none"}, p.objecting(p.asking(nil), nil))), "invalid_request_object", "invalid_request")
}

func objectForged(p *party) {
	p.refused("a changed signature", p.given(tampered(p.object(p.asking(nil), nil))), "invalid_request_object", "invalid_request")
}

// tampered changes the last byte of what is signed or of the signature.
func tampered(token string) string {
	last := byte('A')
	at := len(token) - 10
	if token[at] == last {
		last = 'B'
	}
	return token[:at] + string(last) + token[at+1:]
}

// objectOfAnother is signed by the key of another client.
func objectOfAnother(p *party) {
	other := p.another()
	claims := p.objecting(p.asking(nil), nil)
	p.refused("another client's key", p.given(other.sign(other.key, "oauth-authz-req+jwt", false)(claims)), "invalid_request_object", "invalid_request")
}

func unsignedPushed(p *party) {
	p.refused("plain parameters", p.send("/oauth2/par", p.asking(nil)), "invalid_request", "invalid_request_object")
}
