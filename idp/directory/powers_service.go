package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
	"propusk/storage/revocation"
)

// Programs under a power of attorney: the service client of one organisation acts
// for another by what that other has given to the first. A program is no person who
// could weigh several powers against each other, so that each of its tokens rests
// on one, and dies with it.

// maxServicePowers bounds how many powers between two organisations are looked at.
const maxServicePowers = 50

// ServiceRepresentation is what the programs of an organisation may do for another.
type ServiceRepresentation struct {
	Organisation Organisation      // the principal
	Powers       []PowerOfAttorney // live, the one that ends last first; never empty
	Version      int64             // grows when a power ends: tokens of before are dead
}

// ServiceRepresentation finds the live powers by which the programs of one
// organisation act for another; storage.ErrNotFound when there is none, or one of
// the two is not active.
func (d *Directory) ServiceRepresentation(ctx context.Context, representativeID, principalID string) (ServiceRepresentation, error) {
	// The version first, as in Representation.
	version, err := d.representedVersion(ctx, representativeID, principalID)
	if err != nil {
		return ServiceRepresentation{}, err
	}
	r := ServiceRepresentation{Version: version}
	err = d.db.Select(ctx, &r.Powers, "SELECT "+columns("w", "", powerNames)+` FROM organisations r
		JOIN powers w ON w.representative_key = 'org:' || r.inn AND w.status = 'active'
		JOIN organisations o ON o.id = w.organisation_id AND o.status = 'active'
		WHERE o.id = $1 AND r.id = $2 AND r.status = 'active' AND w.issued_at <= $3 AND w.valid_until > $3
		ORDER BY w.valid_until DESC, w.id LIMIT `+fmt.Sprint(maxServicePowers), principalID, representativeID, d.time())
	if err != nil {
		return ServiceRepresentation{}, fmt.Errorf("directory: powers of a service: %w", err)
	}
	if len(r.Powers) == 0 || representativeID == principalID {
		return ServiceRepresentation{}, fmt.Errorf("directory: powers of a service: %w", storage.ErrNotFound)
	}
	r.Organisation, err = d.Organisation(ctx, principalID)
	return r, err
}

func (d *Directory) representedVersion(ctx context.Context, representativeID, principalID string) (int64, error) {
	var version int64
	err := d.db.Get(ctx, &version, `SELECT version FROM represented_versions
		WHERE representative_id = $1 AND organisation_id = $2`, representativeID, principalID)
	if errors.Is(err, storage.ErrNotFound) {
		return 1, nil
	}
	return version, wrapped("version of a service's powers", err)
}

// raiseServices makes dead the tokens that programs of the power's representative
// have by it, on every node.
func (d *Directory) raiseServices(ctx context.Context, p PowerOfAttorney) error {
	if p.RepresentedBy != RepresentsOrganisation {
		return nil
	}
	var representatives []string
	err := d.db.Select(ctx, &representatives, `SELECT id FROM organisations WHERE inn = $1 ORDER BY id`, p.Representative.V.INN)
	if err != nil {
		return fmt.Errorf("directory: representative of a power: %w", err)
	}
	for _, id := range representatives {
		if err := d.raiseService(ctx, id, p.OrganisationID); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) raiseService(ctx context.Context, representativeID, principalID string) error {
	var version int64
	err := d.db.Get(ctx, &version, `INSERT INTO represented_versions (representative_id, organisation_id, version) VALUES ($1, $2, 2)
		ON CONFLICT (representative_id, organisation_id) DO UPDATE SET version = represented_versions.version + 1 RETURNING version`,
		representativeID, principalID)
	if err != nil {
		return fmt.Errorf("directory: raise version of a service's powers: %w", err)
	}
	return wrapped("revoke a service's tokens by power", d.revocations.Revoke(ctx, revocation.Entry{
		Kind: revocation.KindPower, Key: revocation.Member(representativeID, principalID), Below: version,
	}))
}

// authoriseService is Authorise for a program that acts by power: the power must be
// live, of this organisation and given to another one, and reach as far as the act; and
// the token must hold the permission. That it was given to the organisation of the
// program was checked when the token was made, and cannot change.
func (d *Directory) authoriseService(ctx context.Context, actor Actor, organisationID string, act Act) (Authority, error) {
	if _, err := authoriseClient(actor, act); err != nil {
		return Authority{}, err
	}
	p, err := d.PowerByID(ctx, actor.PowerID)
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && (p.OrganisationID != organisationID || p.RepresentedBy != RepresentsOrganisation):
		return Authority{}, fmt.Errorf("%w: no such power of attorney", ErrForbidden)
	case err != nil:
		return Authority{}, err
	case !p.LiveAt(d.time()):
		return Authority{}, fmt.Errorf("%w (%s)", ErrPowerExpired, p.StatusAt(d.time()))
	case !p.Allows(act):
		return Authority{}, fmt.Errorf("%w (it takes %s)", ErrPowerExceeded, act.Permission)
	}
	return Authority{By: ByPower, PowerID: p.ID, PowerNumber: p.Number}, nil
}
