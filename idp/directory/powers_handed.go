package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// handedOnMost bounds what one person is shown of what he has handed on.
const handedOnMost = 200

// PowersHandedOn lists what the person has handed on from powers that he was given
// himself, in whatever state, the newest first; the latest 200. It walks his own powers
// and, from each, the index of what hangs below it.
func (d *Directory) PowersHandedOn(ctx context.Context, personID string) ([]PowerOfAttorney, error) {
	person, err := d.Person(ctx, personID)
	if err != nil {
		return nil, err
	}
	keys := personKeys(person)
	if keys == nil || person.Status != StatusActive {
		return nil, nil
	}
	var own []PowerOfAttorney
	err = d.db.Select(ctx, &own, `SELECT `+powerNames+` FROM powers WHERE representative_key IN ($1, $2) ORDER BY id`, keys[0], keys[1])
	if err != nil {
		return nil, fmt.Errorf("directory: powers of a person: %w", err)
	}
	own = slices.DeleteFunc(own, func(p PowerOfAttorney) bool { return !p.Representative.V.Is(person) })
	var list []PowerOfAttorney
	for _, p := range own {
		var below []PowerOfAttorney
		err := d.db.Select(ctx, &below, `SELECT `+powerNames+` FROM powers WHERE parent_id = $1 AND parent_id <> ''
			ORDER BY created_at DESC, id DESC LIMIT $2`, p.ID, handedOnMost)
		if err != nil {
			return nil, fmt.Errorf("directory: powers handed on: %w", err)
		}
		list = append(list, below...)
	}
	slices.SortFunc(list, func(a, b PowerOfAttorney) int {
		if a.CreatedAt != b.CreatedAt {
			return int(min(max(b.CreatedAt-a.CreatedAt, -1), 1))
		}
		return strings.Compare(b.ID, a.ID)
	})
	return list[:min(len(list), handedOnMost)], nil
}
