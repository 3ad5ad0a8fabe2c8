package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
)

// Consented reports whether the person has allowed the client all these scopes
// before, for the organisation ("" = none). It knows nothing of first-party
// clients, who need no consent.
func (p *Provider) Consented(ctx context.Context, personID, clientID, organisationID string, scopes []string) (bool, error) {
	consented, err := p.consent(ctx, personID, clientID, organisationID)
	if err != nil {
		return false, err
	}
	return len(consented) > 0 && within(scopes, consented), nil
}

// RememberConsent adds the scopes to what the person has allowed the client for
// the organisation.
func (p *Provider) RememberConsent(ctx context.Context, personID, clientID, organisationID string, scopes []string) error {
	return p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		consented, err := p.consent(ctx, personID, clientID, organisationID)
		if err != nil {
			return err
		}
		scope := strings.Join(splitScope(strings.Join(append(consented, scopes...), " ")), " ")
		_, err = p.deps.DB.Exec(ctx, `INSERT INTO oauth_consents
			(person_id, client_id, organisation_id, scope, updated_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (person_id, client_id, organisation_id) DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at`,
			personID, clientID, organisationID, scope, p.now())
		if err != nil {
			return fmt.Errorf("remember a consent: %w", err)
		}
		return nil
	})
}

func (p *Provider) consent(ctx context.Context, personID, clientID, organisationID string) ([]string, error) {
	var scope string
	err := p.deps.DB.Get(ctx, &scope, `SELECT scope FROM oauth_consents
		WHERE person_id = $1 AND client_id = $2 AND organisation_id = $3`, personID, clientID, organisationID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("find a consent: %w", err)
	}
	return splitScope(scope), nil
}
