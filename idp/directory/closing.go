package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// ErrClosed: the account is closed for good.
var ErrClosed = errors.New("directory: the account is closed")

// Closing is a person's wish to close the account.
type Closing struct {
	PersonID string       `db:"person_id"`
	AskedAt  storage.Time `db:"asked_at"`
	DueAt    storage.Time `db:"due_at"`
	ClosedAt storage.Time `db:"closed_at"` // 0 = it can still be undone
}

const closingNames = `person_id, asked_at, due_at, closed_at`

// Closing reads the person's wish; storage.ErrNotFound when there is none.
func (d *Directory) Closing(ctx context.Context, personID string) (Closing, error) {
	var c Closing
	err := d.db.Get(ctx, &c, `SELECT `+closingNames+` FROM person_closings WHERE person_id = $1`, personID)
	if err != nil {
		return Closing{}, fmt.Errorf("directory: closing: %w", err)
	}
	return c, nil
}

// notClosed is ErrClosed for an account that is closed for good.
func (d *Directory) notClosed(ctx context.Context, personID string) error {
	c, err := d.Closing(ctx, personID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err == nil && c.ClosedAt != 0:
		return ErrClosed
	}
	return err
}

var soleAdministratorOf = "SELECT " + columns("o", "", organisationNames) + ` FROM organisations o
	JOIN members m ON m.organisation_id = o.id AND m.removed_at = 0
	WHERE m.person_id = $1 AND m.role = 'administrator' AND o.status = 'active' AND o.administrators = 1
	ORDER BY o.name, o.id`

// SoleAdministratorOf lists the organisations that would lose their last
// administrator with the person.
func (d *Directory) SoleAdministratorOf(ctx context.Context, personID string) ([]Organisation, error) {
	var list []Organisation
	if err := d.db.Select(ctx, &list, soleAdministratorOf, personID); err != nil {
		return nil, fmt.Errorf("directory: sole administrator: %w", err)
	}
	return list, nil
}

// AskClosing records that the person wants the account closed at due. Asked
// again, the first wish stands. The person is told on every channel, since it
// may not be the person who asks.
//
// ErrLastAdministrator while an organisation has no other administrator;
// ErrBlocked; storage.ErrNotFound.
func (d *Directory) AskClosing(ctx context.Context, personID string, due storage.Time) (Closing, error) {
	var c Closing
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.activePerson(ctx, personID)
		if err != nil {
			return err
		}
		kept, err := d.SoleAdministratorOf(ctx, personID)
		if err != nil {
			return err
		}
		if len(kept) > 0 {
			return fmt.Errorf("directory: ask closing: %w", ErrLastAdministrator)
		}
		n, err := d.db.Exec(ctx, `INSERT INTO person_closings (`+closingNames+`) VALUES ($1, $2, $3, 0)
			ON CONFLICT (person_id) DO NOTHING`, personID, d.time(), due)
		if err != nil {
			return fmt.Errorf("directory: ask closing: %w", err)
		}
		if c, err = d.Closing(ctx, personID); err != nil || n == 0 {
			return err
		}
		return d.closingMoved(ctx, p, "person.closing_asked")
	})
	return c, err
}

// UndoClosing takes the wish back. storage.ErrNotFound when there is none that
// can be undone.
func (d *Directory) UndoClosing(ctx context.Context, personID string) error {
	return d.undoClosing(ctx, personID, "person.closing_undone")
}

func (d *Directory) undoClosing(ctx context.Context, personID, action string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		n, err := d.db.Exec(ctx, `DELETE FROM person_closings WHERE person_id = $1 AND closed_at = 0`, personID)
		switch {
		case err != nil:
			return fmt.Errorf("directory: undo closing: %w", err)
		case n == 0:
			return fmt.Errorf("directory: undo closing: %w", storage.ErrNotFound)
		}
		return d.closingMoved(ctx, p, action)
	})
}

func (d *Directory) closingMoved(ctx context.Context, p Person, action string) error {
	if err := d.record(ctx, Actor{PersonID: p.ID}, "", action, p.ID, nil); err != nil {
		return err
	}
	return d.notifyEverywhere(ctx, p, notice{action: action + ".you"})
}

// closeBatch is how many accounts CloseDue closes at a time.
const closeBatch = 100

