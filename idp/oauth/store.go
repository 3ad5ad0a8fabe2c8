package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/ory/fosite"
	fositeoauth2 "github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"propusk/storage"
)

// store is fosite's storage. One row holds all that fosite keeps of a code: the
// code itself, its proof key challenge and its OpenID Connect parameters; an
// access token has no row, and a refresh token's is its grant's.
//
// It does not implement fosite's Transactional: fosite would begin a
// transaction after the code has been read and end it before a replay's
// consequences were written. Token runs the whole exchange in one DB.Tx
// instead, which travels in the context given to every method here.
type store struct{ p *Provider }

var (
	_ fosite.Storage                      = (*store)(nil)
	_ fositeoauth2.CoreStorage            = (*store)(nil)
	_ fositeoauth2.TokenRevocationStorage = (*store)(nil)
	_ pkce.PKCERequestStorage             = (*store)(nil)
	_ openid.OpenIDConnectRequestStorage  = (*store)(nil)
)

// errSpent is the answer to whoever comes second with a code. fosite wraps it
// in server_error; asError finds it again.
var errSpent = invalidGrant("the authorization code has already been used")

// GetClient implements fosite.ClientManager.
func (s *store) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	client, err := s.p.client(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return client.view, nil
}

// ClientAssertionJWTValid implements fosite.ClientManager; nothing asks it, as
// no method of client authentication here uses assertions.
func (s *store) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrJTIKnown
}

