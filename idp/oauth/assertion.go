package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/jws"
	"propusk/storage"
)

// assertionType is the client_assertion_type of private_key_jwt (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// maxJWT bounds a JWT that a client makes, in bytes.
	maxJWT = 16 << 10
	// assertionLongest is how far away exp may be: so long the mark of its use is
	// kept.
	assertionLongest = time.Hour
	// clockAhead is how far a client's clock may run ahead of ours (FAPI 2.0
	// Security Profile §5.3.2.1 asks for at least 10 s).
	clockAhead = 10 * time.Second
)

// assertionClaims are what a client says to authenticate (RFC 7523 §3).
type assertionClaims struct {
	Issuer    string
	Subject   string
	Audience  statedAudience
	ExpiresAt float64 // NumericDate may have a fraction; 0 = absent
	NotBefore float64
	IssuedAt  float64
	ID        string
}

// readAssertionClaims reads the payload of an assertion; not ok when it is no JSON
// object, has a member twice or a claim of another type.
func readAssertionClaims(payload string) (claims assertionClaims, ok bool) {
	return claims, jws.Members(payload, claims.claim) == nil
}

// claim reads one claim; those that nobody asks for may be anything.
func (c *assertionClaims) claim(name string, value jws.Value) bool {
	switch name {
	case "iss":
		return value.Text(&c.Issuer)
	case "sub":
		return value.Text(&c.Subject)
	case "aud":
		return c.Audience.read(value)
	case "exp":
		return value.Number(&c.ExpiresAt)
	case "nbf":
		return value.Number(&c.NotBefore)
	case "iat":
		return value.Number(&c.IssuedAt)
	case "jti":
		return value.Text(&c.ID)
	}
	return true
}

// clientJWT takes a JWT of a client apart; nil when it is none.
func (p *Provider) clientJWT(token string) *jws.Signed {
	if len(token) > maxJWT {
		return nil
	}
	signed, err := p.clientJWTs.Parse(token)
	if err != nil {
		return nil
	}
	return signed
}

// subjectOf reads whom an assertion speaks for, before it is known to be true. It
// looks at the one claim alone: all else is read when the signature is verified.
func subjectOf(assertion *jws.Signed) (subject string) {
	if assertion == nil {
		return ""
	}
	err := jws.Members(assertion.Payload(), func(name string, value jws.Value) bool {
		return name != "sub" || value.Text(&subject)
	})
	if err != nil {
		return ""
	}
	return subject
}

// asserted checks a client assertion (RFC 7523 §3, OpenID Connect Core §9). Each
// is good once, at whichever endpoint. Until the signature has been verified the
// refusal says nothing; afterwards it tells the client what is wrong.
func (p *Provider) asserted(ctx context.Context, client *registration, assertion *jws.Signed) error {
	payload, err := p.verifySigned(ctx, client, assertion, client.AuthSigningAlg, clientAssertionTypes)
	if errors.Is(err, errClientJWT) {
		return errAuthentication
	}
	if err != nil {
		return err
	}
	claims, ok := readAssertionClaims(payload)
	if !ok {
		return invalidClient("the claims of the client assertion cannot be read")
	}
	if client.FAPI() && !claims.Audience.text {
		return invalidClient("aud of the client assertion must be text and no list (FAPI 2.0 Security Profile section 5.3.2.1)").
			because("'"+p.deps.Issuer+"'", shownAudience(claims.Audience))
	}
	if err := p.checkAssertion(client, &claims); err != nil {
		return err
	}
	return p.useOnce(ctx, "assertion", client, claims.ID, claims.ExpiresAt, "the client assertion")
}

// statedAudience is aud as a client writes it: text, or a list (RFC 7519 §4.1.3),
// which FAPI 2.0 tells apart.
type statedAudience struct {
	audience
	text bool
}

func (a *statedAudience) read(value jws.Value) bool {
	if a.text = value.IsText(); !a.text {
		return value.Read((*[]string)(&a.audience))
	}
	a.audience = make(audience, 1)
	return value.Text(&a.audience[0])
}

// only reports whether one server is meant, and no other.
func (a *statedAudience) only(issuer string) bool {
	return len(a.audience) == 1 && a.audience[0] == issuer
}

