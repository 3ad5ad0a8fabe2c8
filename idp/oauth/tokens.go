package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ory/fosite"
	fositeoauth2 "github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/keys"
	"propusk/idp/possession"
	"propusk/storage"
)

// tokens makes what fosite's handlers give away.
type tokens struct{ p *Provider }

var (
	_ fositeoauth2.CoreStrategy         = (*tokens)(nil)
	_ openid.OpenIDConnectTokenStrategy = (*tokens)(nil)
)

// GenerateAuthorizeCode implements oauth2.AuthorizeCodeStrategy: 256 random
// bits (RFC 6749 §10.10), known to the database by their hash.
func (t *tokens) GenerateAuthorizeCode(context.Context, fosite.Requester) (code, signature string, err error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	code = base64.RawURLEncoding.EncodeToString(random)
	return code, codeSignature(code), nil
}

// AuthorizeCodeSignature implements oauth2.AuthorizeCodeStrategy.
func (t *tokens) AuthorizeCodeSignature(_ context.Context, code string) string {
	return codeSignature(code)
}

func codeSignature(code string) string {
	digest := sha256.Sum256([]byte(code))
	return hex.EncodeToString(digest[:])
}

// ValidateAuthorizeCode implements oauth2.AuthorizeCodeStrategy: a code that
// the store found by its hash is one we made; the store looked at its expiry.
func (t *tokens) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }

// GenerateRefreshToken implements oauth2.RefreshTokenStrategy for the first of
// a family.
func (t *tokens) GenerateRefreshToken(_ context.Context, request fosite.Requester) (token, signature string, err error) {
	token, err = t.p.refresh.derive(request.GetID(), 1)
	return token, request.GetID(), err
}

// RefreshTokenSignature implements oauth2.RefreshTokenStrategy; nothing asks it.
func (t *tokens) RefreshTokenSignature(context.Context, string) string { return "" }

// ValidateRefreshToken implements oauth2.RefreshTokenStrategy; nothing asks it.
func (t *tokens) ValidateRefreshToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInvalidGrant
}

// AccessTokenSignature implements oauth2.AccessTokenStrategy; nothing is kept
// of an access token, so nothing needs a name for it.
func (t *tokens) AccessTokenSignature(context.Context, string) string { return "" }

// ValidateAccessToken implements oauth2.AccessTokenStrategy; nothing asks it,
// verifyAccessToken is what introspection and userinfo use.
func (t *tokens) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInvalidTokenFormat
}

// accessToken is the payload of an access token (RFC 9068 §2.2).
type accessToken struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"` // the person, or the client when it acts for itself
	Audience  []string `json:"aud"`
	ClientID  string   `json:"client_id"`
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	Scope     string   `json:"scope"`
	// SessionID ties the token to a sign-in session; absent when the grant
	// outlives it (offline_access).
	SessionID     string        `json:"sid,omitempty"`
	GrantID       string        `json:"gid,omitempty"`
	AuthTime      int64         `json:"auth_time,omitempty"`
	ACR           string        `json:"acr,omitempty"`
	AMR           []string      `json:"amr,omitempty"`
	Organisation  *organisation `json:"org,omitempty"`
	Roles         []string      `json:"roles,omitzero"`
	Permissions   []string      `json:"permissions,omitempty"`
	MemberVersion int64         `json:"mv,omitempty"`
	// Power is by which power of attorney the person, who is no member, acts for
	// the organisation.
	Power *power `json:"poa,omitempty"`
	// Actor is the client that uses a token which speaks for somebody else.
	Actor *actor `json:"act,omitempty"`
	// Origin is the client that an exchanged token was issued to first.
	Origin string `json:"azp,omitempty"`
	// Details are how far it reaches (RFC 9396 §9.1).
	Details directory.Details `json:"authorization_details,omitempty"`
	// Status is where its place in a status list is; nil for a client that does not ask.
	Status *tokenStatus `json:"status,omitempty"`
	// Confirmation is what its bearer must prove to hold (RFC 7800 §3).
	Confirmation *possession.Confirmation `json:"cnf,omitempty"`

	// person is who Subject means, and session which one SessionID does, of a token
	// that was read; "" for a client's own.
	person, session string
}

// GenerateAccessToken implements oauth2.AccessTokenStrategy, for a grant.
func (t *tokens) GenerateAccessToken(ctx context.Context, request fosite.Requester) (token, signature string, err error) {
	s := request.GetSession().(*session)
	if s.grant == nil {
		return "", "", errors.New("oauth: an access token without a grant")
	}
	err = t.p.accessTokenOf(ctx, exchangeOf(ctx), s, strings.Join(request.GetGrantedScopes(), " "))
	return s.access, "", err
}

// accessTokenOf makes the access token of a session, for some of its grant's scopes.
func (p *Provider) accessTokenOf(ctx context.Context, x *exchange, s *session, scope string) (err error) {
	claims := p.accessClaims(x.client, scope)
	claims.about(s.grant, s.owner)
	claims.forConsole(p, s.grant)
	claims.Details, claims.Confirmation = s.details, x.confirmation
	s.access, err = p.signAccessToken(ctx, x.client, claims)
	return err
}

