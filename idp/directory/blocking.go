package directory

import (
	"context"
	"fmt"
	"slices"

	"propusk/storage"
	"propusk/storage/revocation"
)

// SetPersonStatus blocks (StatusBlocked) or unblocks (StatusActive) a person
// everywhere. It is an act of the command line (System) or of another person of the
// support: ErrForbidden for anybody else. An operator is unblocked on the command line
// alone (ErrOperatorAccount): a colleague would give back a role that was stopped. A
// blocked person is an unknown login, has no memberships, and holds no live token.
//
// Blocking may leave an organisation with blocked administrators only: shutting
// out a stolen account comes first, and the operator can add another
// administrator. A closed account stays closed: ErrClosed.
func (d *Directory) SetPersonStatus(ctx context.Context, actor Actor, personID, status string) error {
	if status != StatusActive && status != StatusBlocked {
		return &FieldError{Field: "status", Code: "invalid"}
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if err := d.mayHelp(ctx, actor, personID); err != nil {
			return err
		}
		if status == StatusActive && !actor.system {
			if err := d.noOperator(ctx, personID); err != nil {
				return err
			}
		}
		n, err := d.db.Exec(ctx, `UPDATE persons SET status = $1, updated_at = $2 WHERE id = $3`, status, d.time(), personID)
		if err != nil {
			return fmt.Errorf("directory: set person status: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("directory: set person status: %w", storage.ErrNotFound)
		}
		if status == StatusActive {
			if err := d.notClosed(ctx, personID); err != nil {
				return err
			}
			return d.unblocked(ctx, actor, personID)
		}
		return d.blocked(ctx, actor, personID)
	})
}

// blocked revokes the person's tokens twice: as the person, and as a member of
// each organisation. The second outlives an unblocking, so that a token stolen
// before is not brought back to life by it.
func (d *Directory) blocked(ctx context.Context, actor Actor, personID string) error {
	if err := d.revokePerson(ctx, personID); err != nil {
		return err
	}
	organisations, err := d.raiseVersions(ctx, personID)
	if err != nil {
		return err
	}
	for _, id := range organisations {
		if err := d.withdrawBeyond(ctx, actor, id, personID, rights{}); err != nil {
			return err
		}
	}
	return d.statusChanged(ctx, actor, personID, "person.blocked", organisations)
}

func (d *Directory) revokePerson(ctx context.Context, personID string) error {
	if err := d.revocations.Revoke(ctx, revocation.Entry{Kind: revocation.KindPerson, Key: personID}); err != nil {
		return fmt.Errorf("directory: revoke person: %w", err)
	}
	return nil
}

func (d *Directory) unblocked(ctx context.Context, actor Actor, personID string) error {
	if err := d.revocations.Clear(ctx, revocation.KindPerson, personID); err != nil {
		return fmt.Errorf("directory: clear revocation: %w", err)
	}
	var organisations []string
	err := d.db.Select(ctx, &organisations, `SELECT organisation_id FROM members WHERE person_id = $1 AND removed_at = 0
		ORDER BY organisation_id`, personID)
	if err != nil {
		return fmt.Errorf("directory: memberships of person: %w", err)
	}
	return d.statusChanged(ctx, actor, personID, "person.unblocked", organisations)
}

// raiseVersions makes the tokens of today dead for every membership of the
// person, and names the organisations.
func (d *Directory) raiseVersions(ctx context.Context, personID string) (organisations []string, err error) {
	raised, err := d.raise(ctx, "person_id", personID)
	if err == nil {
		err = d.raiseRepresented(ctx, personID)
	}
	for _, m := range raised {
		organisations = append(organisations, m.OrganisationID)
	}
	slices.Sort(organisations)
	return organisations, err
}

// raise gives the active members that have the value in the column a new
// version, and revokes the tokens that carry an older one.
func (d *Directory) raise(ctx context.Context, column, value string) ([]Member, error) {
	var raised []Member
	err := d.db.Select(ctx, &raised, `UPDATE members SET version = version + 1, updated_at = $1
		WHERE `+column+` = $2 AND removed_at = 0 RETURNING `+memberNames, d.time(), value)
	if err != nil {
		return nil, fmt.Errorf("directory: raise versions: %w", err)
	}
	for _, m := range raised {
		if err := d.revokeMember(ctx, m.PersonID, m.OrganisationID, m.Version); err != nil {
			return nil, err
		}
	}
	return raised, nil
}

// raiseEverybody makes the tokens of today dead for all who act for the
// organisation: its members and those who hold a power of attorney.
func (d *Directory) raiseEverybody(ctx context.Context, organisationID string) error {
	if _, err := d.raise(ctx, "organisation_id", organisationID); err != nil {
		return err
	}
	return d.raiseRepresentatives(ctx, organisationID)
}

// statusChanged tells the system's chain, the chains of the person's
// organisations, their administrators and the person.
func (d *Directory) statusChanged(ctx context.Context, actor Actor, personID, action string, organisations []string) error {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return err
	}
	if err := d.record(ctx, actor, "", action, personID, nil); err != nil {
		return err
	}
	for _, id := range organisations { // that it was the house they learn, and not who of it
		if err := d.record(ctx, Actor{}, id, action, personID, nil); err != nil {
			return err
		}
	}
	for _, id := range organisations {
		o, err := d.Organisation(ctx, id)
		if err != nil {
			return err
		}
		if err := d.notifyResponsible(ctx, o, notice{action: action, person: p.FullName()}, p.Email); err != nil {
			return err
		}
	}
	return d.notifyPerson(ctx, p, notice{action: action + ".you"})
}
