package directory

import (
	"context"
	"fmt"
	"slices"
)

// StopMember makes everything that the member has open in the organisation dead at
// once: his tokens on every node, those that he holds elsewhere because the
// organisation named him, and the invitations that he gave. He stays a member, and
// may sign in anew: who must not is removed (RemoveMember). then runs in the same
// transaction and ends what the directory does not keep.
//
// It takes members:write; an administrator is stopped by an administrator.
// storage.ErrNotFound for a member of another organisation.
func (d *Directory) StopMember(ctx context.Context, actor Actor, organisationID, memberID, reason string,
	then func(ctx context.Context, m MemberView) error,
) error {
	const action = "member.stopped"
	return d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		m, err := d.MemberByID(ctx, o.ID, memberID)
		if err != nil {
			return err
		}
		is := standing{m.Role, m.Grants, m.Denials}
		if err := held.mayMove(is, is); err != nil {
			return err
		}
		if err := d.stopped(ctx, actor, o, &m); err != nil {
			return err
		}
		if err := then(ctx, m); err != nil {
			return err
		}
		return d.tellStopped(ctx, actor, o, m, action, reason)
	})
}

// stopped ends what the directory knows of.
func (d *Directory) stopped(ctx context.Context, actor Actor, o Organisation, m *MemberView) error {
	err := d.db.Get(ctx, &m.Member, `UPDATE members SET version = version + 1, updated_at = $1
		WHERE id = $2 AND removed_at = 0 RETURNING `+memberNames, d.time(), m.Member.ID)
	if err != nil {
		return fmt.Errorf("directory: stop member: %w", err)
	}
	if err := d.revokeMember(ctx, m.Person.ID, o.ID, m.Member.Version); err != nil {
		return err
	}
	if err := d.raisePowers(ctx, m.Person.ID, o.ID); err != nil {
		return err
	}
	return d.withdrawBeyond(ctx, actor, o.ID, m.Person.ID, rights{})
}

func (d *Directory) tellStopped(ctx context.Context, actor Actor, o Organisation, m MemberView, action, reason string) error {
	details := map[string]string{"person": m.Person.ID}
	if reason != "" {
		details["note"] = reason
	}
	if err := d.record(ctx, actor, o.ID, action, m.Member.ID, details); err != nil {
		return err
	}
	n := notice{action: action, person: m.Person.FullName()}
	if err := d.notifyResponsible(ctx, o, n, m.Person.Email); err != nil {
		return err
	}
	n.action += ".you"
	return d.notifyPerson(ctx, m.Person, n.of(o))
}

// PowersToPerson lists the live powers that the organisation itself gave to the
// person: what still lets him act for it when he is no member any more. The caller
// has checked members:read.
func (d *Directory) PowersToPerson(ctx context.Context, organisationID, personID string) ([]PowerOfAttorney, error) {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return nil, err
	}
	all, err := d.powersOfPerson(ctx, p)
	return slices.DeleteFunc(all, func(w PowerOfAttorney) bool { return w.OrganisationID != organisationID }), err
}
