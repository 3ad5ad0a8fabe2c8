package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"propusk/idp/directory"
	"propusk/idp/possession"
	"propusk/storage"
)

// introspection is the answer of the introspection endpoint (RFC 7662 §2.2). An
// inactive one has nothing but active.
type introspection struct {
	Active        bool              `json:"active"`
	Scope         string            `json:"scope,omitempty"`
	ClientID      string            `json:"client_id,omitempty"`
	TokenType     string            `json:"token_type,omitempty"` // access tokens only
	ExpiresAt     int64             `json:"exp,omitempty"`
	IssuedAt      int64             `json:"iat,omitempty"`
	Subject       string            `json:"sub,omitempty"`
	Audience      []string          `json:"aud,omitempty"`
	Issuer        string            `json:"iss,omitempty"`
	ID            string            `json:"jti,omitempty"`
	SessionID     string            `json:"sid,omitempty"`
	AuthTime      int64             `json:"auth_time,omitempty"`
	ACR           string            `json:"acr,omitempty"`
	AMR           []string          `json:"amr,omitempty"`
	Organisation  *organisation     `json:"org,omitempty"`
	Roles         []string          `json:"roles,omitzero"`
	Permissions   []string          `json:"permissions,omitempty"`
	MemberVersion int64             `json:"mv,omitempty"`
	Power         *power            `json:"poa,omitempty"`
	Actor         *actor            `json:"act,omitempty"`                   // RFC 8693 §4.1
	Details       directory.Details `json:"authorization_details,omitempty"` // RFC 9396 §9.2
	// Confirmation is what the resource server must have proved to it (RFC 8705
	// §3.2, RFC 9449 §6.2).
	Confirmation *possession.Confirmation `json:"cnf,omitempty"`
}

// Introspect is the introspection endpoint (RFC 7662). The client must
// authenticate by a secret (§2.1). It learns about its own tokens; the house's
// own resource servers (FirstParty clients of kind Service) learn about every
// access token, since each is for the house's audience. Any other question is
// answered like one about an unknown token: inactive (§2.2).
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) Introspect(w http.ResponseWriter, r *http.Request) error {
	client, token, err := p.aboutToken(r)
	if err != nil {
		return p.writeError(w, r, asError(err))
	}
	if client.Public() {
		return p.writeError(w, r, invalidClient("introspection is for clients that authenticate"))
	}
	answer, err := p.introspect(r.Context(), client, token)
	if err != nil {
		return p.writeError(w, r, serverError(err))
	}
	if acceptsSigned(r) {
		return p.writeSignedIntrospection(r.Context(), w, client, answer)
	}
	return p.writeJSON(w, http.StatusOK, answer)
}

// typeIntrospection is the typ and, below application/, the media type of a signed
// answer (RFC 9701 §4, §5).
const typeIntrospection = "token-introspection+jwt"

func acceptsSigned(r *http.Request) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Accept")), "application/"+typeIntrospection)
}

// writeSignedIntrospection answers with a JWT, which a resource server can keep as
// evidence (RFC 9701 §5). It is for the client that asked, and says nothing of
// the token outside token_introspection, so that it is no token itself. A client that
// registered to have it encrypted gets it so (§6).
func (p *Provider) writeSignedIntrospection(ctx context.Context, w http.ResponseWriter, client *registration, answer introspection) error {
	algorithm := cmp.Or(client.IntrospectionSignedAlg, client.IDTokenSignedResponseAlg)
	sealed := encryption{client.IntrospectionEncryptionAlg, client.IntrospectionEncryptionEnc}
	token, err := p.signFor(ctx, client, algorithm, typeIntrospection, sealed, struct {
		Issuer        string        `json:"iss"`
		Audience      string        `json:"aud"`
		IssuedAt      int64         `json:"iat"`
		Introspection introspection `json:"token_introspection"`
	}{p.deps.Issuer, client.ID, p.deps.Now().Unix(), answer})
	if err != nil {
		return p.writeError(w, nil, asError(err))
	}
	header := w.Header()
	header.Set("Content-Type", "application/"+typeIntrospection)
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, err = w.Write([]byte(token))
	return err
}

// aboutToken reads what introspection and revocation have in common: an
// authenticated client and a token. token_type_hint is not needed, our tokens
// cannot be mistaken for each other (RFC 7009 §2.1 lets a server ignore it).
func (p *Provider) aboutToken(r *http.Request) (*registration, string, error) {
	form, bad := bodyParameters(r)
	if bad != nil {
		return nil, "", bad
	}
	client, err := p.authenticate(r, form)
	if err != nil {
		return nil, "", err
	}
	if !form.Has("token") {
		return nil, "", invalidRequest("token is missing")
	}
	return client, form.Get("token"), nil
}

func (p *Provider) introspect(ctx context.Context, client *registration, token string) (introspection, error) {
	if family, generation, ok := p.refresh.parse(token); ok {
		return p.introspectRefresh(ctx, client, family, generation)
	}
	t, err := p.verifyAccessToken(token)
	if err != nil {
		return introspection{}, nil // not ours, or expired
	}
	if t.ClientID != client.ID && !(client.FirstParty && client.Kind == Service) {
		return introspection{}, nil
	}
	live, err := p.live(ctx, t)
	if err != nil || !live {
		return introspection{}, err
	}
	return introspection{
		Active: true, Scope: t.Scope, ClientID: t.ClientID, TokenType: tokenType(t.Confirmation),
		ExpiresAt: t.ExpiresAt, IssuedAt: t.IssuedAt, Subject: t.Subject, Audience: t.Audience,
		Issuer: t.Issuer, ID: t.ID, SessionID: t.SessionID, AuthTime: t.AuthTime, ACR: t.ACR, AMR: t.AMR,
		Organisation: t.Organisation, Roles: t.Roles, Permissions: t.Permissions, MemberVersion: t.MemberVersion, Power: t.Power, Actor: t.Actor, Details: t.Details, Confirmation: t.Confirmation,
	}, nil
}

// introspectRefresh tells a client whether its refresh token would be taken.
// Asking uses nothing up.
func (p *Provider) introspectRefresh(ctx context.Context, client *registration, family string, generation int64) (introspection, error) {
	g, err := p.grant(ctx, family)
	if errors.Is(err, storage.ErrNotFound) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	if g.ClientID != client.ID || !g.alive(p.now()) || !g.acceptable(generation, p.now(), p.deps.Lifetimes.RefreshGrace) {
		return introspection{}, nil
	}
	if outdated, err := p.outdated(ctx, g); err != nil || outdated {
		return introspection{}, err
	}
	subject, err := p.subject(client, g.PersonID)
	if err != nil {
		return introspection{}, err
	}
	return introspection{
		Active: true, Scope: g.Scope, ClientID: g.ClientID, Subject: subject, Details: g.Details.V, Issuer: p.deps.Issuer,
		IssuedAt: g.RotatedAt.Time().Unix(), ExpiresAt: g.ExpiresAt.Time().Unix(), Confirmation: g.Confirmation.V,
	}, nil
}
