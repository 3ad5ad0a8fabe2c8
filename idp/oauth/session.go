package oauth

import (
	"context"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"

	"propusk/idp/directory"
	"propusk/idp/possession"
	"propusk/storage"
)

// session is what fosite hands from one handler to the next: the grant that a
// token is made from and the owner it speaks of.
//
// It keeps no expiry: an expiry stands in the token and in the row, by our
// clock, and fosite, told of none, answers with the full expires_in.
type session struct {
	grant *grant // nil until the code is looked up
	owner owner
	// The tokens, once made.
	access, refresh, id string
	// details are how far the tokens to be made reach: as far as the grant or, at the
	// client's wish, less.
	details directory.Details
	// connect is for fosite's OpenID Connect handler, which wants to see a
	// subject. What prompt and max_age
	// mean for the sign-in was decided before; fosite's own opinion would go by
	// the wall clock.
	connect jwt.IDTokenClaims
}

var _ openid.Session = (*session)(nil)

func newSession(g *grant) *session {
	s := &session{grant: g}
	if g != nil {
		s.connect.Subject, s.details = g.PersonID, g.Details.V
	}
	return s
}

// SetExpiresAt implements fosite.Session.
func (s *session) SetExpiresAt(fosite.TokenType, time.Time) {}

// GetExpiresAt implements fosite.Session.
func (s *session) GetExpiresAt(fosite.TokenType) time.Time { return time.Time{} }

// GetUsername implements fosite.Session.
func (s *session) GetUsername() string { return "" }

// GetSubject implements fosite.Session.
func (s *session) GetSubject() string { return s.connect.Subject }

// IDTokenClaims implements openid.Session.
func (s *session) IDTokenClaims() *jwt.IDTokenClaims { return &s.connect }

// IDTokenHeaders implements openid.Session.
func (s *session) IDTokenHeaders() *jwt.Headers { return &jwt.Headers{} }

// Clone implements fosite.Session. By hand, since fosite's own copies by
// reflection; everything reached from a session is only ever replaced.
func (s *session) Clone() fosite.Session {
	if s == nil {
		return nil
	}
	clone := *s
	return &clone
}

// exchange is one token request on its way through fosite. It travels in the context.
type exchange struct {
	began     storage.Time
	grantType string // one of grantTypes, or "unknown"
	client    *registration
	code      *pending // the code, once looked up
	// confirmation is what the tokens to be made are bound to; nil = nothing.
	confirmation *possession.Confirmation
}

type exchangeKey struct{}

func (x *exchange) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	if x == nil {
		panic("oauth: no token request in the context") // only Token calls fosite's token handlers
	}
	return x
}
