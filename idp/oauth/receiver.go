package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"propusk/idp/possession"
	"propusk/storage"
)

// What a transmitter of security events asks: who calls, and to whom a change is of
// concern (idp/signals).

// Receiver authenticates a request of a client for itself: a live access token of
// its own (RFC 6749 §4.4), in the Authorization header, with one of the scopes. It
// returns the client and the organisation that owns it. Otherwise it has answered
// with a challenge (RFC 6750 §3), and ok is false.
func (p *Provider) Receiver(w http.ResponseWriter, r *http.Request, scopes ...string) (clientID, organisationID string, ok bool) {
	c, err := p.receiver(r, scopes)
	p.nextNonce(w, r)
	if err == nil {
		return c.ID, c.OrganisationID, true
	}
	e := asError(err)
	if e.Status >= http.StatusInternalServerError {
		p.deps.Log.ErrorContext(r.Context(), "a receiver of security events was not authenticated", "error", err)
		w.WriteHeader(e.Status)
		return "", "", false
	}
	value := `Bearer realm="propusk"`
	if e.Code != "" {
		value += fmt.Sprintf(`, error="%s", error_description="%s"`, e.Code, e.Description)
	}
	if e.Code == "insufficient_scope" {
		value += fmt.Sprintf(`, scope="%s"`, strings.Join(scopes, " "))
	}
	w.Header().Set("WWW-Authenticate", value)
	w.Header().Add("WWW-Authenticate", possession.Challenge(e.Code, e.Description))
	w.WriteHeader(e.Status)
	return "", "", false
}

// Hold keeps whatever else is changed for the client waiting until the transaction of
// ctx ends; storage.ErrNotFound.
func (p *Provider) Hold(ctx context.Context, clientID string) error {
	return p.deps.Clients.Hold(ctx, clientID)
}

func (p *Provider) receiver(r *http.Request, scopes []string) (*registration, error) {
	scheme, raw, err := headerToken(r)
	if err != nil {
		return nil, err
	}
	invalid := fault(http.StatusUnauthorized, "invalid_token", "the access token is unknown, expired or revoked")
	t, err := p.verifyAccessToken(raw)
	if err != nil {
		return nil, invalid
	}
	if err := p.possessed(r.Context(), r, scheme, raw, t); err != nil {
		return nil, err
	}
	if live, err := p.live(r.Context(), t); err != nil {
		return nil, err
	} else if !live {
		return nil, invalid
	}
	granted := splitScope(t.Scope)
	if t.GrantID != "" || t.Actor != nil || !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(granted, s) }) {
		return nil, fault(http.StatusForbidden, "insufficient_scope", "a token of the client's own with one of these scopes is needed: %s", strings.Join(scopes, " "))
	}
	return p.client(r.Context(), t.ClientID)
}

// headerToken reads the access token of the Authorization header (RFC 6750 §2.1,
// RFC 9449 §7.1), whatever the method.
func headerToken(r *http.Request) (scheme, token string, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", "", errNoToken
	}
	name, token, _ := strings.Cut(headers[0], " ")
	scheme, known := possession.Scheme(name)
	if !known || token == "" {
		return "", "", errNoToken
	}
	return scheme, strings.TrimLeft(token, " "), nil
}

// Owner is the organisation that owns a client, "" = none, and whether the client
// may be used; an unknown one may not.
func (p *Provider) Owner(ctx context.Context, clientID string) (organisationID string, active bool, err error) {
	c, err := p.client(ctx, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return c.OrganisationID, c.Active(), nil
}

// Subject is what a client calls a person (OpenID Connect Core §8).
func (p *Provider) Subject(ctx context.Context, clientID, personID string) (string, error) {
	c, err := p.client(ctx, clientID)
	if err != nil {
		return "", err
	}
	return p.subject(c, personID)
}

// Grantees are the clients with a grant of the person, in the organisation when one
// is named, that is alive or has ended since. What the person withdrew from a client
// is over at once: it is to hear nothing more.
func (p *Provider) Grantees(ctx context.Context, personID, organisationID string, since storage.Time) (clients []string, err error) {
	err = p.deps.DB.Select(ctx, &clients, `SELECT DISTINCT client_id FROM oauth_grants
		WHERE person_id = $1 AND (organisation_id = $2 OR $2 = '') AND generation > 0 AND expires_at > $3
			AND (ended_at = 0 OR (ended_at >= $4 AND ended_because <> $5)) ORDER BY client_id`,
		personID, organisationID, p.now(), since, endedByWithdrawal)
	if err != nil {
		return nil, fmt.Errorf("find the clients of a person: %w", err)
	}
	return clients, nil
}

// OrganisationGrantees are the clients with a grant in the organisation that is
// alive or has ended since.
func (p *Provider) OrganisationGrantees(ctx context.Context, organisationID string, since storage.Time) (clients []string, err error) {
	err = p.deps.DB.Select(ctx, &clients, `SELECT DISTINCT client_id FROM oauth_grants
		WHERE organisation_id = $1 AND generation > 0 AND expires_at > $2 AND (ended_at = 0 OR (ended_at >= $3 AND ended_because <> $4)) ORDER BY client_id`,
		organisationID, p.now(), since, endedByWithdrawal)
	if err != nil {
		return nil, fmt.Errorf("find the clients of an organisation: %w", err)
	}
	return clients, nil
}

// SessionGrantees are the person of a session and the clients that got tokens from
// it, offline_access included: it is the same sign-in. "" and none when nobody did.
func (p *Provider) SessionGrantees(ctx context.Context, sessionID string) (personID string, clients []string, err error) {
	var rows []struct {
		PersonID string `db:"person_id"`
		ClientID string `db:"client_id"`
	}
	err = p.deps.DB.Select(ctx, &rows, `SELECT DISTINCT person_id, client_id FROM oauth_grants
		WHERE session_id = $1 AND generation > 0 AND ended_because <> $2 ORDER BY client_id`, sessionID, endedByWithdrawal)
	if err != nil {
		return "", nil, fmt.Errorf("find the clients of a session: %w", err)
	}
	for _, row := range rows {
		personID, clients = row.PersonID, append(clients, row.ClientID)
	}
	return personID, clients, nil
}
