package directory

import (
	"context"
	"fmt"
)

const organisationByOGRN = `SELECT id FROM organisations WHERE ogrn = $1 AND status = 'active'`

// OrganisationByOGRN finds the active organisation with this ОГРН or ОГРНИП;
// storage.ErrNotFound.
func (d *Directory) OrganisationByOGRN(ctx context.Context, ogrn string) (Organisation, error) {
	var id string
	if err := d.db.Get(ctx, &id, organisationByOGRN, ogrn); err != nil {
		return Organisation{}, fmt.Errorf("directory: organisation by OGRN: %w", err)
	}
	return d.Organisation(ctx, id)
}
