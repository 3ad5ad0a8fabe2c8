package oauth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/jws"
	"propusk/idp/possession"
	"propusk/storage"
)

const assertionRule = "RFC 7523 section 3"

// assertion explains an assertion of the client, which authenticates it or is its grant:
// form, key, signature, claims and clock; types are what typ may say for that use. Its jti
// is looked up and stays unused.
func (e *explanation) assertion(ctx context.Context, text string, types []string) error {
	if len(text) > maxJWT {
		e.fail("assertion", "assertion_too_large", assertionRule, fmt.Sprintf("at most %d bytes", maxJWT), fmt.Sprint(len(text)))
		return nil
	}
	signed, err := e.p.clientJWTs.Parse(text)
	if err != nil {
		e.fail("assertion", "assertion_form", "RFC 7515 section 3.1", "a JWS signed by "+strings.Join(possession.AlgorithmNames(), ", "), "")
		return nil
	}
	payload, err := e.p.verifyClientJWT(ctx, e.client, text, e.client.AuthSigningAlg, types)
	switch {
	case errors.Is(err, errClientJWT):
		return e.signature(ctx, signed.Header, types)
	case err != nil:
		return e.refused("keys", "RFC 7591 section 2", err)
	}
	e.pass("signature", "RFC 7515 section 5.2")
	claims, ok := readAssertionClaims(payload)
	if !ok {
		e.fail("claims", "claims_unreadable", assertionRule, "", "")
		return nil
	}
	e.same("issuer", "assertion_issuer", assertionRule, e.client.ID, claims.Issuer)
	e.same("subject", "assertion_subject", assertionRule, e.client.ID, claims.Subject)
	if claims.Audience.only(e.p.deps.Issuer) {
		e.pass("audience", assertionRule)
	} else {
		e.fail("audience", "assertion_audience", assertionRule, e.p.deps.Issuer, strings.Join(claims.Audience.audience, " "))
	}
	e.clock(&claims)
	if err := e.p.checkAssertion(e.client, &claims); err != nil && !e.refuses() { // said above, mostly
		if err := e.refused("claims", assertionRule, err); err != nil {
			return err
		}
	}
	return e.once(ctx, &claims)
}

// signature says which of type, algorithm and key is why a signature does not count.
func (e *explanation) signature(ctx context.Context, header *jws.Header, types []string) error {
	algorithm := e.client.AuthSigningAlg
	switch {
	case algorithm != "" && header.Algorithm != algorithm:
		e.fail("algorithm", "assertion_algorithm", "RFC 7591 section 2", algorithm, header.Algorithm)
		return nil
	case e.client.FAPI() && header.Algorithm == string(jose.RS256):
		e.fail("algorithm", "assertion_algorithm", "FAPI 2.0 Security Profile section 5.4.1", "PS256, ES256 or EdDSA", header.Algorithm)
		return nil
	case !plainHeader(header, types):
		e.fail("header", "assertion_header", "RFC 8725 section 3.11", "typ "+strings.Join(types[1:], " or ")+", or none; no jwk and no crit", fmt.Sprint(header.ExtraHeaders[jose.HeaderType]))
		return nil
	}
	set, err := e.p.keysOf(ctx, e.client, func(keySet) bool { return true })
	if err != nil {
		return e.refused("keys", "RFC 7591 section 2", err)
	}
	var known []string
	for _, key := range set.Keys {
		known = append(known, key.KeyID)
	}
	if header.KeyID != "" && !slices.Contains(known, header.KeyID) && !slices.Contains(known, "") {
		e.fail("kid", "assertion_kid", "RFC 7515 section 4.1.4", strings.Join(known, " "), header.KeyID)
		return nil
	}
	e.fail("signature", "assertion_signature", "RFC 7515 section 5.2", strings.Join(known, " "), header.KeyID)
	return nil
}

// clock measures the client's clock against ours, in seconds.
func (e *explanation) clock(claims *assertionClaims) {
	now := float64(e.p.deps.Now().UnixMilli()) / 1000
	told := math.Floor(now) // whole seconds, as JWTs have them
	received := fmt.Sprintf("now %.0f, exp %.0f (%+.0f s)", told, claims.ExpiresAt, claims.ExpiresAt-told)
	ahead := 0.0
	for _, said := range []float64{claims.IssuedAt, claims.NotBefore} {
		if said != 0 {
			ahead = math.Max(ahead, said-now)
			received += fmt.Sprintf(", iat or nbf %.0f (%+.0f s)", said, said-told)
		}
	}
	expected := fmt.Sprintf("exp within %.0f s, iat and nbf at most %.0f s ahead", assertionLongest.Seconds(), clockAhead.Seconds())
	switch {
	case ahead > clockAhead.Seconds():
		e.fail("clock", "clock_ahead", assertionRule, expected, received)
	case claims.ExpiresAt <= now:
		e.fail("clock", "assertion_expired", assertionRule, expected, received)
	case claims.ExpiresAt > now+assertionLongest.Seconds():
		e.fail("clock", "assertion_far", assertionRule, expected, received)
	default:
		e.pass("clock", assertionRule)
	}
}

// once looks whether the assertion was used, and does not use it.
func (e *explanation) once(ctx context.Context, claims *assertionClaims) error {
	if claims.ID == "" || len(claims.ID) > 256 {
		e.fail("jti", "assertion_jti", assertionRule, "1 to 256 bytes", fmt.Sprint(len(claims.ID)))
		return nil
	}
	_, err := e.p.deps.Ephemeral.Get(ctx, onceKey("assertion", e.client, claims.ID))
	switch {
	case err == nil:
		e.fail("jti", "assertion_used", assertionRule, "", claims.ID)
	case errors.Is(err, storage.ErrNotFound):
		e.pass("jti", assertionRule)
	default:
		return fmt.Errorf("look whether an assertion was used: %w", err)
	}
	return nil
}

// proof explains a DPoP proof, which stays unused.
func (e *explanation) proof(ctx context.Context, text string, form url.Values) error {
	const rule = "RFC 9449 section 4.3"
	want := possession.Want{Method: http.MethodPost, URLs: []string{e.p.deps.Issuer + "/oauth2/token"}}
	if method := form.Get("dpop_method"); method != "" {
		want.Method = method
	}
	if address := form.Get("dpop_url"); address != "" {
		want.URLs = []string{address}
	}
	seen, err := e.p.proofs.Look(ctx, text, want)
	received := fmt.Sprintf("htm %s, htu %s, iat %+.0f s, jkt %s", seen.Method, seen.URL, -seen.Age.Seconds(), seen.Thumbprint)
	expected := fmt.Sprintf("htm %s, htu %s, iat within a minute or a fresh nonce", want.Method, want.URLs[0])
	bad, wrong := errors.AsType[*possession.Error](err)
	switch {
	case err == nil:
		e.pass("dpop", rule)
	case errors.Is(err, possession.ErrNonce):
		e.fail("dpop", "use_dpop_nonce", "RFC 9449 section 8", "a nonce of the header DPoP-Nonce", fmt.Sprintf("nonce there: %t", seen.HasNonce))
	case wrong:
		e.fail("dpop", "invalid_dpop_proof", rule, expected+"; "+bad.Reason, received)
	default:
		return err
	}
	return nil
}
