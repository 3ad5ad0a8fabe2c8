package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// migrations is one set for both engines. A migration is never edited once
// landed, and the binary before it must still work with it.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema to this binary's version. Nodes that start together
// take turns: an advisory lock of the session on PostgreSQL, a lock file on
// SQLite. (CockroachDB accepts advisory locks without locking; there a node
// that loses the race fails to start and succeeds when started again.)
func (db *DB) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	err = db.engine.migrate(ctx, func(on *sql.DB) error {
		options, dialect := []goose.ProviderOption{}, goose.DialectSQLite3
		if db.Engine() == "postgres" {
			dialect = goose.DialectPostgres
			locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
			if err != nil {
				return err
			}
			options = append(options, goose.WithSessionLocker(locker))
		}
		provider, err := goose.NewProvider(dialect, on, files, options...)
		if err != nil {
			return err
		}
		_, err = provider.Up(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: migrate: %w", err)
	}
	return nil
}

// Schema identifies the set of migrations in this binary, in hex.
func Schema() string {
	sum := sha256.New()
	_ = fs.WalkDir(migrations, "migrations", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := migrations.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))
}
