package storagetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"propusk/storage"
)

// Postgres returns a migrated database of the test's own, dropped with it.
func Postgres(t testing.TB) *storage.DB {
	t.Helper()
	return Second(t, PostgresURL(t))
}

// PostgresURL makes a migrated database for the test and returns its URL, for
// tests that open it several times.
func PostgresURL(t testing.TB) string {
	t.Helper()
	needPostgres(t)
	template, err := postgresTemplate()
	if err != nil {
		t.Fatalf("migrate PostgreSQL: %v", err)
	}
	return lend(t, template)
}

// EmptyPostgresURL makes a database that is not migrated.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	needPostgres(t)
	return newDatabase(t, "template0")
}

func needPostgres(t testing.TB) {
	t.Helper()
	if _, err := postgresServer(); err != nil {
		unavailable(t, "PostgreSQL", err)
	}
}

func newDatabase(t testing.TB, template string) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	name := "propusk_t_" + strings.ToLower(rand.Text()[:16])
	if err := admin(server, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s`, name, template)); err != nil {
		t.Fatalf("create a test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := admin(server, fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, name)); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
	})
	return database(server, name)
}

// postgresServer is the URL of the server that tests use.
var postgresServer = sync.OnceValues(func() (string, error) {
	if url := os.Getenv("PROPUSK_TEST_POSTGRES_URL"); url != "" {
		return url, nil
	}
	return startPostgres()
})

const templatePrefix = "propusk_seeded_"

// postgresTemplate migrates one database for each set of migrations, which is
// then copied. The processes of a test run take turns by an advisory lock; the
// template has its name only when it is finished.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	server, err := postgresServer()
	if err != nil {
		return "", err
	}
	name := templatePrefix + storage.Schema()[:16]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(8387794213412464741)`); err != nil {
		return "", err
	}
	var found bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&found); err != nil || found {
		return name, err
	}
	return name, buildTemplate(ctx, conn, server, name)
})

func buildTemplate(ctx context.Context, conn *pgx.Conn, server, name string) error {
	building := name + "_building"
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + building + " WITH (FORCE)", "CREATE DATABASE " + building} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	db, err := storage.Open(ctx, database(server, building))
	if err != nil {
		return err
	}
	err = db.Migrate(ctx)
	db.Close()
	if err != nil {
		return err
	}
	if err := inside(server, building, keepSeeds); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+name)
	return err
}

// database is the server's URL with another database and a small pool, for many
// tests run at once.
func database(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	q := u.Query()
	q.Set("pool_max_conns", "6")
	u.RawQuery = q.Encode()
	return u.String()
}

// admin runs one statement outside of any test's database, several times when
// the server is at its limit of connections or the template is being copied.
func admin(server, sql string) error {
	var failures error
	for n := range 20 {
		err := adminOnce(server, sql)
		if err == nil {
			return nil
		}
		failures = errors.Join(failures, err)
		time.Sleep(time.Duration(n+1) * 20 * time.Millisecond)
	}
	return failures
}

func adminOnce(server, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
