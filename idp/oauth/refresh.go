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
	"time"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"propusk/idp/directory"
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

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler: it checks the
// refresh token and who its person is now, makes the tokens, and moves the family on. That
// is the last thing it does, so whatever fails before leaves the family where it is.
func (h *refreshHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	client := request.GetClient().(*clientView).registration
	family, generation, ok := h.p.refresh.parse(request.GetRequestForm().Get("refresh_token"))
	if !ok {
		return errRefresh
	}
	for {
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
		s, err := h.advance(ctx, request, client, g, generation)
		if err != nil {
			return err
		}
		if s != nil {
			request.SetSession(s)
			request.SetID(g.ID)
			return nil
		}
	}
}

// advance does what is due for the generation presented. When another request has moved
// the family on meanwhile, it returns nil: look once more.
func (h *refreshHandler) advance(ctx context.Context, request fosite.AccessRequester, client *registration, g *grant, generation int64) (*session, error) {
	if !g.acceptable(generation, h.p.now(), h.p.deps.Lifetimes.RefreshGrace) {
		h.p.deps.Log.WarnContext(ctx, "refresh token replayed",
			"grant", g.ID, "client", client.ID, "generation", generation, "current", g.Generation)
		if err := h.p.end(ctx, g, endedByRefreshReplay); err != nil {
			return nil, err
		}
		return nil, errRefresh
	}
	s, err := h.successor(ctx, request, client, g)
	if err != nil {
		return nil, err
	}
	moves := generation == g.Generation && !client.FAPI()
	if moves {
		s.grant.Generation++
	}
	if err := h.p.tokensAgain(ctx, client, s, request.GetGrantedScopes()); err != nil {
		return nil, err
	}
	switch {
	case moves:
		won, err := h.p.rotate(ctx, g, s.grant.OrganisationID)
		if err != nil || !won {
			return nil, err
		}
	case generation == g.Generation:
		return s, h.p.prolong(ctx, g, s.grant.OrganisationID)
	}
	return s, nil
}

// acceptable reports whether a generation is the good one, or the one before within the
// grace window.
func (g *grant) acceptable(generation int64, now storage.Time, grace time.Duration) bool {
	return generation == g.Generation || generation == g.Generation-1 && now.Sub(g.RotatedAt) <= grace
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
		case !wantOrganisation(scopes): // ownerBy would not look at the membership
			return nil, invalidTarget("the scopes asked for speak of no organisation")
		}
		next.OrganisationID = asked
	}
	s := newSession(&next)
	var err error
	if s.details, err = h.p.narrowDetails(client, request.GetRequestForm(), g.Details.V, scopes); err != nil {
		return nil, err
	}
	if s.owner, err = h.ownerNow(ctx, client, g, &next, scopes); err != nil {
		return nil, err
	}
	for _, scope := range scopes {
		request.GrantScope(scope)
	}
	return s, nil
}

// ownerNow reads in one journey who the person of g is now in next's organisation, and
// what has changed since he signed in: his password, what the organisation demands.
func (h *refreshHandler) ownerNow(ctx context.Context, client *registration, g, next *grant, scopes []string) (owner, error) {
	var b storage.Batch
	var changed storage.Time
	var hasPassword bool
	directory.AskPasswordChanged(&b, &changed, &hasPassword, g.PersonID)
	look, demands := h.p.standing, func() (directory.Policy, storage.Time) { return directory.Policy{}, 0 }
	if next.OrganisationID != "" && wantOrganisation(scopes) {
		look, demands = h.p.askStanding(&b, next), directory.AskPolicy(&b, next.OrganisationID)
	}
	if err := h.p.deps.DB.Do(ctx, &b); err != nil {
		return owner{}, fmt.Errorf("look who refreshes: %w", err)
	}
	if hasPassword && changed > g.AuthTime {
		if err := h.p.end(ctx, g, endedByPassword); err != nil {
			return owner{}, err
		}
		return owner{}, errRefresh
	}
	found, err := h.p.ownerBy(ctx, client, next, next.OrganisationID, scopes, look)
	if err == nil && found.organisation != nil {
		policy, stricterAt := demands()
		err = mayEnter(g, next.OrganisationID, policy, stricterAt)
	}
	if err != nil {
		return owner{}, h.refused(ctx, g, next, err)
	}
	return found, nil
}

// mayEnter fails with errAssurance when nobody looked whether the sign-in is what the
// organisation demands now: its PIN, its factors, its networks. It was looked at for
// the grant's organisation, by the policy of that time.
func mayEnter(g *grant, organisationID string, policy directory.Policy, stricterAt storage.Time) error {
	if policy.OnlyAtSignIn() && (organisationID != g.OrganisationID || stricterAt > g.CreatedAt) {
		return errAssurance
	}
	return nil
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
	if ended := h.p.end(ctx, g, because); ended != nil {
		return ended
	}
	return err
}

// tokensAgain makes the tokens of a session that goes on: the ID token keeps sub, aud
// and auth_time and has no nonce (OpenID Connect Core §12.2).
func (p *Provider) tokensAgain(ctx context.Context, client *registration, s *session, scopes []string) (err error) {
	if err := p.accessTokenOf(ctx, exchangeOf(ctx), s, strings.Join(scopes, " ")); err != nil {
		return err
	}
	if s.refresh, err = p.refresh.derive(s.grant.ID, s.grant.Generation); err != nil {
		return err
	}
	if slices.Contains(scopes, scopeOpenID) {
		s.id, err = p.idToken(ctx, client, s, "")
	}
	return err
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler.
func (h *refreshHandler) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, request) {
		return fosite.ErrUnknownRequest
	}
	s := request.GetSession().(*session)
	response.SetAccessToken(s.access)
	response.SetTokenType("bearer")
	response.SetExpiresIn(h.p.deps.Lifetimes.AccessToken)
	response.SetScopes(request.GetGrantedScopes())
	response.SetExtra("refresh_token", s.refresh)
	if s.id != "" {
		response.SetExtra("id_token", s.id)
	}
	return nil
}
