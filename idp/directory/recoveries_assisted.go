package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// When a person has nothing left to prove himself by, operators who have seen
// his documents help: one proposes, another one agrees. Neither can act alone,
// neither can help himself, and neither sees the link.

// ErrSameOperator: four eyes need two people, and neither may be the one helped.
var ErrSameOperator = fmt.Errorf("%w: it takes two operators, neither of them the person", ErrForbidden)

// ErrOperatorAccount: who gives an operator's access to whom he likes would have his role,
// be it two of his colleagues, or whoever holds his mailbox. The command line dismisses
// him first.
var ErrOperatorAccount = fmt.Errorf("%w: an operator's access is given back on the command line alone", ErrForbidden)

// How long what takes of an assisted recovery.
const (
	proposalLifetime = 7 * 24 * time.Hour  // to be approved in
	assistedDelay    = 72 * time.Hour      // when a new mailbox comes or factors go
	assistedWindow   = 14 * 24 * time.Hour // for the link to be sent in; it has its own term then
)

// RecoveryProposal is what an operator wants for a person.
type RecoveryProposal struct {
	PersonID string
	Reason   string // what was shown and looked at; never numbers of documents
	// Mailbox gets the link and becomes the person's; "" = the person's own,
	// which then must be verified.
	Mailbox string
	// ResetFactors: the other factors are lost and go.
	ResetFactors bool
}

// ProposeRecovery records an operator's proposal, which another one has a week
// to approve. FieldErrors; ErrForbidden for who is no operator, ErrSameOperator
// for one's own account, ErrOperatorAccount for another operator's.
func (d *Directory) ProposeRecovery(ctx context.Context, actor Actor, proposal RecoveryProposal) (Recovery, error) {
	var f fields
	reason := f.text("reason", proposal.Reason, maxTitle, true)
	mailbox := f.optional("email", proposal.Mailbox, NormaliseEmail)
	if err := f.err(); err != nil {
		return Recovery{}, err
	}
	r := Recovery{
		ID: storage.NewID(), Kind: RecoverPassword, State: RecoveryProposed, Channel: ChannelEmail,
		PersonID: proposal.PersonID, ResetFactors: proposal.ResetFactors, ProposedBy: actor.PersonID,
		Reason: reason, CreatedAt: d.time(), ExpiresAt: d.time().Add(proposalLifetime),
	}
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		if err := d.CheckOperator(ctx, actor, OperatorSupport); err != nil {
			return err
		}
		if actor.PersonID == proposal.PersonID {
			return ErrSameOperator
		}
		if err := d.noOperator(ctx, proposal.PersonID); err != nil {
			return err
		}
		if err := d.reachable(ctx, proposal.PersonID, mailbox); err != nil {
			return err
		}
		if err := d.insertRecovery(ctx, r, RecoveryRequest{Kind: r.Kind, Mailbox: mailbox}, ""); err != nil {
			return err
		}
		return d.recordAssisted(ctx, actor, r, "recovery.proposed")
	})
	if err != nil {
		return Recovery{}, err
	}
	return r, nil
}

// reachable refuses a proposal whose link could reach nobody, or somebody else.
func (d *Directory) reachable(ctx context.Context, personID, mailbox string) error {
	p, err := d.activePerson(ctx, personID)
	if err != nil {
		return err
	}
	var f fields
	if mailbox == "" {
		if !p.EmailVerified && !p.PhoneVerified {
			f.faults.add("email", "required")
		}
		return f.err()
	}
	var others int
	err = d.db.Get(ctx, &others, `SELECT COUNT(*) FROM persons WHERE email = $1 AND id <> $2`, mailbox, p.ID)
	if err == nil && others > 0 {
		f.faults.add("email", "taken")
		return f.err()
	}
	return wrapped("whose mailbox", err)
}

// ApproveRecovery is the second operator's word: every channel of the person is
// told, and the link follows, at once or, when a new mailbox comes or factors
// go, after three days. ErrSameOperator, ErrRecoveryOver; ErrForbidden
// also when the first one is no operator any more.
func (d *Directory) ApproveRecovery(ctx context.Context, actor Actor, id string) (Recovery, error) {
	var r Recovery
	err := d.decide(ctx, actor, id, func(ctx context.Context, proposed Recovery) error {
		if proposed.ProposedBy == actor.PersonID || proposed.PersonID == actor.PersonID {
			return ErrSameOperator
		}
		if err := d.CheckOperator(ctx, Actor{PersonID: proposed.ProposedBy}, OperatorSupport); err != nil {
			return err
		}
		if err := d.noOperator(ctx, proposed.PersonID); err != nil { // appointed meanwhile
			return err
		}
		p, err := d.activePerson(ctx, proposed.PersonID)
		if err != nil {
			return err
		}
		due := d.time()
		if mailbox, err := d.NewMailbox(ctx, proposed); err != nil {
			return err
		} else if mailbox != "" || proposed.ResetFactors {
			due = due.Add(assistedDelay)
		}
		r, err = d.moveRecovery(ctx, `UPDATE recoveries SET state = 'waiting', approved_by = $1, due_at = $2, expires_at = $3
			WHERE id = $4 AND state = 'proposed' AND expires_at > $5 RETURNING `+recoveryNames,
			actor.PersonID, due, due.Add(assistedWindow), id, d.time())
		if err != nil {
			return err
		}
		if err := d.recordAssisted(ctx, actor, r, "recovery.approved"); err != nil {
			return err
		}
		return d.announce(ctx, r, p)
	})
	return r, err
}

