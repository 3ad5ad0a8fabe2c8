package storagetest

import (
	"context"
	"errors"
	"fmt"
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

// MigratedSQLite makes a migrated database in the folder and returns its URL, for
// what many tests of a process share and therefore none of them owns.
func MigratedSQLite(folder string) (url string, err error) {
	image, err := sqliteTemplate()
	if err != nil {
		return "", fmt.Errorf("migrate SQLite: %w", err)
	}
	file := filepath.Join(folder, "propusk.db")
	return sqliteURL(file), os.WriteFile(file, image, 0o600)
}

// sqliteTemplate gives the bytes of a migrated file. Every package's tests are a
// process of their own and migrating takes a second of the processor, so the first one
// leaves the file to the others, for each set of migrations, where the user keeps what
// can be made again.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.UserCacheDir()
	if err != nil { // no home: each for itself
		return migrateSQLite()
	}
	folder = filepath.Join(folder, "propusk-tests")
	kept := filepath.Join(folder, "sqlite-"+storage.Schema()[:16]+".db")
	if image, err := os.ReadFile(kept); err == nil {
		return image, nil
	}
	image, err := migrateSQLite()
	if err == nil {
		_ = keepTemplate(folder, kept, image) // else the next one migrates, too
	}
	return image, err
})

// keepTemplate puts the image there whole or not at all, in the place of those of other
// migrations.
func keepTemplate(folder, kept string, image []byte) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	building, err := os.CreateTemp(folder, "building-")
	if err != nil {
		return err
	}
	_, err = building.Write(image)
	if err = errors.Join(err, building.Close()); err == nil {
		err = os.Rename(building.Name(), kept)
	}
	if err != nil {
		return errors.Join(err, os.Remove(building.Name()))
	}
	others, err := filepath.Glob(filepath.Join(folder, "sqlite-*.db"))
	for _, other := range others {
		if other != kept {
			_ = os.Remove(other) // another process may have been first
		}
	}
	return err
}

// migrateSQLite makes an empty database and gives the bytes of its file.
func migrateSQLite() ([]byte, error) {
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
}
