package storage_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func benchmarkDB(b *testing.B, run func(b *testing.B, ctx context.Context, db *storage.DB)) {
	urls := map[string]func(testing.TB) string{
		"sqlite":         func(t testing.TB) string { return strings.TrimSuffix(storagetest.SQLiteURL(t), "?synchronous=off") },
		"sqlite-no-sync": storagetest.SQLiteURL,
		"postgres":       storagetest.PostgresURL,
	}
	for name, url := range urls {
		b.Run(name, func(b *testing.B) {
			db, ctx := storagetest.Second(b, url(b)), context.Background()
			must(b, affected(db.Exec(ctx, things)))
			must(b, insert(ctx, db, "a", 0))
			b.ReportAllocs()
			run(b, ctx, db)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	benchmarkDB(b, func(b *testing.B, ctx context.Context, db *storage.DB) {
		for b.Loop() {
			var got thing
			must(b, db.Get(ctx, &got, selectThing, "a"))
		}
	})
}

func BenchmarkUpdateReturningInTx(b *testing.B) {
	benchmarkDB(b, func(b *testing.B, ctx context.Context, db *storage.DB) {
		for b.Loop() {
			must(b, db.Tx(ctx, func(ctx context.Context) error {
				var n int64
				return db.Get(ctx, &n, `UPDATE things SET n = n + 1 WHERE id = $1 RETURNING n`, "a")
			}))
		}
	})
}

func BenchmarkMemory(b *testing.B) {
	m, ctx := storagetest.Memory(b, time.Now), context.Background()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := m.Incr(ctx, "client:1", time.Minute); err != nil {
				b.Fatal(err)
			}
		}
	})
}
