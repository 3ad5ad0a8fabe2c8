package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
)

// The refusals of binding, beside storage.ErrExists (it is bound to somebody
// else) and storage.ErrNotFound.
var (
	// ErrCertificateRemoved: its owner has taken the certificate out. It comes
	// back only by the owner's own act.
	ErrCertificateRemoved = errors.New("directory: the certificate was removed by its owner")
	// ErrCertificatesFull: the person has MaxCertificates bound already.
	ErrCertificatesFull = errors.New("directory: too many certificates")
)

// Binding is a certificate to be bound, and how that came about.
type Binding struct {
	Certificate Certificate // PersonID and what the certificate says; ID and times are given here
	// SNILS and INN are the person's numbers in the certificate, which its
	// authority has verified; "" = not in it.
	SNILS, INN string
	// Again lets a certificate come back that was removed before. Only the
	// person's own act on his security page sets it, never a sign-in.
	Again bool
	// Replaces is the id of the person's certificate that this one takes the
	// place of; "" = none.
	Replaces string
}

// BindCertificate binds a certificate to a person and marks the person's numbers
// that stand in it as verified, in one transaction with journal and notice. It
// confirms the person only where it has the person's name; FieldErrors
// "mismatch" when the person claims another СНИЛС. A
// certificate that is the person's already stays as it is; the one that it
// replaces goes all the same.
//
// The caller has seen that the key's holder is the person: by a signature, and
// by a number of the certificate that is the person's.
func (d *Directory) BindCertificate(ctx context.Context, actor Actor, b Binding) (Certificate, error) {
	var bound Certificate
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.activePerson(ctx, b.Certificate.PersonID)
		if err != nil {
			return err
		}
		known, err := d.CertificateByFingerprint(ctx, b.Certificate.Fingerprint)
		same := false
		if err == nil {
			same, err = b.meets(known)
		} else if errors.Is(err, storage.ErrNotFound) {
			err = nil
		}
		switch {
		case err != nil:
			return err
		case same:
			bound = known
			return d.replaceCertificate(ctx, actor, p, known, b.Replaces)
		default:
			bound, err = d.bindNew(ctx, actor, p, b)
			return err
		}
	})
	if err != nil {
		return Certificate{}, err
	}
	return bound, nil
}

// bindNew binds a certificate that is nobody's now, with what goes with it.
func (d *Directory) bindNew(ctx context.Context, actor Actor, p Person, b Binding) (Certificate, error) {
	identity, err := d.Identity(ctx, p.ID)
	if err != nil {
		return Certificate{}, err
	}
	if b.SNILS != "" && identity.ClaimedSNILS != "" && identity.ClaimedSNILS != b.SNILS {
		return Certificate{}, FieldErrors{{Field: "snils", Code: "mismatch"}}
	}
	if err := d.VerifyNumbers(ctx, actor, p.ID, b.SNILS, b.INN); err != nil {
		return Certificate{}, err
	}
	bound, err := d.insertCertificate(ctx, b)
	if errors.Is(err, storage.ErrExists) { // another sign-in was quicker
		return d.boundMeanwhile(ctx, b)
	}
	if err != nil {
		return Certificate{}, err
	}
	if b.SNILS != "" && bound.names(p) {
		if err := d.confirmed(ctx, actor, p, ByCertificate, bound.title()); err != nil {
			return Certificate{}, err
		}
	}
	return bound, d.certificateBound(ctx, actor, p, bound, b.Replaces)
}

// names reports whether the certificate is in the person's name: either may lack
// the middle name, neither may have another one.
func (c Certificate) names(p Person) bool {
	fold := strings.NewReplacer("ё", "е")
	theirs := strings.Fields(fold.Replace(strings.ToLower(c.Owner)))
	ours := strings.Fields(fold.Replace(strings.ToLower(p.FullName())))
	n := min(len(theirs), len(ours))
	return n >= 2 && slices.Equal(theirs[:n], ours[:n])
}

// meets decides what a record that is there already means: same is true when
// there is nothing to do.
func (b Binding) meets(known Certificate) (same bool, err error) {
	switch {
	case known.RemovedAt == 0 && known.PersonID == b.Certificate.PersonID:
		return true, nil
	case known.RemovedAt == 0:
		return false, fmt.Errorf("directory: bind certificate: %w", storage.ErrExists)
	case !b.Again:
		return false, ErrCertificateRemoved
	default:
		return false, nil
	}
}

// boundMeanwhile is the record that won a race, when it is what was to be bound.
func (d *Directory) boundMeanwhile(ctx context.Context, b Binding) (Certificate, error) {
	known, err := d.CertificateByFingerprint(ctx, b.Certificate.Fingerprint)
	if err != nil {
		return Certificate{}, err
	}
	if same, err := b.meets(known); err != nil || !same {
		return Certificate{}, errors.Join(err, storage.ErrExists)
	}
	return known, nil
}

