package storage

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/georgysavva/scany/v2/dbscan"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is PostgreSQL, CockroachDB or YugabyteDB over a native pgx pool.
// Statements are prepared once a connection and cached there by pgx.
type postgres struct{ conns *pgxpool.Pool }

func openPostgres(ctx context.Context, url string) (engine, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = int32(max(16, 4*runtime.NumCPU()))
	}
	config.ConnConfig.StatementCacheCapacity = maxStatements
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "propusk"
	}
	conns, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := conns.Ping(ctx); err != nil {
		conns.Close()
		return nil, err
	}
	return &postgres{conns: conns}, nil
}

func (p *postgres) name() string                   { return "postgres" }
func (p *postgres) ping(ctx context.Context) error { return p.conns.Ping(ctx) }
func (p *postgres) close()                         { p.conns.Close() }

func (p *postgres) exec(ctx context.Context, s *statement, args []any) (int64, error) {
	return pgExec(ctx, p.conns, s, args)
}

func (p *postgres) query(ctx context.Context, s *statement, args []any, scan func(dbscan.Rows) error) error {
	return pgQuery(ctx, p.conns, s, args, scan)
}

func (p *postgres) begin(ctx context.Context) (transaction, error) {
	tx, err := p.conns.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &pgTx{tx}, nil
}

// pgTx is a transaction at the database's default isolation: READ COMMITTED on
// PostgreSQL, SERIALIZABLE on CockroachDB. The SQL of the house is right under
// both, because what must be single is one conditional statement.
type pgTx struct{ tx pgx.Tx }

func (t *pgTx) exec(ctx context.Context, s *statement, args []any) (int64, error) {
	return pgExec(ctx, t.tx, s, args)
}

func (t *pgTx) query(ctx context.Context, s *statement, args []any, scan func(dbscan.Rows) error) error {
	return pgQuery(ctx, t.tx, s, args, scan)
}

func (t *pgTx) batch(ctx context.Context, items []batched) error { return pgBatch(ctx, t.tx, items) }

// batch is a transaction by itself: what is sent together is one to PostgreSQL
// (§55.2.3, Extended Query, Pipelining).
func (p *postgres) batch(ctx context.Context, items []batched) error {
	return pgBatch(ctx, p.conns, items)
}

// pgBatch sends the statements together and reads their answers in turn.
func pgBatch(ctx context.Context, on interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}, items []batched) (err error) {
	var together pgx.Batch
	for _, item := range items {
		together.Queue(item.known.text, item.args...)
	}
	answers := on.SendBatch(ctx, &together)
	defer func() {
		if closed := answers.Close(); err == nil {
			err = closed
		}
	}()
	for _, item := range items {
		if err := item.answer(answers); err != nil {
			return err
		}
	}
	return nil
}

// answer reads what came of the next statement.
func (b *batched) answer(answers pgx.BatchResults) error {
	if b.scan == nil {
		tag, err := answers.Exec()
		if err != nil {
			return err
		}
		return b.told(tag.RowsAffected())
	}
	rows, err := answers.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	return b.scan(pgRows{rows})
}

// endTimeout bounds COMMIT and ROLLBACK, which the caller's context must not
// cut short.
const endTimeout = 15 * time.Second

func (t *pgTx) commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	return t.tx.Commit(ctx)
}

func (t *pgTx) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	_ = t.tx.Rollback(ctx) // pgx closes a connection that could not roll back
}

type pgRunner interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func pgExec(ctx context.Context, on pgRunner, s *statement, args []any) (int64, error) {
	tag, err := on.Exec(ctx, s.text, s.mode(args)...)
	return tag.RowsAffected(), err
}

func pgQuery(ctx context.Context, on pgRunner, s *statement, args []any, scan func(dbscan.Rows) error) error {
	rows, err := on.Query(ctx, s.text, s.mode(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return scan(pgRows{rows})
}

// mode keeps texts that are not worth caching out of pgx's statement cache.
func (s *statement) mode(args []any) []any {
	if s.cached {
		return args
	}
	return append([]any{pgx.QueryExecModeExec}, args...)
}

// pgRows shows pgx's rows to dbscan.
type pgRows struct{ pgx.Rows }

func (r pgRows) Close() error { r.Rows.Close(); return nil }

func (r pgRows) Columns() ([]string, error) {
	fields := r.FieldDescriptions()
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
	}
	return names, nil
}

func (r pgRows) NextResultSet() bool { return false }

// fault reads the SQLSTATE (PostgreSQL Appendix A).
func (p *postgres) fault(err error) fault {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fault{}
	}
	switch pg.Code {
	case "23505":
		return fault{kind: ErrExists}
	case "23514":
		return fault{kind: ErrCheck}
	case "23503":
		return fault{kind: ErrReference}
	case "40001", "40P01":
		return fault{retry: true}
	}
	return fault{}
}

func (p *postgres) pool() Pool {
	s := p.conns.Stat()
	return Pool{
		Max: int(s.MaxConns()), Open: int(s.TotalConns()), InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
		Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(),
	}
}

func (p *postgres) migrate(_ context.Context, apply func(*sql.DB) error) error {
	db := stdlib.OpenDBFromPool(p.conns)
	defer db.Close()
	return apply(db)
}