// checkAssertion checks the claims. aud must be this issuer and nobody else: an
// assertion for several servers could be passed on by one of them (RFC 7523 §3
// allows the token endpoint's address, which another server can claim to have).
func (p *Provider) checkAssertion(client *registration, claims *assertionClaims) error {
	now := float64(p.deps.Now().UnixMilli()) / 1000
	switch {
	case claims.Issuer != client.ID || claims.Subject != client.ID:
		return invalidClient("iss and sub of the client assertion must be the client_id (RFC 7523 section 3)").
			because("'"+client.ID+"'", "iss "+shown(claims.Issuer)+" and sub "+shown(claims.Subject))
	case !claims.Audience.only(p.deps.Issuer):
		return invalidClient("aud of the client assertion must be the issuer alone (RFC 7523 section 3)").
			because("'"+p.deps.Issuer+"'", shownAudience(claims.Audience))
	case claims.ExpiresAt == 0:
		return invalidClient("exp of the client assertion is missing")
	case now >= claims.ExpiresAt:
		return invalidClient("the client assertion expired %.0f s ago by this server's clock (RFC 7523 section 3)", math.Floor(now)-claims.ExpiresAt).
			because("exp ahead of now", "exp "+ahead(claims.ExpiresAt, now))
	case claims.ExpiresAt > now+assertionLongest.Seconds():
		return invalidClient("exp of the client assertion is more than an hour away").
			because(fmt.Sprintf("exp within %.0f s", assertionLongest.Seconds()), ahead(claims.ExpiresAt, now))
	case claims.NotBefore > now+clockAhead.Seconds(), claims.IssuedAt > now+clockAhead.Seconds():
		return invalidClient("the client assertion is of the future by %.0f s: compare the clocks (RFC 7523 section 3)", max(claims.NotBefore, claims.IssuedAt)-math.Floor(now)).
			because(fmt.Sprintf("iat and nbf at most %.0f s ahead", clockAhead.Seconds()), "iat "+ahead(claims.IssuedAt, now)+", nbf "+ahead(claims.NotBefore, now))
	}
	return nil
}

// useOnce marks a JWT of the client as used, by one atomic step: of two requests
// with the same one is refused (RFC 7523 §3, jti). exp, in seconds since 1970,
// must have been checked; what names the JWT in the refusal.
func (p *Provider) useOnce(ctx context.Context, kind string, client *registration, id string, exp float64, what string) error {
	if id == "" || len(id) > 256 {
		return invalidClient("jti of %s must have 1 to 256 bytes", what).because("", fmt.Sprintf("%d bytes", len(id)))
	}
	left := time.Duration(exp*float64(time.Second)) - time.Duration(p.deps.Now().UnixNano())
	err := p.deps.Ephemeral.Add(ctx, onceKey(kind, client, id), []byte{1}, left+time.Second)
	if errors.Is(err, storage.ErrExists) {
		return invalidClient("%s was used before; make a new one for each request", what)
	}
	if err != nil {
		return fmt.Errorf("mark %s as used: %w", what, err)
	}
	return nil
}

// onceKey is where the use of a JWT is marked.
func onceKey(kind string, client *registration, id string) string {
	mark := sha256.Sum256([]byte(client.ID + "\x00" + id))
	return "oauth:" + kind + ":" + base64.RawURLEncoding.EncodeToString(mark[:])
}

// errClientJWT: a JWT is not one that the client signed as it must.
var errClientJWT = errors.New("oauth: not a JWT that the client signed")

// The values of typ that a JWT of a client may have for a purpose, "" = none. One
// made for another purpose must not do for this one (RFC 8725 §3.11).
var (
	clientAssertionTypes = []string{"", "jwt", "client-authentication+jwt"}
	requestObjectTypes   = []string{"", "jwt", "oauth-authz-req+jwt"} // RFC 9101 §4
)

// verifyClientJWT checks the signature of a JWT by the client's keys and returns
// its payload: algorithm one of ours and, unless "", the registered one; type
// one of types; the key from the client's key set and from nowhere else. The
// error is errClientJWT, or that the keys could not be had.
func (p *Provider) verifyClientJWT(ctx context.Context, client *registration, token, algorithm string, types []string) (string, error) {
	return p.verifySigned(ctx, client, p.clientJWT(token), algorithm, types)
}

// verifySigned is verifyClientJWT of what was taken apart before; nil is none.
func (p *Provider) verifySigned(ctx context.Context, client *registration, signed *jws.Signed, algorithm string, types []string) (string, error) {
	if signed == nil {
		return "", errClientJWT
	}
	header := signed.Header
	unwanted := algorithm != "" && header.Algorithm != algorithm || client.FAPI() && header.Algorithm == string(jose.RS256)
	if unwanted || !plainHeader(header, types) {
		return "", errClientJWT
	}
	set, err := p.keysOf(ctx, client, func(set keySet) bool { return len(set.Verifiers(header.Header)) > 0 })
	if err != nil {
		return "", err
	}
	for _, key := range set.Verifiers(header.Header) {
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return "", errClientJWT
}

// plainHeader refuses other types, and whatever would say which key to use or
// how to read the payload (RFC 8725 §3.10).
func plainHeader(header *jws.Header, types []string) bool {
	typ := strings.TrimPrefix(strings.ToLower(header.Type()), "application/")
	known := false
	for _, t := range types {
		known = known || t == typ
	}
	for _, name := range []jose.HeaderKey{"jku", "x5u", "crit", "b64", "zip"} {
		if header.Has(name) {
			return false
		}
	}
	return known && header.JSONWebKey == nil
}
