package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/storage"
)

// Obligations are what a person must do before the next sign-in ends. They are
// laid on by a recovery or by an issued password, and end when they are met.
type Obligations struct {
	ChangePassword bool `db:"change_password"` // by the stricter rule: 12 characters
	AddFactor      bool `db:"add_factor"`      // a second factor, where the person has none
}

// None tells that nothing is owed.
func (o Obligations) None() bool { return o == Obligations{} }

// Obligations reads what the person owes; the zero value when it is nothing.
func (d *Directory) Obligations(ctx context.Context, personID string) (Obligations, error) {
	var o Obligations
	err := d.db.Get(ctx, &o, `SELECT change_password, add_factor FROM obligations WHERE person_id = $1`, personID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Obligations{}, fmt.Errorf("directory: obligations: %w", err)
	}
	return o, nil
}

// Oblige adds to what the person owes.
func (d *Directory) Oblige(ctx context.Context, actor Actor, personID string, add Obligations) error {
	if add.None() {
		return nil
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		_, err := d.db.Exec(ctx, `INSERT INTO obligations (person_id, change_password, add_factor, updated_at)
			VALUES ($1, $2, $3, $4) ON CONFLICT (person_id) DO UPDATE SET
			change_password = obligations.change_password OR EXCLUDED.change_password,
			add_factor = obligations.add_factor OR EXCLUDED.add_factor, updated_at = EXCLUDED.updated_at`,
			personID, add.ChangePassword, add.AddFactor, d.time())
		if err != nil {
			return fmt.Errorf("directory: oblige: %w", err)
		}
		return d.record(ctx, actor, "", "person.obliged", personID, add.details())
	})
}

// Fulfil takes away what the person has done. It is no error that it was not
// owed; nothing is recorded then.
func (d *Directory) Fulfil(ctx context.Context, actor Actor, personID string, done Obligations) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		owed, err := d.Obligations(ctx, personID)
		if err != nil {
			return err
		}
		met := Obligations{owed.ChangePassword && done.ChangePassword, owed.AddFactor && done.AddFactor}
		if met.None() {
			return nil
		}
		_, err = d.db.Exec(ctx, `UPDATE obligations SET change_password = change_password AND $1, add_factor = add_factor AND $2,
			updated_at = $3 WHERE person_id = $4`, !met.ChangePassword, !met.AddFactor, d.time(), personID)
		if err != nil {
			return fmt.Errorf("directory: fulfil: %w", err)
		}
		return d.record(ctx, actor, "", "person.fulfilled", personID, met.details())
	})
}

func (o Obligations) details() map[string]string {
	var owed []string
	if o.ChangePassword {
		owed = append(owed, "password")
	}
	if o.AddFactor {
		owed = append(owed, "factor")
	}
	return map[string]string{"owed": strings.Join(owed, " ")}
}
