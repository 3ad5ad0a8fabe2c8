package webhook

import (
	"context"
	"strings"
	"testing"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// TestListsWalkAnIndex looks at PostgreSQL's plans over 20,000 deliveries of one webhook
// and as many of others.
func TestListsWalkAnIndex(t *testing.T) {
	t.Parallel()
	db, ctx := storagetest.Postgres(t), context.Background()
	for _, fill := range []string{
		`INSERT INTO webhook_deliveries (id, organisation_id, webhook_id, message_id, type, body, state, attempts, first_at, due_at, created_at, settled_at)
			SELECT 'd' || n, 'o' || n % 2, 'w' || n % 2, 'm' || n, 'filing.entered', '{}', CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'delivered' END, 1, n, n, n, n
			FROM generate_series(1, 40000) AS n`,
		`INSERT INTO webhook_attempts (id, organisation_id, delivery_id, at, took, status, error, request_headers, answer)
			SELECT 'a' || n, 'o' || n % 2, 'd' || n, n, 1, 200, '', '', '' FROM generate_series(1, 40000) AS n`,
		`ANALYZE webhook_deliveries`, `ANALYZE webhook_attempts`,
	} {
		if _, err := db.Exec(ctx, fill); err != nil {
			t.Fatal(err)
		}
	}
	for name, query := range map[string]string{
		"all": `SELECT id FROM webhook_deliveries WHERE organisation_id = 'o1' AND webhook_id = 'w1' AND created_at <= 20000
			AND (created_at < 20000 OR id < 'd') ORDER BY created_at DESC, id DESC LIMIT 51`,
		"failed": `SELECT id FROM webhook_deliveries WHERE organisation_id = 'o1' AND webhook_id = 'w1' AND state = 'failed'
			AND created_at <= 20000 ORDER BY created_at DESC, id DESC LIMIT 51`,
		"due":      `SELECT id FROM webhook_deliveries WHERE webhook_id = 'w1' AND state = 'waiting' AND due_at <= 30000 ORDER BY due_at, id LIMIT 10`,
		"next due": `SELECT COALESCE(MIN(due_at), 0) FROM webhook_deliveries WHERE webhook_id = 'w1' AND state = 'waiting'`,
		"attempts": `SELECT id FROM webhook_attempts WHERE delivery_id = 'd7' ORDER BY at DESC, id DESC LIMIT 100`,
		"old":      `SELECT id FROM webhook_deliveries WHERE created_at < 10 LIMIT 100`,
	} {
		if text := planOf(t, db, query); strings.Contains(text, "Seq Scan") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func planOf(t *testing.T, db *storage.DB, query string) string {
	t.Helper()
	var plan []string
	if err := db.Select(context.Background(), &plan, `EXPLAIN `+query); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}
