package cabinet

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

// ErrUnknownKey means that the issuer publishes no usable key of that identifier.
// Any other error of a KeySource means that the keys could not be had.
var ErrUnknownKey = errors.New("cabinet: no published key has this identifier")

// KeySource finds the issuer's public key named by a token's kid, with the one
// algorithm that the key may be used with. It is called for every request, so it
// must answer from memory for the keys it knows.
type KeySource func(ctx context.Context, kid string) (key crypto.PublicKey, alg string, err error)

const (
	keySetLimit     = 256 << 10        // bytes of a key set; ours has about 2 KiB
	keyFetchTimeout = 5 * time.Second  // one fetch, connection included
	keyFetchPause   = 5 * time.Second  // least time between two fetches, however many unknown kids arrive
	keyFreshDefault = 5 * time.Minute  // when the issuer names no max-age
	keyFreshLeast   = 30 * time.Second // bounds on the issuer's max-age
	keyFreshMost    = 15 * time.Minute
	keyStaleMost    = time.Hour // how long old keys are used while the issuer cannot be reached
)

// JWKS is the issuer's key set (RFC 7517 §5), fetched over HTTP and kept.
//
// Known keys are answered from memory; a set past its max-age is renewed in the
// background while it still serves, so that no request waits. An unknown kid
// fetches the set at once, but never twice within keyFetchPause: tokens with
// invented kids cannot turn this server into a load on the issuer.
type JWKS struct {
	url    string
	client *http.Client
	now    func() time.Time

	set    atomic.Pointer[keySet]
	flight singleflight.Group

	mu    sync.Mutex
	tried time.Time // start of the latest fetch
	fault error     // its error, nil when it succeeded
}

type keySet struct {
	keys    map[string]publishedKey
	etag    string
	fetched time.Time
	fresh   time.Duration
}

type publishedKey struct {
	key crypto.PublicKey
	alg string
}

// NewJWKS makes a key source over the key set at url. Nothing is fetched until
// the first key is asked for. A nil transport means http.DefaultTransport;
// redirects are not followed.
func NewJWKS(url string, transport http.RoundTripper) *JWKS {
	return &JWKS{
		url: url,
		now: time.Now,
		client: &http.Client{
			Transport: transport,
			Timeout:   keyFetchTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("the key set must not redirect")
			},
		},
	}
}

// Key is a KeySource. It answers ErrUnknownKey for a kid that is not published.
func (j *JWKS) Key(ctx context.Context, kid string) (crypto.PublicKey, string, error) {
	set := j.set.Load()
	if key, ok := set.find(kid); ok {
		age := j.now().Sub(set.fetched)
		if age < set.fresh {
			return key.key, key.alg, nil
		}
		if age < keyStaleMost {
			j.renew()
			return key.key, key.alg, nil
		}
	}
	if err := j.fetched(ctx); err != nil {
		return nil, "", err
	}
	key, ok := j.set.Load().find(kid)
	if !ok {
		return nil, "", ErrUnknownKey
	}
	return key.key, key.alg, nil
}

func (s *keySet) find(kid string) (publishedKey, bool) {
	if s == nil {
		return publishedKey{}, false
	}
	key, ok := s.keys[kid]
	return key, ok
}

// renew fetches in the background; whoever called is served from the old set.
func (j *JWKS) renew() {
	if j.mayFetch() {
		j.flight.DoChan("", j.fetch)
	}
}

// fetched waits for a fetch when one may be made now, and answers the fault of
// the latest one. While the issuer cannot be reached an unknown kid is therefore
// an error and not ErrUnknownKey: the key may be a new one.
func (j *JWKS) fetched(ctx context.Context) error {
	if j.mayFetch() {
		select {
		case <-j.flight.DoChan("", j.fetch):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.fault, errFetching) && j.set.Load() != nil {
		return nil // the next one has begun; the set of the last one stands
	}
	return j.fault
}

// mayFetch is true while a fetch runs (callers join it) and when the pause since
// the latest one is over.
func (j *JWKS) mayFetch() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Is(j.fault, errFetching) || j.rested()
}

