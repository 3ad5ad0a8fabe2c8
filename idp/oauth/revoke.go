package oauth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"propusk/storage"
	"propusk/storage/revocation"
)

// Revoke is the revocation endpoint (RFC 7009). A refresh token ends its grant,
// and with it every access token made from it; an access token ends alone. A
// token that is unknown or over is no error (§2.2); one of another client is
// refused (§2.1).
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) Revoke(w http.ResponseWriter, r *http.Request) error {
	client, token, err := p.aboutToken(r)
	if err == nil {
		err = p.revoke(r.Context(), client, token)
	}
	if err != nil {
		return p.writeError(w, r, asError(err))
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

var errOtherClient = unauthorizedClient("the token belongs to another client")

func (p *Provider) revoke(ctx context.Context, client *registration, token string) error {
	if family, _, ok := p.refresh.parse(token); ok {
		return p.revokeGrant(ctx, client, family)
	}
	t, err := p.verifyAccessToken(token)
	if err != nil {
		return nil // nothing that could still be used
	}
	if t.ClientID != client.ID {
		return errOtherClient
	}
	if err := p.revokeAlone(ctx, t); err != nil {
		return err
	}
	p.settle(ctx, t.ID)
	return nil
}

// settle waits, not for long, until this node's list knows of the revocation,
// so that a client that asks about its token right after gets the answer that it
// expects (RFC 7009 §2: the invalidation takes place immediately).
func (p *Provider) settle(ctx context.Context, tokenID string) {
	ctx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	for !p.deps.Revoked.Revoked(revocation.Token{ID: tokenID}) {
		select {
		case <-ctx.Done():
			return // the list will know by its next reading
		case <-time.After(time.Millisecond):
		}
	}
}

// revokeGrant ends a grant by a refresh token of any generation: whoever gives
// one back wants none of the family used.
func (p *Provider) revokeGrant(ctx context.Context, client *registration, family string) error {
	g, err := p.grant(ctx, family)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	case g.ClientID != client.ID:
		return errOtherClient
	}
	return p.end(ctx, g, endedByClient)
}
