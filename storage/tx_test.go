package storage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"propusk/storage"
	"propusk/storage/storagetest"
)

var errOurs = errors.New("ours")

func TestRolledBackMeansGone(t *testing.T) {
	ways := map[string]func(ctx context.Context, db *storage.DB) error{
		"error": func(ctx context.Context, db *storage.DB) error { return errOurs },
		"panic": func(ctx context.Context, db *storage.DB) error { panic(errOurs) },
		"a failed statement kept secret": func(ctx context.Context, db *storage.DB) error {
			_ = insert(ctx, db, "a", 0)
			return nil
		},
		"a failed statement after which others would do": func(ctx context.Context, db *storage.DB) error {
			_ = insert(ctx, db, "a", 0)
			_ = insert(ctx, db, "b", 0)
			return nil
		},
		"a failed part kept secret": func(ctx context.Context, db *storage.DB) error {
			_ = db.Tx(ctx, func(ctx context.Context) error { return errOurs })
			return nil
		},
		"a failed end": func(ctx context.Context, db *storage.DB) error {
			return db.BeforeCommit(ctx, "", func(context.Context) error { return errOurs })
		},
	}
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		for name, way := range ways {
			after := false
			err := func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = p.(error)
					}
				}()
				return db.Tx(ctx, func(ctx context.Context) error {
					must(t, insert(ctx, db, "a", 0))
					db.AfterCommit(ctx, func() { after = true })
					return way(ctx, db)
				})
			}()
			if !errors.Is(err, errOurs) && !errors.Is(err, storage.ErrExists) {
				t.Errorf("%s: error is %v", name, err)
			}
			if n := count(t, db); n != 0 || after {
				t.Errorf("%s: %d rows left, AfterCommit ran: %v", name, n, after)
			}
		}
		if s := db.Stats(); s.RolledBack != int64(len(ways)) || s.Committed != 0 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestNotFoundIsAnAnswerAndNotAFailure(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, db.Tx(ctx, func(ctx context.Context) error {
			want(t, db.Get(ctx, new(thing), selectThing, "a"), storage.ErrNotFound)
			return insert(ctx, db, "a", 0)
		}))
		if n := count(t, db); n != 1 {
			t.Fatalf("%d rows", n)
		}
	})
}

func TestNestedTxJoins(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		var order []string
		note := func(s string) func() { return func() { order = append(order, s) } }
		must(t, db.Tx(ctx, func(ctx context.Context) error {
			db.AfterCommit(ctx, note("first"))
			err := db.Tx(ctx, func(ctx context.Context) error {
				db.AfterCommit(ctx, note("inner"))
				return insert(ctx, db, "a", 0)
			})
			if len(order) != 0 {
				t.Error("AfterCommit ran at the end of the inner one")
			}
			db.AfterCommit(ctx, note("last"))
			return errors.Join(err, insert(ctx, db, "b", 0))
		}))
		if n := count(t, db); n != 2 || !slices.Equal(order, []string{"first", "inner", "last"}) {
			t.Fatalf("%d rows, order %v", n, order)
		}
		_ = db.Tx(ctx, func(ctx context.Context) error {
			must(t, db.Tx(ctx, func(ctx context.Context) error { return insert(ctx, db, "c", 0) }))
			return errOurs
		})
		if n := count(t, db); n != 2 {
			t.Fatalf("%d rows: the inner one was committed alone", n)
		}
	})
}

func TestAfterCommitWithoutATransactionRunsAtOnce(t *testing.T) {
	t.Parallel()
	db, ran := storagetest.SQLite(t), false
	db.AfterCommit(t.Context(), func() { ran = true })
	if !ran {
		t.Fatal("it did not run")
	}
}

func TestBeforeCommitRunsLastAndInOrder(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		var order []string
		step := func(s string) func(context.Context) error {
			return func(ctx context.Context) error {
				order = append(order, s)
				return insert(ctx, db, s, 0)
			}
		}
		must(t, db.Tx(ctx, func(ctx context.Context) error {
			must(t, db.BeforeCommit(ctx, "b", step("b1")))
			must(t, db.BeforeCommit(ctx, "a", func(ctx context.Context) error {
				must(t, db.BeforeCommit(ctx, "", step("added")))
				return step("a")(ctx)
			}))
			must(t, db.BeforeCommit(ctx, "b", step("b2")))
			return step("body")(ctx)
		}))
		if got := fmt.Sprint(order); got != "[body a b1 b2 added]" || count(t, db) != 5 {
			t.Fatalf("order %s, %d rows", got, count(t, db))
		}
		must(t, db.BeforeCommit(ctx, "", step("alone")))
		if count(t, db) != 6 {
			t.Fatal("without a transaction it did not run")
		}
	})
}

