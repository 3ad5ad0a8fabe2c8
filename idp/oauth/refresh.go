package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"propusk/storage"
)

// refreshTokens derives refresh tokens: BASE64URL(family ‖ generation ‖ MAC),
// the MAC over the first two under a key from the master key. Nothing that could
// be used is kept, and yet the same generation gives the same token again,
// which is what the grace window needs.
type refreshTokens struct{ key []byte }

const (
	familySize     = 16 // a UUID
	generationSize = 8  // big endian
	refreshSize    = familySize + generationSize + sha256.Size
)

func newRefreshTokens(sealer *storage.Sealer) refreshTokens {
	return refreshTokens{key: sealer.Key("refresh")}
}

// derive makes the token of a generation of the family.
func (t refreshTokens) derive(family string, generation int64) (string, error) {
	id, err := uuid.Parse(family)
	if err != nil {
		return "", fmt.Errorf("the family of a refresh token: %w", err)
	}
	token := make([]byte, 0, refreshSize)
	token = append(token, id[:]...)
	token = binary.BigEndian.AppendUint64(token, uint64(generation))
	return base64.RawURLEncoding.EncodeToString(append(token, t.mac(token)...)), nil
}

// parse reads a token that this server made; not ok for any other.
func (t refreshTokens) parse(token string) (family string, generation int64, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != refreshSize {
		return "", 0, false
	}
	signed, mac := raw[:familySize+generationSize], raw[familySize+generationSize:]
	if !hmac.Equal(mac, t.mac(signed)) {
		return "", 0, false
	}
	return uuid.UUID(signed[:familySize]).String(), int64(binary.BigEndian.Uint64(signed[familySize:])), true
}

func (t refreshTokens) mac(signed []byte) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(signed)
	return mac.Sum(nil)
}

// refreshHandler is the grant type refresh_token (RFC 6749 §6) with rotation
// and reuse detection (RFC 9700 §4.14.2). fosite's own would keep every token
// as a row and tell their order by time.
//
// A family has one generation that is good. Presenting it moves the family on.
// Presenting the one before, shortly after, gives the same successor again: the
// answer was lost, or two tabs asked at once. Anything else is a replay, and
// ends the family.
type refreshHandler struct{ p *Provider }

var _ fosite.TokenEndpointHandler = (*refreshHandler)(nil)