// insertCertificate writes the row, or brings a removed one back. Of two that
// bind the same certificate at once one finds it bound: storage.ErrExists.
func (d *Directory) insertCertificate(ctx context.Context, b Binding) (Certificate, error) {
	c := b.Certificate
	c.ID, c.BoundAt = storage.NewID(), d.time()
	c.UsedAt, c.RevokedAt, c.WarnedAt, c.RemovedAt = 0, 0, 0, 0
	var count int
	if err := d.db.Get(ctx, &count, `SELECT COUNT(*) FROM certificates WHERE person_id = $1 AND removed_at = 0`, c.PersonID); err != nil {
		return Certificate{}, fmt.Errorf("directory: count certificates: %w", err)
	}
	if count >= MaxCertificates && b.Replaces == "" {
		return Certificate{}, ErrCertificatesFull
	}
	var kept Certificate
	err := d.db.Get(ctx, &kept, `INSERT INTO certificates (`+certificateNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (fingerprint) DO UPDATE SET person_id = excluded.person_id, bound_at = excluded.bound_at,
			used_at = 0, revoked_at = 0, warned_at = 0, removed_at = 0
		WHERE certificates.removed_at <> 0
		RETURNING `+certificateNames,
		c.ID, c.PersonID, c.Fingerprint, c.Raw, c.Serial, c.Issuer, c.Owner, c.Kind, c.Organisation,
		c.Algorithm, c.Class, c.NotBefore, c.NotAfter, c.BoundAt, c.UsedAt, c.RevokedAt, c.WarnedAt, c.RemovedAt)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return Certificate{}, fmt.Errorf("directory: bind certificate: %w", storage.ErrExists)
	case err != nil:
		return Certificate{}, fmt.Errorf("directory: bind certificate: %w", err)
	}
	return kept, nil
}

// certificateBound writes the journal and tells the person: one message for the
// whole.
func (d *Directory) certificateBound(ctx context.Context, actor Actor, p Person, c Certificate, replaces string) error {
	if err := d.record(ctx, actor, "", "certificate.bound", p.ID, c.details()); err != nil {
		return err
	}
	if replaces != "" {
		return d.replaceCertificate(ctx, actor, p, c, replaces)
	}
	return d.notifyPerson(ctx, p, notice{action: "certificate.bound.you", certificate: c.title()})
}

// replaceCertificate takes out the certificate in whose place c stands. One does
// not replace itself.
func (d *Directory) replaceCertificate(ctx context.Context, actor Actor, p Person, c Certificate, replaces string) error {
	if replaces == "" || replaces == c.ID {
		return nil
	}
	if _, err := d.takeCertificate(ctx, actor, p.ID, replaces); err != nil {
		return err
	}
	return d.notifyPerson(ctx, p, notice{action: "certificate.replaced.you", certificate: c.title()})
}

// UnbindCertificate takes a certificate from a person's account, whose owner is
// told. It does not revoke the certificate: only its authority can.
// storage.ErrNotFound when the person has no such one.
func (d *Directory) UnbindCertificate(ctx context.Context, actor Actor, personID, id string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		c, err := d.takeCertificate(ctx, actor, p.ID, id)
		if err != nil {
			return err
		}
		return d.notifyPerson(ctx, p, notice{action: "certificate.unbound.you", certificate: c.title()})
	})
}

// takeCertificate marks the row as removed and writes the journal.
func (d *Directory) takeCertificate(ctx context.Context, actor Actor, personID, id string) (Certificate, error) {
	var c Certificate
	err := d.db.Get(ctx, &c, `UPDATE certificates SET removed_at = $1
		WHERE id = $2 AND person_id = $3 AND removed_at = 0 RETURNING `+certificateNames, d.time(), id, personID)
	if err != nil {
		return Certificate{}, fmt.Errorf("directory: unbind certificate: %w", err)
	}
	return c, d.record(ctx, actor, "", "certificate.unbound", personID, c.details())
}

// markCertificate runs an update that happens once, and tells the owner when it
// did; another node may have been first.
func (d *Directory) markCertificate(ctx context.Context, id, action, update string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		var c Certificate
		err := d.db.Get(ctx, &c, update, d.time(), id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("directory: %s: %w", action, err)
		}
		p, err := d.Person(ctx, c.PersonID)
		if err != nil {
			return err
		}
		if err := d.record(ctx, Actor{}, "", action, p.ID, c.details()); err != nil {
			return err
		}
		return d.notifyPerson(ctx, p, notice{action: action + ".you", certificate: c.title()})
	})
}

// details name the certificate in the journal by what its authority can be asked
// about; the owner's numbers are not among it.
func (c Certificate) details() map[string]string {
	return map[string]string{"certificate": c.Fingerprint, "serial": c.Serial, "issuer": c.Issuer}
}

// title names the certificate to its owner: № 12AB, until 01.02.2027.
func (c Certificate) title() string {
	return "№ " + c.Serial + " (" + c.NotAfter.Time().Format(moscowDate) + ")"
}

// moscowDate is how dates are written in Russian.
const moscowDate = "02.01.2006"
