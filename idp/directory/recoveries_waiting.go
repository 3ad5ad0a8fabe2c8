package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// A recovery waits when what is left to prove it by is too little: the person
// says that the other factors are lost, or never had any. Every channel is told
// at once, so that whoever still holds one can stop it; the link follows when
// nobody has.

// WaitRecovery puts a proved recovery off until due and tells every channel;
// lost says that the other factors are lost and will go. The e-mail holds a link that
// stops it. ErrOperatorAccount: an operator's mailbox alone does not lead to his role.
func (d *Directory) WaitRecovery(ctx context.Context, id string, lost bool, due, expires storage.Time) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		r, err := d.moveRecovery(ctx, `UPDATE recoveries SET state = 'waiting', holder_hash = '', reset_factors = $1,
			due_at = $2, expires_at = $3 WHERE id = $4 AND state = 'proved' AND expires_at > $5 RETURNING `+recoveryNames,
			lost, due, expires, id, d.time())
		if err != nil {
			return err
		}
		if err := d.noOperator(ctx, r.PersonID); err != nil {
			return err
		}
		p, err := d.activePerson(ctx, r.PersonID)
		if err != nil {
			return err
		}
		return d.announce(ctx, r, p)
	})
}

// announce tells every channel of a recovery that waits.
func (d *Directory) announce(ctx context.Context, r Recovery, p Person) error {
	if err := d.recordRecovery(ctx, r, "recovery.waiting"); err != nil {
		return err
	}
	token, hash := newToken()
	if _, err := d.db.Exec(ctx, `UPDATE recoveries SET cancel_hash = $1 WHERE id = $2`, hash, r.ID); err != nil {
		return wrapped("make cancelling link", err)
	}
	link := d.baseURL + "/recovery/cancel/" + token
	return d.notifyEverywhere(ctx, p, notice{action: "recovery.waiting.you"}.with(func(lang string) []string {
		return []string{"{until}", until(lang, r.DueAt.Time()), "{link}", link}
	}))
}

// CancelRecovery stops a recovery by the link that its announcement held, and
// with it every other one that the person is said to have asked for and that
// waits or has waited: whoever begins many must not hide one among them.
// ErrRecoveryOver for one that is over, or a link that never was.
func (d *Directory) CancelRecovery(ctx context.Context, link string) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		r, err := d.cancelOne(ctx, link)
		if err != nil {
			return err
		}
		_, err = d.db.Exec(ctx, `UPDATE recoveries SET state = 'cancelled', link_hash = '', cancel_hash = '', holder_hash = '',
			sealed = $1, ended_at = $2 WHERE person_id = $3 AND due_at > 0 AND proposed_by = '' AND ended_at = 0`,
			[]byte{}, d.time(), r.PersonID)
		return wrapped("stop the other recoveries", err)
	})
}

func (d *Directory) cancelOne(ctx context.Context, link string) (Recovery, error) {
	return d.stopRecovery(ctx, `UPDATE recoveries SET state = 'cancelled', link_hash = '', cancel_hash = '', holder_hash = '',
		sealed = $1, ended_at = $2 WHERE cancel_hash = $3 AND cancel_hash <> '' AND ended_at = 0 RETURNING `+recoveryNames,
		[]byte{}, d.time(), digestOf(link))
}

// CancelLives reports whether a cancelling link still stops something.
func (d *Directory) CancelLives(ctx context.Context, link string) (bool, error) {
	var count int
	err := d.db.Get(ctx, &count, `SELECT COUNT(*) FROM recoveries WHERE cancel_hash = $1 AND cancel_hash <> '' AND ended_at = 0`, digestOf(link))
	return count > 0, wrapped("look at cancelling link", err)
}

// StopRecovery stops a recovery that the house found reason to distrust, such
// as a sign-in with the very factor that is said to be lost.
func (d *Directory) StopRecovery(ctx context.Context, id string) error {
	_, err := d.stopRecovery(ctx, `UPDATE recoveries SET state = 'cancelled', link_hash = '', cancel_hash = '', holder_hash = '',
		sealed = $1, ended_at = $2 WHERE id = $3 AND ended_at = 0 RETURNING `+recoveryNames, []byte{}, d.time(), id)
	return err
}

func (d *Directory) stopRecovery(ctx context.Context, statement string, args ...any) (r Recovery, err error) {
	err = d.db.Tx(ctx, func(ctx context.Context) error {
		r, err = d.moveRecovery(ctx, statement, args...)
		if err != nil {
			return err
		}
		if err := d.recordRecovery(ctx, r, "recovery.cancelled"); err != nil {
			return err
		}
		p, err := d.Person(ctx, r.PersonID)
		if err != nil {
			return err
		}
		return d.notifyEverywhere(ctx, p, notice{action: "recovery.cancelled.you"})
	})
	return r, err
}

// wakeBatch is how many recoveries WakeRecoveries wakes at a time.
const wakeBatch = 100

// WakeRecoveries sends the links of recoveries whose waiting is over, unless
// distrust finds a reason not to. Links are good for lifetime. Where one fails,
// the rest are still tried.
func (d *Directory) WakeRecoveries(ctx context.Context, lifetime time.Duration,
	distrust func(ctx context.Context, r Recovery) (bool, error),
) (woken int, err error) {
	var due []Recovery
	err = d.db.Select(ctx, &due, `SELECT `+recoveryNames+` FROM recoveries
		WHERE state = 'waiting' AND due_at <= $1 AND ended_at = 0 ORDER BY due_at LIMIT $2`, d.time(), wakeBatch)
	if err != nil {
		return 0, wrapped("recoveries due", err)
	}
	var failed error
	for _, r := range due {
		switch done, err := d.wake(ctx, r, lifetime, distrust); {
		case err != nil && !errors.Is(err, ErrRecoveryOver):
			failed = errors.Join(failed, fmt.Errorf("recovery %s: %w", r.ID, err))
		case done:
			woken++
		}
	}
	return woken, failed
}

func (d *Directory) wake(ctx context.Context, r Recovery, lifetime time.Duration,
	distrust func(ctx context.Context, r Recovery) (bool, error),
) (done bool, err error) {
	err = d.db.Tx(ctx, func(ctx context.Context) error {
		done = false
		doubtful, err := distrust(ctx, r)
		if err != nil {
			return err
		}
		p, err := d.activePerson(ctx, r.PersonID)
		if doubtful || errors.Is(err, storage.ErrNotFound) {
			return d.StopRecovery(ctx, r.ID)
		}
		if err != nil {
			return err
		}
		to, err := d.linkRecipient(ctx, r, p)
		if err != nil {
			return err
		}
		r, err = d.moveRecovery(ctx, `UPDATE recoveries SET state = 'sent', expires_at = $1
			WHERE id = $2 AND state = 'waiting' AND ended_at = 0 RETURNING `+recoveryNames, d.time().Add(lifetime), r.ID)
		if err != nil {
			return err
		}
		done = true
		return d.sendLink(ctx, r, to)
	})
	return done, err
}

// linkRecipient is where the link of a recovery goes: to the mailbox that the
// operators were shown, else to the person's own, else to the phone.
func (d *Directory) linkRecipient(ctx context.Context, r Recovery, p Person) (recipient, error) {
	to := recipient{Locale: p.Locale}
	mailbox, err := d.NewMailbox(ctx, r)
	switch {
	case err != nil:
		return to, err
	case mailbox != "":
		to.Email = mailbox
	case p.EmailVerified:
		to.Email = p.Email
	default:
		to.Phone = p.Phone
	}
	return to, nil
}
