package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/georgysavva/scany/v2/dbscan"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// lite is the embedded SQLite: one connection that writes, a few that read.
//
// Why one writer: SQLite has one write lock. Waiting for it in Go is fair, ends
// with the context and costs nothing; waiting in SQLite is a sleeping loop.
//
// Why synchronous=FULL: in WAL mode NORMAL survives a killed process but may
// lose the last commits when the power fails. A code or a refresh token spent
// in a lost commit would be valid again, so each commit waits for the disk.
// Neither setting loses anything committed to kill -9.
type lite struct {
	file     string
	writer   *liteWriter
	readers  *sql.DB
	prepared sync.Map // *statement → *sql.Stmt of the readers
}

func openSQLite(ctx context.Context, raw string) (engine, error) {
	file, options, err := parseSQLite(raw)
	if err != nil {
		return nil, err
	}
	if err := create(file); err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", options.dsn(file, false))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	conn, err := write.Conn(ctx)
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	read, err := sql.Open("sqlite", options.dsn(file, true))
	if err != nil {
		write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(options.readers)
	read.SetMaxIdleConns(options.readers)
	return &lite{file: file, writer: newLiteWriter(write, conn), readers: read}, nil
}

// create makes the file readable by its owner alone; SQLite gives its
// companions (-wal, -shm) the same mode.
func create(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

type liteOptions struct {
	readers     int
	synchronous string
}

func parseSQLite(raw string) (file string, o liteOptions, err error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(raw, "sqlite://"), "?")
	if file, err = url.PathUnescape(path); err != nil {
		return "", o, err
	}
	if file == "" {
		return "", o, errors.New("the URL names no file")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", o, err
	}
	o = liteOptions{readers: 4, synchronous: "full"}
	for key := range values {
		switch value := strings.ToLower(values.Get(key)); key {
		case "readers":
			if o.readers, err = strconv.Atoi(value); err != nil || o.readers < 1 {
				return "", o, fmt.Errorf("readers must be a positive number, not %q", value)
			}
		case "synchronous":
			if value != "full" && value != "normal" && value != "off" && value != "extra" {
				return "", o, fmt.Errorf("synchronous must be extra, full, normal or off, not %q", value)
			}
			o.synchronous = value
		default:
			return "", o, fmt.Errorf("unknown parameter %q", key)
		}
	}
	return file, o, nil
}

// dsn is modernc's connection string. Page caches are small (the writer 2 MiB,
// a reader 512 KiB): the operating system caches the file anyway.
func (o liteOptions) dsn(file string, reader bool) string {
	cache := "cache_size(-2048)"
	if reader {
		cache = "cache_size(-512)"
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(wal)", "synchronous(" + o.synchronous + ")",
		"foreign_keys(on)", cache, "journal_size_limit(16777216)",
	}}
	if reader {
		pragmas.Add("_pragma", "query_only(on)")
	}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + pragmas.Encode()
}

func (l *lite) name() string                   { return "sqlite" }
func (l *lite) ping(ctx context.Context) error { return l.readers.PingContext(ctx) }

func (l *lite) close() {
	l.readers.Close()
	l.writer.close()
}

func (l *lite) exec(ctx context.Context, s *statement, args []any) (int64, error) {
	if err := l.writer.acquire(ctx); err != nil {
		return 0, err
	}
	defer l.writer.release()
	return l.writer.exec(ctx, s, args)
}

// query sends a SELECT to the readers and everything else (UPDATE … RETURNING)
// to the writer.
func (l *lite) query(ctx context.Context, s *statement, args []any, scan func(dbscan.Rows) error) error {
	if s.reads {
		return l.read(ctx, s, args, scan)
	}
	if err := l.writer.acquire(ctx); err != nil {
		return err
	}
	defer l.writer.release()
	return l.writer.query(ctx, s, args, scan)
}

func (l *lite) read(ctx context.Context, s *statement, args []any, scan func(dbscan.Rows) error) error {
	stmt, done, err := l.prepare(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return scan(rows)
}

// prepare returns the readers' statement, which database/sql prepares again on
// each connection that comes to use it.
func (l *lite) prepare(ctx context.Context, s *statement) (*sql.Stmt, func(), error) {
	if stmt, ok := l.prepared.Load(s); ok {
		return stmt.(*sql.Stmt), func() {}, nil
	}
	stmt, err := l.readers.PrepareContext(ctx, s.text)
	if err != nil {
		return nil, nil, err
	}
	if !s.cached {
		return stmt, func() { stmt.Close() }, nil
	}
	if first, raced := l.prepared.LoadOrStore(s, stmt); raced {
		stmt.Close()
		return first.(*sql.Stmt), func() {}, nil
	}
	return stmt, func() {}, nil
}

func (l *lite) begin(ctx context.Context) (transaction, error) {
	if err := l.writer.acquire(ctx); err != nil {
		return nil, err
	}
	if err := l.writer.control("BEGIN IMMEDIATE"); err != nil {
		// A transaction that could not be ended may still be open.
		if l.writer.control("ROLLBACK") == nil {
			err = l.writer.control("BEGIN IMMEDIATE")
		}
		if err != nil {
			l.writer.release()
			return nil, err
		}
	}
	return l.writer, nil
}

// batch is a transaction. So is one change by itself, where nothing comes after it that
// could fail: nobody else writes while it and what is read before it have the writer.
func (l *lite) batch(ctx context.Context, items []batched) error {
	if last := len(items) - 1; last < 0 || !slices.ContainsFunc(items[:last], batched.changes) {
		if err := l.writer.acquire(ctx); err != nil {
			return err
		}
		defer l.writer.release()
		return l.writer.batch(ctx, items)
	}
	t, err := l.begin(ctx)
	if err != nil {
		return err
	}
	if err := l.writer.batch(ctx, items); err != nil {
		t.rollback()
		return err
	}
	return t.commit()
}

// fault reads SQLite's extended result code.
func (l *lite) fault(err error) fault {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return fault{}
	}
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return fault{kind: ErrExists}
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		return fault{kind: ErrCheck}
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fault{kind: ErrReference}
	}
	if primary := lite.Code() & 0xff; primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED {
		return fault{retry: true}
	}
	return fault{}
}

func (l *lite) pool() Pool {
	s := l.readers.Stats()
	p := Pool{
		Max: s.MaxOpenConnections + 1, Open: s.OpenConnections + 1, InUse: s.InUse, Idle: s.Idle,
		Waits: s.WaitCount + l.writer.waits.Load(), Waited: s.WaitDuration + time.Duration(l.writer.waited.Load()),
	}
	if len(l.writer.turn) == 0 {
		p.InUse++
	} else {
		p.Idle++
	}
	return p
}

// migrate lends the writer's database to the migrations: it is open to one
// connection, which is ours, so ours steps aside. Two processes that start on
// one file are kept apart by a lock in a file beside it, that ends with its
// process, in whatever way it ends.
func (l *lite) migrate(ctx context.Context, apply func(*sql.DB) error) error {
	unlock, err := lockFile(ctx, l.file+".migrate")
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.writer.acquire(ctx); err != nil {
		return err
	}
	defer l.writer.release()
	db, err := sql.Open("sqlite", liteOptions{synchronous: "full"}.dsn(l.file, false))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return apply(db)
}

// lockFile holds SQLite's exclusive lock on an empty database: a file lock that
// works on every system SQLite does.
func lockFile(ctx context.Context, file string) (unlock func(), err error) {
	if err := create(file); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?_pragma=busy_timeout(60000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		db.Close()
		return nil, fmt.Errorf("another process is migrating: %w", err)
	}
	return func() { db.Close() }, nil
}
