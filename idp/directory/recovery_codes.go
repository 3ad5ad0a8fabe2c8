package directory

import (
	"context"
	"fmt"
	"strconv"

	"propusk/storage"
)

// SetRecoveryCodes puts new recovery codes, as their MACs, in the place of all
// the person has, and tells him. No codes: the old ones are removed.
func (d *Directory) SetRecoveryCodes(ctx context.Context, personID string, macs []string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := d.db.Exec(ctx, `DELETE FROM recovery_codes WHERE person_id = $1`, personID); err != nil {
			return fmt.Errorf("directory: drop recovery codes: %w", err)
		}
		for _, mac := range macs {
			_, err := d.db.Exec(ctx, `INSERT INTO recovery_codes (person_id, mac, created_at, used_at) VALUES ($1, $2, $3, 0)`,
				personID, mac, d.time())
			if err != nil {
				return fmt.Errorf("directory: set recovery codes: %w", err)
			}
		}
		action := "recovery_codes.made"
		if len(macs) == 0 {
			action = "recovery_codes.removed"
		}
		return d.credentialChanged(ctx, Actor{PersonID: personID}, personID, action)
	})
}

// UseRecoveryCode uses one up and tells the person; of many at the same time
// one wins. left is how many remain. storage.ErrUsed when there is no such code
// or it was used.
func (d *Directory) UseRecoveryCode(ctx context.Context, personID, mac string) (left int, err error) {
	err = d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `UPDATE recovery_codes SET used_at = $1 WHERE person_id = $2 AND mac = $3 AND used_at = 0`,
			d.time(), personID, mac)
		switch {
		case err != nil:
			return fmt.Errorf("directory: use recovery code: %w", err)
		case n == 0:
			return fmt.Errorf("directory: use recovery code: %w", storage.ErrUsed)
		}
		if left, err = d.RecoveryCodesLeft(ctx, personID); err != nil {
			return err
		}
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		details := map[string]string{"left": strconv.Itoa(left)}
		if err := d.record(ctx, Actor{PersonID: personID}, "", "recovery_codes.used", personID, details); err != nil {
			return err
		}
		return d.notifyPerson(ctx, p, notice{action: "recovery_codes.used.you"}.with(func(string) []string {
			return []string{"{count}", strconv.Itoa(left)}
		}))
	})
	return left, err
}

// RecoveryCodesLeft is how many the person can still use; 0 also for who has
// none.
func (d *Directory) RecoveryCodesLeft(ctx context.Context, personID string) (left int, err error) {
	err = d.db.Get(ctx, &left, `SELECT COUNT(*) FROM recovery_codes WHERE person_id = $1 AND used_at = 0`, personID)
	if err != nil {
		return 0, fmt.Errorf("directory: recovery codes left: %w", err)
	}
	return left, nil
}
