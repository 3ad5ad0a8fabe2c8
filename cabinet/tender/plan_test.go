package tender

import (
	"context"
	"errors"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/storage/storagetest"
)

// TestListsWalkAnIndexOfPostgreSQLToo: over 20,000 announcements and as many
// applications, in copies of the tables, which need no organisations and go with their
// transaction. The queries are those that are asked.
func TestListsWalkAnIndexOfPostgreSQLToo(t *testing.T) {
	t.Parallel()
	db, over := storagetest.Postgres(t), errors.New("looked at")
	queries := map[string]func() (string, []any){
		"register": func() (string, []any) { text, args, _ := Filter{}.query(1, api.Page{Limit: 50}); return text, args },
		"register, later": func() (string, []any) {
			text, args, _ := Filter{}.query(1, api.Page{Limit: 50, At: 9000, ID: "t9000"})
			return text, args
		},
		"sector and region": func() (string, []any) {
			text, args, _ := Filter{Sector: "62", Region: "77"}.query(1, api.Page{Limit: 50})
			return text, args
		},
		"words": func() (string, []any) {
			text, args, _ := Filter{Words: "ремонт маяка"}.query(1, api.Page{Limit: 50})
			return text, args
		},
		"mine":      func() (string, []any) { return Chosen{}.query("o1", api.Page{Limit: 50}) },
		"under way": func() (string, []any) { return Chosen{Living: true}.query("o1", api.Page{Limit: 50}) },
		"state":     func() (string, []any) { return Chosen{State: Draft}.query("o1", api.Page{Limit: 50}) },
		"archive":   func() (string, []any) { return Chosen{Over: true}.query("o1", api.Page{Limit: 50}) },
		"archive, later": func() (string, []any) {
			return Chosen{Over: true}.query("o1", api.Page{Limit: 50, At: 9000, ID: "a9000"})
		},
	}
	err := db.Tx(context.Background(), func(ctx context.Context) error {
		words, _ := Filter{Words: "ремонт маяка"}.terms()
		for _, fill := range append(filled, `INSERT INTO looked_terms SELECT term, n, 't' || n FROM generate_series(1, 20000) AS n, unnest(ARRAY['s:62', 'r:77', '`+
			strings.Join(words, "', '")+`']) AS term`, `ANALYZE looked_terms`) {
			if _, err := db.Exec(ctx, fill); err != nil {
				return err
			}
		}
		for name, query := range queries {
			text, args := query()
			text = copies.Replace(text)
			var plan []string
			if err := db.Select(ctx, &plan, "EXPLAIN "+text, args...); err != nil {
				return err
			}
			if lines := strings.Join(plan, "\n"); strings.Contains(lines, "Seq Scan") || strings.Contains(lines, "Sort") {
				t.Errorf("%s: %s\n%s", name, text, lines)
			}
		}
		return over
	})
	if !errors.Is(err, over) {
		t.Fatal(err)
	}
}

var copies = strings.NewReplacer("tender_terms ", "looked_terms ", "FROM tenders ", "FROM looked_tenders ", "JOIN tenders ", "JOIN looked_tenders ",
	"tender_applications ", "looked_applications ")

// filled makes the copies: of announcements, all of which have every term, and of
// applications of five organisations.
var filled = []string{
	`CREATE TABLE looked_tenders (LIKE tenders INCLUDING INDEXES)`,
	`CREATE TABLE looked_terms (LIKE tender_terms INCLUDING INDEXES)`,
	`CREATE TABLE looked_applications (LIKE tender_applications INCLUDING INDEXES)`,
	`INSERT INTO looked_tenders (` + tenderColumns + `)
		SELECT 't' || n, 'n' || n, 1, '', '', '', '', '62.01', '77', n, 'open', n, n, '{}', n, n FROM generate_series(1, 20000) AS n`,
	`INSERT INTO looked_applications (` + columns + `)
		SELECT 'a' || n, 'o' || n % 5, '', '', '', '', '', '', '', 0, 1, '', CASE WHEN n % 3 = 0 THEN 'draft' ELSE 'lost' END, '{}', '{}', '[]', '', '', '{}', '{}',
			'', 0, 0, '', '', '', '', '', 'cabinet', '', 1, n, n, 0, CASE WHEN n % 3 = 0 THEN 0 ELSE n END FROM generate_series(1, 20000) AS n`,
	`ANALYZE looked_tenders`, `ANALYZE looked_applications`,
}
