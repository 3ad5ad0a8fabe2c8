package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// MaxAge is how long the holder of the key set may keep it without asking
// again: the max-age of its Cache-Control (RFC 9111 §5.2.2.1). Deps.Publish is
// longer, so nobody meets a token signed by a key that he could not know.
const MaxAge = 5 * time.Minute

// ErrUnknown is returned for an algorithm or a key id that the Ring does not hold.
var ErrUnknown = errors.New("keys: unknown key or algorithm")

// Deps is what a Ring works with.
type Deps struct {
	DB      *storage.DB
	Sealer  *storage.Sealer  // seals the private keys at rest
	Events  storage.Events   // tells the other nodes of a new key; nil: they learn it by polling
	Journal *journal.Journal // rotations are written to the system's chain
	Now     func() time.Time
	Log     *slog.Logger

	// Revocations are told of a withdrawn key, so that tokens of it are refused
	// within seconds wherever the list is asked; nil: when the key set is fetched.
	Revocations *revocation.Log
	// Token holds the private keys; nil: the database does, sealed. Keys that were
	// made before it was set stay in the database until they are gone. It must stay
	// set for as long as one of its keys is kept: without it Open returns ErrToken.
	Token Token

	// Rotate is how long a key signs before RotateDue replaces it; 0: for ever.
	Rotate time.Duration
	// Publish is how long a new key is published before it signs. Default
	// 10 minutes; less than MaxAge makes relying parties refuse good tokens.
	Publish time.Duration
	// Overlap is how long a retired key stays published: at least the life of
	// the longest token, clock skew included. Default 24 hours, so that an
	// id_token_hint of the day can still be checked.
	Overlap time.Duration
	// Poll is how often the database is asked for keys made elsewhere, should
	// an event have been lost. Default 15 seconds.
	Poll time.Duration

	Metrics prometheus.Registerer // nil: no metrics
}

func (d Deps) withDefaults() (Deps, error) {
	if d.DB == nil || d.Sealer == nil || d.Journal == nil {
		return d, errors.New("keys: DB, Sealer and Journal are needed")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Publish == 0 {
		d.Publish = 10 * time.Minute
	}
	if d.Overlap == 0 {
		d.Overlap = 24 * time.Hour
	}
	if d.Poll == 0 {
		d.Poll = 15 * time.Second
	}
	return d, nil
}

// Ring holds the signing keys. It is safe for concurrent use; Signing, Public
// and JWKS do no I/O.
type Ring struct {
	deps    Deps
	state   atomic.Pointer[snapshot]
	reading sync.Mutex // one reload at a time; taken before mu
	mu      sync.Mutex // guards records and the replacing of state
	records []record
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Open loads the keys, makes those that are missing and follows changes made
// by other nodes until ctx ends or Close is called.
//
// It fails when a stored key does not open: the master key is another one than
// the keys were sealed with, and a server that silently made new keys would
// end every session of every relying party.
func Open(ctx context.Context, deps Deps) (*Ring, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Ring{deps: deps}
	ctx, r.stop = context.WithCancel(ctx)
	events := r.subscribe(ctx) // before the first reading: nothing is missed between the two
	for _, step := range []func(context.Context) error{r.reload, r.makeMissing, r.register} {
		if err := step(ctx); err != nil {
			r.stop()
			return nil, err
		}
	}
	r.done.Go(func() { r.follow(ctx, events) })
	return r, nil
}

// Close stops following. The keys held stay usable.
func (r *Ring) Close() {
	r.stop()
	r.done.Wait()
}

// Signing returns the key that signs with the algorithm now; "" means Default.
// It returns ErrUnknown for an algorithm the Ring keeps no key for.
func (r *Ring) Signing(algorithm string) (Key, error) {
	if algorithm == "" {
		algorithm = Default
	}
	key, ok := r.current().active[algorithm]
	if !ok {
		return Key{}, fmt.Errorf("%w: %s", ErrUnknown, algorithm)
	}
	return key, nil
}

// Sign signs the payload with the key of the algorithm that is active now; see
// Key.Sign.
func (r *Ring) Sign(algorithm, typ string, payload []byte) (string, error) {
	key, err := r.Signing(algorithm)
	if err != nil {
		return "", err
	}
	return key.Sign(typ, payload)
}

// Public returns a published key: next, active or retired. The caller must
// refuse a JWS whose alg is another than the one returned (RFC 8725 §3.1).
func (r *Ring) Public(kid string) (public crypto.PublicKey, algorithm string, ok bool) {
	jwk, ok := r.current().public[kid]
	return jwk.Key, jwk.Algorithm, ok
}

// JWKS returns the published keys as a JSON Web Key Set (RFC 7517 §5) and its
// entity tag, quoted as in the ETag header. The body must not be changed.
func (r *Ring) JWKS() (body []byte, etag string) {
	s := r.current()
	return s.body, s.etag
}

// List returns every key that is kept, by algorithm and age.
func (r *Ring) List(ctx context.Context) ([]Info, error) {
	if err := r.reload(ctx); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.infos(storage.Of(r.deps.Now())), nil
}

// current returns the keys of this instant, advancing them when a key has
// become active, retired or gone since.
func (r *Ring) current() *snapshot {
	s := r.state.Load()
	now := storage.Of(r.deps.Now())
	if s.until == 0 || now < s.until {
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refresh(now)
}