func TestContextOfAnEndedTransactionIsRefused(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		var ended context.Context
		must(t, db.Tx(ctx, func(ctx context.Context) error { ended = ctx; return nil }))
		want(t, insert(ended, db, "a", 0), storage.ErrEnded)
		want(t, db.Tx(ended, func(context.Context) error { return nil }), storage.ErrEnded)
		want(t, db.BeforeCommit(ended, "", func(context.Context) error { return nil }), storage.ErrEnded)
	})
}

// Two transactions that lock two rows in opposite order: PostgreSQL ends one of
// them with 40P01, and its second attempt succeeds. SQLite never gets there.
func TestDeadlockIsRetriedWhole(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "a", 0))
		must(t, insert(ctx, db, "b", 0))
		var both sync.WaitGroup // each holds its first row
		both.Add(2)
		var after [2]int
		var done sync.WaitGroup
		for i, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
			done.Go(func() {
				attempt := 0
				err := db.Tx(ctx, func(ctx context.Context) error {
					attempt++
					db.AfterCommit(ctx, func() { after[i]++ })
					if _, err := db.Exec(ctx, `UPDATE things SET n = n + 1 WHERE id = $1`, order[0]); err != nil {
						return err
					}
					if attempt == 1 && db.Engine() == "postgres" {
						both.Done()
						both.Wait()
					}
					if _, err := db.Exec(ctx, `UPDATE things SET n = n + 1 WHERE id = $1`, order[1]); err != nil {
						return errOurs // translated: the retry must see through it
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		var sum int
		must(t, db.Get(ctx, &sum, `SELECT SUM(n) FROM things`))
		if sum != 4 || after != [2]int{1, 1} {
			t.Fatalf("sum %d, AfterCommit %v", sum, after)
		}
		if db.Engine() == "postgres" && db.Stats().Retried == 0 {
			t.Fatal("nothing was retried")
		}
	})
}

// Under SERIALIZABLE, the default of CockroachDB, read-then-write transactions
// fail with 40001 and must succeed by being tried again.
func TestSerializationFailureIsRetried(t *testing.T) {
	t.Parallel()
	db := storagetest.Second(t, storagetest.PostgresURL(t)+"&default_transaction_isolation=serializable")
	ctx := t.Context()
	must(t, affected(db.Exec(ctx, things)))
	must(t, insert(ctx, db, "a", 0))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				err := db.Tx(ctx, func(ctx context.Context) error {
					var n int64
					if err := db.Get(ctx, &n, `SELECT n FROM things WHERE id = $1`, "a"); err != nil {
						return err
					}
					_, err := db.Exec(ctx, `UPDATE things SET n = $1`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var n int64
	must(t, db.Get(ctx, &n, `SELECT n FROM things`))
	if n != 20 {
		t.Fatalf("%d of 20 increments", n)
	}
}

// Two processes on one file, as when the command line is used beside the server.
func TestTwoProcessesShareOneFile(t *testing.T) {
	t.Parallel()
	url := storagetest.SQLiteURL(t)
	one, two := storagetest.Second(t, url), storagetest.Second(t, url)
	ctx := t.Context()
	must(t, affected(one.Exec(ctx, things)))
	must(t, insert(ctx, one, "a", 0))
	var both sync.WaitGroup
	for _, db := range []*storage.DB{one, two} {
		both.Go(func() {
			for range 50 {
				err := db.Tx(ctx, func(ctx context.Context) error {
					var n int64
					if err := db.Get(ctx, &n, `SELECT n FROM things`); err != nil {
						return err
					}
					_, err := db.Exec(ctx, `UPDATE things SET n = $1`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	var n int64
	must(t, two.Get(ctx, &n, `SELECT n FROM things`))
	if n != 100 {
		t.Fatalf("%d of 100 increments", n)
	}
}
