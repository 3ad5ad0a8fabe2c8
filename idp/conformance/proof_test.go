package conformance

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// About DPoP proofs (RFC 9449).

// proving changes the claims of the call's proof.
func proving(changes map[string]any) func(*call) {
	return func(c *call) { c.proofClaims = changes }
}

// proofWithTimes: nbf and exp are no part of a proof, and no harm.
func proofWithTimes(p *party) {
	now := p.clock.Now()
	times := proving(map[string]any{"nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()})
	got := p.granted(p.grant(times))
	if told := p.userinfo(got.text("access_token"), times); told.status != http.StatusOK {
		p.Errorf("userinfo: %d %v", told.status, told.header)
	}
}

// proofAt is a proof of a client whose clock is off (§11.1).
func proofAt(d time.Duration) func(*party) {
	return func(p *party) {
		at := proving(map[string]any{"iat": p.clock.Now().Add(d).Unix()})
		got := p.granted(p.grant(at))
		if told := p.userinfo(got.text("access_token"), at); told.status != http.StatusOK {
			p.Errorf("userinfo: %d %v", told.status, told.header)
		}
	}
}

// withProof adds a good proof to a call.
func (p *party) withProof(c *call) { c.proof = p.sign(p.proofKey, "dpop+jwt", true) }

// §10.1: dpop_jkt and the proof at the pushing are of one key.
func mismatchedThumbprint(p *party) {
	form := p.asking(with{"dpop_jkt": thumbprint(p.T, newKey())})
	p.refused("dpop_jkt of another key", p.push(form, p.withProof), "invalid_dpop_proof", "invalid_request")
}

// §10: what was asked for with a key is redeemed with it.
func codeOfAnotherProof(p *party) {
	code := p.codeOf(p.browser.signIn(p.reference(p.push(p.asking(nil), p.withProof))), "state-1")
	p.proofKey = newKey()
	p.refused("another key", p.redeem(code, nil), "invalid_dpop_proof", "invalid_grant", "invalid_request")
}

func codeOfAnotherThumbprint(p *party) {
	code := p.code(with{"dpop_jkt": thumbprint(p.T, newKey())})
	p.refused("another key", p.redeem(code, nil), "invalid_dpop_proof", "invalid_grant", "invalid_request")
}

func boundByProof(p *party) {
	code := p.codeOf(p.browser.signIn(p.reference(p.push(p.asking(nil), p.withProof))), "state-1")
	p.bound(p.granted(p.redeem(code, nil)).text("access_token"))
}

func boundByThumbprint(p *party) {
	p.bound(p.flow(with{"dpop_jkt": thumbprint(p.T, p.proofKey)}).text("access_token"))
}

// §4.3: each of the checks, at a resource.
func dpopNegatives(p *party) {
	token := p.granted(p.grant()).text("access_token")
	try := func(what string, good bool, change func(*call)) {
		p.Helper()
		got := p.userinfo(token, change)
		if accepted := got.status == http.StatusOK; accepted != good || !good && got.status != http.StatusUnauthorized && got.status != http.StatusBadRequest {
			p.Errorf("%s: %d %v", what, got.status, got.header["Www-Authenticate"])
		}
	}
	for _, name := range []string{"jti", "htm", "htu", "iat", "ath"} {
		try("without "+name, false, proving(map[string]any{name: nil}))
	}
	try("of the method PUT", false, proving(map[string]any{"htm": "PUT"}))
	try("of another address", false, proving(map[string]any{"htu": issuer + "/other"}))
	try("of another token", false, proving(map[string]any{"ath": hashOf("another")}))
	try("with a query and a fragment", true, func(c *call) { c.proofClaims = map[string]any{"htu": c.host + c.endpoint + "?x=1#f"} })
	try("with claims that nobody knows", true, proving(map[string]any{"extra": "foobar"}))
	p.dpopHeaders(try)
	p.dpopTimes(try)
}

// dpopHeaders are the checks of form, type, algorithm, key and signature.
func (p *party) dpopHeaders(try func(string, bool, func(*call))) {
	by := func(make func(map[string]any) string) func(*call) {
		return func(c *call) { c.proof = make }
	}
	good := p.sign(p.proofKey, "dpop+jwt", true)
	try("two proofs", false, func(c *call) { c.header["DPoP"] = []string{good(p.proving(c))} })
	try("no JWT", false, by(func(map[string]any) string { return "a.b.c" }))
	try("without typ", false, by(p.sign(p.proofKey, "", true)))
	try("with another typ", false, by(p.sign(p.proofKey, "jwt", true)))
	try("without jwk", false, by(p.sign(p.proofKey, "dpop+jwt", false)))
	try("by another key", false, by(p.sign(newKey(), "dpop+jwt", true)))
	try("with a changed signature", false, by(func(claims map[string]any) string { return tampered(good(claims)) }))
	try("by RS256", false, by(func(claims map[string]any) string { return jws(p.T, jose.RS256, rsaKey(), "dpop+jwt", true, claims) }))
	public, _ := json.Marshal(jose.JSONWebKey{Key: p.proofKey.Public()})
	try("by none", false, by(func(claims map[string]any) string {
		return unsigned(p.T, map[string]any{"alg": "none", "typ": "dpop+jwt", "jwk": json.RawMessage(public)}, claims)
	}))
	private, _ := json.Marshal(jose.JSONWebKey{Key: p.proofKey})
	try("with a private key", false, by(func(claims map[string]any) string {
		options := (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", json.RawMessage(private))
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.proofKey}, options)
		if err != nil {
			p.Fatal(err)
		}
		text, _ := json.Marshal(claims)
		signed, err := signer.Sign(text)
		if err != nil {
			p.Fatal(err)
		}
		compact, _ := signed.CompactSerialize()
		return compact
	}))
}

// dpopTimes are the checks of time and of use.
func (p *party) dpopTimes(try func(string, bool, func(*call))) {
	now := p.clock.Now()
	try("of an hour ahead", false, proving(map[string]any{"iat": now.Add(time.Hour).Unix()}))
	try("of an hour ago", false, proving(map[string]any{"iat": now.Add(-time.Hour).Unix()}))
	once := proving(map[string]any{"jti": "fixed-" + p.client.ID})
	try("used first", true, once)
	try("used again", false, once)
	try("as a Bearer's", false, func(c *call) {
		c.header.Set("Authorization", "Bearer "+c.token)
		c.proof = nil
	})
}
