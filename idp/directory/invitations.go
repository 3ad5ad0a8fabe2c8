package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"propusk/storage"
)

// The states of an invitation. One that has expired stays pending, so that it
// can be sent again: see Invitation.Expired.
const (
	InvitationPending   = "pending"
	InvitationAccepted  = "accepted"
	InvitationWithdrawn = "withdrawn"
)

// Invitation asks somebody, known by his mailbox only, to become a member. The
// caller of Invite fills the first block; the rest is the record's.
type Invitation struct {
	LastName   string         `db:"last_name"`
	FirstName  string         `db:"first_name"`
	MiddleName string         `db:"middle_name"`
	Email      string         `db:"email"`
	Phone      string         `db:"phone"` // "" when not known
	Role       Role           `db:"role"`
	Grants     PermissionList `db:"grants"`
	Denials    PermissionList `db:"denials"`
	Position   string         `db:"position"`

	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	Status         string       `db:"status"`
	InvitedBy      string       `db:"invited_by"` // person id; "" for the system or a client
	CreatedAt      storage.Time `db:"created_at"`
	SentAt         storage.Time `db:"sent_at"`
	ExpiresAt      storage.Time `db:"expires_at"`
	AcceptedAt     storage.Time `db:"accepted_at"`
	AcceptedBy     string       `db:"accepted_by"` // person id
}

// Expired reports whether the invitation's link no longer works at now.
func (i Invitation) Expired(now storage.Time) bool { return i.ExpiresAt <= now }

// FullName is the invited name as documents write it.
func (i Invitation) FullName() string {
	return Person{LastName: i.LastName, FirstName: i.FirstName, MiddleName: i.MiddleName}.FullName()
}

func (i Invitation) standing() standing { return standing{i.Role, i.Grants, i.Denials} }

const invitationNames = `id, organisation_id, last_name, first_name, middle_name, email, phone, role, grants, denials,
	position, status, invited_by, created_at, sent_at, expires_at, accepted_at, accepted_by`

var (
	invitationByID = "SELECT " + columns("i", "", invitationNames) + ` FROM invitations i
		WHERE i.organisation_id = $1 AND i.id = $2`
	invitationsOpen = "SELECT " + columns("i", "", invitationNames) + ` FROM invitations i
		WHERE i.organisation_id = $1 AND i.status = 'pending' AND i.id > $2 ORDER BY i.id LIMIT $3`
	invitationsGiven = "SELECT " + columns("i", "", invitationNames) + ` FROM invitations i
		WHERE i.organisation_id = $1 AND i.invited_by = $2 AND i.status = 'pending'`
)

// Invite sends an invitation by e-mail. It takes members:write, and the rights
// it would confer as ChangeMember does. FieldErrors: "member" when the mailbox
// is verified as that of a member, "invited" when an invitation to it is still
// open (send that one again, or withdraw it).
func (d *Directory) Invite(ctx context.Context, actor Actor, organisationID string, i Invitation) (Invitation, error) {
	i, err := i.canonical()
	if err != nil {
		return Invitation{}, err
	}
	const action = "invitation.created"
	err = d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		if err := held.mayInvite(i.standing()); err != nil {
			return err
		}
		if err := d.invitable(ctx, o.ID, i.Email); err != nil {
			return err
		}
		now := d.time()
		i.ID, i.OrganisationID, i.Status, i.InvitedBy = storage.NewID(), o.ID, InvitationPending, actor.PersonID
		i.CreatedAt, i.SentAt, i.ExpiresAt = now, now, now.Add(d.invitationLifetime)
		i.AcceptedAt, i.AcceptedBy = 0, ""
		token, hash := newToken()
		if err := d.insertInvitation(ctx, i, hash); err != nil {
			return err
		}
		if err := d.record(ctx, actor, o.ID, action, i.ID, i.details()); err != nil {
			return err
		}
		return d.sendInvitation(ctx, o, i, token)
	})
	if err != nil {
		return Invitation{}, err
	}
	return i, nil
}

