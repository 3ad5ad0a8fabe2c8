package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/storage"
	"propusk/storage/jobs"
)

// Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the end of a
// session is told to the applications that learnt of it, server to server. The
// telling is a job of the transaction that ends the session, so that it is never
// lost and never sent for an end that did not happen.

// logoutJob is the kind of those jobs.
const logoutJob = "oauth.backchannel_logout"

// logoutNotice is their payload.
type logoutNotice struct {
	ClientID  string `json:"client"`
	SessionID string `json:"session"`
	PersonID  string `json:"person"`
}

// logoutToken is what an application is told (§2.4). It must have no nonce, so
// that it cannot be taken for an ID token.
type logoutToken struct {
	Issuer    string              `json:"iss"`
	Subject   string              `json:"sub"`
	Audience  audience            `json:"aud"`
	IssuedAt  int64               `json:"iat"`
	ExpiresAt int64               `json:"exp"`
	ID        string              `json:"jti"`
	SessionID string              `json:"sid"`
	Events    map[string]struct{} `json:"events"`
}

const (
	typeLogoutToken = "logout+jwt" // §2.4
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
	// logoutLifetime is short: the token is delivered as it is made (§4).
	logoutLifetime = 2 * time.Minute
	// loginsKept is how long it is remembered whom to tell of a session that
	// never ends; every session does, days before that.
	loginsKept = 90 * 24 * time.Hour
)

// noteLogin remembers that a client which wants to be told learns of a session.
func (p *Provider) noteLogin(b *storage.Batch, client *registration, g *grant) {
	if client.BackchannelLogoutURI == "" && client.FrontchannelLogoutURI == "" || !slices.Contains(splitScope(g.Scope), scopeOpenID) {
		return
	}
	b.Exec(nil, `INSERT INTO oauth_logins (session_id, client_id, person_id, created_at)
		SELECT session_id, client_id, person_id, begun_at FROM oauth_grants WHERE id = $1 AND generation = 1 ON CONFLICT (session_id, client_id) DO NOTHING`, g.ID)
}

// announceEnd asks for the telling of a session's end, in the transaction of ctx.
func (p *Provider) announceEnd(ctx context.Context, sessionID string) error {
	var logins []struct {
		ClientID string `db:"client_id"`
		PersonID string `db:"person_id"`
	}
	err := p.deps.DB.Select(ctx, &logins, `DELETE FROM oauth_logins WHERE session_id = $1 RETURNING client_id, person_id`, sessionID)
	if err != nil {
		return fmt.Errorf("find whom to tell of the session's end: %w", err)
	}
	for _, login := range logins {
		notice := logoutNotice{login.ClientID, sessionID, login.PersonID}
		if err := jobs.Enqueue(ctx, p.deps.DB, logoutJob, notice, jobs.Options{Unique: sessionID + "/" + login.ClientID}); err != nil {
			return err
		}
	}
	return nil
}

// tellLogout is the job: it makes a logout token and posts it (§2.5). 200 and
// 204 mean that it is done; 400 that it never will be (§2.8); anything else, that
// it is to be tried again.
func (p *Provider) tellLogout(ctx context.Context, job jobs.Job) error {
	var notice logoutNotice
	if err := job.Decode(&notice); err != nil {
		return err
	}
	client, err := p.client(ctx, notice.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && client.BackchannelLogoutURI == "" {
		return nil // nobody is left to tell
	}
	if err != nil {
		return err
	}
	token, err := p.logoutToken(client, notice)
	if err != nil {
		return err
	}
	status, err := p.outside.post(ctx, client.BackchannelLogoutURI, url.Values{"logout_token": {token}})
	switch {
	case err != nil:
		return fmt.Errorf("tell %s of a sign-out: %w", client.ID, err)
	case status == http.StatusOK, status == http.StatusNoContent:
		return nil
	case status == http.StatusBadRequest:
		return jobs.Permanent(fmt.Errorf("%s refused to be told of a sign-out", client.ID))
	default:
		return fmt.Errorf("%s answered %d when told of a sign-out", client.ID, status)
	}
}

func (p *Provider) logoutToken(client *registration, notice logoutNotice) (string, error) {
	now := p.deps.Now()
	subject, err := p.subject(client, notice.PersonID)
	if err != nil {
		return "", err
	}
	session, err := p.sessionName(client, notice.SessionID)
	if err != nil {
		return "", err
	}
	return p.sign(client.IDTokenSignedResponseAlg, typeLogoutToken, logoutToken{
		Issuer: p.deps.Issuer, Subject: subject, Audience: audience{client.ID},
		IssuedAt: now.Unix(), ExpiresAt: now.Add(logoutLifetime).Unix(), ID: storage.NewID(),
		SessionID: session, Events: map[string]struct{}{logoutEvent: {}},
	})
}