// rested is called with mu held.
func (j *JWKS) rested() bool {
	return j.tried.IsZero() || j.now().Sub(j.tried) >= keyFetchPause
}

// errFetching stands as the fault while a fetch runs.
var errFetching = errors.New("the key set is being fetched")

// fetch runs once at a time and outlives the request that asked for it, since
// others wait for the same answer.
func (j *JWKS) fetch() (any, error) {
	j.mu.Lock()
	if !j.rested() {
		j.mu.Unlock() // somebody's fetch ended between the caller's look and now
		return nil, nil
	}
	j.tried, j.fault = j.now(), errFetching
	j.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), keyFetchTimeout)
	defer cancel()
	set, err := j.get(ctx)
	if err == nil {
		j.set.Store(set)
	}
	j.mu.Lock()
	j.fault = err
	j.mu.Unlock()
	return nil, err
}

func (j *JWKS) get(ctx context.Context) (*keySet, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.url, nil)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	old := j.set.Load()
	if old != nil && old.etag != "" {
		request.Header.Set("If-None-Match", old.etag)
	}
	response, err := j.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	defer response.Body.Close()
	set := &keySet{fetched: j.now(), fresh: freshness(response.Header), etag: response.Header.Get("ETag")}
	switch {
	case response.StatusCode == http.StatusNotModified && old != nil:
		set.keys = old.keys
		return set, nil
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("fetch the key set: status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, keySetLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	set.keys, err = parseKeySet(body)
	return set, err
}

// freshness reads max-age (RFC 9111 §5.2.2.1) within our own bounds.
func freshness(header http.Header) time.Duration {
	for directive := range strings.SplitSeq(header.Get("Cache-Control"), ",") {
		value, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(directive)), "max-age=")
		if !ok {
			continue
		}
		if seconds, err := strconv.Atoi(value); err == nil {
			return min(max(time.Duration(seconds)*time.Second, keyFreshLeast), keyFreshMost)
		}
	}
	return keyFreshDefault
}

// parseKeySet keeps the keys that may verify a token and passes over the rest:
// RFC 7517 §5 asks to ignore keys of unknown kind. Two keys of one kid are an
// error, since a token could then be tried with the wrong one.
func parseKeySet(body []byte) (map[string]publishedKey, error) {
	if len(body) > keySetLimit {
		return nil, fmt.Errorf("the key set is longer than %d bytes", keySetLimit)
	}
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("parse the key set: %w", err)
	}
	keys := make(map[string]publishedKey, len(document.Keys))
	for _, raw := range document.Keys {
		var jwk jose.JSONWebKey
		if jwk.UnmarshalJSON(raw) != nil || jwk.KeyID == "" || (jwk.Use != "" && jwk.Use != "sig") {
			continue
		}
		alg, ok := usableAlgorithm(jwk)
		if !ok {
			continue
		}
		if _, twice := keys[jwk.KeyID]; twice {
			return nil, fmt.Errorf("the key set has two keys named %q", jwk.KeyID)
		}
		keys[jwk.KeyID] = publishedKey{jwk.Key, alg}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no usable key")
	}
	return keys, nil
}

// usableAlgorithm answers the one algorithm for which a key is published. An RSA
// key must name it, since the key alone does not tell RS256 from PS256.
func usableAlgorithm(jwk jose.JSONWebKey) (string, bool) {
	alg := jwk.Algorithm
	switch key := jwk.Key.(type) {
	case *ecdsa.PublicKey:
		return string(jose.ES256), key.Curve == elliptic.P256() && (alg == "" || alg == string(jose.ES256))
	case ed25519.PublicKey:
		return string(jose.EdDSA), alg == "" || alg == string(jose.EdDSA)
	case *rsa.PublicKey:
		return alg, key.N.BitLen() >= 2048 && (alg == string(jose.RS256) || alg == string(jose.PS256))
	}
	return "", false // private, symmetric and unknown keys
}
