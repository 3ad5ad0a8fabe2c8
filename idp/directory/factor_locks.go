package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// LockReason says why a factor, or a credential, is locked.
type LockReason string

// The reasons.
const (
	// LockedByFailures: too many wrong tries in a row.
	LockedByFailures LockReason = "failures"
	// LockedAsCloned: a copy of a passkey's private key was used.
	LockedAsCloned LockReason = "cloned"
)

// FactorLock is one factor of one person that is not looked at for a while.
type FactorLock struct {
	PersonID string       // "" for a login that names nobody
	Factor   string       `db:"factor"` // password, totp, sms, email, recovery, pin
	Scope    string       `db:"scope"`  // the known device, for a PIN the organisation; "" is every device that is not known
	Reason   LockReason   `db:"reason"`
	At       storage.Time `db:"locked_at"`
	Until    storage.Time `db:"-"` // 0: until a recovery or an administrator
}

// RecordLock writes to the journal that a factor was locked and tells the
// person, with the reason. A lock without an end is kept, until UnlockFactors;
// recorded again it changes nothing. The lock of a login that names nobody
// enters the journal alone.
func (d *Directory) RecordLock(ctx context.Context, l FactorLock) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if l.PersonID != "" && l.Until == 0 {
			n, err := d.db.Exec(ctx, `INSERT INTO factor_locks (person_id, factor, scope, reason, locked_at)
				VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person_id, factor, scope) DO NOTHING`,
				l.PersonID, l.Factor, l.Scope, l.Reason, d.time())
			if err != nil {
				return fmt.Errorf("directory: lock factor: %w", err)
			}
			if n == 0 {
				return nil
			}
		}
		details := map[string]string{"factor": l.Factor, "reason": string(l.Reason), "scope": l.Scope}
		if l.Until != 0 {
			details["until"] = l.Until.Time().Format("2006-01-02T15:04:05Z07:00")
		}
		if err := d.record(ctx, Actor{}, "", "factor.locked", l.PersonID, details); err != nil || l.PersonID == "" {
			return err
		}
		return d.tellLock(ctx, l)
	})
}

func (d *Directory) tellLock(ctx context.Context, l FactorLock) error {
	p, err := d.Person(ctx, l.PersonID)
	if err != nil {
		return err
	}
	n := notice{action: "factor.locked.you"}
	if l.Until != 0 {
		n.action = "factor.paused.you"
	}
	return d.notifyPerson(ctx, p, n.with(func(lang string) []string {
		return []string{
			"{factor}", factorLabel(lang, l.Factor), "{reason}", l.Reason.Label(lang),
			"{where}", whereLocked(lang, l), "{until}", until(lang, l.Until.Time()),
		}
	}))
}

// LockState reports whether the factor is locked until a recovery or an
// administrator, and when the person's locks were lifted last (0 = never): what
// was counted before that no longer counts. Nobody ("") has no locks; they are
// looked up all the same.
func (d *Directory) LockState(ctx context.Context, personID, factor, scope string) (locked bool, lifted storage.Time, err error) {
	var rows []FactorLock
	err = d.db.Select(ctx, &rows, `SELECT factor, scope, reason, locked_at FROM factor_locks
		WHERE person_id = $1 AND (factor = $2 AND scope = $3 OR factor = '')`, personID, factor, scope)
	if err != nil {
		return false, 0, fmt.Errorf("directory: factor locks: %w", err)
	}
	for _, row := range rows {
		if row.Factor == "" {
			lifted = row.At
		} else {
			locked = true
		}
	}
	return locked, lifted, nil
}

// FactorLocks lists the person's factors that are locked until a recovery or an
// administrator, the latest first.
func (d *Directory) FactorLocks(ctx context.Context, personID string) ([]FactorLock, error) {
	var locks []FactorLock
	err := d.db.Select(ctx, &locks, `SELECT factor, scope, reason, locked_at FROM factor_locks
		WHERE person_id = $1 AND factor <> '' ORDER BY locked_at DESC, factor, scope`, personID)
	if err != nil {
		return nil, fmt.Errorf("directory: factor locks: %w", err)
	}
	for i := range locks {
		locks[i].PersonID = personID
	}
	return locks, nil
}

// lift marks that the failures before now count no longer: the row without a
// factor. Whoever counts them reads it with the locks.
func (d *Directory) lift(ctx context.Context, personID string) error {
	_, err := d.db.Exec(ctx, `INSERT INTO factor_locks (person_id, factor, scope, reason, locked_at) VALUES ($1, '', '', '', $2)
		ON CONFLICT (person_id, factor, scope) DO UPDATE SET locked_at = excluded.locked_at`, personID, d.time())
	if err != nil {
		return fmt.Errorf("directory: lift locks: %w", err)
	}
	return nil
}

// UnlockFactors lifts every lock of the person's factors, PINs included, on
// every node, and tells him. It is an act of the command line (System), of an operator
// of the support for somebody else, or of the person himself at the end of a recovery;
// ErrForbidden for anybody else. That he has recovered is for the caller to know.
func (d *Directory) UnlockFactors(ctx context.Context, actor Actor, personID string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if actor.PersonID != personID || actor.system {
			if err := d.mayHelp(ctx, actor, personID); err != nil {
				return err
			}
		}
		if _, err := d.db.Exec(ctx, `DELETE FROM factor_locks WHERE person_id = $1`, personID); err != nil {
			return fmt.Errorf("directory: unlock factors: %w", err)
		}
		if _, err := d.db.Exec(ctx, `UPDATE pins SET failures = 0 WHERE person_id = $1`, personID); err != nil {
			return fmt.Errorf("directory: unlock pins: %w", err)
		}
		if err := d.lift(ctx, personID); err != nil {
			return err
		}
		return d.credentialChanged(ctx, actor, personID, "factors.unlocked")
	})
}

// UnlockMember lifts the locks that failures have put on a member's factors, for
// somebody who may manage the organisation's members (decision A23.2): of PINs that of
// this organisation and of no other one. A copied passkey stays locked: that is no
// mistake of the member's, and is between him and the house.
// storage.ErrNotFound when the person is no active member.
func (d *Directory) UnlockMember(ctx context.Context, actor Actor, organisationID, personID string) error {
	return d.within(ctx, actor, organisationID, MembersWrite, "factors.unlocked", func(ctx context.Context, o Organisation, _ rights) error {
		if _, err := d.Membership(ctx, personID, organisationID); err != nil {
			return err
		}
		_, err := d.db.Exec(ctx, `DELETE FROM factor_locks WHERE person_id = $1 AND factor <> '' AND reason = $2 AND (factor <> 'pin' OR scope = $3)`,
			personID, LockedByFailures, organisationID)
		if err != nil {
			return fmt.Errorf("directory: unlock member: %w", err)
		}
		_, err = d.db.Exec(ctx, `UPDATE pins SET failures = 0 WHERE person_id = $1 AND organisation_id = $2`, personID, organisationID)
		if err != nil {
			return fmt.Errorf("directory: unlock member's pin: %w", err)
		}
		if err := d.lift(ctx, personID); err != nil {
			return err
		}
		if err := d.record(ctx, actor, organisationID, "factors.unlocked", personID, nil); err != nil {
			return err
		}
		return d.credentialChanged(ctx, actor, personID, "factors.unlocked")
	})
}
