package storage_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// writerEnv makes this test binary a process that commits and says so, until it
// is killed.
const writerEnv = "PROPUSK_TEST_COMMIT_TO"

func TestMain(m *testing.M) {
	if url := os.Getenv(writerEnv); url != "" {
		commitUntilKilled(url)
	}
	os.Exit(m.Run())
}

func commitUntilKilled(url string) {
	ctx := context.Background()
	db, err := storage.Open(ctx, url)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		err := db.Tx(ctx, func(ctx context.Context) error {
			if err := insert(ctx, db, fmt.Sprint("first", i), 0); err != nil {
				return err
			}
			return insert(ctx, db, fmt.Sprint("second", i), 0)
		})
		if err != nil {
			panic(err)
		}
		fmt.Println(i)
	}
}

// Killed in the middle (SIGKILL): everything that was said to be committed is
// there, nothing is there by half, and the database opens again.
func TestKilledProcessLosesNothingCommitted(t *testing.T) {
	t.Parallel()
	urls := map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return strings.TrimSuffix(storagetest.SQLiteURL(t), "?synchronous=off") },
		"postgres": storagetest.PostgresURL,
	}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := url(t)
			db := storagetest.Second(t, url)
			must(t, affected(db.Exec(t.Context(), things)))
			last := killWhenCommitted(t, url, 100)
			again := storagetest.Second(t, url)
			var firsts, seconds int
			must(t, again.Get(t.Context(), &firsts, `SELECT COUNT(*) FROM things WHERE id LIKE 'first%'`))
			must(t, again.Get(t.Context(), &seconds, `SELECT COUNT(*) FROM things WHERE id LIKE 'second%'`))
			if firsts <= last || firsts != seconds {
				t.Fatalf("%d was committed; %d and %d are there", last, firsts, seconds)
			}
			must(t, insert(t.Context(), again, "after", 0))
		})
	}
}

// killWhenCommitted starts a writer, kills it after n commits and returns the
// last number it said.
func killWhenCommitted(t *testing.T, url string, n int) (last int) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer cmd.Wait()
	last = -1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		if last == n {
			must(t, cmd.Process.Kill())
		}
	}
	if last < n {
		t.Fatalf("the writer ended after %d", last)
	}
	return last
}

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(testing.TB) string{"sqlite": storagetest.EmptySQLiteURL, "postgres": storagetest.EmptyPostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := empty(t)
			var nodes sync.WaitGroup
			for range 3 {
				db := storagetest.Second(t, url)
				nodes.Go(func() {
					if err := db.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			nodes.Wait()
			db := storagetest.Second(t, url)
			must(t, db.Migrate(t.Context()))
			var n, distinct int
			must(t, db.Get(t.Context(), &n, `SELECT COUNT(*) FROM goose_db_version`))
			must(t, db.Get(t.Context(), &distinct, `SELECT COUNT(DISTINCT version_id) FROM goose_db_version`))
			if n != distinct || n < 2 {
				t.Fatalf("%d applied, %d different", n, distinct)
			}
			must(t, db.Get(t.Context(), &n, `SELECT COUNT(*) FROM jobs`))
		})
	}
}

func TestSQLiteFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	url := storagetest.EmptySQLiteURL(t)
	db := storagetest.Second(t, url)
	must(t, db.Migrate(t.Context()))
	must(t, affected(db.Exec(t.Context(), things)))
	file := strings.TrimSuffix(strings.TrimPrefix(url, "sqlite://"), "?synchronous=off")
	for _, name := range []string{file, file + "-wal", file + "-shm", file + ".migrate"} {
		info, err := os.Stat(name)
		if must(t, err); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", name, info.Mode())
		}
	}
}

func TestSQLiteWaitsForTheDiskUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	url := storagetest.EmptySQLiteURL(t)
	for suffix, mode := range map[string]int{"": 2, "?synchronous=normal": 1, "?synchronous=off": 0} {
		db := storagetest.Second(t, strings.TrimSuffix(url, "?synchronous=off")+suffix)
		must(t, db.Tx(t.Context(), func(ctx context.Context) error {
			var got int
			if must(t, db.Get(ctx, &got, `SELECT synchronous FROM pragma_synchronous`)); got != mode {
				t.Errorf("%q: synchronous is %d", suffix, got)
			}
			return nil
		}))
	}
}

func TestBellsWakeListenersAndWaitForNobody(t *testing.T) {
	t.Parallel()
	db := storagetest.SQLite(t)
	db.Ring("nobody")
	rung, stop := db.Listen("work")
	for range 3 {
		db.Ring("work")
	}
	<-rung
	select {
	case <-rung:
		t.Fatal("three rings were heard twice")
	default:
	}
	stop()
	db.Ring("work")
	select {
	case <-rung:
		t.Fatal("heard after stop")
	default:
	}
}

func TestCollectorShowsThePool(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		must(t, db.Tx(t.Context(), func(context.Context) error { return nil }))
		_ = db.Tx(t.Context(), func(context.Context) error { return errOurs })
		registry := prometheus.NewRegistry()
		must(t, registry.Register(db.Collector()))
		families, err := registry.Gather()
		must(t, err)
		got := map[string]float64{}
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				name := family.GetName()
				for _, label := range metric.GetLabel() {
					if label.GetName() == "engine" && label.GetValue() != db.Engine() {
						t.Errorf("engine %s", label.GetValue())
					}
					if label.GetName() != "engine" {
						name += "/" + label.GetValue()
					}
				}
				got[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
		for name, value := range map[string]float64{
			"propusk_database_transactions_total/committed": 1, "propusk_database_transactions_total/rolled_back": 1,
			"propusk_database_connections/used": 0, "propusk_database_retries_total": 0,
		} {
			if n, ok := got[name]; !ok || n != value {
				t.Errorf("%s is %v", name, n)
			}
		}
		if got["propusk_database_connections_limit"] < 2 {
			t.Errorf("limit %v", got["propusk_database_connections_limit"])
		}
	})
}
