package trust

import (
	"context"
	"fmt"

	"propusk/signature"
	"propusk/storage"
)

// Record is an authority with what an operator wants to know of it.
type Record struct {
	signature.Authority
	ChangedBy string       `json:"changed_by"`
	ChangedAt storage.Time `json:"changed_at"`
}

// Records reads every authority, by name, with who changed it last.
func (t *Trust) Records(ctx context.Context) ([]Record, error) {
	var rows []struct {
		ID        string       `db:"id"`
		ChangedBy string       `db:"changed_by"`
		ChangedAt storage.Time `db:"changed_at"`
	}
	if err := t.deps.DB.Select(ctx, &rows, `SELECT id, changed_by, changed_at FROM trust_authorities`); err != nil {
		return nil, fmt.Errorf("trust: read who changed the authorities: %w", err)
	}
	changed := map[string]Record{}
	for _, row := range rows {
		changed[row.ID] = Record{ChangedBy: row.ChangedBy, ChangedAt: row.ChangedAt}
	}
	all := t.Authorities()
	records := make([]Record, 0, len(all))
	for _, authority := range all {
		record := changed[authority.ID]
		record.Authority = authority
		records = append(records, record)
	}
	return records, nil
}
