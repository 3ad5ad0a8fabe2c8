package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/storage"
)

// The grant types of this server beside those of RFC 6749.
const (
	GrantDeviceCode    = client.GrantDeviceCode
	GrantCIBA          = client.GrantCIBA
	GrantTokenExchange = client.GrantTokenExchange
	GrantJWTBearer     = client.GrantJWTBearer
)

// grantOf is the grant that an approval comes to, not kept yet.
func (p *Provider) grantOf(clientID string, approval Approval) *grant {
	return &grant{
		ID: storage.NewID(), ClientID: clientID, PersonID: approval.PersonID,
		SessionID: approval.SessionID, OrganisationID: approval.OrganisationID,
		Scope: strings.Join(approval.Scopes, " "),
		ACR:   approval.ACR, AMR: storage.JSON[[]string]{V: approval.AMR}, AuthTime: storage.Of(approval.AuthTime),
		Offline: slices.Contains(approval.Scopes, scopeOfflineAccess),
		Details: storage.JSON[directory.Details]{V: approval.Details},
	}
}

// beginGrant begins the grant of a session, of which errSpent is the refusal to who
// comes second, and makes its first tokens: the owner is read anew, and a public
// client's refresh tokens are bound to the key that it proved. form is what was asked
// for with the authorization (pending.Asked).
//
// All of it is one journey to the database: the grant begins before it is known that
// its owner may have it. Where he may not, or a token cannot be made, that is taken
// back.
func (p *Provider) beginGrant(ctx context.Context, x *exchange, s *session, form url.Values) (*tokenResponse, error) {
	var b storage.Batch
	g, scopes := s.grant, splitScope(s.grant.Scope)
	if x.client.Public() {
		g.Confirmation.V = x.confirmation
	}
	look := p.standing
	if g.OrganisationID != "" && wantOrganisation(scopes) {
		look = p.askStanding(&b, g)
	}
	var begun int64
	p.spend(&b, g, &begun)
	p.noteLogin(&b, x.client, g)
	if err := p.deps.DB.Do(ctx, &b); err != nil {
		return nil, fmt.Errorf("begin a grant: %w", err)
	}
	if begun == 0 {
		return nil, errSpent
	}
	var err error
	var response *tokenResponse
	if s.owner, err = p.ownerBy(ctx, x.client, g, g.OrganisationID, scopes, look); err == nil {
		response, err = p.firstTokens(ctx, x, s, form.Get("nonce"))
	}
	if err != nil {
		return nil, errors.Join(err, p.unspend(context.WithoutCancel(ctx), g, form))
	}
	return response, nil
}

// askStanding has a batch read the membership of a grant's person, and returns what to
// look him up by once it has run.
func (p *Provider) askStanding(b *storage.Batch, g *grant) standing {
	var membership directory.Membership
	var member bool
	directory.AskStanding(b, &membership, &member, g.PersonID, g.OrganisationID)
	return func(ctx context.Context, personID, organisationID string) (owner, error) {
		if !member {
			return p.representative(ctx, personID, organisationID)
		}
		return ownerFrom(membership), nil
	}
}

// firstTokens are an access token and, where the client may have them, a refresh
// token and an ID token.
func (p *Provider) firstTokens(ctx context.Context, x *exchange, s *session, nonce string) (*tokenResponse, error) {
	scopes := splitScope(s.grant.Scope)
	if err := p.accessTokenOf(ctx, x, s, s.grant.Scope); err != nil {
		return nil, err
	}
	response := &tokenResponse{
		AccessToken: s.access, TokenType: tokenType(x.confirmation), Scope: s.grant.Scope, ExpiresIn: p.expiresIn(s.owner),
		Details: s.details,
	}
	if wantConsole(scopes) {
		response.ExpiresIn = min(response.ExpiresIn, int64(consoleLifetime.Seconds()))
	}
	var err error
	if slices.Contains(x.client.GrantTypes, GrantRefreshToken) {
		if response.RefreshToken, err = p.refresh.derive(s.grant.ID, 1); err != nil {
			return nil, err
		}
	}
	if slices.Contains(scopes, scopeOpenID) {
		response.IDToken, err = p.idToken(ctx, x.client, s, nonce)
	}
	return response, err
}

// expiresIn is how long an access token for owner lives, in seconds.
func (p *Provider) expiresIn(o owner) int64 {
	seconds := int64(p.deps.Lifetimes.AccessToken.Seconds())
	if o.power != nil {
		seconds = min(seconds, max(o.power.ends-p.deps.Now().Unix(), 0))
	}
	return seconds
}
