package storagetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Databases are lent, and emptied for the next test: to make one copies some
// thousand files, which is what most of a run's time would go to. Whoever uses one
// holds an advisory lock of its name; what a killed process has left behind is free
// with the end of its connection, for other processes as well.

// lentPrefix begins the names of databases that are lent; the schema follows.
const lentPrefix = "propusk_lent_"

// keepSeeds puts what the migrations themselves insert aside, and notes how the
// schema looks, so that a test which has changed it is found out.
const keepSeeds = `
CREATE SCHEMA seeds;
CREATE TABLE seeds.looks AS ` + looks + `;
DO $$ DECLARE r record; filled boolean; BEGIN
  FOR r IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', r.relname) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE seeds.%I AS TABLE public.%I', r.relname, r.relname); END IF;
  END LOOP;
END $$`

// looks is one number for the tables, columns, indexes and triggers of a schema.
const looks = `SELECT (SELECT COALESCE(SUM(hashtext(c.relname || ' ' || a.attname || ' ' || a.atttypid || a.attnotnull)::bigint), 0)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') AND a.attnum > 0 AND NOT a.attisdropped)
  + (SELECT COUNT(*) FROM pg_trigger) AS number`

// restore empties every table that has rows, and puts the seeds back. It fails when
// the schema no longer looks as it did.
const restore = `DO $$ DECLARE r record; filled boolean; names text := ''; BEGIN
  IF (` + looks + `) <> (SELECT number FROM seeds.looks) THEN RAISE EXCEPTION 'the schema was changed'; END IF;
  FOR r IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', r.relname) INTO filled;
    IF filled THEN names := names || format(', public.%I', r.relname); END IF;
  END LOOP;
  IF names <> '' THEN EXECUTE 'TRUNCATE ' || substr(names, 3) || ' CASCADE'; END IF;
  FOR r IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'seeds'::regnamespace AND relname <> 'looks' LOOP
    EXECUTE format('INSERT INTO public.%I SELECT * FROM seeds.%I', r.relname, r.relname);
  END LOOP;
END $$`

// lender is what a process has lent to its tests.
var lender struct {
	sync.Mutex
	conn *pgx.Conn // holds the locks
	used map[string]bool
}

// lend gives a migrated, empty database for as long as the test lasts.
func lend(t testing.TB, template string) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	prefix := lentPrefix + strings.TrimPrefix(template, templatePrefix) + "_"
	for {
		name, err := take(server, prefix)
		if err != nil {
			t.Fatalf("lend a database: %v", err)
		}
		if name == "" {
			if name, err = create(server, prefix, template); err != nil {
				t.Fatalf("create a test's database: %v", err)
			}
		} else if err := empty(server, name); err != nil {
			discard(server, name)
			continue
		}
		t.Cleanup(func() { giveBack(name) })
		return database(server, name)
	}
}

// take locks a database that nobody uses; "" when there is none.
func take(server, prefix string) (name string, err error) {
	lender.Lock()
	defer lender.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if lender.conn == nil {
		if lender.conn, err = pgx.Connect(ctx, server); err != nil {
			return "", err
		}
		lender.used = map[string]bool{}
		if err := dropOthers(ctx, prefix); err != nil {
			return "", err
		}
	}
	names, err := lent(ctx, prefix+"%")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if lender.used[name] {
			continue
		}
		if free, err := lock(ctx, name); err != nil || free {
			lender.used[name] = true
			return name, err
		}
	}
	return "", nil
}

// create makes one more database, locked before others can see it.
func create(server, prefix, template string) (string, error) {
	name := prefix + strings.ToLower(rand.Text()[:10])
	lender.Lock()
	lender.used[name] = true
	_, err := lock(context.Background(), name)
	lender.Unlock()
	if err != nil {
		return "", err
	}
	return name, admin(server, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s`, name, template))
}

// giveBack lets others have the database.
func giveBack(name string) {
	lender.Lock()
	defer lender.Unlock()
	delete(lender.used, name)
	_, _ = lender.conn.Exec(context.Background(), `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, name)
}

// discard drops a database that cannot be lent again.
func discard(server, name string) {
	_ = admin(server, fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, name))
	giveBack(name)
}

// dropOthers drops the databases of other schemas that nobody uses.
func dropOthers(ctx context.Context, prefix string) error {
	names, err := lent(ctx, lentPrefix+"%")
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			continue
		}
		if free, err := lock(ctx, name); err != nil || !free {
			continue
		}
		_, _ = lender.conn.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		_, _ = lender.conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, name)
	}
	return nil
}

func lent(ctx context.Context, like string) (names []string, err error) {
	rows, err := lender.conn.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE $1 ORDER BY datname`, like)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// lock takes the lock of a name; false when another process has it.
func lock(ctx context.Context, name string) (free bool, err error) {
	err = lender.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&free)
	return free, err
}

// empty restores a database after those whom an earlier test has left in it are
// gone.
func empty(server, name string) error {
	return inside(server, name,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid(); `+restore)
}

// inside runs statements in a database.
func inside(server, name, statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config, err := pgx.ParseConfig(server)
	if err != nil {
		return err
	}
	config.Database = name
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, statements).ReadAll()
	return err
}
