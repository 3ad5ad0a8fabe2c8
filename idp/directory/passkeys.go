package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// Passkey is a WebAuthn credential of a person.
type Passkey struct {
	ID             string       `db:"id"`
	PersonID       string       `db:"person_id"`
	CredentialID   string       `db:"credential_id"` // base64url, no padding
	Name           string       `db:"name"`          // chosen by the person
	Record         []byte       `db:"sealed"`        // public key and attestation, as idp/factor/passkey writes them
	SignCount      int64        `db:"sign_count"`
	BackupEligible bool         `db:"backup_eligible"` // it can be on several devices
	BackedUp       bool         `db:"backed_up"`       // it is, as of its last use
	AAGUID         string       `db:"aaguid"`          // the authenticator's model, as it says
	Attestation    string       `db:"attestation"`     // format of the statement kept; "none"
	CreatedAt      storage.Time `db:"created_at"`
	UsedAt         storage.Time `db:"used_at"`   // 0: never since
	LockedAt       storage.Time `db:"locked_at"` // 0: it is not; else it is accepted no more
}

const passkeyNames = `id, person_id, credential_id, name, sealed, sign_count, backup_eligible, backed_up, aaguid, attestation,
	created_at, used_at, locked_at`

func passkeyContext(p Passkey) string { return "passkey/" + p.PersonID + "/" + p.CredentialID }

// Passkeys lists a person's passkeys in the order in which they were added, the
// locked ones too.
func (d *Directory) Passkeys(ctx context.Context, personID string) ([]Passkey, error) {
	var list []Passkey
	err := d.db.Select(ctx, &list, `SELECT `+passkeyNames+` FROM passkeys WHERE person_id = $1 ORDER BY id`, personID)
	if err != nil {
		return nil, fmt.Errorf("directory: passkeys: %w", err)
	}
	for i := range list {
		if err := d.openPasskey(&list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// PasskeyByCredential finds one by its credential id; storage.ErrNotFound.
func (d *Directory) PasskeyByCredential(ctx context.Context, credentialID string) (Passkey, error) {
	var p Passkey
	err := d.db.Get(ctx, &p, `SELECT `+passkeyNames+` FROM passkeys WHERE credential_id = $1`, credentialID)
	if err != nil {
		return Passkey{}, fmt.Errorf("directory: passkey: %w", err)
	}
	return p, d.openPasskey(&p)
}

func (d *Directory) openPasskey(p *Passkey) error {
	record, err := d.sealer.Open(p.Record, passkeyContext(*p))
	if err != nil {
		return fmt.Errorf("directory: open passkey %s: %w", p.ID, err)
	}
	p.Record = record
	return nil
}

// AddPasskey keeps a new passkey, and tells the person. ID and CreatedAt are
// filled in. storage.ErrExists when somebody has that credential already
// (WebAuthn §7.1 step 26).
func (d *Directory) AddPasskey(ctx context.Context, p Passkey) (Passkey, error) {
	p.ID, p.CreatedAt, p.UsedAt, p.LockedAt = storage.NewID(), d.time(), 0, 0
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `INSERT INTO passkeys (`+passkeyNames+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0) ON CONFLICT (credential_id) DO NOTHING`,
			p.ID, p.PersonID, p.CredentialID, p.Name, d.sealer.Seal(p.Record, passkeyContext(p)), p.SignCount,
			p.BackupEligible, p.BackedUp, p.AAGUID, p.Attestation, p.CreatedAt)
		switch {
		case err != nil:
			return fmt.Errorf("directory: add passkey: %w", err)
		case n == 0:
			return fmt.Errorf("directory: add passkey: %w", storage.ErrExists)
		}
		return d.passkeyChanged(ctx, p, "passkey.added")
	})
	return p, err
}

// UsePasskey records a sign-in: the signature counter it showed, and whether
// the key is backed up. The counter must have risen, or be 0 as ever; of two at
// the same time with one counter one wins. storage.ErrUsed for the other, and
// for a passkey that is locked or gone.
func (d *Directory) UsePasskey(ctx context.Context, id string, signCount int64, backedUp bool) error {
	n, err := d.db.Exec(ctx, `UPDATE passkeys SET sign_count = $1, backed_up = $2, used_at = $3
		WHERE id = $4 AND locked_at = 0 AND (sign_count < $1 OR (sign_count = 0 AND $1 = 0))`, signCount, backedUp, d.time(), id)
	switch {
	case err != nil:
		return fmt.Errorf("directory: use passkey: %w", err)
	case n == 0:
		return fmt.Errorf("directory: use passkey: %w", storage.ErrUsed)
	}
	return nil
}

// LockPasskey has a passkey accepted no more, since it was cloned, and tells
// the person. Locking it again changes nothing.
func (d *Directory) LockPasskey(ctx context.Context, id string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		var locked []Passkey
		err := d.db.Select(ctx, &locked, `UPDATE passkeys SET locked_at = $1 WHERE id = $2 AND locked_at = 0 RETURNING `+passkeyNames, d.time(), id)
		if err != nil {
			return fmt.Errorf("directory: lock passkey: %w", err)
		}
		if len(locked) == 0 {
			return nil
		}
		return d.passkeyChanged(ctx, locked[0], "passkey.locked")
	})
}

// RenamePasskey gives the person's passkey another name; storage.ErrNotFound,
// FieldErrors for the field "name".
func (d *Directory) RenamePasskey(ctx context.Context, personID, id, name string) error {
	name, err := PasskeyName(name)
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		n, err := d.db.Exec(ctx, `UPDATE passkeys SET name = $1 WHERE person_id = $2 AND id = $3`, name, personID, id)
		switch {
		case err != nil:
			return fmt.Errorf("directory: rename passkey: %w", err)
		case n == 0:
			return fmt.Errorf("directory: rename passkey: %w", storage.ErrNotFound)
		}
		return d.record(ctx, Actor{PersonID: personID}, "", "passkey.renamed", personID, map[string]string{"passkey": id})
	})
}

const maxPasskeyName = 60 // runes

// PasskeyName is the name as it is kept: one line; FieldErrors for the field
// "name" when it is empty, too long, or holds what cannot be seen.
func PasskeyName(name string) (string, error) {
	var f fields
	name = f.text("name", name, maxPasskeyName, true)
	return name, f.err()
}

// RemovePasskey takes a passkey away, and tells the person; storage.ErrNotFound.
func (d *Directory) RemovePasskey(ctx context.Context, personID, id string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		var p Passkey
		err := d.db.Get(ctx, &p, `DELETE FROM passkeys WHERE person_id = $1 AND id = $2 RETURNING `+passkeyNames, personID, id)
		if err != nil {
			return fmt.Errorf("directory: remove passkey: %w", err)
		}
		return d.passkeyChanged(ctx, p, "passkey.removed")
	})
}

// passkeyChanged tells the journal, and the person by name.
func (d *Directory) passkeyChanged(ctx context.Context, p Passkey, action string) error {
	person, err := d.Person(ctx, p.PersonID)
	if err != nil {
		return err
	}
	actor, details := Actor{PersonID: p.PersonID}, map[string]string{"passkey": p.ID, "aaguid": p.AAGUID}
	if action == "passkey.locked" {
		actor, details["reason"] = Actor{}, string(LockedAsCloned)
	}
	if err := d.record(ctx, actor, "", action, p.PersonID, details); err != nil {
		return err
	}
	return d.notifyPerson(ctx, person, notice{action: action + ".you"}.with(func(lang string) []string {
		return []string{"{name}", p.Name, "{reason}", LockedAsCloned.Label(lang)}
	}))
}
