package cabinet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/maypok86/otter/v2"

	"propusk/cabinet/api"
	"propusk/idp/possession"
	"propusk/storage/revocation"
)

// seenLimit bounds the verified tokens kept in memory: at about 2 KiB each, 32 MiB.
const seenLimit = 16 << 10

// guard decides whose request it is. What never changes about a token is checked
// once and remembered; what changes (time, key, revocation) is checked each time,
// in memory: no request reads the database here.
type guard struct {
	issuer, audience string
	keys             KeySource
	revocations      *revocation.List
	now              func() time.Time
	proofs           *possession.Proofs
	mutualTLS        string
	unveiling        *unveiling
	metrics          *metrics
	seen             *otter.Cache[[sha256.Size]byte, *verifiedToken]
}

func newGuard(deps Deps, m *metrics) (*guard, error) {
	seen, err := otter.New(&otter.Options[[sha256.Size]byte, *verifiedToken]{MaximumSize: seenLimit})
	if err != nil {
		return nil, fmt.Errorf("cabinet: cache of verified tokens: %w", err)
	}
	proofs, err := possession.New(possession.Deps{Ephemeral: deps.Ephemeral, Now: deps.Now})
	if err != nil {
		return nil, fmt.Errorf("cabinet: %w", err)
	}
	return &guard{
		issuer: deps.Issuer, audience: deps.Audience, mutualTLS: deps.MutualTLS,
		unveiling: newUnveiling(deps.Sealer), metrics: m,
		keys: deps.Keys, revocations: deps.Revocations, now: deps.Now, proofs: proofs, seen: seen,
	}, nil
}

// authenticate answers the claims of the request's token. When the token is
// genuine but no longer counts, it answers both the claims and the refusal.
func (g *guard) authenticate(r *http.Request) (*api.Claims, error) {
	scheme, raw, err := presented(r)
	if err != nil {
		return nil, err
	}
	token, err := g.token(r.Context(), raw)
	if err != nil {
		return nil, err
	}
	if err := g.current(r.Context(), token); err != nil {
		return nil, err
	}
	if err := g.possessed(r, scheme, raw, token); err != nil {
		return nil, err
	}
	g.metrics.presented(token)
	if g.revocations.Revoked(token.revocation) {
		return &token.Claims, api.Refuse("token_revoked").Challenged("invalid_token", "the token has been revoked")
	}
	return &token.Claims, nil
}

// possessed refuses a token whose bearer does not hold what it is bound to (RFC
// 8705 §3, RFC 9449 §7.1). A token bound to a certificate is good on the
// mutual-TLS host only, where the connection has one.
func (g *guard) possessed(r *http.Request, scheme, raw string, token *verifiedToken) error {
	if token.Confirmation == nil && scheme == possession.Bearer {
		return nil
	}
	var cnf possession.Confirmation
	if token.Confirmation != nil {
		cnf = *token.Confirmation
	}
	err := g.proofs.Request(r.Context(), r, scheme, raw, cnf, g.addresses(r)...)
	wrong, unproved := errors.AsType[*possession.Error](err)
	switch {
	case unproved && cnf.Key != "" && scheme == possession.DPoP:
		return api.Refuse("token_invalid").Because("proof_wrong").Challenged("invalid_dpop_proof", wrong.Reason)
	case unproved:
		return api.InvalidToken("proof_missing", wrong.Reason)
	case err != nil:
		return api.Refuse("internal").Wrap(err)
	}
	return nil
}

// addresses are the URLs under which the request's resource is known.
func (g *guard) addresses(r *http.Request) []string {
	path := r.URL.EscapedPath()
	if g.mutualTLS == "" {
		return []string{g.issuer + path}
	}
	return []string{g.issuer + path, g.mutualTLS + path}
}

// token finds a verified token or verifies it. The key of the memory is a digest,
// so that no live token can be read out of it.
func (g *guard) token(ctx context.Context, raw string) (*verifiedToken, error) {
	digest := digestOf(raw)
	if token, ok := g.seen.GetIfPresent(digest); ok {
		return token, nil
	}
	token, err := g.verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	g.seen.Set(digest, token)
	return token, nil
}

// digestOf keeps tokens of the usual length off the heap.
func digestOf(raw string) [sha256.Size]byte {
	var usual [2048]byte
	if len(raw) > len(usual) {
		return sha256.Sum256([]byte(raw))
	}
	return sha256.Sum256(usual[:copy(usual[:], raw)])
}
