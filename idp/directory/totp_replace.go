package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// ReplaceTOTP puts a new authenticator, proved by its code of step, in the place
// of the confirmed one; without one before it is the first. The person is told
// which of the two it was.
func (d *Directory) ReplaceTOTP(ctx context.Context, personID string, secret []byte, step int64) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `DELETE FROM totp WHERE person_id = $1 AND confirmed = TRUE`, personID)
		if err != nil {
			return fmt.Errorf("directory: replace totp: %w", err)
		}
		_, err = d.db.Exec(ctx, `INSERT INTO totp (person_id, sealed, confirmed, step, created_at) VALUES ($1, $2, TRUE, $3, $4)
			ON CONFLICT (person_id) DO UPDATE SET sealed = excluded.sealed, confirmed = TRUE, step = excluded.step, created_at = excluded.created_at`,
			personID, d.sealer.Seal(secret, totpContext(personID)), step, d.time())
		if err != nil {
			return fmt.Errorf("directory: replace totp: %w", err)
		}
		action := "totp.confirmed"
		if n > 0 {
			action = "totp.replaced"
		}
		return d.credentialChanged(ctx, Actor{PersonID: personID}, personID, action)
	})
}

// DisconnectTOTP takes the person's own authenticator away, as he asked. Whether
// another second factor is left is the caller's to know. storage.ErrNotFound.
func (d *Directory) DisconnectTOTP(ctx context.Context, personID string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `DELETE FROM totp WHERE person_id = $1 AND confirmed = TRUE`, personID)
		switch {
		case err != nil:
			return fmt.Errorf("directory: disconnect totp: %w", err)
		case n == 0:
			return fmt.Errorf("directory: disconnect totp: %w", storage.ErrNotFound)
		}
		return d.credentialChanged(ctx, Actor{PersonID: personID}, personID, "totp.disconnected")
	})
}
