package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/keys"
	"propusk/idp/veil"
	"propusk/storage"
	"propusk/storage/revocation"
)

// errToken is the one answer to a token that is not ours or no longer good.
var errToken = errors.New("oauth: not a valid token of this server")

// signatureAlgorithms are what a token of ours can be signed with; the key's
// own algorithm must be the header's, besides.
var signatureAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// verify checks the signature and the type of a token of ours and reads its
// payload (RFC 8725 §3.1, §3.11).
func (p *Provider) verify(token, typ string, claims any) error {
	jws, err := jose.ParseSignedCompact(token, signatureAlgorithms)
	if err != nil {
		return errToken
	}
	header := jws.Signatures[0].Protected
	public, algorithm, ok := p.deps.Keys.Public(header.KeyID)
	if !ok || algorithm != header.Algorithm || header.ExtraHeaders[jose.HeaderType] != typ {
		return errToken
	}
	if p.deps.Revoked.Revoked(revocation.Token{SigningKey: header.KeyID}) {
		return errToken // withdrawn on another node, and this one has not read the keys again
	}
	payload, err := jws.Verify(public)
	if err != nil || json.Unmarshal(payload, claims) != nil {
		return errToken
	}
	return nil
}

// verifyAccessToken reads an access token of ours that has not expired (RFC 9068
// §4). Whether it was revoked is another question; see live.
func (p *Provider) verifyAccessToken(token string) (*accessToken, error) {
	var claims accessToken
	if err := p.readAccessToken(token, &claims); err != nil {
		return nil, err
	}
	if claims.Issuer != p.deps.Issuer || !slices.Contains(claims.Audience, p.deps.Audience) ||
		p.deps.Now().Unix() >= claims.ExpiresAt {
		return nil, errToken
	}
	if claims.GrantID != "" {
		claims.person, claims.session = p.personOfToken(claims.Subject), p.personOfToken(claims.SessionID)
	}
	return &claims, nil
}

// readAccessToken verifies the signature or the seal of a token of ours.
func (p *Provider) readAccessToken(token string, claims *accessToken) error {
	if !veil.Opaque(token) {
		return p.verify(token, keys.TypeAccessToken, claims)
	}
	payload, err := p.opaque.Open(token)
	if err != nil || json.Unmarshal(payload, claims) != nil {
		return errToken
	}
	return nil
}

// verifyIDTokenHint reads an ID token of ours. It may have expired: a hint says
// who was here, and proves nothing (OpenID Connect RP-Initiated Logout §2).
func (p *Provider) verifyIDTokenHint(token string) (*idToken, error) {
	var claims idToken
	if err := p.verify(token, keys.TypeJWT, &claims); err != nil {
		return nil, err
	}
	if claims.Issuer != p.deps.Issuer || claims.Subject == "" {
		return nil, errToken
	}
	return &claims, nil
}

// live reports whether a verified access token still counts. Beside the list of
// revocations, which may be some milliseconds behind, it asks the database:
// here is where a resource server turns that wants to be sure.
func (p *Provider) live(ctx context.Context, t *accessToken) (bool, error) {
	if p.deps.Revoked.Revoked(t.revocable(t.person)) {
		return false, nil
	}
	client, err := p.client(ctx, t.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !client.Active() {
		return false, nil
	}
	if err != nil || t.GrantID == "" && t.Power == nil {
		return err == nil, err
	}
	return p.liveOwner(ctx, t)
}

// revocable names everything by whose revocation the token dies; person is who is
// meant by its subject.
func (a *accessToken) revocable(person string) revocation.Token {
	token := revocation.Token{
		ID: a.ID, Grant: a.GrantID, Session: cmp.Or(a.session, a.SessionID), Client: a.ClientID, MemberVersion: a.MemberVersion,
		Origin: a.Origin,
	}
	if last := strings.LastIndex(a.ID, revocation.Exchanged); last >= 0 {
		token.From = a.ID[:last]
	}
	switch {
	case a.GrantID != "":
		token.Person = person
	case a.Actor != nil: // a service by power: its rights are those of its organisation
		token.Person = a.Actor.Organisation
	}
	if a.Organisation != nil {
		token.Organisation = a.Organisation.ID
	}
	if a.Power != nil {
		token.MemberVersion, token.PowerVersion = 0, a.MemberVersion
	}
	return token
}

// liveOwner is live for a token that a person or a power of attorney allowed.
func (p *Provider) liveOwner(ctx context.Context, t *accessToken) (bool, error) {
	err := p.allowanceStands(ctx, t)
	for _, over := range []error{storage.ErrNotFound, errPersonBlocked, errToken} {
		if errors.Is(err, over) {
			return false, nil
		}
	}
	return err == nil, err
}

// allowanceStands fails with storage.ErrNotFound, errPersonBlocked or errToken when
// what the token rests on is over: a service's power of attorney, or a person's grant,
// the client that it was given to, and who he was.
func (p *Provider) allowanceStands(ctx context.Context, t *accessToken) error {
	if t.GrantID == "" {
		return p.serviceStands(ctx, t)
	}
	g, err := p.grant(ctx, t.GrantID)
	if err != nil {
		return err
	}
	given, err := p.client(ctx, g.ClientID)
	switch {
	case err != nil:
		return err
	case g.EndedAt != 0, !given.Active():
		return errToken
	}
	return p.ownerStands(ctx, t)
}

// ownerStands fails with storage.ErrNotFound, errPersonBlocked or errToken when
// the token's person is not who he was when the token was made.
func (p *Provider) ownerStands(ctx context.Context, t *accessToken) error {
	if t.Organisation == nil {
		return p.personStands(ctx, t.person)
	}
	stands := p.standing
	if t.Power != nil { // whatever he has become since, the token rests on the power
		stands = p.representative
	}
	found, err := stands(ctx, t.person, t.Organisation.ID)
	if err != nil {
		return err
	}
	if found.version != t.MemberVersion || (found.power != nil) != (t.Power != nil) {
		return errToken
	}
	return nil
}
