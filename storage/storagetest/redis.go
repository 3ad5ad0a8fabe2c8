package storagetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"propusk/storage"
)

// Redis returns a storage.Redis whose keys and topics are the test's own,
// removed with it.
func Redis(t testing.TB) *storage.Redis {
	t.Helper()
	r, err := storage.NewRedis(context.Background(), RedisURL(t))
	if err != nil {
		t.Fatalf("connect to Redis: %v", err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// RedisURL returns a URL with a prefix of the test's own, for tests that connect
// several times.
func RedisURL(t testing.TB) string {
	t.Helper()
	server, err := redisServer()
	if err != nil {
		unavailable(t, "Redis", err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	prefix := "test-" + rand.Text() + ":"
	t.Cleanup(func() { forget(t, server, prefix) })
	q := u.Query()
	q.Set("prefix", prefix)
	u.RawQuery = q.Encode()
	return u.String()
}

// redisServer is the URL of the server that tests use.
var redisServer = sync.OnceValues(func() (string, error) {
	if url := os.Getenv("PROPUSK_TEST_REDIS_URL"); url != "" {
		return url, nil
	}
	return startRedis()
})

// forget removes the test's keys.
func forget(t testing.TB, server, prefix string) {
	options, err := redis.ParseURL(server)
	if err != nil {
		t.Logf("forget the test's keys: %v", err)
		return
	}
	client := redis.NewClient(options)
	defer client.Close()
	ctx := context.Background()
	keys := client.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		client.Del(ctx, keys.Val())
	}
	if err := keys.Err(); err != nil {
		t.Logf("forget the test's keys: %v", err)
	}
}
