package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/georgysavva/scany/v2/dbscan"
)

// writerPatience bounds the wait for the only writer, so that a statement that
// was given the wrong context inside a Tx fails with a reason and not never.
const writerPatience = 30 * time.Second

// liteWriter is the one connection that writes. Who acquired it may use it.
type liteWriter struct {
	db            *sql.DB
	conn          *sql.Conn
	turn          chan struct{} // holds one token when the writer is free
	closed        chan struct{}
	close         func()
	prepared      map[*statement]*sql.Stmt
	controls      map[string]*sql.Stmt
	waits, waited atomic.Int64
}

func newLiteWriter(db *sql.DB, conn *sql.Conn) *liteWriter {
	w := &liteWriter{
		db: db, conn: conn, turn: make(chan struct{}, 1), closed: make(chan struct{}),
		prepared: map[*statement]*sql.Stmt{}, controls: map[string]*sql.Stmt{},
	}
	w.turn <- struct{}{}
	w.close = sync.OnceFunc(w.closeNow)
	return w
}

func (w *liteWriter) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-w.closed:
		return errClosed
	default:
	}
	select {
	case <-w.turn:
		return nil
	default:
	}
	began := time.Now()
	defer func() {
		w.waits.Add(1)
		w.waited.Add(int64(time.Since(began)))
	}()
	patience := time.NewTimer(writerPatience)
	defer patience.Stop()
	select {
	case <-w.turn:
		return nil
	case <-w.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		return fmt.Errorf("%w for %s: does a statement inside Tx use a context from outside of it?", ErrBusy, writerPatience)
	}
}

func (w *liteWriter) release() { w.turn <- struct{}{} }

var errClosed = errors.New("storage: the database is closed")

// closeNow lets nobody in any more, waits for who is in, and keeps his turn.
func (w *liteWriter) closeNow() {
	close(w.closed)
	select {
	case <-w.turn:
	case <-time.After(writerPatience):
	}
	w.conn.Close()
	w.db.Close()
}

func (w *liteWriter) exec(ctx context.Context, s *statement, args []any) (int64, error) {
	stmt, done, err := w.prepare(ctx, s)
	if err != nil {
		return 0, err
	}
	defer done()
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (w *liteWriter) query(ctx context.Context, s *statement, args []any, scan func(dbscan.Rows) error) error {
	stmt, done, err := w.prepare(ctx, s)
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

func (w *liteWriter) prepare(ctx context.Context, s *statement) (*sql.Stmt, func(), error) {
	if stmt := w.prepared[s]; stmt != nil {
		return stmt, func() {}, nil
	}
	stmt, err := w.conn.PrepareContext(ctx, s.text)
	if err != nil {
		return nil, nil, err
	}
	if !s.cached {
		return stmt, func() { stmt.Close() }, nil
	}
	w.prepared[s] = stmt
	return stmt, func() {}, nil
}

// control runs BEGIN, COMMIT and ROLLBACK, which no context may interrupt.
func (w *liteWriter) control(text string) error {
	stmt := w.controls[text]
	if stmt == nil {
		var err error
		if stmt, err = w.conn.PrepareContext(context.Background(), text); err != nil {
			return err
		}
		w.controls[text] = stmt
	}
	_, err := stmt.ExecContext(context.Background())
	return err
}

func (w *liteWriter) commit() error {
	defer w.release()
	err := w.control("COMMIT")
	if err != nil {
		_ = w.control("ROLLBACK")
	}
	return err
}

func (w *liteWriter) rollback() {
	defer w.release()
	_ = w.control("ROLLBACK") // begin looks again
}
