package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/georgysavva/scany/v2/dbscan"
)

// Batch is a few statements of a transaction that do not wait for each other's answers:
// PostgreSQL gets them in one journey there and back, SQLite one after the other. It is
// for the few paths where a journey costs as much as the work. The zero value is empty.
type Batch struct{ items []batched }

// batched is one statement and what is done with its answer.
type batched struct {
	query    string
	args     []any
	affected func(int64) error       // of one that changes; nil = any number will do
	count    *int64                  // of one that changes; nil = nobody asks
	scan     func(dbscan.Rows) error // of one that reads; nil = it changes
	known    *statement
}

// Exec adds a statement that changes rows. affected, when not nil, is told how many, and
// its error ends the batch: on SQLite what comes after it is not run, on PostgreSQL it
// was, and is rolled back with the transaction.
func (b *Batch) Exec(affected func(int64) error, query string, args ...any) {
	b.items = append(b.items, batched{query: query, args: args, affected: affected})
}

// Count adds a statement that changes rows, and tells how many. Where nothing of a batch
// may refuse (see Exec), it needs no journey for its beginning and its end.
func (b *Batch) Count(n *int64, query string, args ...any) {
	b.items = append(b.items, batched{query: query, args: args, count: n})
}

// Get adds a query of one row, as [DB.Get]; found says whether there was one, and dst is
// left as it is when there was none.
func (b *Batch) Get(dst any, found *bool, query string, args ...any) {
	b.items = append(b.items, batched{query: query, args: args, scan: func(rows dbscan.Rows) error {
		err := scanner.ScanOne(dst, rows)
		if *found = err == nil; dbscan.NotFound(err) {
			return nil
		}
		return err
	}})
}

// Row is Get for a query whose columns are scanned into dst one after the other, as
// [database/sql.Rows.Scan] does: to find a struct's fields by the names of columns costs
// more than to read a row of a few.
func (b *Batch) Row(found *bool, dst []any, query string, args ...any) {
	b.items = append(b.items, batched{query: query, args: args, scan: func(rows dbscan.Rows) error {
		if *found = rows.Next(); *found {
			if err := rows.Scan(dst...); err != nil {
				return err
			}
		}
		return rows.Err()
	}})
}

// Do runs the batch in the transaction of ctx, in the order in which it was filled, and
// ends with the first error, which makes the transaction roll back. Without a
// transaction it is one of its own, on PostgreSQL an implicit one where no statement may
// refuse. A batch may be run again.
func (db *DB) Do(ctx context.Context, b *Batch) error {
	for i := range b.items {
		s, err := db.statement(b.items[i].query, len(b.items[i].args))
		if err != nil {
			return err
		}
		b.items[i].known = s
	}
	if db.current(ctx) == nil && !b.refuses() {
		return db.retry(ctx, func() error { return db.means(db.engine.batch(ctx, b.items)) })
	}
	return db.Tx(ctx, func(ctx context.Context) error {
		return db.current(ctx).run(ctx, func(on session) error {
			err := on.batch(ctx, b.items)
			if refused := (*refusal)(nil); errors.As(err, &refused) {
				return refused.err
			}
			return db.means(err)
		})
	})
}

// refuses tells whether a caller's own function may end the batch.
func (b *Batch) refuses() bool {
	return slices.ContainsFunc(b.items, func(item batched) bool { return item.affected != nil })
}

// changes tells a statement that changes rows from one that reads.
func (b batched) changes() bool { return b.scan == nil }

// refusal is what a caller's own function returned, and no error of the database.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// told gives a statement's count to whoever wants it.
func (b *batched) told(affected int64) error {
	if b.count != nil {
		*b.count = affected
	}
	if b.affected == nil {
		return nil
	}
	if err := b.affected(affected); err != nil {
		return &refusal{err}
	}
	return nil
}

// batch runs the statements one after the other. They are short, and nothing interrupts
// them: to watch for that would be a goroutine for each.
func (w *liteWriter) batch(ctx context.Context, items []batched) error {
	ctx = context.WithoutCancel(ctx)
	for _, item := range items {
		if item.scan != nil {
			if err := w.query(ctx, item.known, item.args, item.scan); err != nil {
				return err
			}
			continue
		}
		affected, err := w.exec(ctx, item.known, item.args)
		if err == nil {
			err = item.told(affected)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