// RefuseRecovery ends a proposal, or stops what was approved, by any operator.
func (d *Directory) RefuseRecovery(ctx context.Context, actor Actor, id string) error {
	return d.decide(ctx, actor, id, func(ctx context.Context, r Recovery) error {
		if err := d.recordAssisted(ctx, actor, r, "recovery.refused"); err != nil {
			return err
		}
		return d.StopRecovery(ctx, id)
	})
}

// decide is an operator's act on an assisted recovery.
func (d *Directory) decide(ctx context.Context, actor Actor, id string, fn func(ctx context.Context, r Recovery) error) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if err := d.CheckOperator(ctx, actor, OperatorSupport); err != nil {
			return err
		}
		r, err := d.RecoveryByID(ctx, id)
		if err != nil {
			return err
		}
		if !r.Assisted() {
			return fmt.Errorf("directory: no operator's recovery: %w", storage.ErrNotFound)
		}
		return fn(ctx, r)
	})
}

// AssistedRecoveries lists those of operators that are not over, the newest
// first; ErrForbidden for who is no operator and not System.
func (d *Directory) AssistedRecoveries(ctx context.Context, actor Actor) ([]Recovery, error) {
	if !actor.system {
		if err := d.CheckOperator(ctx, actor, OperatorSupport); err != nil {
			return nil, err
		}
	}
	list := []Recovery{}
	err := d.db.Select(ctx, &list, `SELECT `+recoveryNames+` FROM recoveries
		WHERE proposed_by <> '' AND ended_at = 0 AND expires_at > $1 ORDER BY id DESC LIMIT 200`, d.time())
	return list, wrapped("assisted recoveries", err)
}

// NewMailbox is the mailbox that comes with an assisted recovery, for the operator who is
// to agree to it; "" when the person's own contacts get the link.
func (d *Directory) NewMailbox(ctx context.Context, r Recovery) (string, error) {
	if !r.Assisted() {
		return "", nil
	}
	q, err := d.recoveryRequest(ctx, r.ID)
	if errors.Is(err, errForgotten) {
		return "", nil // it is the person's own by now
	}
	return q.Mailbox, err
}

// moveIn makes the mailbox that an assisted recovery went to the person's: its
// link came back from there. FieldErrors "taken" when it is another's meanwhile.
func (d *Directory) moveIn(ctx context.Context, r Recovery, p Person) error {
	mailbox, err := d.NewMailbox(ctx, r)
	if err != nil || mailbox == "" || mailbox == p.Email && p.EmailVerified {
		return err
	}
	n, err := d.db.Exec(ctx, `UPDATE persons SET email = $1, email_verified = TRUE, updated_at = $2 WHERE id = $3
		AND NOT EXISTS (SELECT 1 FROM persons o WHERE o.email = $1 AND o.id <> $3)`, mailbox, d.time(), p.ID)
	switch {
	case err != nil:
		return wrapped("move mailbox", err)
	case n == 0:
		return FieldErrors{{Field: "email", Code: "taken"}}
	}
	if _, err := d.db.Exec(ctx, `UPDATE recoveries SET sealed = $1 WHERE id = $2`, []byte{}, r.ID); err != nil {
		return wrapped("forget mailbox", err)
	}
	return d.record(ctx, Actor{}, "", "person.contact_changed", p.ID, map[string]string{"channel": ChannelEmail, "recovery": r.ID})
}

// recordAssisted writes an operator's act with its reason.
func (d *Directory) recordAssisted(ctx context.Context, actor Actor, r Recovery, action string) error {
	return d.record(ctx, actor, "", action, r.PersonID, map[string]string{"recovery": r.ID, "reason": r.Reason})
}

// keepRecoveries is how long one that is over is kept.
const keepRecoveries = 7 * 24 * time.Hour

// SweepRecoveries ends those whose time is over, forgetting what was typed, and
// drops those that have been over for a week.
func (d *Directory) SweepRecoveries(ctx context.Context) error {
	_, ended := d.db.Exec(ctx, `UPDATE recoveries SET state = 'cancelled', link_hash = '', cancel_hash = '', holder_hash = '',
		sealed = $1, ended_at = $2 WHERE ended_at = 0 AND expires_at <= $2`, []byte{}, d.time())
	_, dropped := d.db.Exec(ctx, `DELETE FROM recoveries WHERE ended_at > 0 AND ended_at <= $1`, d.time().Add(-keepRecoveries))
	return wrapped("sweep recoveries", errors.Join(ended, dropped))
}
