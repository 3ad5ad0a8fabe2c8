package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// things is a table of the tests' own.
const things = `CREATE TABLE things (
	id TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0), at BIGINT NOT NULL,
	tags TEXT NOT NULL, open BOOLEAN NOT NULL, secret BYTEA NOT NULL, parent TEXT REFERENCES things (id))`

type thing struct {
	ID     string
	N      int64
	At     storage.Time
	Tags   storage.JSON[[]string]
	Open   bool
	Secret []byte
}

const selectThing = `SELECT id, n, at, tags, open, secret FROM things WHERE id = $1`

func insert(ctx context.Context, db *storage.DB, id string, n int64) error {
	_, err := db.Exec(ctx, `INSERT INTO things (id, n, at, tags, open, secret) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, n, storage.Time(7), storage.JSON[[]string]{V: []string{"a", "б"}}, true, []byte{0, 255})
	return err
}

func eachDB(t *testing.T, test func(t *testing.T, ctx context.Context, db *storage.DB)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		ctx := t.Context()
		must(t, affected(db.Exec(ctx, things)))
		test(t, ctx, db)
	})
}

func affected(_ int64, err error) error { return err }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error is %v, want %v", err, target)
	}
}

func count(t testing.TB, db *storage.DB) (n int) {
	t.Helper()
	must(t, db.Get(context.Background(), &n, `SELECT COUNT(*) FROM things`))
	return n
}

func TestRowComesBackAsItWasWritten(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "a", 5))
		var got thing
		must(t, db.Get(ctx, &got, selectThing, "a"))
		if fmt.Sprint(got) != fmt.Sprint(thing{"a", 5, 7, storage.JSON[[]string]{V: []string{"a", "б"}}, true, []byte{0, 255}}) {
			t.Fatalf("got %+v", got)
		}
		var all []thing
		must(t, db.Select(ctx, &all, `SELECT id, n, at, tags, open, secret FROM things WHERE open = TRUE`))
		if len(all) != 1 || all[0].ID != "a" {
			t.Fatalf("got %+v", all)
		}
		must(t, db.Select(ctx, &all, `SELECT id FROM things WHERE n > $1`, 100))
		if len(all) != 0 {
			t.Fatalf("no rows left %+v", all)
		}
		var tags storage.JSON[[]string]
		must(t, db.Get(ctx, &tags, `SELECT tags FROM things`))
		if len(tags.V) != 2 {
			t.Fatalf("got %v", tags.V)
		}
		n, err := db.Exec(ctx, `UPDATE things SET n = $1 WHERE n = $2`, 6, 5)
		if must(t, err); n != 1 {
			t.Fatalf("%d rows changed", n)
		}
	})
}

func TestTimeIsTheSameInstantInEveryZone(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "a", 0))
		instant := time.Date(2026, 11, 22, 23, 30, 0, 123456789, time.UTC)
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("Asia/Kamchatka", 12*3600), time.FixedZone("west", -9*3600-1800)} {
			must(t, affected(db.Exec(ctx, `UPDATE things SET at = $1`, storage.Of(instant.In(zone)))))
			var at storage.Time
			must(t, db.Get(ctx, &at, `SELECT at FROM things WHERE at = $1`, storage.Of(instant)))
			if got := at.Time().Format(time.RFC3339Nano); got != "2026-11-22T23:30:00.123456Z" {
				t.Fatalf("%s: %s", zone, got)
			}
		}
	})
}

func TestErrorsSayWhatTheyMean(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "a", 0))
		want(t, insert(ctx, db, "a", 0), storage.ErrExists)
		want(t, insert(ctx, db, "b", -1), storage.ErrCheck)
		want(t, affected(db.Exec(ctx, `UPDATE things SET parent = $1`, "nobody")), storage.ErrReference)
		var got thing
		want(t, db.Get(ctx, &got, selectThing, "nobody"), storage.ErrNotFound)
		want(t, affected(db.Exec(ctx, `UPDATE things SET n = $2 WHERE id = $1`, 1, "a")), storage.ErrStatement)
		want(t, affected(db.Exec(ctx, `UPDATE things SET n = $1`)), storage.ErrStatement)
		must(t, insert(ctx, db, "b", 0))
		if err := db.Get(ctx, &got, `SELECT id FROM things`); err == nil {
			t.Fatal("two rows for one are no error")
		}
		if err := db.Get(ctx, &got, `SELECT id, 1 AS unknown FROM things WHERE id = $1`, "a"); err == nil {
			t.Fatal("a column without a field is no error")
		}
		for _, err := range []error{affected(db.Exec(ctx, `SELEC 1`)), db.Get(ctx, &got, `SELECT nothing FROM things`)} {
			if err == nil || errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrExists) {
				t.Fatalf("bad SQL gave %v", err)
			}
		}
	})
}

func TestFortyRacersOneWinner(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		must(t, insert(ctx, db, "code", 0))
		var winners, losers atomic.Int32
		var racers sync.WaitGroup
		for i := range 40 {
			racers.Go(func() {
				take := func(ctx context.Context) error {
					var id string
					return db.Get(ctx, &id, `UPDATE things SET n = 1 WHERE id = $1 AND n = 0 RETURNING id`, "code")
				}
				err := take
				if i%2 == 0 { // half of them in a transaction
					err = func(ctx context.Context) error { return db.Tx(ctx, take) }
				}
				switch err := err(ctx); {
				case err == nil:
					winners.Add(1)
				case errors.Is(err, storage.ErrNotFound):
					losers.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		racers.Wait()
		if winners.Load() != 1 || losers.Load() != 39 {
			t.Fatalf("%d winners, %d losers", winners.Load(), losers.Load())
		}
	})
}

func TestReadersSeeWhatIsCommittedAndNothingElse(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		for i := range 50 {
			id := fmt.Sprint("row", i)
			must(t, db.Tx(ctx, func(inside context.Context) error {
				if err := insert(inside, db, id, 0); err != nil {
					return err
				}
				var own thing
				must(t, db.Get(inside, &own, selectThing, id)) // its own writes
				want(t, db.Get(ctx, &own, selectThing, id), storage.ErrNotFound)
				return nil
			}))
			var seen sync.WaitGroup
			for range 4 {
				seen.Go(func() {
					var got thing
					if err := db.Get(ctx, &got, selectThing, id); err != nil {
						t.Errorf("%s is committed but not seen: %v", id, err)
					}
				})
			}
			seen.Wait()
		}
	})
}

func TestCancelledContextStopsAndLeavesTheDatabaseUsable(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		over, cancel := context.WithCancel(ctx)
		cancel()
		want(t, insert(over, db, "a", 0), context.Canceled)
		want(t, db.Get(over, new(thing), selectThing, "a"), context.Canceled)
		want(t, db.Tx(over, func(context.Context) error { return nil }), context.Canceled)

		half, cancel := context.WithCancel(ctx)
		err := db.Tx(half, func(ctx context.Context) error {
			must(t, insert(ctx, db, "a", 0))
			cancel()
			return nil // and forgets to look
		})
		want(t, err, context.Canceled)

		half, cancel = context.WithCancel(ctx)
		err = db.Tx(half, func(ctx context.Context) error {
			must(t, insert(ctx, db, "a", 0))
			cancel()
			return insert(ctx, db, "b", 0)
		})
		want(t, err, context.Canceled)
		if n := count(t, db); n != 0 {
			t.Fatalf("%d rows of cancelled transactions", n)
		}
		must(t, insert(ctx, db, "a", 0))
	})
}

func TestWaitingForTheWriterEndsWithTheContext(t *testing.T) {
	t.Parallel()
	db := storagetest.SQLite(t)
	must(t, affected(db.Exec(t.Context(), things)))
	must(t, db.Tx(t.Context(), func(context.Context) error {
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		want(t, insert(short, db, "a", 0), context.DeadlineExceeded)
		return nil
	}))
	if s := db.Stats(); s.Waits == 0 || s.Waited <= 0 {
		t.Fatalf("the wait is not counted: %+v", s)
	}
}

func TestTextsBeyondTheCacheStillRun(t *testing.T) {
	eachDB(t, func(t *testing.T, ctx context.Context, db *storage.DB) {
		for i := range 1100 {
			var n int
			if err := db.Get(ctx, &n, fmt.Sprintf(`SELECT %d`, i)); err != nil || n != i {
				t.Fatalf("%d: %d, %v", i, n, err)
			}
		}
		must(t, db.Tx(ctx, func(ctx context.Context) error {
			var n int
			if _, err := db.Exec(ctx, `UPDATE things SET n = 12345`); err != nil {
				return err
			}
			return db.Get(ctx, &n, `SELECT 12345`)
		}))
	})
}

func TestOpenRefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "mysql://localhost/x", "sqlite://", "sqlite:///tmp/x.db?synchronous=maybe", "sqlite:///tmp/x.db?readers=0",
		"sqlite:///tmp/x.db?mode=ro", "sqlite:///tmp/%zz", "sqlite:///nowhere/at/all/x.db",
		"postgres://user:pass@127.0.0.1:1/none?connect_timeout=1", "postgres://%zz",
	} {
		if db, err := storage.Open(t.Context(), url); err == nil {
			db.Close()
			t.Errorf("%q was opened", url)
		} else if strings.Contains(err.Error(), "pass@") {
			t.Errorf("the password shows: %v", err)
		}
	}
}

func TestPingAndClose(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		must(t, db.Ping(t.Context()))
		db.Close()
		db.Close()
		if err := db.Ping(t.Context()); err == nil {
			t.Fatal("a closed database answers")
		}
		if _, err := db.Exec(t.Context(), `DELETE FROM jobs`); err == nil {
			t.Fatal("a closed database writes")
		}
	})
}
