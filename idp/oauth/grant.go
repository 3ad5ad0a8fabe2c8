package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/idp/possession"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// grant is what a person allowed a client: the family of one sign-in's refresh
// tokens. It is kept when the person allows it, and begins when its code is spent.
type grant struct {
	ID             string                 `db:"id"` // gid in tokens
	ClientID       string                 `db:"client_id"`
	PersonID       string                 `db:"person_id"`
	SessionID      string                 `db:"session_id"`
	OrganisationID string                 `db:"organisation_id"`
	Scope          string                 `db:"scope"`
	ACR            string                 `db:"acr"`
	AMR            storage.JSON[[]string] `db:"amr"`
	AuthTime       storage.Time           `db:"auth_time"`
	Offline        bool                   `db:"offline"`
	// Details are how far it reaches (RFC 9396), Claims what was asked for by name
	// (OpenID Connect Core §5.5).
	Details storage.JSON[directory.Details] `db:"details"`
	Claims  storage.JSON[claimsRequest]     `db:"claims"`

	Generation   int64        `db:"generation"` // 0 = not begun
	RotatedAt    storage.Time `db:"rotated_at"`
	CreatedAt    storage.Time `db:"created_at"`
	ExpiresAt    storage.Time `db:"expires_at"`
	EndedAt      storage.Time `db:"ended_at"`
	EndedBecause string       `db:"ended_because"`
	// Confirmation is what a public client must prove to hold at each refresh
	// (RFC 8705 §4, RFC 9449 §5); a client that authenticates does so instead.
	Confirmation storage.JSON[*possession.Confirmation] `db:"confirmation"`
}

const grantColumns = `id, client_id, person_id, session_id, organisation_id, scope, acr, amr, auth_time, offline,
	generation, rotated_at, created_at, expires_at, ended_at, ended_because, confirmation, details, claims`

// Why a grant ended, as it stands in its row and in the journal.
const (
	endedByCodeReplay    = "code_replay"
	endedByRefreshReplay = "refresh_replay"
	endedBySignOut       = "sign_out"
	endedByClient        = "revoked_by_client"
	endedByMembership    = "membership_ended"
	endedByPerson        = "person_blocked"
	endedByPassword      = "password_changed"
	endedByWithdrawal    = "consent_withdrawn"
)

// alive reports whether the grant can be refreshed at now.
func (g *grant) alive(now storage.Time) bool {
	return g.Generation > 0 && g.EndedAt == 0 && now < g.ExpiresAt
}

// grant reads one; ErrNotFound.
func (p *Provider) grant(ctx context.Context, id string) (*grant, error) {
	var g grant
	if err := p.deps.DB.Get(ctx, &g, `SELECT `+grantColumns+` FROM oauth_grants WHERE id = $1`, id); err != nil {
		return nil, fmt.Errorf("find a grant: %w", err)
	}
	return &g, nil
}

// rotate moves a grant from one generation of its refresh token to the next.
// Of any number of callers one succeeds: the statement is conditional, so the
// order is the database's, not any clock's.
func (p *Provider) rotate(ctx context.Context, g *grant, organisationID string) (bool, error) {
	now := p.now()
	changed, err := p.deps.DB.Exec(ctx, `UPDATE oauth_grants
		SET generation = generation + 1, rotated_at = $1, expires_at = $2, organisation_id = $3
		WHERE id = $4 AND generation = $5 AND ended_at = 0`,
		now, now.Add(p.deps.Lifetimes.RefreshToken), organisationID, g.ID, g.Generation)
	if err != nil {
		return false, fmt.Errorf("rotate a grant: %w", err)
	}
	return changed == 1, nil
}

