package directory

import (
	"context"
	"fmt"
)

// grantorsRead is how many members are looked at: an organisation with more
// people who manage members has them among the first as well.
const grantorsRead = 200

// Grantors are members of the organisation who may give others the permission:
// those who manage members and hold it themselves, administrators first, then by
// id. At most that many; none is no error.
func (d *Directory) Grantors(ctx context.Context, organisationID string, permission Permission, most int) ([]MemberView, error) {
	var members []MemberView
	if err := d.db.Select(ctx, &members, memberViews, organisationID, "", grantorsRead); err != nil {
		return nil, fmt.Errorf("directory: grantors: %w", err)
	}
	need := setOf([]Permission{MembersWrite, permission})
	var first, then []MemberView
	for _, m := range members {
		switch {
		case !m.Member.set().covers(need):
		case m.Role == Administrator:
			first = append(first, m)
		default:
			then = append(then, m)
		}
	}
	found := append(first, then...)
	return found[:min(most, len(found))], nil
}
