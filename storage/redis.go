package storage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is Ephemeral and Events on Redis, Valkey, Redis Cluster or Sentinel: the
// body for many nodes. Each operation touches one key, so it needs nothing of a
// cluster's slots.
type Redis struct {
	client redis.UniversalClient
	prefix string
	fill   fill
}

// NewRedis connects to the server, or one of the servers, at url and pings it:
//
//	redis://user:password@host:6379/0       rediss:// for TLS, unix:// for a socket
//	redis://host1:6379?addr=host2:6379&addr=host3:6379     a cluster
//	redis://host1:26379/0?addr=host2:26379&master=name      Sentinel
//
// prefix=… is put before every key and topic, for a server that is shared;
// cluster=true asks for cluster mode with a single address. The other parameters
// are go-redis's.
func NewRedis(ctx context.Context, url string) (*Redis, error) {
	options, prefix, err := parseRedis(url)
	if err != nil {
		return nil, fmt.Errorf("storage: redis: %w", err)
	}
	r := &Redis{client: redis.NewUniversalClient(options), prefix: prefix}
	if err := r.Ping(ctx); err != nil {
		r.client.Close()
		return nil, fmt.Errorf("storage: redis: %w", err)
	}
	return r, nil
}

func parseRedis(raw string) (*redis.UniversalOptions, string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "", errors.New("the URL cannot be parsed") // err would show the password
	}
	q := u.Query()
	addrs, master, prefix, cluster := q["addr"], q.Get("master"), q.Get("prefix"), q.Get("cluster") == "true"
	for _, ours := range []string{"addr", "master", "prefix", "cluster"} {
		q.Del(ours)
	}
	u.RawQuery = q.Encode()
	one, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, "", err
	}
	return &redis.UniversalOptions{
		Addrs: append([]string{one.Addr}, addrs...), MasterName: master, IsClusterMode: cluster,
		Username: one.Username, Password: one.Password, DB: one.DB, TLSConfig: one.TLSConfig,
		Protocol: one.Protocol, ClientName: one.ClientName, ReadTimeout: one.ReadTimeout, WriteTimeout: one.WriteTimeout,
		DialTimeout: one.DialTimeout, MaxRetries: one.MaxRetries, PoolSize: one.PoolSize, MinIdleConns: one.MinIdleConns,
		MaxIdleConns: one.MaxIdleConns, PoolTimeout: one.PoolTimeout, ContextTimeoutEnabled: true,
	}, prefix, nil
}

// Ping implements Volatile.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// Close implements Volatile.
func (r *Redis) Close() error { return r.client.Close() }

// Put implements Ephemeral.
func (r *Redis) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return errTTL
	}
	return r.client.Set(ctx, r.prefix+key, value, whole(ttl)).Err()
}

// Add implements Ephemeral.
func (r *Redis) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return errTTL
	}
	err := r.client.SetArgs(ctx, r.prefix+key, value, redis.SetArgs{Mode: "NX", TTL: whole(ttl)}).Err()
	if errors.Is(err, redis.Nil) {
		return ErrExists
	}
	return err
}

// Get implements Ephemeral.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, error) {
	return found(r.client.Get(ctx, r.prefix+key).Bytes())
}

// Take implements Ephemeral.
func (r *Redis) Take(ctx context.Context, key string) ([]byte, error) {
	return found(r.client.GetDel(ctx, r.prefix+key).Bytes())
}

// incr counts and begins the window with the first, in one step: a counter that
// lost its expiry between two commands would lock somebody out for ever.
var incr = redis.NewScript(`
local n = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
	redis.call('PEXPIRE', KEYS[1], ARGV[1])
	left = tonumber(ARGV[1])
end
return {n, left}`)

// Incr implements Ephemeral.
func (r *Redis) Incr(ctx context.Context, key string, ttl time.Duration) (n int64, left time.Duration, err error) {
	if ttl <= 0 {
		return 0, 0, errTTL
	}
	answer, err := incr.Run(ctx, r.client, []string{r.prefix + key}, whole(ttl).Milliseconds()).Int64Slice()
	if err != nil {
		return 0, 0, err
	}
	if len(answer) != 2 {
		return 0, 0, fmt.Errorf("storage: redis: counter answered %d numbers", len(answer))
	}
	return answer[0], time.Duration(answer[1]) * time.Millisecond, nil
}

// Delete implements Ephemeral.
func (r *Redis) Delete(ctx context.Context, key string) error {
	return r.client.Del(ctx, r.prefix+key).Err()
}

// Publish implements Events.
func (r *Redis) Publish(ctx context.Context, topic string, payload []byte) error {
	return r.client.Publish(ctx, r.prefix+topic, payload).Err()
}

// Subscribe implements Events. The connection is made again when it breaks; what
// was published meanwhile is lost.
func (r *Redis) Subscribe(ctx context.Context, topic string) (<-chan []byte, error) {
	sub := r.client.Subscribe(ctx, r.prefix+topic)
	if _, err := sub.Receive(ctx); err != nil { // the server's word that it listens
		sub.Close()
		return nil, fmt.Errorf("storage: redis: subscribe: %w", err)
	}
	out := make(chan []byte, subscription)
	go func() {
		defer close(out)
		defer sub.Close()
		in := sub.Channel(redis.WithChannelSize(subscription))
		for {
			select {
			case <-ctx.Done():
				return
			case message, ok := <-in:
				if !ok {
					return
				}
				select {
				case out <- []byte(message.Payload):
				default: // the reader lags behind
				}
			}
		}
	}()
	return out, nil
}

// found turns Redis's nil into ErrNotFound.
func found(value []byte, err error) ([]byte, error) {
	if errors.Is(err, redis.Nil) {
		return nil, ErrNotFound
	}
	return value, err
}

// whole rounds up to Redis's milliseconds.
func whole(ttl time.Duration) time.Duration {
	return (ttl + time.Millisecond - 1).Truncate(time.Millisecond)
}
