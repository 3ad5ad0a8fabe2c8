package oauth

import (
	"context"
	"fmt"

	"propusk/idp/client"
	"propusk/storage/revocation"
)

// Statuses gives tokens their places in status lists (draft-ietf-oauth-status-list).
type Statuses interface {
	// Place is where the status of a token with these facts stands: a list's URI and
	// an index. Tokens with the same facts share a place.
	Place(ctx context.Context, t revocation.Token) (uri string, index int64, err error)
	// Key names a place to the revocation log (revocation.KindToken).
	Key(uri string, index int64) string
}

// statusLists is where the lists are listed (§9.1); "" when there are none.
func (p *Provider) statusLists() string {
	if p.deps.Statuses == nil {
		return ""
	}
	return p.deps.Issuer + "/oauth2/status-lists"
}

// tokenStatus is the claim status (§6.2).
type tokenStatus struct {
	List statusReference `json:"status_list"`
}

type statusReference struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

func (s *tokenStatus) appendJSON(b []byte) []byte {
	outer := jsonObject{b: append(b, '{')}
	outer.name("status_list")
	inner := jsonObject{b: append(outer.b, '{')}
	inner.number("idx", s.List.Index)
	inner.text("uri", s.List.URI)
	return append(inner.b, '}', '}')
}

// place gives a token of a client that asks for it its place. An opaque token has
// none: whoever can read it asks here anyway. It is called before the subject gets
// the name that the client knows.
func (p *Provider) place(ctx context.Context, c *registration, claims *accessToken) error {
	if p.deps.Statuses == nil || c.AccessTokenFormat == client.FormatOpaque {
		return nil
	}
	uri, index, err := p.deps.Statuses.Place(ctx, claims.revocable(claims.Subject))
	if err != nil {
		return fmt.Errorf("give a token its place in a status list: %w", err)
	}
	claims.Status = &tokenStatus{statusReference{index, uri}}
	return nil
}

// revokeAlone revokes an access token by itself. One with a place in a status list
// takes the tokens that share it with it (RFC 7009 §2.1 leaves that to the server);
// the next one gets another place.
func (p *Provider) revokeAlone(ctx context.Context, t *accessToken) error {
	return p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if t.Status != nil && p.deps.Statuses != nil {
			key := p.deps.Statuses.Key(t.Status.List.URI, t.Status.List.Index)
			if err := p.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindToken, Key: key}); err != nil {
				return err
			}
		}
		return p.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindToken, Key: t.ID})
	})
}
