package storage_test

import (
	"context"
	"errors"
	"testing"

	"propusk/storage"
)

type batchRow struct {
	ID    string `db:"id"`
	Count int64  `db:"n"`
}

// A batch does in one go what its statements do one by one, in their order.
func TestBatch(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "a", 1))
		var before, after, gone batchRow
		var was, is, none bool
		changed := int64(-1)
		b := new(storage.Batch)
		b.Get(&before, &was, `SELECT id, n FROM things WHERE id = $1`, "a")
		b.Exec(func(n int64) error { changed = n; return nil }, `UPDATE things SET n = n + $1 WHERE id = $2`, int64(5), "a")
		b.Exec(nil, `UPDATE things SET n = $1 WHERE id = $2`, int64(9), "nobody")
		b.Get(&after, &is, `SELECT id, n FROM things WHERE id = $1`, "a")
		b.Get(&gone, &none, `SELECT id, n FROM things WHERE id = $1`, "nobody")
		must(t, db.Do(ctx, b))
		if !was || before != (batchRow{"a", 1}) || changed != 1 || !is || after != (batchRow{"a", 6}) || none || gone != (batchRow{}) {
			t.Errorf("%v %+v, %d changed, %v %+v, %v %+v", was, before, changed, is, after, none, gone)
		}
		must(t, db.Do(ctx, b))
		if before.Count != 6 || after.Count != 11 {
			t.Errorf("once more: %+v %+v", before, after)
		}
		must(t, db.Do(ctx, new(storage.Batch)))
	})
}

// A batch in which nothing may refuse needs no transaction around it, is one all the
// same, and counts what it changed.
func TestABatchAloneIsATransaction(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "a", 1))
		var row batchRow
		var found bool
		changed, none := int64(-1), int64(-1)
		b := new(storage.Batch)
		b.Count(&changed, `UPDATE things SET n = n + $1 WHERE id = $2`, int64(5), "a")
		b.Count(&none, `UPDATE things SET n = $1 WHERE id = $2`, int64(9), "nobody")
		b.Get(&row, &found, `SELECT id, n FROM things WHERE id = $1`, "a")
		for _, want := range []int64{6, 11} {
			must(t, db.Do(ctx, b))
			if changed != 1 || none != 0 || !found || row != (batchRow{"a", want}) {
				t.Errorf("%d and %d changed, %v %+v", changed, none, found, row)
			}
		}
		putting(b, "new")
		putting(b, "a")
		if err := db.Do(ctx, b); !errors.Is(err, storage.ErrExists) {
			t.Errorf("a row that is there: %v", err)
		}
		single := new(storage.Batch)
		var n int64
		single.Count(&n, `UPDATE things SET n = n + $1 WHERE id = $2`, int64(100), "a")
		single.Get(&row, &found, `SELECT id, n FROM nowhere WHERE id = $1`, "a")
		if err := db.Do(ctx, single); err == nil {
			t.Error("a table that is not there was read")
		}
		must(t, db.Get(ctx, &row, `SELECT id, n FROM things WHERE id = $1`, "a"))
		if n := count(t, db); n != 1 || row.Count != 11 {
			t.Errorf("of a batch that failed is left: %d rows, %+v", n, row)
		}
		must(t, insert(ctx, db, "after", 0)) // the connection is as good as before
	})
}

// putting adds a row.
func putting(b *storage.Batch, id string) {
	b.Exec(nil, `INSERT INTO things (id, n, at, tags, open, secret) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, 0, storage.Time(7), storage.JSON[[]string]{}, true, []byte{})
}

// Whatever ends a batch, nothing of it or of its transaction stays; the reason is the
// first one, by its meaning.
func TestABatchThatFailsLeavesNothing(t *testing.T) {
	refuse := func(n int64) error {
		if n != 1 {
			return errOurs
		}
		return nil
	}
	ways := map[string]struct {
		fill func(b *storage.Batch)
		want error
	}{
		"refused by the caller": {func(b *storage.Batch) {
			b.Exec(refuse, `UPDATE things SET n = 1 WHERE id = $1`, "nobody")
		}, errOurs},
		"refused, and what follows fails too": {func(b *storage.Batch) {
			b.Exec(refuse, `UPDATE things SET n = 1 WHERE id = $1`, "nobody")
			putting(b, "first")
		}, errOurs},
		"a row that is there": {func(b *storage.Batch) {
			putting(b, "new")
			putting(b, "first")
			b.Exec(refuse, `UPDATE things SET n = 1 WHERE id = $1`, "nobody")
		}, storage.ErrExists},
		"more rows than one": {func(b *storage.Batch) {
			var row batchRow
			var found bool
			b.Get(&row, &found, `SELECT id, n FROM things`)
		}, nil},
		"arguments that do not fit": {func(b *storage.Batch) {
			b.Exec(nil, `UPDATE things SET n = $1 WHERE id = $2`, int64(1))
		}, storage.ErrStatement},
	}
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "before", 0))
		for name, way := range ways {
			err := db.Tx(ctx, func(ctx context.Context) error {
				must(t, insert(ctx, db, "first", 0))
				b := new(storage.Batch)
				putting(b, "second")
				way.fill(b)
				return db.Do(ctx, b)
			})
			if err == nil || way.want != nil && !errors.Is(err, way.want) {
				t.Errorf("%s: error is %v", name, err)
			}
			if n := count(t, db); n != 1 {
				t.Errorf("%s: %d rows are left", name, n)
			}
		}
		must(t, insert(ctx, db, "after", 0)) // the connection is as good as before
		b := new(storage.Batch)
		putting(b, "alone")
		putting(b, "after")
		if err := db.Do(ctx, b); !errors.Is(err, storage.ErrExists) || count(t, db) != 2 {
			t.Errorf("without a transaction: %v, %d rows", err, count(t, db))
		}
	})
}
