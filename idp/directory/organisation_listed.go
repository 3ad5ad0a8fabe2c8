package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// PendingInvitation is the living invitation of an organisation to a mailbox that
// the person has proved to hold; storage.ErrNotFound when there is none.
func (d *Directory) PendingInvitation(ctx context.Context, organisationID string, p Person) (Invitation, error) {
	if !p.EmailVerified || p.Email == "" {
		return Invitation{}, fmt.Errorf("directory: pending invitation: %w", storage.ErrNotFound)
	}
	var i Invitation
	err := d.db.Get(ctx, &i, "SELECT "+columns("i", "", invitationNames)+` FROM invitations i
		WHERE i.organisation_id = $1 AND i.email = $2 AND i.status = 'pending' AND i.expires_at > $3`, organisationID, p.Email, d.time())
	if err != nil {
		return Invitation{}, fmt.Errorf("directory: pending invitation: %w", err)
	}
	return i, nil
}

// Bind makes a person a member of an organisation whose official contact has
// vouched for it by a code, and spends the invitation that he came by ("" for
// none). It takes System: the caller has checked that the person is listed.
// storage.ErrExists when he is a member already; storage.ErrUsed when the
// invitation is over meanwhile.
func (d *Directory) Bind(ctx context.Context, actor Actor, n NewMember, invitationID string) (Member, error) {
	if !actor.system {
		return Member{}, fmt.Errorf("%w: a person is bound by the house", ErrForbidden)
	}
	var m Member
	err := d.db.Tx(ctx, func(ctx context.Context) (err error) {
		if m, err = d.AddMember(ctx, actor, n); err != nil || invitationID == "" {
			return err
		}
		spent, err := d.db.Exec(ctx, `UPDATE invitations SET status = 'accepted', accepted_at = $1, accepted_by = $2
			WHERE id = $3 AND organisation_id = $4 AND status = 'pending'`, d.time(), n.PersonID, invitationID, n.OrganisationID)
		if err == nil && spent == 0 {
			err = storage.ErrUsed
		}
		return wrapped("spend invitation", err)
	})
	return m, err
}

// Administrators are the active administrators of an organisation.
func (d *Directory) Administrators(ctx context.Context, organisationID string) ([]Person, error) {
	var list []Person
	err := d.db.Select(ctx, &list, "SELECT "+columns("p", "", personNames)+` FROM members m
		JOIN persons p ON p.id = m.person_id AND p.status = 'active'
		WHERE m.organisation_id = $1 AND m.role = $2 AND m.removed_at = 0 AND m.stopped_at = 0 ORDER BY m.id`, organisationID, Administrator)
	return list, wrapped("administrators", err)
}
