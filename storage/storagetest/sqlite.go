package storagetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"propusk/storage"
)

// SQLite returns a migrated database in the test's folder. It does not wait for
// the disk: no test of this kind cuts the power.
func SQLite(t testing.TB) *storage.DB {
	t.Helper()
	return Second(t, SQLiteURL(t))
}

// SQLiteURL makes a migrated database for the test and returns its URL, for
// tests that open it several times.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	image, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("migrate SQLite: %v", err)
	}
	file := filepath.Join(t.TempDir(), "propusk.db")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return sqliteURL(file)
}

// EmptySQLiteURL names a file in the test's folder that is not there yet.
func EmptySQLiteURL(t testing.TB) string {
	t.Helper()
	return sqliteURL(filepath.Join(t.TempDir(), "propusk.db"))
}

func sqliteURL(file string) string { return "sqlite://" + file + "?synchronous=off" }

// sqliteTemplate migrates once a process and returns the file's bytes.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "propusk-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "template.db")
	ctx := context.Background()
	db, err := storage.Open(ctx, sqliteURL(file))
	if err != nil {
		return nil, err
	}
	err = db.Migrate(ctx)
	db.Close() // the last one out writes the log back into the file
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})
