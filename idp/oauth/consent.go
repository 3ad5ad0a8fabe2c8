package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
)

// maxConsentDetails bounds what is remembered of one consent; the oldest goes first,
// and the person is asked again.
const maxConsentDetails = 32

// consented is what a person has allowed a client for an organisation: scopes without
// limits, and details within theirs.
type consented struct {
	Scope   string                          `db:"scope"`
	Details storage.JSON[directory.Details] `db:"details"`
}

// Consented reports whether the person has allowed the client all these scopes
// before, for the organisation ("" = none). With details it is enough that he has
// allowed those, or their whole domain; without, a domain that he has only allowed
// within limits is not allowed. It knows nothing of first-party clients, who need no
// consent.
func (p *Provider) Consented(ctx context.Context, personID, clientID, organisationID string, scopes []string, details ...directory.Detail) (bool, error) {
	before, err := p.consent(ctx, personID, clientID, organisationID)
	if err != nil {
		return false, err
	}
	whole := splitScope(before.Scope)
	if len(whole)+len(before.Details.V) == 0 || !within(besides(scopes, details), whole) {
		return false, nil
	}
	for _, d := range details {
		if !within(detailScopes(directory.Details{d}), whole) && !before.Details.V.Cover(directory.Details{d}) {
			return false, nil
		}
	}
	return true, nil
}

// RememberConsent adds the scopes to what the person has allowed the client for the
// organisation. Of a domain that details speak of, the details are added and the
// scopes are not: allowed within limits is not allowed.
func (p *Provider) RememberConsent(ctx context.Context, personID, clientID, organisationID string, scopes []string, details ...directory.Detail) error {
	return p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		before, err := p.consent(ctx, personID, clientID, organisationID)
		if err != nil {
			return err
		}
		scope := strings.Join(splitScope(before.Scope+" "+strings.Join(besides(scopes, details), " ")), " ")
		_, err = p.deps.DB.Exec(ctx, `INSERT INTO oauth_consents
			(person_id, client_id, organisation_id, scope, details, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (person_id, client_id, organisation_id) DO UPDATE
			SET scope = excluded.scope, details = excluded.details, updated_at = excluded.updated_at`,
			personID, clientID, organisationID, scope, storage.JSON[directory.Details]{V: joined(before.Details.V, details)}, p.now())
		if err != nil {
			return fmt.Errorf("remember a consent: %w", err)
		}
		return nil
	})
}

// joined are the details of before and those of now that they do not cover.
func joined(before, now directory.Details) directory.Details {
	all := slices.Clone(before)
	for _, d := range now {
		if !all.Cover(directory.Details{d}) {
			all = append(all, d)
		}
	}
	return all[max(len(all)-maxConsentDetails, 0):]
}

func (p *Provider) consent(ctx context.Context, personID, clientID, organisationID string) (consented, error) {
	var before consented
	err := p.deps.DB.Get(ctx, &before, `SELECT scope, details FROM oauth_consents
		WHERE person_id = $1 AND client_id = $2 AND organisation_id = $3`, personID, clientID, organisationID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return consented{}, fmt.Errorf("find a consent: %w", err)
	}
	return before, nil
}
