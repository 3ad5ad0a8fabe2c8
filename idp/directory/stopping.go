package directory

import (
	"context"
	"fmt"
	"slices"

	"propusk/storage"
)

// StopMember makes everything that the member has open in the organisation dead at
// once: his tokens on every node, those that he holds elsewhere because the
// organisation named him, and the invitations that he gave. He stays a member and
// cannot come in, by membership or by a power of attorney of the organisation's, until
// ResumeMember; who stops himself can. then runs in the same transaction and ends
// what the directory does not keep.
//
// It takes members:write; an administrator is stopped by an administrator.
// storage.ErrNotFound for a member of another organisation. Who is stopped already is
// stopped again.
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
		if m.Person.ID != actor.PersonID {
			if err := d.shutOut(ctx, &m, is); err != nil {
				return err
			}
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

// shutOut notes that the member does not come in any more.
func (d *Directory) shutOut(ctx context.Context, m *MemberView, is standing) error {
	if err := d.moveAdministrators(ctx, m.OrganisationID, -m.Member.counts(is)); err != nil {
		return err
	}
	_, err := d.db.Exec(ctx, `UPDATE members SET stopped_at = $1 WHERE id = $2 AND stopped_at = 0`, d.time(), m.Member.ID)
	return wrapped("shut a member out", err)
}

// ResumeMember lets a member who was stopped come in again, with the rights that he
// has. Nobody lets another have what he does not hold himself, and an administrator is
// let in by an administrator. storage.ErrNotFound for a member of another organisation
// and for one who is not stopped.
func (d *Directory) ResumeMember(ctx context.Context, actor Actor, organisationID, memberID string) (MemberView, error) {
	const action = "member.resumed"
	var m MemberView
	err := d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) (err error) {
		if m, err = d.MemberByID(ctx, o.ID, memberID); err != nil {
			return err
		}
		if m.StoppedAt == 0 {
			return fmt.Errorf("directory: resume a member: %w", storage.ErrNotFound)
		}
		is := standing{m.Role, m.Grants, m.Denials}
		if err := held.mayMove(standing{}, is); err != nil {
			return err
		}
		if err := d.moveAdministrators(ctx, o.ID, administrators(is)); err != nil {
			return err
		}
		err = d.db.Get(ctx, &m.Member, `UPDATE members SET stopped_at = 0, version = version + 1, updated_at = $1
			WHERE id = $2 AND stopped_at <> 0 RETURNING `+memberNames, d.time(), m.Member.ID)
		if err != nil {
			return fmt.Errorf("directory: resume a member: %w", err)
		}
		return d.tellStopped(ctx, actor, o, m, action, "")
	})
	if err != nil {
		return MemberView{}, err
	}
	return m, nil
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