func (i Invitation) canonical() (Invitation, error) {
	var f fields
	i.LastName = f.name("last_name", i.LastName, true)
	i.FirstName = f.name("first_name", i.FirstName, true)
	i.MiddleName = f.name("middle_name", i.MiddleName, false)
	if strings.TrimSpace(i.Email) == "" {
		f.faults.add("email", "required")
	}
	i.Email = f.optional("email", i.Email, NormaliseEmail)
	i.Phone = f.optional("phone", i.Phone, NormalisePhone)
	i.Position = f.text("position", i.Position, maxName, false)
	s := f.standing(i.standing())
	i.Grants, i.Denials = s.grants, s.denials
	return i, f.err()
}

func (i Invitation) details() map[string]string {
	return map[string]string{"role": string(i.Role), "gained": names(i.standing().set()), "email": MaskField("email", i.Email)}
}

// invitable refuses a mailbox that is a member's or has an open invitation; one
// that has expired makes room.
func (d *Directory) invitable(ctx context.Context, organisationID, email string) error {
	var members int
	err := d.db.Get(ctx, &members, `SELECT COUNT(*) FROM members m JOIN persons p ON p.id = m.person_id
		WHERE m.organisation_id = $1 AND m.removed_at = 0 AND p.email = $2 AND p.email_verified = TRUE`, organisationID, email)
	if err != nil {
		return fmt.Errorf("directory: invitable: %w", err)
	}
	if members > 0 {
		return FieldErrors{{Field: "email", Code: "member"}}
	}
	_, err = d.db.Exec(ctx, `UPDATE invitations SET status = 'withdrawn'
		WHERE organisation_id = $1 AND email = $2 AND status = 'pending' AND expires_at <= $3`, organisationID, email, d.time())
	if err != nil {
		return fmt.Errorf("directory: drop expired invitation: %w", err)
	}
	return nil
}

func (d *Directory) insertInvitation(ctx context.Context, i Invitation, hash string) error {
	n, err := d.db.Exec(ctx, `INSERT INTO invitations (`+invitationNames+`, token_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT DO NOTHING`,
		i.ID, i.OrganisationID, i.LastName, i.FirstName, i.MiddleName, i.Email, i.Phone, i.Role, i.Grants, i.Denials,
		i.Position, i.Status, i.InvitedBy, i.CreatedAt, i.SentAt, i.ExpiresAt, i.AcceptedAt, i.AcceptedBy, hash)
	switch {
	case err != nil:
		return fmt.Errorf("directory: insert invitation: %w", err)
	case n == 0:
		return FieldErrors{{Field: "email", Code: "invited"}}
	}
	return nil
}

// Invitations lists those still open, also expired ones, in the order in which
// they were made. The caller has checked members:read.
func (d *Directory) Invitations(ctx context.Context, organisationID string, p Page) (list []Invitation, next string, err error) {
	if err := d.db.Select(ctx, &list, invitationsOpen, organisationID, p.After, p.limit()+1); err != nil {
		return nil, "", fmt.Errorf("directory: invitations: %w", err)
	}
	list, next = page(list, p.limit(), func(i Invitation) string { return i.ID })
	return list, next, nil
}

// ResendInvitation sends an open or expired invitation again, with a new link
// and a new term; the link of before is dead. It takes what Invite takes: to
// revive a grant is to give it. storage.ErrUsed when it was accepted,
// ErrInvitationWithdrawn.
func (d *Directory) ResendInvitation(ctx context.Context, actor Actor, organisationID, invitationID string) (Invitation, error) {
	const action = "invitation.resent"
	var i Invitation
	err := d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		var err error
		if i, err = d.openInvitation(ctx, o.ID, invitationID); err != nil {
			return err
		}
		if err := held.mayInvite(i.standing()); err != nil {
			return err
		}
		now := d.time()
		i.SentAt, i.ExpiresAt, i.InvitedBy = now, now.Add(d.invitationLifetime), actor.PersonID
		token, hash := newToken()
		_, err = d.db.Exec(ctx, `UPDATE invitations SET token_hash = $1, sent_at = $2, expires_at = $3, invited_by = $4
			WHERE id = $5 AND status = 'pending'`, hash, i.SentAt, i.ExpiresAt, i.InvitedBy, i.ID)
		if err != nil {
			return fmt.Errorf("directory: resend invitation: %w", err)
		}
		if err := d.record(ctx, actor, o.ID, action, i.ID, i.details()); err != nil {
			return err
		}
		return d.sendInvitation(ctx, o, i, token)
	})
	if err != nil {
		return Invitation{}, err
	}
	return i, nil
}

