package organisation

import (
	"context"
	"errors"

	"propusk/storage"
)

// Procurement is what of the organisation's legal status closes procurement to it
// (row 293): codes of restrictions, "inactive" or "unknown"; none when it is open. The
// register is asked where nobody has asked it yet.
func (o *Organisations) Procurement(ctx context.Context, organisationID string) ([]string, error) {
	s, err := o.snapshotOf(ctx, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		if err := o.refresh(ctx, organisationID); err != nil {
			return nil, err
		}
		s, err = o.snapshotOf(ctx, organisationID)
	}
	if err != nil {
		return nil, err
	}
	for _, one := range gates(s) {
		if one.Gate == "procurement" {
			return one.Reasons, nil
		}
	}
	return nil, nil
}
