package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// The records of people's credentials. idp/factor makes and verifies what is in
// them; here they are kept, changed with a journal entry, and used up.

// PasswordHash reads the stored hash and when the password was set;
// storage.ErrNotFound for who has none, and for "".
func (d *Directory) PasswordHash(ctx context.Context, personID string) (hash string, changedAt storage.Time, err error) {
	var row struct {
		Hash      string       `db:"hash"`
		ChangedAt storage.Time `db:"changed_at"`
	}
	err = d.db.Get(ctx, &row, `SELECT hash, changed_at FROM passwords WHERE person_id = $1`, personID)
	if err != nil {
		return "", 0, fmt.Errorf("directory: password hash: %w", err)
	}
	return row.Hash, row.ChangedAt, nil
}

// AskPasswordChanged has a batch read when the person's password was set; found says
// whether he has one.
func AskPasswordChanged(b *storage.Batch, at *storage.Time, found *bool, personID string) {
	b.Row(found, []any{at}, `SELECT changed_at FROM passwords WHERE person_id = $1`, personID)
}

// UpgradePasswordHash replaces the hash of the same password by one made with
// newer parameters. It does nothing when the password was changed meanwhile.
func (d *Directory) UpgradePasswordHash(ctx context.Context, personID, old, upgraded string) error {
	_, err := d.db.Exec(ctx, `UPDATE passwords SET hash = $1 WHERE person_id = $2 AND hash = $3`, upgraded, personID, old)
	if err != nil {
		return fmt.Errorf("directory: upgrade password hash: %w", err)
	}
	return nil
}

// TOTP reads the secret of a person's authenticator and whether it was
// confirmed by a first code; storage.ErrNotFound for who has none.
func (d *Directory) TOTP(ctx context.Context, personID string) (secret []byte, confirmed bool, err error) {
	var row struct {
		Sealed    []byte `db:"sealed"`
		Confirmed bool   `db:"confirmed"`
	}
	err = d.db.Get(ctx, &row, `SELECT sealed, confirmed FROM totp WHERE person_id = $1`, personID)
	if err != nil {
		return nil, false, fmt.Errorf("directory: totp: %w", err)
	}
	secret, err = d.sealer.Open(row.Sealed, totpContext(personID))
	if err != nil {
		return nil, false, fmt.Errorf("directory: open totp secret: %w", err)
	}
	return secret, row.Confirmed, nil
}

// totpContext binds a sealed secret to its person: put into another row, it
// does not open.
func totpContext(personID string) string { return "totp/" + personID }

// SetTOTP stores a new secret that is not confirmed yet, over another such one.
// storage.ErrExists when a confirmed one stands: who holds the password alone
// must not be able to replace the second factor.
func (d *Directory) SetTOTP(ctx context.Context, personID string, secret []byte) error {
	n, err := d.db.Exec(ctx, `INSERT INTO totp (person_id, sealed, confirmed, step, created_at) VALUES ($1, $2, FALSE, 0, $3)
		ON CONFLICT (person_id) DO UPDATE SET sealed = excluded.sealed, step = 0, created_at = excluded.created_at
		WHERE totp.confirmed = FALSE`, personID, d.sealer.Seal(secret, totpContext(personID)), d.time())
	switch {
	case err != nil:
		return fmt.Errorf("directory: set totp: %w", err)
	case n == 0:
		return fmt.Errorf("directory: set totp: %w", storage.ErrExists)
	}
	return nil
}

// ConfirmTOTP makes the authenticator a factor. storage.ErrNotFound when there
// is none to be confirmed. The person is told.
func (d *Directory) ConfirmTOTP(ctx context.Context, personID string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `UPDATE totp SET confirmed = TRUE WHERE person_id = $1 AND confirmed = FALSE`, personID)
		switch {
		case err != nil:
			return fmt.Errorf("directory: confirm totp: %w", err)
		case n == 0:
			return fmt.Errorf("directory: confirm totp: %w", storage.ErrNotFound)
		}
		return d.credentialChanged(ctx, Actor{PersonID: personID}, personID, "totp.confirmed")
	})
}

// RemoveTOTP takes the authenticator away, for an operator who has convinced
// himself who asks. ErrForbidden for any actor but System; storage.ErrNotFound.
func (d *Directory) RemoveTOTP(ctx context.Context, actor Actor, personID string) error {
	if !actor.system {
		return fmt.Errorf("%w: only the operator removes a second factor", ErrForbidden)
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `DELETE FROM totp WHERE person_id = $1`, personID)
		switch {
		case err != nil:
			return fmt.Errorf("directory: remove totp: %w", err)
		case n == 0:
			return fmt.Errorf("directory: remove totp: %w", storage.ErrNotFound)
		}
		return d.credentialChanged(ctx, actor, personID, "totp.removed")
	})
}

func (d *Directory) credentialChanged(ctx context.Context, actor Actor, personID, action string) error {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return err
	}
	if err := d.record(ctx, actor, "", action, personID, nil); err != nil {
		return err
	}
	return d.notifyPerson(ctx, p, notice{action: action + ".you"})
}

// UseTOTPStep uses a time step up (RFC 6238 §5.2: a code is accepted once). It
// is one conditional update, so of two at the same time one wins; steps only
// rise. storage.ErrUsed for the others, and for who has no authenticator.
func (d *Directory) UseTOTPStep(ctx context.Context, personID string, step int64) error {
	n, err := d.db.Exec(ctx, `UPDATE totp SET step = $1 WHERE person_id = $2 AND step < $1`, step, personID)
	switch {
	case err != nil:
		return fmt.Errorf("directory: use totp step: %w", err)
	case n == 0:
		return fmt.Errorf("directory: use totp step: %w", storage.ErrUsed)
	}
	return nil
}