// errRefresh tells a client no more than that its refresh token is no good.
var errRefresh = invalidGrant("the refresh token is unknown, expired, used or revoked")

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h *refreshHandler) CanHandleTokenEndpointRequest(_ context.Context, request fosite.AccessRequester) bool {
	return request.GetGrantTypes().ExactOne(GrantRefreshToken)
}

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (h *refreshHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool {
	return false
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler: it checks
// the refresh token and who its person is now, and moves the family on.
func (h *refreshHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	client := request.GetClient().(*clientView).registration
	family, generation, ok := h.p.refresh.parse(request.GetRequestForm().Get("refresh_token"))
	if !ok {
		return errRefresh
	}
	g, err := h.p.grant(ctx, family)
	if errors.Is(err, storage.ErrNotFound) {
		return errRefresh
	}
	if err != nil {
		return err
	}
	if g.ClientID != client.ID || !g.alive(h.p.now()) || !holds(exchangeOf(ctx).confirmation, g.Confirmation.V) {
		return errRefresh
	}
	outdated, err := h.p.outdated(ctx, g)
	if err != nil {
		return err
	}
	if outdated {
		exchangeOf(ctx).committed = true
		if err := h.p.end(ctx, g, endedByPassword); err != nil {
			return err
		}
		return errRefresh
	}
	successor, err := h.advance(ctx, request, client, g, generation)
	if err != nil {
		return err
	}
	request.SetSession(successor)
	request.SetID(g.ID)
	return nil
}

// advance does what is due for the generation presented. When another request
// has moved the family on meanwhile, it looks once more.
func (h *refreshHandler) advance(ctx context.Context, request fosite.AccessRequester, client *registration, g *grant, generation int64) (*session, error) {
	if !h.acceptable(g, generation) {
		exchangeOf(ctx).committed = true
		h.p.deps.Log.WarnContext(ctx, "refresh token replayed",
			"grant", g.ID, "client", client.ID, "generation", generation, "current", g.Generation)
		if err := h.p.end(ctx, g, endedByRefreshReplay); err != nil {
			return nil, err
		}
		return nil, errRefresh
	}
	s, err := h.successor(ctx, request, client, g)
	if err != nil || generation != g.Generation {
		return s, err
	}
	if client.FAPI() {
		return s, h.p.prolong(ctx, g, s.grant.OrganisationID)
	}
	won, err := h.p.rotate(ctx, g, s.grant.OrganisationID)
	if err != nil {
		return nil, err
	}
	if won {
		s.grant.Generation++
		return s, nil
	}
	if g, err = h.p.grant(ctx, g.ID); err != nil {
		return nil, err
	}
	if !g.alive(h.p.now()) || generation == g.Generation {
		return nil, errRefresh // ended meanwhile
	}
	return h.advance(ctx, request, client, g, generation)
}

// acceptable reports whether a generation is the good one, or the one before
// within the grace window.
func (h *refreshHandler) acceptable(g *grant, generation int64) bool {
	if generation == g.Generation {
		return true
	}
	return generation == g.Generation-1 && h.p.now().Sub(g.RotatedAt) <= h.p.deps.Lifetimes.RefreshGrace
}

// successor is the session of the tokens to make: scopes at most those of the
// grant (RFC 6749 §6), the organisation asked for or the one before, and the
// owner as he is now.
func (h *refreshHandler) successor(ctx context.Context, request fosite.AccessRequester, client *registration, g *grant) (*session, error) {
	granted := splitScope(g.Scope)
	if err := h.p.checkTokenResource(request.GetRequestForm(), g); err != nil {
		return nil, err
	}
	scopes := []string(request.GetRequestedScopes())
	if len(scopes) == 0 {
		scopes = granted
	}
	for _, scope := range scopes {
		if !slices.Contains(granted, scope) || !slices.Contains(client.view.scopes, scope) {
			return nil, invalidScope("a scope was not granted (RFC 6749 section 6)").because("some of "+strings.Join(granted, " "), shown(scope))
		}
	}
	next := *g
	asked := request.GetRequestForm().Get("organization")
	if asked != "" {
		switch {
		case !wantOrganisation(granted):
			return nil, invalidTarget("the grant is for no organisation")
		case !wantOrganisation(scopes): // ownerOf would not look at the membership
			return nil, invalidTarget("the scopes asked for speak of no organisation")
		}
		next.OrganisationID = asked
	}
	s := newSession(&next)
	var err error
	if s.details, err = h.p.narrowDetails(client, request.GetRequestForm(), g.Details.V, scopes); err != nil {
		return nil, err
	}
	s.owner, err = h.p.ownerOf(ctx, client, &next, next.OrganisationID, scopes)
	if err == nil && s.owner.organisation != nil {
		err = h.mayEnter(ctx, g, next.OrganisationID)
	}
	if err != nil {
		return nil, h.refused(ctx, g, &next, err)
	}
	for _, scope := range scopes {
		request.GrantScope(scope)
	}
	return s, nil
}

// mayEnter fails with errAssurance when nobody looked whether the sign-in is what the
// organisation demands now: its PIN, its factors, its networks. It was looked at for
// the grant's organisation, by the policy of that time.
func (h *refreshHandler) mayEnter(ctx context.Context, g *grant, organisationID string) error {
	policy, err := h.p.deps.Directory.Policy(ctx, organisationID)
	if err != nil || !policy.OnlyAtSignIn() {
		return err
	}
	if organisationID != g.OrganisationID {
		return errAssurance
	}
	stricterAt, err := h.p.deps.Directory.PolicyStricterAt(ctx, organisationID)
	if err == nil && stricterAt > g.CreatedAt {
		err = errAssurance
	}
	return err
}

// refused decides what a refusal does to the family. Whoever may not sign in or
// has left the grant's organisation has no more use for it; a mere wish for
// another organisation, or an assurance that no longer suffices, costs nothing.
func (h *refreshHandler) refused(ctx context.Context, g, next *grant, err error) error {
	because := ""
	switch {
	case errors.Is(err, errPersonBlocked), errors.Is(err, errNotOperator):
		because = endedByPerson
	case errors.Is(err, errNotMember) && next.OrganisationID != g.OrganisationID:
		return invalidTarget("the person is not a member of that organisation")
	case errors.Is(err, errNotMember):
		because = endedByMembership
	default:
		return err
	}
	exchangeOf(ctx).committed = true
	if ended := h.p.end(ctx, g, because); ended != nil {
		return ended
	}
	return err
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler. The ID
// token keeps sub, aud and auth_time and has no nonce (OpenID Connect Core
// §12.2).
func (h *refreshHandler) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, request) {
		return fosite.ErrUnknownRequest
	}
	client := request.GetClient().(*clientView).registration
	s := request.GetSession().(*session)
	access, _, err := (&tokens{h.p}).GenerateAccessToken(ctx, request)
	if err != nil {
		return err
	}
	refresh, err := h.p.refresh.derive(s.grant.ID, s.grant.Generation)
	if err != nil {
		return err
	}
	if request.GetGrantedScopes().Has(scopeOpenID) {
		id, err := h.p.idToken(ctx, client, s, "")
		if err != nil {
			return err
		}
		response.SetExtra("id_token", id)
	}
	response.SetAccessToken(access)
	response.SetTokenType("bearer")
	response.SetExpiresIn(h.p.deps.Lifetimes.AccessToken)
	response.SetScopes(request.GetGrantedScopes())
	response.SetExtra("refresh_token", refresh)
	return nil
}
