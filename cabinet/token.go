package cabinet

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"propusk/cabinet/api"
	"propusk/idp/possession"
	"propusk/idp/veil"
	"propusk/storage/revocation"
)

// tokenLimit bounds an access token in bytes. Ours have about 1,400 with every
// permission in them.
const tokenLimit = 8 << 10

// algorithms that may sign an access token; each key is bound to one of them.
// "none" and everything symmetric are absent for good (RFC 9700 §4.11, RFC 8725 §3.1).
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// verifiedToken is a token of which everything that does not change with time has
// been checked: signature, typ, iss, aud and the required claims.
type verifiedToken struct {
	api.Claims
	kid        string
	key        crypto.PublicKey // nil for an opaque one
	revocation revocation.Token
}

// presented takes the token, and the scheme it came by, from the Authorization
// header (RFC 6750 §2.1, RFC 9449 §7.1), the only place that is accepted: a token
// in the address (RFC 6750 §2.3) ends up in logs, so its presence alone refuses
// the request.
func presented(r *http.Request) (scheme, token string, err error) {
	if queryHasToken(r.URL.RawQuery) {
		return "", "", api.Refuse("token_in_query").Challenged("invalid_request", "the token came in the address")
	}
	values := r.Header["Authorization"]
	switch {
	case len(values) == 0:
		return "", "", api.Refuse("token_missing")
	case len(values) > 1:
		return "", "", api.Refuse("authorization_duplicate").Challenged("invalid_request", "more than one Authorization header")
	case len(values[0]) > tokenLimit:
		return "", "", api.Refuse("authorization_too_long")
	}
	name, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	scheme, known := possession.Scheme(name)
	switch {
	case !known:
		return "", "", api.Refuse("token_missing").Because("scheme_unknown")
	case token == "":
		return "", "", api.InvalidToken("token_malformed", "the header has no token")
	}
	return scheme, token, nil
}

// queryHasToken looks at the raw query and not at its parsed form, from which a
// badly written parameter is missing.
func queryHasToken(rawQuery string) bool {
	if rawQuery == "" {
		return false
	}
	for pair := range strings.FieldsFuncSeq(rawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if strings.EqualFold(name, "access_token") {
			return true
		}
	}
	return false
}

// isCompactJWS accepts three non-empty parts of base64url (RFC 7515 §7.1) without
// padding, line breaks or left-over bits, so that a token has one spelling only.
func isCompactJWS(token string) bool {
	parts := 0
	for part := range strings.SplitSeq(token, ".") {
		parts++
		if part == "" || parts > 3 || strings.ContainsAny(part, "\r\n") {
			return false
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return false
		}
	}
	return parts == 3
}

// verify does for a token not seen before what never has to be repeated.
func (g *guard) verify(ctx context.Context, token string) (*verifiedToken, error) {
	if veil.Opaque(token) {
		return g.open(token)
	}
	if !isCompactJWS(token) {
		return nil, api.InvalidToken("token_malformed", "the token is not a signed JWT")
	}
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, api.InvalidToken("algorithm_refused", "the token's header or algorithm is not accepted")
	}
	header := jws.Signatures[0].Protected
	if err := checkHeader(header); err != nil {
		return nil, err
	}
	key, alg, err := g.keys(ctx, header.KeyID)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, api.InvalidToken("key_unknown", "the token's key is not published by the issuer")
	case err != nil:
		return nil, keysUnavailable(err)
	case alg != header.Algorithm:
		return nil, api.InvalidToken("algorithm_refused", "the token's key is not for its algorithm")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, api.InvalidToken("signature_wrong", "the token's signature is wrong")
	}
	claims, err := g.checkClaims(payload)
	if err != nil {
		return nil, err
	}
	revocable := claims.Revocable()
	revocable.SigningKey = header.KeyID // a withdrawn key may still be in our copy of the set
	return &verifiedToken{Claims: *claims, kid: header.KeyID, key: key, revocation: revocable}, nil
}

// checkHeader refuses everything that tries to say how to verify the token: the
// key comes from the issuer's key set and from nowhere else (RFC 8725 §3.10).
func checkHeader(header jose.Header) error {
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if typ != "at+jwt" { // RFC 9068 §4: an ID token or any other JWT is not an access token
		return api.InvalidToken("type_refused", "the token is not an access token")
	}
	if header.JSONWebKey != nil {
		return api.InvalidToken("header_refused", "the token's header carries a key")
	}
	for _, name := range []jose.HeaderKey{"jku", "x5u", "crit", "b64", "zip"} {
		if _, there := header.ExtraHeaders[name]; there {
			return api.InvalidToken("header_refused", "the token's header is not accepted")
		}
	}
	if header.KeyID == "" || len(header.KeyID) > 128 {
		return api.InvalidToken("key_unknown", "the token names no key")
	}
	return nil
}

// checkClaims reads the claims and checks those that stay as they are.
func (g *guard) checkClaims(payload []byte) (*api.Claims, error) {
	claims, err := api.ParseClaims(payload)
	if err != nil {
		return nil, api.InvalidToken("claims_refused", "the token's claims cannot be read")
	}
	switch {
	case claims.Issuer != g.issuer:
		return nil, api.InvalidToken("issuer_wrong", "the token is of another issuer")
	case !slices.Contains(claims.Audience, g.audience):
		return nil, api.InvalidToken("audience_wrong", "the token is for another audience")
	}
	if err := claims.Complete(); err != nil {
		return nil, api.InvalidToken("claims_refused", err.Error())
	}
	if err := g.unveil(claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// current checks what changes while a token lives: the time and the key's publication.
func (g *guard) current(ctx context.Context, token *verifiedToken) error {
	now := g.now()
	switch {
	case now.Unix() >= token.Expiry:
		return api.Refuse("token_expired").Challenged("invalid_token", "the token has expired")
	case token.NotBefore > now.Add(api.ClockSkew).Unix():
		return api.InvalidToken("not_yet_valid", "the token is not valid yet")
	case token.IssuedAt > now.Add(api.ClockSkew).Unix():
		return api.InvalidToken("not_yet_valid", "the token was issued in the future")
	case token.key == nil:
		return nil
	}
	key, _, err := g.keys(ctx, token.kid)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return api.InvalidToken("key_unknown", "the token's key is no longer published by the issuer")
	case err != nil:
		return keysUnavailable(err)
	case !sameKey(key, token.key):
		return api.InvalidToken("key_unknown", "the token's key has been replaced")
	}
	return nil
}

// keysUnavailable asks to come back once the issuer may be asked again.
func keysUnavailable(err error) *api.Refusal {
	refused := api.Refuse("keys_unavailable").Wrap(err)
	return refused.After(int(keyFetchPause.Seconds()))
}

// sameKey spares the comparison of numbers while the key set is the same one.
func sameKey(a, b crypto.PublicKey) bool {
	if a, ok := a.(*ecdsa.PublicKey); ok && b == crypto.PublicKey(a) {
		return true
	}
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}
