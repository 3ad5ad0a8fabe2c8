package service

import (
	"context"
	"errors"
	"strings"
	"testing"

	"propusk/storage/storagetest"
)

// TestListsWalkAnIndex looks at PostgreSQL's plans over 20,000 applications: in a copy
// of the table, which needs no organisations, and goes with its transaction.
func TestListsWalkAnIndex(t *testing.T) {
	t.Parallel()
	db, over := storagetest.Postgres(t), errors.New("looked at")
	err := db.Tx(context.Background(), func(ctx context.Context) error {
		for _, fill := range []string{
			`CREATE TABLE looked_at (LIKE applications INCLUDING INDEXES)`,
			`INSERT INTO looked_at (` + columns + `)
				SELECT 'a' || n, 'o' || n % 5, 's', CASE WHEN n % 3 = 0 THEN 'draft' ELSE 'submitted' END, '', '{}', '[]', 1, 'p', n, n, n, '', '', '', '', '', 0, 0
				FROM generate_series(1, 20000) AS n`,
			`ANALYZE looked_at`,
		} {
			if _, err := db.Exec(ctx, fill); err != nil {
				return err
			}
		}
		const row = `EXPLAIN SELECT a.id, COALESCE(r.number, '') FROM looked_at a LEFT JOIN requests r ON r.id = a.id WHERE a.organisation_id = 'o1'`
		const order = ` ORDER BY a.created_at DESC, a.id DESC LIMIT 51`
		for _, query := range []string{row + order, row + ` AND a.state = 'draft'` + order, row + ` AND (a.created_at, a.id) < (9000, 'a')` + order} {
			var plan []string
			if err := db.Select(ctx, &plan, query); err != nil {
				return err
			}
			if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan on looked_at") || strings.Contains(text, "Sort") {
				t.Errorf("%s:\n%s", query, text)
			}
		}
		return over
	})
	if !errors.Is(err, over) {
		t.Fatal(err)
	}
}
