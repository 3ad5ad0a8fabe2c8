package directory

import (
	"context"
	"fmt"

	"propusk/storage"
)

var personsUnused = "SELECT " + columns("p", "", personNames) + ` FROM persons p
	WHERE p.status = 'active' AND p.created_at < $1 AND p.id > $2
		AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.person_id = p.id AND d.seen_at >= $1)
		AND NOT EXISTS (SELECT 1 FROM passkeys k WHERE k.person_id = p.id AND k.used_at >= $1)
		AND NOT EXISTS (SELECT 1 FROM certificates c WHERE c.person_id = p.id AND c.used_at >= $1)
	ORDER BY p.id LIMIT $3`

// Unused lists active people who have not signed in since, page by page: nobody
// has used a browser of theirs, a passkey or a certificate, and the account is
// older than that.
func (d *Directory) Unused(ctx context.Context, since storage.Time, p Page) (people []Person, next string, err error) {
	if err := d.db.Select(ctx, &people, personsUnused, since, p.After, p.limit()+1); err != nil {
		return nil, "", fmt.Errorf("directory: unused accounts: %w", err)
	}
	people, next = page(people, p.limit(), func(p Person) string { return p.ID })
	return people, next, nil
}