// SetClientAssertionJWT implements fosite.ClientManager; see
// ClientAssertionJWTValid.
func (s *store) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// redemption is a code that was looked up, as fosite wants to see it.
type redemption struct {
	signature string
	request   *fosite.Request
	grant     *grant
	spent     bool
}

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *store) CreateAuthorizeCodeSession(ctx context.Context, signature string, request fosite.Requester) error {
	g := request.GetSession().(*session).grant
	_, err := s.p.deps.DB.Exec(ctx, `INSERT INTO oauth_codes
		(signature, client_id, person_id, session_id, grant_facts, form, expires_at, spent_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		signature, g.ClientID, g.PersonID, g.SessionID, storage.JSON[*grant]{V: g},
		storage.JSON[url.Values]{V: request.GetRequestForm()},
		s.p.now().Add(s.p.deps.Lifetimes.Code), storage.Time(0))
	if err != nil {
		return fmt.Errorf("keep a code: %w", err)
	}
	return nil
}

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. Of a code
// that was spent it returns ErrInvalidatedAuthorizeCode, upon which fosite has
// its grant revoked (RFC 6749 §4.1.2).
//
// A request that had begun before the code was spent is no replay but lost a
// race, as an impatient client's second try does: it gets nothing, and what the
// winner got stays good.
func (s *store) GetAuthorizeCodeSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	x := exchangeOf(ctx)
	if x.code != nil && x.code.signature == signature {
		return x.code.request, nil
	}
	var row struct {
		Grant     storage.JSON[grant]      `db:"grant_facts"`
		Form      storage.JSON[url.Values] `db:"form"`
		ExpiresAt storage.Time             `db:"expires_at"`
		SpentAt   storage.Time             `db:"spent_at"`
	}
	err := s.p.deps.DB.Get(ctx, &row,
		`SELECT grant_facts, form, expires_at, spent_at FROM oauth_codes WHERE signature = $1`, signature)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, fosite.ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("find a code: %w", err)
	case row.SpentAt != 0 && x.began < row.SpentAt:
		return nil, errSpent
	case row.SpentAt == 0 && s.p.now() >= row.ExpiresAt:
		return nil, invalidGrant("the authorization code has expired")
	}
	client, err := s.GetClient(ctx, row.Grant.V.ClientID)
	if err != nil {
		return nil, err
	}
	g := row.Grant.V
	x.code = &redemption{signature: signature, grant: &g, spent: row.SpentAt != 0, request: &fosite.Request{
		ID: g.ID, Client: client, Form: row.Form.V, Session: newSession(&g),
		RequestedScope: splitScope(g.Scope), GrantedScope: splitScope(g.Scope),
	}}
	if x.code.spent {
		return x.code.request, fosite.ErrInvalidatedAuthorizeCode
	}
	return x.code.request, nil
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage: it
// spends the code, and so makes its grant. Of any number of callers one
// succeeds. The grant's facts are those of the look-up: they never change.
func (s *store) InvalidateAuthorizeCodeSession(ctx context.Context, signature string) error {
	x := exchangeOf(ctx)
	if x.code == nil || x.code.signature != signature {
		return errors.New("oauth: a code is spent that was not looked up")
	}
	spent, err := s.p.deps.DB.Exec(ctx, `UPDATE oauth_codes SET spent_at = $1
		WHERE signature = $2 AND spent_at = 0 AND expires_at > $1`, s.p.now(), signature)
	switch {
	case err != nil:
		return fmt.Errorf("spend a code: %w", err)
	case spent != 1:
		return errSpent
	}
	g := *x.code.grant
	if x.client.Public() {
		g.Confirmation.V = x.confirmation
	}
	if err := s.p.noteLogin(ctx, x.client, &g); err != nil {
		return err
	}
	return s.p.insertGrant(ctx, &g)
}

// RevokeAccessToken implements oauth2.TokenRevocationStorage. fosite calls it
// for one reason: a code has come back after it was spent.
func (s *store) RevokeAccessToken(ctx context.Context, requestID string) error {
	x := exchangeOf(ctx)
	x.committed = true
	s.p.deps.Log.WarnContext(ctx, "authorization code replayed", "grant", requestID, "client", x.client.ID)
	return s.p.end(ctx, x.code.grant, endedByCodeReplay)
}

// RevokeRefreshToken implements oauth2.TokenRevocationStorage; the grant has
// ended with RevokeAccessToken.
func (s *store) RevokeRefreshToken(context.Context, string) error { return nil }

// CreateAccessTokenSession implements oauth2.AccessTokenStorage: the token is a
// signed JWT and needs no row.
func (s *store) CreateAccessTokenSession(context.Context, string, fosite.Requester) error { return nil }

// GetAccessTokenSession implements oauth2.AccessTokenStorage; nothing asks it.
func (s *store) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage; nothing asks it.
func (s *store) DeleteAccessTokenSession(context.Context, string) error { return nil }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage: the row is
// the grant's, there since the code was spent.
func (s *store) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage; nothing asks
// it, refreshHandler goes to the grant.
func (s *store) GetRefreshTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage; nothing asks it.
func (s *store) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RotateRefreshToken implements oauth2.RefreshTokenStorage; nothing asks it.
func (s *store) RotateRefreshToken(context.Context, string, string) error { return nil }

// CreatePKCERequestSession implements pkce.PKCERequestStorage: the challenge is
// in the code's row.
func (s *store) CreatePKCERequestSession(context.Context, string, fosite.Requester) error { return nil }

// GetPKCERequestSession implements pkce.PKCERequestStorage.
func (s *store) GetPKCERequestSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	return s.GetAuthorizeCodeSession(ctx, signature, session)
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage: the challenge
// goes when the code is spent, so that a wrong verifier spends nothing.
func (s *store) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession implements openid.OpenIDConnectRequestStorage: the
// nonce is in the code's row.
func (s *store) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetOpenIDConnectSession implements openid.OpenIDConnectRequestStorage, which
// is keyed by the code itself. A code of a plain OAuth request has none.
func (s *store) GetOpenIDConnectSession(ctx context.Context, code string, _ fosite.Requester) (fosite.Requester, error) {
	request, err := s.GetAuthorizeCodeSession(ctx, codeSignature(code), nil)
	if err == nil && !request.GetGrantedScopes().Has(scopeOpenID) {
		return nil, openid.ErrNoSessionFound
	}
	return request, err
}

// DeleteOpenIDConnectSession implements openid.OpenIDConnectRequestStorage; see
// CreateOpenIDConnectSession.
func (s *store) DeleteOpenIDConnectSession(context.Context, string) error { return nil }
