package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

// Member is a person's place in one organisation. It keeps its ID when the
// person is removed and comes back.
type Member struct {
	ID             string         `db:"id"`
	OrganisationID string         `db:"organisation_id"`
	PersonID       string         `db:"person_id"`
	Role           Role           `db:"role"`
	Grants         PermissionList `db:"grants"`   // on top of the role's
	Denials        PermissionList `db:"denials"`  // win over role and grants
	Position       string         `db:"position"` // должность
	Version        int64          `db:"version"`  // rises with every change, also over a removal; `mv` in tokens
	ActivatedAt    storage.Time   `db:"activated_at"`
	RemovedAt      storage.Time   `db:"removed_at"` // 0 while a member
	UpdatedAt      storage.Time   `db:"updated_at"`
	// StoppedAt is when an administrator stopped his access, 0 while he has it: a member
	// who is stopped stays one, and cannot come in until an administrator lifts it.
	StoppedAt storage.Time `db:"stopped_at"`
}

// Permissions is the effective set, sorted by name: the role's permissions and
// the grants, less the denials.
func (m Member) Permissions() []Permission { return m.set().list() }

// Can reports whether the member holds p.
func (m Member) Can(p Permission) bool { set := permissionBits[p]; return set != 0 && m.set()&set != 0 }

func (m Member) set() permissionSet { return effective(m.Role, m.Grants, m.Denials) }

// Membership is a person's membership seen from the person.
type Membership struct {
	Organisation `db:"organisation"`
	Member       `db:"member"`
}

// MemberView is a membership seen from the organisation.
type MemberView struct {
	Member `db:"member"`
	Person `db:"person"`
}

// NewMember puts a person into an organisation without an invitation.
type NewMember struct {
	OrganisationID, PersonID string
	Role                     Role
	Grants, Denials          []Permission
	Position                 string
}

// MemberChange changes what is not nil.
type MemberChange struct {
	Role            *Role
	Grants, Denials *[]Permission
	Position        *string
	// Version, when not nil, must be the member's present one: ErrStale
	// otherwise.
	Version *int64
}

// Page asks for a part of a list. The zero value asks for the first one.
type Page struct {
	After string // the `next` of the page before; "" for the first
	Limit int    // 1 to MaxPage; 0 is DefaultPage
}

// The sizes of a Page.
const (
	DefaultPage = 50
	MaxPage     = 200
)

const memberNames = `id, organisation_id, person_id, role, grants, denials, position, version,
	activated_at, removed_at, updated_at, stopped_at`

const activeMembers = `
		FROM members m
		JOIN organisations o ON o.id = m.organisation_id AND o.status = 'active'
		JOIN persons p ON p.id = m.person_id AND p.status = 'active'
		WHERE m.person_id = $1 AND m.removed_at = 0 AND m.stopped_at = 0`

var (
	activeMembership = "SELECT " + columns("o", "organisation", organisationNames) + ", " + columns("m", "member", memberNames) + activeMembers
	membershipOf     = activeMembership + ` AND m.organisation_id = $2`
	standingOf       = `SELECT o.id, o.inn, o.kpp, o.ogrn, o.name, o.status, o.required_acr, m.role, m.grants, m.denials, m.version ` +
		activeMembers + ` AND m.organisation_id = $2`
	membershipsOf = activeMembership + ` ORDER BY o.name, o.id`

	memberView = "SELECT " + columns("m", "member", memberNames) + ", " + columns("p", "person", personNames) + `
		FROM members m JOIN persons p ON p.id = m.person_id
		WHERE m.organisation_id = $1 AND m.removed_at = 0`
	memberViewByID = memberView + ` AND m.id = $2`
	memberViews    = memberView + ` AND m.id > $2 ORDER BY m.id LIMIT $3`
)

// Memberships are the active organisations of which the person, when not
// blocked or stopped there, is a member, by name.
func (d *Directory) Memberships(ctx context.Context, personID string) ([]Membership, error) {
	var list []Membership
	if err := d.db.Select(ctx, &list, membershipsOf, personID); err != nil {
		return nil, fmt.Errorf("directory: memberships: %w", err)
	}
	return list, nil
}

// Membership is the person's place in the organisation. storage.ErrNotFound
// when he is not a member, is blocked, is stopped there, or the organisation is closed.
func (d *Directory) Membership(ctx context.Context, personID, organisationID string) (Membership, error) {
	var m Membership
	if err := d.db.Get(ctx, &m, membershipOf, personID, organisationID); err != nil {
		return Membership{}, fmt.Errorf("directory: membership: %w", err)
	}
	return m, nil
}

// AskStanding has a batch read of a Membership what a token shows: which organisation it
// is and what it demands, the member's rights and their version. found says whether there
// is any; the rest of m is left as it is.
func AskStanding(b *storage.Batch, m *Membership, found *bool, personID, organisationID string) {
	o := &m.Organisation
	b.Row(found, []any{
		&o.ID, &o.INN, &o.KPP, &o.OGRN, &o.Name, &o.Status, &o.RequiredACR, &m.Role, &m.Grants, &m.Denials, &m.Member.Version,
	}, standingOf, personID, organisationID)
}

// Members lists the members of an organisation, blocked people too, in the
// order in which they first came. The caller has checked members:read.
func (d *Directory) Members(ctx context.Context, organisationID string, p Page) (members []MemberView, next string, err error) {
	if err := d.db.Select(ctx, &members, memberViews, organisationID, p.After, p.limit()+1); err != nil {
		return nil, "", fmt.Errorf("directory: members: %w", err)
	}
	members, next = page(members, p.limit(), func(m MemberView) string { return m.Member.ID })
	return members, next, nil
}

// MemberByID reads one member of the organisation. storage.ErrNotFound for an
// id of another organisation as for one that does not exist.
func (d *Directory) MemberByID(ctx context.Context, organisationID, memberID string) (MemberView, error) {
	var m MemberView
	if err := d.db.Get(ctx, &m, memberViewByID, organisationID, memberID); err != nil {
		return MemberView{}, fmt.Errorf("directory: member: %w", err)
	}
	return m, nil
}
