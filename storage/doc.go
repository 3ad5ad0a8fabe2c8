// Package storage is where the house keeps what must not be lost, and what may.
//
// It owns:
//   - *DB: SQL over PostgreSQL (pgx) or an embedded SQLite, one text of SQL for
//     both, with the transaction travelling in the context, and batches of statements
//     that are one journey to PostgreSQL (db.go, tx.go, batch.go);
//   - the migrations, one set for both engines (migrations/, migrate.go);
//   - Ephemeral and Events, short-lived values and lossy signals, in this
//     process or on Redis (ephemeral.go, memory.go, redis.go);
//   - Sealer, the encryption of secrets at rest (sealer.go).
//
// The packages below it add what is durable but not a table of somebody's own:
// jobs, outbox, journal and revocation; storagetest holds the databases for
// tests and the suites that every body of a port must pass.
//
// # SQL that runs on both engines
//
// Placeholders are $1…$n, numbered in the order of their first appearance
// (checked, see ErrStatement). Ids are made in Go (NewID) and stored as TEXT,
// times are BIGINT unix microseconds (Time) and the present is passed in, JSON
// is TEXT that no SQL looks into, booleans are TRUE and FALSE. Single use is
// one conditional UPDATE … RETURNING. There is no now(), SERIAL, array, ILIKE.
// A conflict that is expected is written ON CONFLICT, because a statement that
// fails inside a transaction dooms the transaction on both engines.
//
// It must not know people, clients, tokens or HTTP: nothing of ours is imported.
package storage
