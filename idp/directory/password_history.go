package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// KeptPasswords is how many passwords before the present one are remembered,
// as hashes, so that they do not come back.
const KeptPasswords = 5

// SetPasswordHash stores the hash of a new password, and keeps the one it
// replaces in the history. The person is told when it replaces another, and no
// device is trusted any more: whoever knew the old one may have made it so.
func (d *Directory) SetPasswordHash(ctx context.Context, personID, hash string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		old, _, err := d.PasswordHash(ctx, personID)
		first := errors.Is(err, storage.ErrNotFound)
		if err != nil && !first {
			return err
		}
		_, err = d.db.Exec(ctx, `INSERT INTO passwords (person_id, hash, changed_at) VALUES ($1, $2, $3)
			ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at`,
			personID, hash, d.time())
		if err != nil {
			return fmt.Errorf("directory: set password hash: %w", err)
		}
		if err := d.record(ctx, Actor{PersonID: personID}, "", "password.set", personID, nil); err != nil || first {
			return err
		}
		if err := d.replaced(ctx, personID, old); err != nil {
			return err
		}
		return d.notifyPerson(ctx, p, notice{action: "password.changed.you"})
	})
}

// replaced puts a password into the history, drops what is too long ago, and
// ends the trust in devices.
func (d *Directory) replaced(ctx context.Context, personID, old string) error {
	_, err := d.db.Exec(ctx, `INSERT INTO password_history (id, person_id, hash, replaced_at) VALUES ($1, $2, $3, $4)`,
		storage.NewID(), personID, old, d.time())
	if err != nil {
		return fmt.Errorf("directory: keep password: %w", err)
	}
	_, err = d.db.Exec(ctx, `DELETE FROM password_history WHERE person_id = $1 AND id NOT IN
		(SELECT id FROM password_history WHERE person_id = $1 ORDER BY id DESC LIMIT $2)`, personID, KeptPasswords)
	if err != nil {
		return fmt.Errorf("directory: forget passwords: %w", err)
	}
	_, err = d.db.Exec(ctx, `UPDATE devices SET trusted_until = 0 WHERE person_id = $1 AND trusted_until > 0`, personID)
	if err != nil {
		return fmt.Errorf("directory: distrust devices: %w", err)
	}
	return nil
}

// PasswordHistory is the hashes of the passwords before the present one, the
// latest first, KeptPasswords at the most.
func (d *Directory) PasswordHistory(ctx context.Context, personID string) (hashes []string, err error) {
	err = d.db.Select(ctx, &hashes, `SELECT hash FROM password_history WHERE person_id = $1 ORDER BY id DESC`, personID)
	if err != nil {
		return nil, fmt.Errorf("directory: password history: %w", err)
	}
	return hashes, nil
}
