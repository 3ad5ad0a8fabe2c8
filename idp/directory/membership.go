package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
	"propusk/storage/revocation"
)

// AddMember makes a person a member at once, without an invitation: for seeds
// and the command line. storage.ErrExists when he is one already.
func (d *Directory) AddMember(ctx context.Context, actor Actor, n NewMember) (Member, error) {
	var f fields
	s := f.standing(standing{n.Role, n.Grants, n.Denials})
	position := f.text("position", n.Position, maxName, false)
	if err := f.err(); err != nil {
		return Member{}, err
	}
	const action = "member.added"
	var m Member
	err := d.within(ctx, actor, n.OrganisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		if err := held.mayInvite(s); err != nil {
			return err
		}
		p, err := d.activePerson(ctx, n.PersonID)
		if err != nil {
			return err
		}
		if m, err = d.join(ctx, o.ID, p.ID, s, position); err != nil {
			return err
		}
		return d.memberChanged(ctx, actor, o, p, change{action: action, member: m, to: s})
	})
	if err != nil {
		return Member{}, err
	}
	return m, nil
}

// join inserts the member and counts an administrator.
func (d *Directory) join(ctx context.Context, organisationID, personID string, s standing, position string) (Member, error) {
	m, err := d.insertMember(ctx, organisationID, personID, s, position)
	if err != nil {
		return Member{}, err
	}
	return m, d.moveAdministrators(ctx, organisationID, administrators(s))
}