// prolong keeps a grant alive without a new refresh token: one that is bound to
// its client's key is worth nothing to a thief, and rotation could only lose it
// (FAPI 2.0 Security Profile §5.3.2.1). It fails with errRefresh when the grant
// has ended meanwhile.
func (p *Provider) prolong(ctx context.Context, g *grant, organisationID string) error {
	now := p.now()
	changed, err := p.deps.DB.Exec(ctx, `UPDATE oauth_grants SET rotated_at = $1, expires_at = $2, organisation_id = $3
		WHERE id = $4 AND generation = $5 AND ended_at = 0`,
		now, now.Add(p.deps.Lifetimes.RefreshToken), organisationID, g.ID, g.Generation)
	if err != nil {
		return fmt.Errorf("prolong a grant: %w", err)
	}
	if changed == 0 {
		return errRefresh
	}
	return nil
}

// end ends a grant: no refresh any more, and its live access tokens are
// revoked. To end one that has ended is no error and changes nothing.
func (p *Provider) end(ctx context.Context, g *grant, because string) error {
	return p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		var organisationID string // g may come from a code, and the grant have moved since
		err := p.deps.DB.Get(ctx, &organisationID,
			`UPDATE oauth_grants SET ended_at = $1, ended_because = $2 WHERE id = $3 AND ended_at = 0 RETURNING organisation_id`,
			p.now(), because, g.ID)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("end a grant: %w", err)
		}
		if err := p.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindGrant, Key: g.ID}); err != nil {
			return err
		}
		return p.deps.Journal.Append(ctx, journal.Entry{
			Organisation: organisationID, Actor: g.PersonID, Client: g.ClientID,
			Action: "grant.ended", Object: g.ID, Outcome: "success", Details: map[string]string{"reason": because},
		})
	})
}

// outdated reports whether the person has changed the password since he signed in
// for the grant. Who has no password has not.
func (p *Provider) outdated(ctx context.Context, g *grant) (bool, error) {
	_, changed, err := p.deps.Directory.PasswordHash(ctx, g.PersonID)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return changed > g.AuthTime, err
}

// EndSession ends what applications got from a sign-in session: its grants,
// those of offline_access excepted (OpenID Connect Core §11), its unspent codes
// and its live access tokens. Applications that want to know are told. It joins the transaction of ctx.
func (p *Provider) EndSession(ctx context.Context, sessionID string) error {
	if sessionID == "" {
		return errors.New("oauth: the session to end has no id")
	}
	return p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := p.deps.DB.Exec(ctx,
			`DELETE FROM oauth_grants WHERE session_id = $1 AND generation = 0`, sessionID); err != nil {
			return fmt.Errorf("drop the session's codes: %w", err)
		}
		if _, err := p.deps.DB.Exec(ctx,
			`UPDATE oauth_grants SET ended_at = $1, ended_because = $2
			 WHERE session_id = $3 AND offline = FALSE AND ended_at = 0`,
			p.now(), endedBySignOut, sessionID); err != nil {
			return fmt.Errorf("end the session's grants: %w", err)
		}
		if err := p.announceEnd(ctx, sessionID); err != nil {
			return err
		}
		return p.deps.Revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindSession, Key: sessionID})
	})
}

// keepEnded is how long spent codes and ended grants are kept, so that their
// replay is told from a guess.
const keepEnded = 24 * time.Hour

// overdue are the rows that are over for long: what expired, what was ended, and codes
// that nobody spent. Each walks an index.
var overdue = []string{
	`DELETE FROM oauth_grants WHERE expires_at < $1`,
	`DELETE FROM oauth_grants WHERE ended_at > 0 AND ended_at < $1`,
	`DELETE FROM oauth_grants WHERE generation = 0 AND code_expires_at < $1`,
}

// Purge deletes codes and grants that are over for a day or more. Run it
// from time to time; on many nodes at once it does no harm.
func (p *Provider) Purge(ctx context.Context) error {
	before := p.now().Add(-keepEnded)
	for _, statement := range overdue {
		if _, err := p.deps.DB.Exec(ctx, statement, before); err != nil {
			return fmt.Errorf("purge grants: %w", err)
		}
	}
	if _, err := p.deps.DB.Exec(ctx, `DELETE FROM oauth_logins WHERE created_at < $1`, p.now().Add(-loginsKept)); err != nil {
		return fmt.Errorf("purge logins: %w", err)
	}
	return nil
}