// WithdrawInvitation takes an open invitation back: its link is dead. It takes
// members:write. storage.ErrUsed when it was accepted, ErrInvitationWithdrawn.
func (d *Directory) WithdrawInvitation(ctx context.Context, actor Actor, organisationID, invitationID string) error {
	const action = "invitation.withdrawn"
	return d.within(ctx, actor, organisationID, MembersWrite, action, func(ctx context.Context, o Organisation, held rights) error {
		i, err := d.openInvitation(ctx, o.ID, invitationID)
		if err != nil {
			return err
		}
		if i.Role == Administrator && !held.administrator {
			return fmt.Errorf("%w: an administrator's invitation is a matter for administrators", ErrForbidden)
		}
		return d.withdraw(ctx, actor, i)
	})
}

// openInvitation reads an invitation of the organisation under its lock.
func (d *Directory) openInvitation(ctx context.Context, organisationID, id string) (Invitation, error) {
	var i Invitation
	if err := d.db.Get(ctx, &i, invitationByID, organisationID, id); err != nil {
		return Invitation{}, fmt.Errorf("directory: invitation: %w", err)
	}
	return i, i.open()
}

func (i Invitation) open() error {
	switch i.Status {
	case InvitationAccepted:
		return fmt.Errorf("directory: invitation: %w", storage.ErrUsed)
	case InvitationWithdrawn:
		return ErrInvitationWithdrawn
	}
	return nil
}

func (d *Directory) withdraw(ctx context.Context, actor Actor, i Invitation) error {
	_, err := d.db.Exec(ctx, `UPDATE invitations SET status = 'withdrawn' WHERE id = $1 AND status = 'pending'`, i.ID)
	if err != nil {
		return fmt.Errorf("directory: withdraw invitation: %w", err)
	}
	return d.record(ctx, actor, i.OrganisationID, "invitation.withdrawn", i.ID, i.details())
}

// withdrawAll takes every open invitation of the organisation back.
func (d *Directory) withdrawAll(ctx context.Context, organisationID string) error {
	_, err := d.db.Exec(ctx, `UPDATE invitations SET status = 'withdrawn'
		WHERE organisation_id = $1 AND status = 'pending'`, organisationID)
	if err != nil {
		return fmt.Errorf("directory: withdraw invitations: %w", err)
	}
	return nil
}

// withdrawBeyond takes back the open invitations of a person that he could not
// give with what is left to him. Otherwise somebody about to be removed would
// only have to invite his other mailbox first.
func (d *Directory) withdrawBeyond(ctx context.Context, actor Actor, organisationID, personID string, left rights) error {
	var given []Invitation
	if err := d.db.Select(ctx, &given, invitationsGiven, organisationID, personID); err != nil {
		return fmt.Errorf("directory: invitations given: %w", err)
	}
	for _, i := range given {
		manages := left.set.covers(setOf([]Permission{MembersWrite}))
		if manages && left.mayInvite(i.standing()) == nil {
			continue
		}
		if err := d.withdraw(ctx, actor, i); err != nil {
			return err
		}
	}
	return nil
}

// newToken makes the secret of an invitation's link (256 bit) and what is
// stored of it.
func newToken() (token, hash string) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails (Go 1.24)
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	return token, hashToken(token)
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
