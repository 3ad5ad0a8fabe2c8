package oauth

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"
	fositeoauth2 "github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"propusk/storage"
)

// store is fosite's storage, of which fosite uses one thing: it keeps codes, each a grant
// that has not begun (pending.go), with its proof key challenge and its nonce.
// Redeeming them (redeem.go) and refreshing (refresh.go) go to the rows themselves; an
// access token has none, and a refresh token's is its grant's. What else fosite's
// handlers demand to be there finds nothing and changes nothing.
type store struct{ p *Provider }

var (
	_ fosite.Storage                      = (*store)(nil)
	_ fositeoauth2.CoreStorage            = (*store)(nil)
	_ fositeoauth2.TokenRevocationStorage = (*store)(nil)
	_ pkce.PKCERequestStorage             = (*store)(nil)
	_ openid.OpenIDConnectRequestStorage  = (*store)(nil)
)

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

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *store) CreateAuthorizeCodeSession(ctx context.Context, signature string, request fosite.Requester) error {
	return s.p.keepPending(ctx, pending{
		grant: *request.GetSession().(*session).grant, Code: signature,
		Asked:         storage.JSON[url.Values]{V: request.GetRequestForm()},
		CodeExpiresAt: s.p.now().Add(s.p.codeLifetime(request)),
	})
}

// fapiCode is how long a code of a FAPI client is good at most, whatever the operator's
// configuration says (FAPI 2.0 Security Profile §5.3.2.1).
const fapiCode = time.Minute

func (p *Provider) codeLifetime(request fosite.Requester) time.Duration {
	if view, ok := request.GetClient().(*clientView); ok && view.registration.FAPI() {
		return min(p.deps.Lifetimes.Code, fapiCode)
	}
	return p.deps.Lifetimes.Code
}

// errNotAsked is for what fosite has no reason to ask.
var errNotAsked = errors.New("oauth: fosite asks for what is not its own")

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage; nothing asks it,
// lookUp is what redeem uses.
func (s *store) GetAuthorizeCodeSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage; nothing asks
// it, see spend.
func (s *store) InvalidateAuthorizeCodeSession(context.Context, string) error { return errNotAsked }

// RevokeAccessToken implements oauth2.TokenRevocationStorage; nothing asks it, see
// replayed.
func (s *store) RevokeAccessToken(context.Context, string) error { return errNotAsked }

// RevokeRefreshToken implements oauth2.TokenRevocationStorage; nothing asks it.
func (s *store) RevokeRefreshToken(context.Context, string) error { return errNotAsked }

// CreateAccessTokenSession implements oauth2.AccessTokenStorage; nothing asks it.
func (s *store) CreateAccessTokenSession(context.Context, string, fosite.Requester) error { return nil }

// GetAccessTokenSession implements oauth2.AccessTokenStorage; nothing asks it.
func (s *store) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage; nothing asks it.
func (s *store) DeleteAccessTokenSession(context.Context, string) error { return nil }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage; nothing asks it.
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

// GetPKCERequestSession implements pkce.PKCERequestStorage; nothing asks it.
func (s *store) GetPKCERequestSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage; nothing asks it.
func (s *store) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession implements openid.OpenIDConnectRequestStorage: the
// nonce is in the code's row.
func (s *store) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetOpenIDConnectSession implements openid.OpenIDConnectRequestStorage; nothing asks it.
func (s *store) GetOpenIDConnectSession(context.Context, string, fosite.Requester) (fosite.Requester, error) {
	return nil, openid.ErrNoSessionFound
}

// DeleteOpenIDConnectSession implements openid.OpenIDConnectRequestStorage; nothing asks it.
func (s *store) DeleteOpenIDConnectSession(context.Context, string) error { return nil }
