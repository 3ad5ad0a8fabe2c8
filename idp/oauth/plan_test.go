package oauth

import (
	"strings"
	"testing"

	"propusk/storage/storagetest"
)

// TestGrantsAreFoundByAnIndex looks at both engines' plans, PostgreSQL's over 40,000
// grants of which some have not begun and some have ended.
func TestGrantsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	const one = `INSERT INTO oauth_grants (id, client_id, person_id, session_id, organisation_id, scope, acr, amr, auth_time, offline,
		generation, rotated_at, created_at, expires_at, ended_at, ended_because, code, code_expires_at)
		SELECT 'g' || n, 'c' || n % 50, 'p' || n % 5000, 's' || n, 'o' || n % 100, 'openid', '', '[]', 1, FALSE,
			CASE WHEN n % 100 = 0 THEN 0 ELSE 1 END, n, n, 100000 + n, CASE WHEN n % 100 = 1 THEN n ELSE 0 END, '', 'code' || n, n
		FROM generate_series(1, 40000) AS n`
	queries := []string{
		`SELECT id FROM oauth_grants WHERE code = 'code7' AND code <> ''`,
		`DELETE FROM oauth_grants WHERE session_id = 's7' AND generation = 0`,
		`DELETE FROM oauth_grants WHERE person_id = 'p7' AND generation = 0`,
	}
	for _, statement := range overdue {
		queries = append(queries, strings.ReplaceAll(statement, "$1", "100"))
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db := storagetest.Postgres(t)
		for _, fill := range []string{one, `ANALYZE oauth_grants`} {
			if _, err := db.Exec(t.Context(), fill); err != nil {
				t.Fatal(err)
			}
		}
		for _, query := range queries {
			var plan []string
			if err := db.Select(t.Context(), &plan, `EXPLAIN `+query); err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
				t.Errorf("%s:\n%s", query, text)
			}
		}
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db := storagetest.SQLite(t)
		for _, query := range queries {
			var plan []struct {
				ID, Parent, Notused int64
				Detail              string
			}
			if err := db.Select(t.Context(), &plan, `EXPLAIN QUERY PLAN `+query); err != nil {
				t.Fatal(err)
			}
			for _, step := range plan {
				if strings.HasPrefix(step.Detail, "SCAN") {
					t.Errorf("%s: %s", query, step.Detail)
				}
			}
		}
	})
}
