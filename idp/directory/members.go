package directory

import "propusk/storage"

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
}

// Permissions is the effective set, sorted by name: the role's permissions and
// the grants, less the denials.
func (m Member) Permissions() []Permission { return sorted(m.set()) }

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