// insertMember adds the member, or brings one back who was removed, with a
// version above any that he had before. It does not count administrators.
func (d *Directory) insertMember(ctx context.Context, organisationID, personID string, s standing, position string) (Member, error) {
	var m Member
	err := d.db.Get(ctx, &m, `INSERT INTO members (`+memberNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 0, $8, 0)
		ON CONFLICT (person_id, organisation_id) DO UPDATE SET role = excluded.role, grants = excluded.grants,
			denials = excluded.denials, position = excluded.position, version = members.version + 1,
			activated_at = excluded.activated_at, removed_at = 0, stopped_at = 0, updated_at = excluded.updated_at
		WHERE members.removed_at <> 0
		RETURNING `+memberNames,
		storage.NewID(), organisationID, personID, s.role, PermissionList(s.grants), PermissionList(s.denials), position, d.time())
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return Member{}, fmt.Errorf("directory: already a member: %w", storage.ErrExists)
	case err != nil:
		return Member{}, fmt.Errorf("directory: insert member: %w", err)
	}
	return m, d.endRepresentation(ctx, personID, organisationID)
}

// endRepresentation makes dead what somebody who has become a member still holds by
// power of attorney there: the membership wins, and it may let him do less.
func (d *Directory) endRepresentation(ctx context.Context, personID, organisationID string) error {
	p, err := d.Person(ctx, personID)
	if err != nil {
		return err
	}
	powers, err := d.usablePowers(ctx, p)
	if err != nil || !slices.Contains(principals(powers), organisationID) {
		return err
	}
	return d.raisePowers(ctx, personID, organisationID)
}

// ChangeMember changes a member's role, individual permissions or position, in
// force at once: live tokens with the rights of before are revoked.
//
// It takes members:write. ErrForbidden when the member would gain what the
// actor does not hold, or when an administrator is concerned and the actor is
// none; ErrLastAdministrator; storage.ErrNotFound, also for a member of another
// organisation.
func (d *Directory) ChangeMember(ctx context.Context, actor Actor, organisationID, memberID string, c MemberChange) (Member, error) {
	const action = "member.changed"
	var m Member
	err := d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		before, err := d.MemberByID(ctx, o.ID, memberID)
		if err != nil {
			return err
		}
		m = before.Member
		from := standing{m.Role, m.Grants, m.Denials}
		to, position, err := c.apply(m)
		if err != nil {
			return err
		}
		if err := held.mayMove(from, to); err != nil {
			return err
		}
		if to.equal(from) && position == m.Position {
			return nil
		}
		if m, err = d.moveMember(ctx, m, to, position); err != nil {
			return err
		}
		return d.memberChanged(ctx, actor, o, before.Person, change{action: action, member: m, from: from, to: to})
	})
	if err != nil {
		return Member{}, err
	}
	return m, nil
}

// apply says what m would come to.
func (c MemberChange) apply(m Member) (to standing, position string, err error) {
	if c.Version != nil && *c.Version != m.Version {
		return standing{}, "", ErrStale
	}
	to, position = standing{m.Role, m.Grants, m.Denials}, m.Position
	if c.Role != nil {
		to.role = *c.Role
	}
	if c.Grants != nil {
		to.grants = *c.Grants
	}
	if c.Denials != nil {
		to.denials = *c.Denials
	} else if to.role == Administrator {
		to.denials = nil // one who is promoted leaves his denials behind
	}
	var f fields
	to = f.standing(to)
	if c.Position != nil {
		position = f.text("position", *c.Position, maxName, false)
	}
	return to, position, f.err()
}

func (s standing) equal(other standing) bool {
	return s.role == other.role && slices.Equal(s.grants, other.grants) && slices.Equal(s.denials, other.denials)
}

func (d *Directory) moveMember(ctx context.Context, m Member, to standing, position string) (Member, error) {
	if err := d.moveAdministrators(ctx, m.OrganisationID, m.counts(to)-m.counts(standing{role: m.Role})); err != nil {
		return Member{}, err
	}
	err := d.db.Get(ctx, &m, `UPDATE members SET role = $1, grants = $2, denials = $3, position = $4,
		version = version + 1, updated_at = $5 WHERE id = $6 AND removed_at = 0 RETURNING `+memberNames,
		to.role, PermissionList(to.grants), PermissionList(to.denials), position, d.time(), m.ID)
	if err != nil {
		return Member{}, fmt.Errorf("directory: change member: %w", err)
	}
	return m, nil
}

// RemoveMember ends a membership at once. What the person did stays in the
// journal. Rights and refusals are those of ChangeMember; version, when not
// nil, must be the member's present one: ErrStale otherwise.
func (d *Directory) RemoveMember(ctx context.Context, actor Actor, organisationID, memberID string, version *int64) error {
	const action = "member.removed"
	return d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		before, err := d.MemberByID(ctx, o.ID, memberID)
		if err != nil {
			return err
		}
		m := before.Member
		if version != nil && *version != m.Version {
			return ErrStale
		}
		from := standing{m.Role, m.Grants, m.Denials}
		if err := held.mayMove(from, standing{}); err != nil {
			return err
		}
		if err := d.moveAdministrators(ctx, o.ID, -m.counts(from)); err != nil {
			return err
		}
		err = d.db.Get(ctx, &m, `UPDATE members SET version = version + 1, removed_at = $1, updated_at = $1
			WHERE id = $2 AND removed_at = 0 RETURNING `+memberNames, d.time(), m.ID)
		if err != nil {
			return fmt.Errorf("directory: remove member: %w", err)
		}
		return d.memberChanged(ctx, actor, o, before.Person, change{action: action, member: m, from: from})
	})
}

// counts is how many administrators the organisation has in a member with the
// standing: one who is stopped manages nothing.
func (m Member) counts(s standing) int {
	if m.StoppedAt != 0 {
		return 0
	}
	return administrators(s)
}

func administrators(s standing) int {
	if s.role == Administrator {
		return 1
	}
	return 0
}

// change is what happened to a member: from is zero for one who came, to for
// one who left.
type change struct {
	action   string
	member   Member
	from, to standing
}

// memberChanged does what every change of a member owes, in its transaction:
// older tokens die, invitations that the member could no longer give are
// withdrawn, and journal, person and organisation are told.
func (d *Directory) memberChanged(ctx context.Context, actor Actor, o Organisation, p Person, c change) error {
	if err := d.revokeMember(ctx, p.ID, o.ID, c.member.Version); err != nil {
		return err
	}
	if c.to.role == "" {
		if err := d.raisePerformer(ctx, p.ID, o.ID); err != nil {
			return err
		}
	}
	left := rights{set: c.to.set(), administrator: c.to.role == Administrator}
	if err := d.withdrawBeyond(ctx, actor, o.ID, p.ID, left); err != nil {
		return err
	}
	if err := d.record(ctx, actor, o.ID, c.action, c.member.ID, c.details()); err != nil {
		return err
	}
	n := notice{action: c.action, person: p.FullName(), role: c.to.role}
	if err := d.notifyResponsible(ctx, o, n, p.Email); err != nil {
		return err
	}
	n.action += ".you"
	return d.notifyPerson(ctx, p, n.of(o))
}

func (c change) details() map[string]string {
	details := map[string]string{"person": c.member.PersonID}
	put := func(key, value string) {
		if value != "" {
			details[key] = value
		}
	}
	put("role_before", string(c.from.role))
	put("role", string(c.to.role))
	put("gained", names(c.to.set()&^c.from.set()))
	put("lost", names(c.from.set()&^c.to.set()))
	put("position", c.member.Position)
	return details
}

func names(set permissionSet) string {
	var texts []string
	for _, p := range set.list() {
		texts = append(texts, string(p))
	}
	return strings.Join(texts, " ")
}

// revokeMember kills the tokens that carry a membership version below.
func (d *Directory) revokeMember(ctx context.Context, personID, organisationID string, below int64) error {
	err := d.revocations.Revoke(ctx, revocation.Entry{
		Kind: revocation.KindMember, Key: revocation.Member(personID, organisationID), Below: below,
	})
	if err != nil {
		return fmt.Errorf("directory: revoke member: %w", err)
	}
	return nil
}

func (d *Directory) activePerson(ctx context.Context, id string) (Person, error) {
	p, err := d.Person(ctx, id)
	if err == nil && p.Status != StatusActive {
		return Person{}, ErrBlocked
	}
	return p, err
}