// accessClaims is a token of the client for itself, without organisation.
func (p *Provider) accessClaims(client *registration, scope string) *accessToken {
	now := p.deps.Now()
	return &accessToken{
		Issuer: p.deps.Issuer, Subject: client.ID, Audience: p.aud, ClientID: client.ID,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(p.deps.Lifetimes.AccessToken).Unix(),
		ID: storage.NewID(), Scope: scope,
	}
}

// about makes it a token of the grant's person, who speaks for owner.
func (a *accessToken) about(g *grant, o owner) {
	a.Subject, a.GrantID = g.PersonID, g.ID
	a.AuthTime, a.ACR, a.AMR = g.AuthTime.Time().Unix(), g.ACR, g.AMR.V
	if !g.Offline {
		a.SessionID = g.SessionID
	}
	a.Organisation, a.Roles, a.Permissions, a.MemberVersion = o.organisation, o.roles, o.permissions, o.version
	if a.Power = o.power; a.Power != nil {
		a.ExpiresAt = min(a.ExpiresAt, a.Power.ends)
	}
}

func (p *Provider) signAccessToken(ctx context.Context, c *registration, claims *accessToken) (string, error) {
	if c.StatusList {
		if err := p.place(ctx, c, claims); err != nil {
			return "", err
		}
	}
	if claims.GrantID != "" && c.Pairwise() {
		var err error
		if claims.Subject, err = p.subject(c, claims.Subject); err != nil {
			return "", err
		}
		if claims.SessionID, err = p.sessionName(c, claims.SessionID); err != nil {
			return "", err
		}
	}
	payload := claims.appendJSON(make([]byte, 0, 1024))
	if c.AccessTokenFormat == client.FormatOpaque {
		return p.opaque.Seal(payload), nil
	}
	return p.deps.Keys.Sign(c.AccessTokenAlg, keys.TypeAccessToken, payload)
}

// idToken is the payload of an ID token (OpenID Connect Core §2).
type idToken struct {
	Issuer          string        `json:"iss"`
	Subject         string        `json:"sub"`
	Audience        audience      `json:"aud"`
	ExpiresAt       int64         `json:"exp"`
	IssuedAt        int64         `json:"iat"`
	AuthTime        int64         `json:"auth_time"`
	Nonce           string        `json:"nonce,omitempty"`
	ACR             string        `json:"acr,omitempty"`
	AMR             []string      `json:"amr,omitempty"`
	SessionID       string        `json:"sid"`
	AccessTokenHash string        `json:"at_hash,omitempty"`
	Organisation    *organisation `json:"org,omitempty"`
	Roles           []string      `json:"roles,omitzero"`
	Power           *power        `json:"poa,omitempty"`
	personClaims                  // those asked for by name (Core §5.5)
}

// audience reads aud as a string or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// GenerateIDToken implements openid.OpenIDConnectTokenStrategy. The request is
// the authorization request; its session is the token request's.
func (t *tokens) GenerateIDToken(ctx context.Context, _ time.Duration, request fosite.Requester) (string, error) {
	s := request.GetSession().(*session)
	if s.grant == nil {
		return "", errors.New("oauth: an ID token without a grant")
	}
	client := request.GetClient().(*clientView).registration
	return t.p.idToken(ctx, client, s, request.GetRequestForm().Get("nonce"))
}

// idToken makes the ID token of a session: signed and, for a client that asks for it,
// encrypted (Core §2).
func (p *Provider) idToken(ctx context.Context, client *registration, s *session, nonce string) (string, error) {
	now, g := p.deps.Now(), s.grant
	subject, err := p.subject(client, g.PersonID)
	if err != nil {
		return "", err
	}
	session, err := p.sessionName(client, g.SessionID)
	if err != nil {
		return "", err
	}
	wanted := g.Claims.V.IDToken
	person, err := p.personOf(ctx, g, wanted)
	if err != nil {
		return "", err
	}
	claims := idToken{
		Issuer: p.deps.Issuer, Subject: subject, Audience: audience{client.ID},
		IssuedAt: now.Unix(), ExpiresAt: now.Add(p.deps.Lifetimes.IDToken).Unix(),
		AuthTime: g.AuthTime.Time().Unix(), Nonce: nonce, ACR: g.ACR, AMR: g.AMR.V, SessionID: session,
		AccessTokenHash: hashOf(client.IDTokenSignedResponseAlg, s.access), Organisation: s.owner.organisation, Roles: s.owner.roles,
		Power: s.owner.power,
	}
	claims.want(wanted, person)
	return p.signFor(ctx, client, client.IDTokenSignedResponseAlg, keys.TypeJWT,
		encryption{client.IDTokenEncryptionAlg, client.IDTokenEncryptionEnc}, &claims)
}

// hashOf is at_hash (Core §3.1.3.6): the left half of the token's hash, by the
// hash function of the ID token's algorithm. That of Ed25519 is SHA-512 (RFC
// 8032 §5.1), where fosite would take SHA-256.
func hashOf(algorithm, token string) string {
	if algorithm == keys.EdDSA {
		digest := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(digest[:len(digest)/2])
	}
	digest := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(digest[:len(digest)/2])
}

func (p *Provider) sign(algorithm, typ string, claims any) (string, error) {
	if own, quick := claims.(interface{ appendJSON([]byte) []byte }); quick {
		return p.deps.Keys.Sign(algorithm, typ, own.appendJSON(make([]byte, 0, 1024)))
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode a token: %w", err)
	}
	return p.deps.Keys.Sign(algorithm, typ, payload)
}
