package directory

import (
	"context"
	"errors"
	"fmt"
)

// InvitationView is what an invitation's link shows.
type InvitationView struct {
	Invitation   `db:"invitation"`
	Organisation `db:"organisation"`
	// PersonID is the person whose e-mail, verified or not, is the invited one;
	// "" when the person is new. Such a one signs in instead of setting a
	// password.
	PersonID string `db:"person_id"`
}

var invitationByToken = "SELECT " + columns("i", "invitation", invitationNames) + ", " +
	columns("o", "organisation", organisationNames) + `, COALESCE(p.id, '') AS person_id
	FROM invitations i
	JOIN organisations o ON o.id = i.organisation_id AND o.status = 'active'
	LEFT JOIN persons p ON p.email = i.email
	WHERE i.token_hash = $1`

// InvitationByToken reads the invitation of a link. storage.ErrNotFound for an
// unknown or replaced one, storage.ErrUsed, ErrInvitationWithdrawn,
// ErrInvitationExpired; with these three the view is returned, too.
func (d *Directory) InvitationByToken(ctx context.Context, token string) (InvitationView, error) {
	var v InvitationView
	err := d.db.Get(ctx, &v, invitationByToken, hashToken(token))
	if err != nil {
		return InvitationView{}, fmt.Errorf("directory: invitation: %w", err)
	}
	if err := v.open(); err != nil {
		return v, err
	}
	if v.Invitation.Expired(d.time()) {
		return v, ErrInvitationExpired
	}
	return v, nil
}

// AcceptInvitation makes the person a member, once. The person must have
// verified the very mailbox that was invited (ErrOtherPerson otherwise: a link
// that was forwarded or found opens nothing), and must be the actor himself.
// Further refusals are those of InvitationByToken; storage.ErrExists when he is
// a member already, ErrBlocked.
func (d *Directory) AcceptInvitation(ctx context.Context, actor Actor, token, personID string) (Membership, error) {
	if actor.PersonID != personID && !actor.system {
		return Membership{}, fmt.Errorf("%w: people accept for themselves", ErrForbidden)
	}
	var accepted Membership
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		v, err := d.InvitationByToken(ctx, token)
		if err != nil {
			return err
		}
		p, err := d.activePerson(ctx, personID)
		if err != nil {
			return err
		}
		if !p.EmailVerified || p.Email != v.Invitation.Email {
			return ErrOtherPerson
		}
		o, err := d.lockOrganisation(ctx, v.OrganisationID)
		if err != nil {
			return err
		}
		if err := d.spendInvitation(ctx, token, p.ID); err != nil {
			return err
		}
		accepted, err = d.welcome(ctx, actor, o, p, v.Invitation)
		return err
	})
	if err != nil {
		return Membership{}, err
	}
	return accepted, nil
}

// spendInvitation has one winner: the conditions that were read before stand
// again in the update.
func (d *Directory) spendInvitation(ctx context.Context, token, personID string) error {
	n, err := d.db.Exec(ctx, `UPDATE invitations SET status = 'accepted', accepted_at = $1, accepted_by = $2
		WHERE token_hash = $3 AND status = 'pending' AND expires_at > $1`, d.time(), personID, hashToken(token))
	if err != nil {
		return fmt.Errorf("directory: accept invitation: %w", err)
	}
	if n == 1 {
		return nil
	}
	if _, err := d.InvitationByToken(ctx, token); err != nil {
		return err
	}
	return errors.New("directory: accept invitation: neither open nor spent")
}

func (d *Directory) welcome(ctx context.Context, actor Actor, o Organisation, p Person, i Invitation) (Membership, error) {
	s := i.standing()
	m, err := d.join(ctx, o.ID, p.ID, s, i.Position)
	if err != nil {
		return Membership{}, err
	}
	err = d.record(ctx, actor, o.ID, "invitation.accepted", i.ID, map[string]string{"person": p.ID, "invited_by": i.InvitedBy})
	if err != nil {
		return Membership{}, err
	}
	return Membership{o, m}, d.memberChanged(ctx, actor, o, p, change{action: "member.added", member: m, to: s})
}
