package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/georgysavva/scany/v2/dbscan"
)

// DB is the SQL database, PostgreSQL or the embedded SQLite. It is safe for use
// by many goroutines; a transaction's context is for one at a time.
type DB struct {
	engine     engine
	statements sync.Map // text → *statement, see statement.go
	known      atomic.Int64
	bells      bells
	counts     counts
}

// engine is what the two bodies do differently. scan is called at most once
// with the open rows, which the body closes.
type engine interface {
	session
	name() string
	begin(ctx context.Context) (transaction, error)
	fault(err error) fault
	ping(ctx context.Context) error
	pool() Pool
	migrate(ctx context.Context, apply func(*sql.DB) error) error
	close()
}

// session runs statements, in a transaction or outside.
type session interface {
	exec(ctx context.Context, s *statement, args []any) (int64, error)
	query(ctx context.Context, s *statement, args []any, scan func(dbscan.Rows) error) error
	// batch runs all or nothing of a few statements.
	batch(ctx context.Context, items []batched) error
}

// transaction is one that has begun. commit must not be stopped half way by
// the caller's context; rollback never fails loudly.
type transaction interface {
	session
	commit() error
	rollback()
}

// Open connects to the database at url:
//
//	sqlite:///var/lib/propusk/propusk.db   (the file is made when missing, mode 0600)
//	postgres://user:password@host:5432/name?pool_max_conns=20
//
// It does not migrate. The parameters are those of the engine's connection
// string; SQLite knows "readers" (default 4) and "synchronous" (default full,
// see sqlite.go before touching it).
func Open(ctx context.Context, url string) (*DB, error) {
	scheme, _, _ := strings.Cut(url, "://")
	var body engine
	var err error
	switch scheme {
	case "sqlite":
		body, err = openSQLite(ctx, url)
	case "postgres", "postgresql":
		body, err = openPostgres(ctx, url)
	default:
		return nil, errors.New("storage: the database URL must begin with sqlite:// or postgres://")
	}
	if err != nil {
		return nil, fmt.Errorf("storage: open %s: %w", scheme, err)
	}
	return &DB{engine: body}, nil
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.engine.name() }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.engine.ping(ctx) }

// Close waits for running statements and closes every connection.
func (db *DB) Close() { db.engine.close() }

// Exec runs a statement and returns how many rows it changed. In a
// transaction's context it belongs to the transaction.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = db.run(ctx, query, args, func(ctx context.Context, on session, s *statement) error {
		var err error
		affected, err = on.exec(ctx, s, args)
		return err
	})
	return affected, err
}

// Get runs a query that yields one row and scans it into dst, a pointer to a
// struct (columns by `db` tags) or to a scalar. No row is ErrNotFound, more
// than one is an error.
func (db *DB) Get(ctx context.Context, dst any, query string, args ...any) error {
	return db.run(ctx, query, args, func(ctx context.Context, on session, s *statement) error {
		return on.query(ctx, s, args, func(rows dbscan.Rows) error { return scanner.ScanOne(dst, rows) })
	})
}

// Select runs a query and scans all its rows into dst, a pointer to a slice of
// structs or scalars. No rows leave the slice empty.
func (db *DB) Select(ctx context.Context, dst any, query string, args ...any) error {
	return db.run(ctx, query, args, func(ctx context.Context, on session, s *statement) error {
		return on.query(ctx, s, args, func(rows dbscan.Rows) error { return scanner.ScanAll(dst, rows) })
	})
}

// run gives the statement to the context's transaction, or alone to the engine
// with the retries that a transaction of one statement deserves.
func (db *DB) run(ctx context.Context, query string, args []any, do func(context.Context, session, *statement) error) error {
	s, err := db.statement(query, len(args))
	if err != nil {
		return err
	}
	if tx := db.current(ctx); tx != nil {
		return tx.run(ctx, func(on session) error { return db.means(do(ctx, on, s)) })
	}
	return db.retry(ctx, func() error { return db.means(do(ctx, db.engine, s)) })
}

// means gives an engine's error its meaning.
func (db *DB) means(err error) error {
	switch {
	case err == nil:
		return nil
	case dbscan.NotFound(err):
		return ErrNotFound
	}
	var known *failed
	if errors.As(err, &known) {
		return err
	}
	return &failed{fault: db.engine.fault(err), err: err}
}

// scanner maps columns to fields by `db` tags. A column without a field is an
// error: a query asks for what it uses.
var scanner = func() *dbscan.API {
	api, err := dbscan.NewAPI(dbscan.WithScannableTypes((*sql.Scanner)(nil)))
	if err != nil {
		panic(err)
	}
	return api
}()
