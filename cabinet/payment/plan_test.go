package payment

import (
	"context"
	"strings"
	"testing"
	"time"

	"propusk/storage/storagetest"
)

// TestListsWalkAnIndex looks at PostgreSQL's plans over 20,000 accruals and payments.
func TestListsWalkAnIndex(t *testing.T) {
	t.Parallel()
	db, ctx := storagetest.Postgres(t), context.Background()
	for _, fill := range []string{
		`INSERT INTO organisations (id, kind, inn, kpp, ogrn, name, full_name, address, actual_address, phone, email, status, required_acr, administrators, members_version, version, created_at, updated_at, closed_at)
			SELECT 'o' || n, 'legal', 'i' || n, '', 'g' || n, 'n', 'n', '', '', '', '', 'active', '', 1, 1, 1, 1, 1, 0 FROM generate_series(0, 1) AS n`,
		`INSERT INTO accruals (id, organisation_id, uin, kind, status, amount, paid, billed_at, due_at, purpose, calculation, payee, payee_inn, requisites, documents, source, payment_id, search, version, created_at, updated_at, remind_at)
			SELECT 'a' || n, 'o' || n % 2, 'u' || n, 'fine', CASE WHEN n % 50 = 0 THEN 'due' ELSE 'paid' END, n, 0, n, n, 'p', '', 'y', 'i', '{}', '[]', '', '', 'p', 1, n, n, CASE WHEN n % 100 = 0 THEN n ELSE 0 END
			FROM generate_series(1, 20000) AS n`,
		`INSERT INTO payments (id, organisation_id, number, method, status, amount, items, payer, reason, reference, pay_url, qr, signer, authority, created_by, client_id, receipt, version, created_at, updated_at, expires_at, look_at, signed_at, paid_at)
			SELECT 'p' || n, 'o' || n % 2, n, 'card', CASE WHEN n % 100 = 0 THEN 'sent' ELSE 'paid' END, 1, '[]', '{}', '', '', '', '', '', '{}', '', '', '{}', 1, n, n, n, CASE WHEN n % 100 = 0 THEN n ELSE 0 END, 0, 0
			FROM generate_series(1, 20000) AS n`,
		`INSERT INTO payment_items (payment_id, accrual_id, created_at) SELECT 'p' || n, 'a' || n, n FROM generate_series(1, 20000) AS n`,
		`ANALYZE accruals`, `ANALYZE payments`, `ANALYZE payment_items`,
	} {
		if _, err := db.Exec(ctx, fill); err != nil {
			t.Fatal(err)
		}
	}
	for name, query := range map[string]string{
		"billed":   `SELECT id FROM accruals WHERE organisation_id = 'o1' AND (billed_at, id) < (9000, 'a') ORDER BY billed_at DESC, id DESC LIMIT 51`,
		"due":      `SELECT id FROM accruals WHERE organisation_id = 'o1' AND (due_at, id) > (9000, 'a') ORDER BY due_at, id LIMIT 51`,
		"amount":   `SELECT id FROM accruals WHERE organisation_id = 'o1' AND (amount, id) < (9000, 'a') ORDER BY amount DESC, id DESC LIMIT 51`,
		"purpose":  `SELECT id FROM accruals WHERE organisation_id = 'o1' AND (search, id) > ((SELECT b.search FROM accruals b WHERE b.id = 'a9001' AND b.organisation_id = 'o1'), 'a9001') ORDER BY search, id LIMIT 51`,
		"unpaid":   `SELECT id FROM accruals WHERE organisation_id = 'o1' AND status = 'due' ORDER BY due_at, id LIMIT 51`,
		"sums":     `SELECT SUM(amount - paid) FROM accruals WHERE organisation_id = 'o1' AND status = 'due'`,
		"remind":   `SELECT id FROM accruals WHERE remind_at > 0 AND remind_at <= 500 ORDER BY remind_at LIMIT 100`,
		"payments": `SELECT id FROM payments WHERE organisation_id = 'o1' AND (created_at, id) < (9000, 'p') ORDER BY created_at DESC, id DESC LIMIT 51`,
		"status":   `SELECT id FROM payments WHERE organisation_id = 'o1' AND status = 'sent' ORDER BY created_at DESC, id DESC LIMIT 51`,
		"look":     `SELECT id FROM payments WHERE look_at > 0 AND look_at <= 500 ORDER BY look_at LIMIT 100`,
		"of one":   `SELECT payment_id FROM payment_items WHERE accrual_id = 'a7' ORDER BY created_at DESC LIMIT 20`,
	} {
		var plan []string
		if err := db.Select(ctx, &plan, `EXPLAIN `+query); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func TestPresetsAreTheRunningPeriodOfMoscow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ now, preset, from, to string }{
		{"2026-11-22T12:00:00Z", "month", "2026-11-01", "2026-11-30"},
		{"2026-11-30T21:30:00Z", "month", "2026-12-01", "2026-12-31"}, // the next day in Moscow
		{"2024-02-29T12:00:00Z", "month", "2024-02-01", "2024-02-29"},
		{"2026-11-22T12:00:00Z", "quarter", "2026-10-01", "2026-12-31"},
		{"2026-01-01T00:00:00Z", "quarter", "2026-01-01", "2026-03-31"},
		{"2026-12-31T20:59:59Z", "year", "2026-01-01", "2026-12-31"},
		{"2026-12-31T21:00:00Z", "year", "2027-01-01", "2027-12-31"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if from, to := period(c.preset, now); dayText(from) != c.from || dayText(to) != c.to {
			t.Errorf("%s of %s: %s to %s", c.preset, c.now, dayText(from), dayText(to))
		}
	}
}
