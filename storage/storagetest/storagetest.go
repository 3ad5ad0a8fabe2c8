package storagetest

import (
	"context"
	"os"
	"testing"
	"time"

	"propusk/storage"
)

// EachDB runs test on SQLite and on PostgreSQL, each a migrated database of its
// own, as parallel subtests "sqlite" and "postgres".
func EachDB(t *testing.T, test func(t *testing.T, db *storage.DB)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) *storage.DB{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// EachVolatile runs test on the memory and on Redis, as parallel subtests
// "memory" and "redis". Both tell the real time.
func EachVolatile(t *testing.T, test func(t *testing.T, v storage.Volatile)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, Memory(t, time.Now))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, Redis(t))
	})
}

// Memory returns an empty storage.Memory that ends with the test.
func Memory(t testing.TB, now func() time.Time) *storage.Memory {
	t.Helper()
	m := storage.NewMemory(now)
	t.Cleanup(func() { m.Close() })
	return m
}

// Second opens the database of db once more, as another process would.
func Second(t testing.TB, url string) *storage.DB {
	t.Helper()
	db, err := storage.Open(context.Background(), url)
	if err != nil {
		t.Fatalf("open once more: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// unavailable skips the test, or fails it where CI promises the server.
func unavailable(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI must provide %s: %v", what, err)
	}
	t.Skipf("no %s: %v", what, err)
}
