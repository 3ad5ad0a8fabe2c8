package oauth

import (
	"context"
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

// beginGrant keeps the grant of a session and makes its first tokens: the owner is
// read anew, and a public client's refresh tokens are bound to the key that it proved.
// nonce is that of the authorization request, for the ID token. It joins the transaction
// of ctx.
func (p *Provider) beginGrant(ctx context.Context, x *exchange, s *session, nonce string) (*tokenResponse, error) {
	g := s.grant
	var err error
	if s.owner, err = p.ownerOf(ctx, x.client, g, g.OrganisationID, splitScope(g.Scope)); err != nil {
		return nil, err
	}
	if x.client.Public() {
		g.Confirmation.V = x.confirmation
	}
	if err := p.noteLogin(ctx, x.client, g); err != nil {
		return nil, err
	}
	if err := p.insertGrant(ctx, g); err != nil {
		return nil, err
	}
	return p.firstTokens(ctx, x, s, nonce)
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
