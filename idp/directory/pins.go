package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// PINTries is how many wrong tries in a row lock a PIN.
const PINTries = 3

// PINSet reports whether the person has a PIN for the organisation, locked or
// not.
func (d *Directory) PINSet(ctx context.Context, personID, organisationID string) (bool, error) {
	var count int
	err := d.db.Get(ctx, &count, `SELECT COUNT(*) FROM pins WHERE person_id = $1 AND organisation_id = $2`, personID, organisationID)
	if err != nil {
		return false, fmt.Errorf("directory: pin: %w", err)
	}
	return count > 0, nil
}

// AddPIN stores the hash of the person's first PIN for the organisation;
// storage.ErrExists when there is one. The person is told.
func (d *Directory) AddPIN(ctx context.Context, personID, organisationID, hash string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `INSERT INTO pins (person_id, organisation_id, hash, failures, set_at) VALUES ($1, $2, $3, 0, $4)
			ON CONFLICT (person_id, organisation_id) DO NOTHING`, personID, organisationID, hash, d.time())
		switch {
		case err != nil:
			return fmt.Errorf("directory: add pin: %w", err)
		case n == 0:
			return fmt.Errorf("directory: add pin: %w", storage.ErrExists)
		}
		return d.pinChanged(ctx, Actor{PersonID: personID}, personID, organisationID, "pin.set")
	})
}

// ReplacePIN puts another PIN in the place of the one there was, and lifts its
// lock. That the person knew the old one, or has recovered, is for the caller
// to know.
func (d *Directory) ReplacePIN(ctx context.Context, personID, organisationID, hash string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		_, err := d.db.Exec(ctx, `INSERT INTO pins (person_id, organisation_id, hash, failures, set_at) VALUES ($1, $2, $3, 0, $4)
			ON CONFLICT (person_id, organisation_id) DO UPDATE SET hash = excluded.hash, failures = 0, set_at = excluded.set_at`,
			personID, organisationID, hash, d.time())
		if err != nil {
			return fmt.Errorf("directory: replace pin: %w", err)
		}
		if err := d.unlockPIN(ctx, personID, organisationID); err != nil {
			return err
		}
		return d.pinChanged(ctx, Actor{PersonID: personID}, personID, organisationID, "pin.changed")
	})
}

// TryPIN counts one try and returns the hash to compare with, and how many
// tries are left after it. Of many at the same time no more than PINTries get
// the hash. storage.ErrNotFound when there is no PIN, storage.ErrUsed when it
// is locked.
func (d *Directory) TryPIN(ctx context.Context, personID, organisationID string) (hash string, left int, err error) {
	var row struct {
		Hash     string `db:"hash"`
		Failures int    `db:"failures"`
	}
	err = d.db.Get(ctx, &row, `UPDATE pins SET failures = failures + 1
		WHERE person_id = $1 AND organisation_id = $2 AND failures < $3 RETURNING hash, failures`, personID, organisationID, PINTries)
	if !errors.Is(err, storage.ErrNotFound) {
		if err != nil {
			err = fmt.Errorf("directory: try pin: %w", err)
		}
		return row.Hash, PINTries - row.Failures, err
	}
	set, err := d.PINSet(ctx, personID, organisationID)
	switch {
	case err != nil:
		return "", 0, err
	case set:
		return "", 0, fmt.Errorf("directory: try pin: %w", storage.ErrUsed)
	default:
		return "", 0, fmt.Errorf("directory: try pin: %w", storage.ErrNotFound)
	}
}

// PINFits forgets the failures before.
func (d *Directory) PINFits(ctx context.Context, personID, organisationID string) error {
	_, err := d.db.Exec(ctx, `UPDATE pins SET failures = 0 WHERE person_id = $1 AND organisation_id = $2`, personID, organisationID)
	if err != nil {
		return fmt.Errorf("directory: pin fits: %w", err)
	}
	return nil
}

// ResetPIN removes the PIN: the person sets another one at the next entry. It
// is an act of the person after a recovery, of the operator, or of who may
// manage the organisation's members; ErrForbidden, storage.ErrNotFound.
func (d *Directory) ResetPIN(ctx context.Context, actor Actor, personID, organisationID string) error {
	if actor.system || actor.PersonID == personID {
		return d.resetPIN(ctx, actor, personID, organisationID)
	}
	return d.within(ctx, actor, organisationID, MembersWrite, "pin.reset", func(ctx context.Context, _ Organisation, _ rights) error {
		return d.resetPIN(ctx, actor, personID, organisationID)
	})
}

func (d *Directory) resetPIN(ctx context.Context, actor Actor, personID, organisationID string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `DELETE FROM pins WHERE person_id = $1 AND organisation_id = $2`, personID, organisationID)
		switch {
		case err != nil:
			return fmt.Errorf("directory: reset pin: %w", err)
		case n == 0:
			return fmt.Errorf("directory: reset pin: %w", storage.ErrNotFound)
		}
		if err := d.unlockPIN(ctx, personID, organisationID); err != nil {
			return err
		}
		return d.pinChanged(ctx, actor, personID, organisationID, "pin.reset")
	})
}

func (d *Directory) unlockPIN(ctx context.Context, personID, organisationID string) error {
	_, err := d.db.Exec(ctx, `DELETE FROM factor_locks WHERE person_id = $1 AND factor = 'pin' AND scope = $2`, personID, organisationID)
	if err != nil {
		return fmt.Errorf("directory: unlock pin: %w", err)
	}
	return nil
}

// pinChanged tells the organisation's chain and the person.
func (d *Directory) pinChanged(ctx context.Context, actor Actor, personID, organisationID, action string) error {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return err
	}
	o, err := d.Organisation(ctx, organisationID)
	if err != nil {
		return err
	}
	if err := d.record(ctx, actor, organisationID, action, personID, nil); err != nil {
		return err
	}
	return d.notifyPerson(ctx, p, notice{action: action + ".you"}.of(o))
}
