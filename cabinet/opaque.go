package cabinet

import (
	"propusk/cabinet/api"
	"propusk/idp/veil"
	"propusk/storage"
)

// What the issuer made unreadable for applications, the guard reads with the key
// that both have: opaque access tokens, and the names by which some applications know
// people. Neither asks anybody, so that a revocation ends an opaque token as soon as a
// signed one.

// unveiling is that key; nil in a cabinet that has none, which takes neither.
type unveiling struct {
	tokens   *veil.Tokens
	subjects *veil.Subjects
}

func newUnveiling(sealer *storage.Sealer) *unveiling {
	if sealer == nil {
		return nil
	}
	return &unveiling{veil.NewTokens(sealer), veil.NewSubjects(sealer)}
}

// open does for an opaque token what verify does for a signed one. There is no key to
// look up: who can seal is the issuer.
func (g *guard) open(token string) (*verifiedToken, error) {
	if g.unveiling == nil {
		return nil, api.InvalidToken("token_malformed", "opaque tokens are not taken here")
	}
	payload, err := g.unveiling.tokens.Open(token)
	if err != nil {
		return nil, api.InvalidToken("signature_wrong", "the token was not issued here, or was changed")
	}
	claims, err := g.checkClaims(payload)
	if err != nil {
		return nil, err
	}
	return &verifiedToken{Claims: *claims, revocation: claims.Revocable()}, nil
}

// unveil puts the person in the place of the name by which the application knows him
// (OpenID Connect Core §8.1). The claims are those of a genuine token.
func (g *guard) unveil(claims *api.Claims) error {
	if claims.Service() || !veil.Pairwise(claims.Subject) {
		return nil
	}
	if g.unveiling == nil {
		return api.InvalidToken("claims_refused", "the subject cannot be read here")
	}
	person, err := g.unveiling.subjects.PersonOfToken(claims.Subject)
	if err != nil {
		return api.InvalidToken("claims_refused", "the subject cannot be read")
	}
	claims.Subject = person
	if !veil.Pairwise(claims.SessionID) {
		return nil
	}
	if claims.SessionID, err = g.unveiling.subjects.PersonOfToken(claims.SessionID); err != nil {
		return api.InvalidToken("claims_refused", "the session cannot be read")
	}
	return nil
}