// CloseDue closes the accounts whose time has come and returns how many. end is
// called within each one's transaction, to end what others keep of the person:
// sessions, grants, credentials. Where one fails, the rest are still tried.
//
// An account that has become the last administrator of an organisation since is
// not closed; the wish is dropped and the person told why.
func (d *Directory) CloseDue(ctx context.Context, end func(ctx context.Context, personID string) error) (closed int, err error) {
	var due []string
	err = d.db.Select(ctx, &due, `SELECT person_id FROM person_closings WHERE closed_at = 0 AND due_at <= $1
		ORDER BY due_at LIMIT $2`, d.time(), closeBatch)
	if err != nil {
		return 0, fmt.Errorf("directory: closings due: %w", err)
	}
	var failed error
	for _, personID := range due {
		err := d.closePerson(ctx, personID, end)
		switch {
		case errors.Is(err, ErrLastAdministrator):
			failed = errors.Join(failed, d.undoClosing(ctx, personID, "person.closing_stopped"))
		case errors.Is(err, storage.ErrNotFound): // undone meanwhile
		case err != nil:
			failed = errors.Join(failed, err)
		default:
			closed++
		}
	}
	return closed, failed
}

// closePerson ends one account, in the order that lets the last message still
// find its addressee.
func (d *Directory) closePerson(ctx context.Context, personID string, end func(ctx context.Context, personID string) error) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `UPDATE person_closings SET closed_at = $1 WHERE person_id = $2 AND closed_at = 0`, d.time(), personID)
		switch {
		case err != nil:
			return fmt.Errorf("directory: close person: %w", err)
		case n == 0:
			return fmt.Errorf("directory: close person: %w", storage.ErrNotFound)
		}
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		if err := d.leaveAll(ctx, p); err != nil {
			return err
		}
		if err := d.closingMoved(ctx, p, "person.closed"); err != nil {
			return err
		}
		if err := end(ctx, personID); err != nil {
			return err
		}
		return d.erase(ctx, personID)
	})
}

// leaveAll takes the person, blocked or not, out of every organisation that is
// open.
func (d *Directory) leaveAll(ctx context.Context, p Person) error {
	var organisations []string
	err := d.db.Select(ctx, &organisations, `SELECT m.organisation_id FROM members m
		JOIN organisations o ON o.id = m.organisation_id AND o.status = 'active'
		WHERE m.person_id = $1 AND m.removed_at = 0 ORDER BY m.organisation_id`, p.ID)
	if err != nil {
		return fmt.Errorf("directory: memberships of person: %w", err)
	}
	for _, id := range organisations {
		o, err := d.lockOrganisation(ctx, id)
		if err != nil {
			return err
		}
		if err := d.leave(ctx, p, o); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) leave(ctx context.Context, p Person, o Organisation) error {
	var m Member
	err := d.db.Get(ctx, &m, `SELECT `+memberNames+` FROM members WHERE person_id = $1 AND organisation_id = $2 AND removed_at = 0`, p.ID, o.ID)
	if errors.Is(err, storage.ErrNotFound) { // removed by somebody else before the lock
		return nil
	}
	if err != nil {
		return fmt.Errorf("directory: leave organisation: %w", err)
	}
	from := standing{m.Role, m.Grants, m.Denials}
	if err := d.moveAdministrators(ctx, o.ID, -m.counts(from)); err != nil {
		return err
	}
	var removed Member
	err = d.db.Get(ctx, &removed, `UPDATE members SET version = version + 1, removed_at = $1, updated_at = $1
		WHERE id = $2 AND removed_at = 0 RETURNING `+memberNames, d.time(), m.ID)
	if err != nil {
		return fmt.Errorf("directory: leave organisation: %w", err)
	}
	return d.memberChanged(ctx, Actor{PersonID: p.ID}, o, p, change{action: "member.removed", member: removed, from: from})
}

// erased are the tables that keep what a closed account has no use for. What the
// person agreed to stays: it is the proof that his data were kept lawfully.
var erased = []string{
	"passwords", "password_history", "totp", "passkeys", "recovery_codes", "pins", "devices", "factor_locks",
	"certificates", "identities", "obligations", "signin_places", "recoveries", "operators",
}

// erase blocks the person and takes away what was known of him but the name and
// the user number, by which organisations' journals name who acted. The freed
// contacts and numbers can be registered again.
func (d *Directory) erase(ctx context.Context, personID string) error {
	for _, table := range erased {
		if _, err := d.db.Exec(ctx, `DELETE FROM `+table+` WHERE person_id = $1`, personID); err != nil {
			return fmt.Errorf("directory: erase %s: %w", table, err)
		}
	}
	if err := d.revokePerson(ctx, personID); err != nil {
		return err
	}
	_, err := d.db.Exec(ctx, `UPDATE persons SET status = 'blocked', email = '', email_verified = FALSE, phone = '',
		phone_verified = FALSE, snils = '', inn = '', snils_verified = FALSE, inn_verified = FALSE, updated_at = $1 WHERE id = $2`, d.time(), personID)
	if err != nil {
		return fmt.Errorf("directory: erase person: %w", err)
	}
	return nil
}
