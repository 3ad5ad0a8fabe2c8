// Package requesttest fills an inbox for tests and measurements of size. Only tests
// and benchmarks import it.
package requesttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"propusk/storage"
)

// Fill is how much there is to be.
type Fill struct {
	OrganisationID string   // whose inbox is measured
	Requests       int      // of that organisation
	Others         []string // organisations that share the table
	OtherRequests  int      // of all of them together
	Responsible    string   // a member of the first, who answers for one in ten
}

// step is how many rows one statement makes: enough for its price to be that of
// the rows, and few enough for the transaction to stay small.
const step = 50_000

// Insert makes the rows where they are to stand, by one statement for tens of
// thousands of them, on both engines alike: nothing travels but numbers. Each type,
// status and month of three years has its share. It analyses the tables at the end,
// as autovacuum would have.
func Insert(t testing.TB, db *storage.DB, f Fill, now time.Time) {
	t.Helper()
	organisations := []string{f.OrganisationID}
	insert(t, db, organisations, 0, f.Requests, f.Responsible, now)
	if len(f.Others) > 0 {
		insert(t, db, f.Others, f.Requests, f.OtherRequests, "", now)
	}
	for _, statement := range []string{"ANALYZE requests", "ANALYZE request_words"} {
		if _, err := db.Exec(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func insert(t testing.TB, db *storage.DB, organisations []string, first, count int, responsible string, now time.Time) {
	t.Helper()
	begin := storage.Of(now.AddDate(-3, 0, 0))
	every := int64(storage.Of(now)-begin) / int64(max(first+count, 1))
	for at := 0; at < count; at += step {
		to := min(at+step, count)
		for i, organisation := range organisations {
			if err := insertStep(db, organisation, i, len(organisations), first+at, first+to, responsible, begin, every); err != nil {
				t.Fatalf("fill the inbox: %v", err)
			}
		}
	}
}

// insertStep makes the rows i in from..to-1 with i mod of = which, row i at i times
// every microseconds after begin.
func insertStep(db *storage.DB, organisation string, which, of, from, to int, responsible string, begin storage.Time, every int64) error {
	ctx := context.Background()
	_, err := db.Exec(ctx, `INSERT INTO requests (id, organisation_id, number, outer_number, type, kind, direction, status, phase, subject,
			party_code, party, responsible_id, created_by, created_at, due_at, execution_at, status_at, updated_at, closed_at,
			overdue, overdue_at, expires_at, remind_at, documents, details, version)
		WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + $2 FROM n WHERE i + $2 < $3)
		SELECT '00000000-0000-7000-8000-' || substr('000000000000' || i, -12 + length('000000000000' || i) + 1, 12), $4,
			'B26-' || i || '-0', '',
			CASE i % 5 WHEN 0 THEN 'appeal' WHEN 1 THEN 'requirement' WHEN 2 THEN 'message' WHEN 3 THEN 'application' ELSE 'ticket' END, '', 'out',
			CASE WHEN i % 97 = 0 THEN 'overdue' WHEN i % 7 = 0 THEN 'in_review' ELSE 'resolved' END,
			CASE WHEN i % 97 = 0 OR i % 7 = 0 THEN 'processing' ELSE 'completed' END,
			'Обращение ' || i || CASE WHEN i % 1000 = 0 THEN ' о лицензии' ELSE '' END, '7701', 'ИФНС России № 1',
			CASE WHEN i % 10 = 0 THEN $5 ELSE '' END, '', $6 + i * $7, $6 + i * $7 + 2592000000000, 0, $6 + i * $7, $6 + i * $7, 0,
			i % 97 = 0, 0, 0, 0, '[]', '{}', 1 FROM n`,
		from+(which-from%of+of)%of, of, to, organisation, responsible, begin, every)
	if err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	for word, which := range map[string]string{"обраще": "", "лиценз": " AND subject LIKE '%лицензии'"} {
		_, err = db.Exec(ctx, `INSERT INTO request_words (organisation_id, word, created_at, request_id)
			SELECT organisation_id, '`+word+`', created_at, id FROM requests
			WHERE organisation_id = $1 AND created_at >= $2 AND created_at < $3`+which,
			organisation, int64(begin)+int64(from)*every, int64(begin)+int64(to)*every)
		if err != nil {
			return fmt.Errorf("words: %w", err)
		}
	}
	return nil
}
