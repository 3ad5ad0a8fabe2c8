package oauth

import (
	"context"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"propusk/idp/client"
)

// remoteKeys fetches the key sets of jwks_uri (RFC 7591 §2) and keeps them: one
// request at a time for an address, none for keysFresh after a good answer that
// satisfies, and never sooner than keysPause after the one before, so that
// nobody can have us ask a stranger's server as often as he sends us a token.
type remoteKeys struct {
	outside outside
	now     func() time.Time
	cache   *otter.Cache[string, fetchedKeys]
	flight  singleflight.Group
}

const (
	keysFresh = 10 * time.Minute
	keysPause = 15 * time.Second
	// keysKept is how long old keys serve while the address does not answer: who
	// cuts it off must not keep a stolen key alive.
	keysKept = time.Hour
)

// fetchedKeys are the last good answer, and when one was last asked for.
type fetchedKeys struct {
	set     keySet
	good    time.Time // of set; zero = there was none yet
	asked   time.Time
	failure error // of the last asking
}

func newRemoteKeys(o outside, now func() time.Time) (*remoteKeys, error) {
	cache, err := otter.New(&otter.Options[string, fetchedKeys]{
		MaximumSize: 1000, ExpiryCalculator: otter.ExpiryWriting[string, fetchedKeys](keysKept),
	})
	if err != nil {
		return nil, err
	}
	return &remoteKeys{outside: o, now: now, cache: cache}, nil
}

// keys returns the key set of an address. It fails when there was none for
// keysKept.
func (k *remoteKeys) keys(ctx context.Context, uri string, satisfied func(keySet) bool) (keySet, error) {
	known, _ := k.cache.GetIfPresent(uri)
	now := k.now()
	fresh := !known.good.IsZero() && now.Sub(known.good) < keysFresh && satisfied(known.set)
	if !fresh && now.Sub(known.asked) >= keysPause {
		// Shared by all who wait, so it must not end with the first of them.
		shared := context.WithoutCancel(ctx)
		fetched, _, _ := k.flight.Do(uri, func() (any, error) { return k.fetch(shared, uri, known), nil })
		known = fetched.(fetchedKeys)
	}
	if now.Sub(known.good) > keysKept { // the zero time, too
		// The cause is for our log: it could tell a stranger what is inside.
		e := invalidClient("the key set at jwks_uri could not be read")
		e.cause = known.failure
		return keySet{}, e
	}
	return known.set, nil
}

// fetch asks the address and remembers what came of it.
func (k *remoteKeys) fetch(ctx context.Context, uri string, before fetchedKeys) fetchedKeys {
	after := fetchedKeys{set: before.set, good: before.good, asked: k.now()}
	body, err := k.outside.get(ctx, uri, client.MaxKeySet)
	if err == nil {
		var set keySet
		if set, err = client.ParseKeySet(body, false); err == nil {
			after.set, after.good = set, after.asked
		}
	}
	if err != nil {
		after.failure = fmt.Errorf("fetch a key set: %w", err)
	}
	k.cache.Set(uri, after)
	return after
}

// keysOf is the client's key set: the registered one, or what its jwks_uri
// serves. satisfied tells whether a set that may be some minutes old will do; if
// not, it is fetched again, unless that was done a moment ago.
func (p *Provider) keysOf(ctx context.Context, client *registration, satisfied func(keySet) bool) (keySet, error) {
	switch {
	case client.JWKSURI != "":
	case len(client.KeyEnds) > 0:
		return client.LiveKeys(p.now()), nil
	default:
		return client.keys, nil
	}
	return p.remote.keys(ctx, client.JWKSURI, satisfied)
}
