package oauth

import (
	"context"
	"fmt"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Consent is what a person has allowed an application for one organisation.
type Consent struct {
	ClientID     string `json:"client_id"`
	ClientName   string `json:"client_name"`
	ClientNameEN string `json:"client_name#en,omitempty"` // ClientName when empty
	// OrganisationID is whom the person acted for; "" = nobody.
	OrganisationID string   `json:"organization,omitempty"`
	Scopes         []string `json:"scopes"`
	// Details is what he allowed within limits (RFC 9396), beside Scopes.
	Details   directory.Details `json:"authorization_details,omitempty"`
	UpdatedAt storage.Time      `json:"updated_at"`
}

// Grant is an access that an application holds for a person and can prolong by
// itself: one family of refresh tokens.
type Grant struct {
	ID             string   `json:"id"`
	ClientID       string   `json:"client_id"`
	ClientName     string   `json:"client_name"`
	ClientNameEN   string   `json:"client_name#en,omitempty"`
	OrganisationID string   `json:"organization,omitempty"`
	SessionID      string   `json:"sid"`
	Scopes         []string `json:"scopes"`
	// Details are how far it reaches in the domains that they speak of (RFC 9396).
	Details   directory.Details `json:"authorization_details,omitempty"`
	Offline   bool              `json:"offline"` // outlives its session (offline_access)
	CreatedAt storage.Time      `json:"created_at"`
	UsedAt    storage.Time      `json:"used_at"`    // the last refresh; CreatedAt before the first
	ExpiresAt storage.Time      `json:"expires_at"` // unless it is refreshed before
}

// Consents returns what the person has allowed, the newest first. First-party
// applications are not asked for and so not among them.
func (p *Provider) Consents(ctx context.Context, personID string) ([]Consent, error) {
	var rows []struct {
		ClientID       string                          `db:"client_id"`
		Metadata       storage.JSON[Client]            `db:"metadata"`
		OrganisationID string                          `db:"organisation_id"`
		Scope          string                          `db:"scope"`
		Details        storage.JSON[directory.Details] `db:"details"`
		UpdatedAt      storage.Time                    `db:"updated_at"`
	}
	err := p.deps.DB.Select(ctx, &rows, `SELECT k.client_id, c.metadata, k.organisation_id, k.scope, k.details, k.updated_at
		FROM oauth_consents k JOIN oauth_clients c ON c.id = k.client_id
		WHERE k.person_id = $1 ORDER BY k.updated_at DESC, k.client_id, k.organisation_id`, personID)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	consents := make([]Consent, len(rows))
	for i, row := range rows {
		consents[i] = Consent{
			ClientID: row.ClientID, ClientName: row.Metadata.V.Name, ClientNameEN: row.Metadata.V.NameEN,
			OrganisationID: row.OrganisationID, Scopes: splitScope(row.Scope), Details: row.Details.V, UpdatedAt: row.UpdatedAt,
		}
	}
	return consents, nil
}

// Grants returns the person's live grants, the one used last first.
func (p *Provider) Grants(ctx context.Context, personID string) ([]Grant, error) {
	var rows []struct {
		ID             string                          `db:"id"`
		ClientID       string                          `db:"client_id"`
		Metadata       storage.JSON[Client]            `db:"metadata"`
		OrganisationID string                          `db:"organisation_id"`
		SessionID      string                          `db:"session_id"`
		Scope          string                          `db:"scope"`
		Details        storage.JSON[directory.Details] `db:"details"`
		Offline        bool                            `db:"offline"`
		CreatedAt      storage.Time                    `db:"created_at"`
		RotatedAt      storage.Time                    `db:"rotated_at"`
		ExpiresAt      storage.Time                    `db:"expires_at"`
	}
	err := p.deps.DB.Select(ctx, &rows, `SELECT g.id, g.client_id, c.metadata, g.organisation_id, g.session_id, g.scope, g.details,
		g.offline, g.created_at, g.rotated_at, g.expires_at
		FROM oauth_grants g JOIN oauth_clients c ON c.id = g.client_id
		WHERE g.person_id = $1 AND g.ended_at = 0 AND g.generation > 0 AND g.expires_at > $2 ORDER BY g.rotated_at DESC, g.id`, personID, p.now())
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	grants := make([]Grant, len(rows))
	for i, row := range rows {
		grants[i] = Grant{
			ID: row.ID, ClientID: row.ClientID, ClientName: row.Metadata.V.Name, ClientNameEN: row.Metadata.V.NameEN,
			OrganisationID: row.OrganisationID, SessionID: row.SessionID, Scopes: splitScope(row.Scope), Details: row.Details.V, Offline: row.Offline,
			CreatedAt: row.CreatedAt, UsedAt: row.RotatedAt, ExpiresAt: row.ExpiresAt,
		}
	}
	return grants, nil
}

// WithdrawConsent takes back all that the person has allowed the application,
// for every organisation: the consents, the codes not spent yet, and the grants,
// offline ones included, with their live access tokens (RFC 7009 is the client's
// way to the same; this is the person's). To withdraw what was never given is no
// error.
func (p *Provider) WithdrawConsent(ctx context.Context, personID, clientID string) error {
	err := p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		consents, err := p.deps.DB.Exec(ctx,
			`DELETE FROM oauth_consents WHERE person_id = $1 AND client_id = $2`, personID, clientID)
		if err != nil {
			return err
		}
		if _, err := p.deps.DB.Exec(ctx, `DELETE FROM oauth_grants
			WHERE person_id = $1 AND client_id = $2 AND generation = 0`, personID, clientID); err != nil {
			return err
		}
		ended, err := p.endOf(ctx, personID, clientID)
		if err != nil || consents == 0 && ended == 0 {
			return err
		}
		return p.deps.Journal.Append(ctx, journal.Entry{
			Actor: personID, Client: clientID, Action: "consent.withdrawn", Object: clientID, Outcome: "success",
		})
	})
	if err != nil {
		return fmt.Errorf("withdraw a consent: %w", err)
	}
	return nil
}

// endOf ends the live grants of a person at a client and tells how many.
func (p *Provider) endOf(ctx context.Context, personID, clientID string) (int, error) {
	var grants []grant
	err := p.deps.DB.Select(ctx, &grants, `SELECT `+grantColumns+` FROM oauth_grants
		WHERE person_id = $1 AND client_id = $2 AND ended_at = 0`, personID, clientID)
	if err != nil {
		return 0, err
	}
	for i := range grants {
		if err := p.end(ctx, &grants[i], endedByWithdrawal); err != nil {
			return 0, err
		}
	}
	return len(grants), nil
}

// EndGrants ends every access of applications that stands on the person's
// password, offline ones included, with its live access tokens and unspent
// codes: for a recovery, after which nothing of before may go on. What was
// allowed stays allowed. It joins the transaction of ctx.
func (p *Provider) EndGrants(ctx context.Context, personID string) (ended int, err error) {
	err = p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		var grants []grant
		if _, err := p.deps.DB.Exec(ctx, `DELETE FROM oauth_grants WHERE person_id = $1 AND generation = 0`, personID); err != nil {
			return err
		}
		err := p.deps.DB.Select(ctx, &grants, `SELECT `+grantColumns+` FROM oauth_grants
			WHERE person_id = $1 AND ended_at = 0 ORDER BY id`, personID)
		if err != nil {
			return err
		}
		for i := range grants {
			if err := p.end(ctx, &grants[i], endedByPassword); err != nil {
				return err
			}
		}
		ended = len(grants)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("end a person's grants: %w", err)
	}
	return ended, nil
}
