package keys

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/revocation"
)

// Rotate makes the algorithm's next key. It is published at once, signs after
// Deps.Publish, and its predecessor stays published for Deps.Overlap more. Two
// rotations at one time leave one new key: the second returns storage.ErrExists.
func (r *Ring) Rotate(ctx context.Context, algorithm string) (Key, error) {
	last, err := r.lastSequence(ctx, algorithm)
	if err != nil {
		return Key{}, fmt.Errorf("rotate the %s key: %w", algorithm, err)
	}
	return r.rotate(ctx, algorithm, last)
}

// rotate makes the successor of the key with the sequence number last.
func (r *Ring) rotate(ctx context.Context, algorithm string, last int64) (Key, error) {
	key, err := r.make(ctx, algorithm)
	if err != nil {
		return Key{}, err
	}
	if err := r.succeed(ctx, key, last, "key.rotated"); err != nil {
		return Key{}, fmt.Errorf("rotate the %s key: %w", algorithm, err)
	}
	return key.Key, nil
}

// succeed makes key the one after the sequence number last, and tells the other
// nodes. storage.ErrExists when another node has made that one meanwhile.
func (r *Ring) succeed(ctx context.Context, key held, sequence int64, action string) error {
	err := r.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := r.insert(ctx, key, sequence+1, storage.Of(r.deps.Now().Add(r.deps.Publish))); err != nil {
			return err
		}
		// After the row, which waits for a withdrawal of the same key under way.
		if err := r.refuseWithdrawn(ctx, key.ID); err != nil {
			return err
		}
		return r.record(ctx, action, key.ID, key.Algorithm)
	})
	if err != nil {
		r.discard(ctx, key)
		return err
	}
	r.announce(ctx)
	return r.reload(ctx)
}

// ErrWithdrawn: the key was withdrawn once. Whoever got hold of it then has it still.
var ErrWithdrawn = errors.New("keys: the key was withdrawn and is never used again; make another one")

func (r *Ring) refuseWithdrawn(ctx context.Context, kid string) error {
	var n int64
	if err := r.deps.DB.Get(ctx, &n, `SELECT COUNT(*) FROM withdrawn_keys WHERE kid = $1`, kid); err != nil {
		return fmt.Errorf("look whether the key was withdrawn: %w", err)
	}
	if n > 0 {
		return ErrWithdrawn
	}
	return nil
}

// RotateDue rotates each algorithm whose newest key will have signed for
// Deps.Rotate when a key made now begins to. Any number of nodes may run it at
// once: of those that find a key too old one makes its successor, by the sequence
// number in the row. Errors of one algorithm
// do not keep the others from rotating.
func (r *Ring) RotateDue(ctx context.Context) error {
	if err := r.reload(ctx); err != nil {
		return err
	}
	var failed error
	for _, algorithm := range Algorithms() {
		last, due := r.due(algorithm)
		if !due {
			continue
		}
		key, err := r.rotate(ctx, algorithm, last)
		switch {
		case errors.Is(err, storage.ErrExists): // another node was first
		case err != nil:
			failed = errors.Join(failed, err)
		default:
			r.deps.Log.InfoContext(ctx, "a signing key was rotated", "alg", algorithm, "kid", key.ID)
		}
	}
	return failed
}

// due tells that the algorithm's newest key is old enough, and which it is.
func (r *Ring) due(algorithm string) (sequence int64, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var newest storage.Time
	for _, rec := range r.records {
		if rec.key.Algorithm == algorithm {
			newest, sequence = max(newest, rec.activatesAt), max(sequence, rec.sequence)
		}
	}
	return sequence, r.deps.Rotate > 0 && newest.Add(r.deps.Rotate) <= storage.Of(r.deps.Now().Add(r.deps.Publish))
}

// ErrImport: what was given is not a key that can be imported.
var ErrImport = errors.New("keys: not a private key in PEM, PKCS #8 (BEGIN PRIVATE KEY)")

// Import makes a key from outside the algorithm's next one: a key of the server
// that this one takes over from, so that its tokens and ours verify by one set.
// storage.ErrExists when the key is held already, ErrWithdrawn when it was withdrawn
// once, however long ago. A house that keeps its keys in
// a token takes none: a key that was in a file is not one that never left it.
func (r *Ring) Import(ctx context.Context, algorithm string, text []byte) (Key, error) {
	if r.deps.Token != nil {
		return Key{}, errors.New("keys: this house keeps its keys in a PKCS #11 token and takes none from files")
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 && !blank(rest) {
		return Key{}, ErrImport
	}
	key, err := unmarshal(algorithm, block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("import an %s key: %w", algorithm, err)
	}
	kept, err := inMemory(key)
	if err != nil {
		return Key{}, err
	}
	last, err := r.lastSequence(ctx, algorithm)
	if err == nil {
		err = r.succeed(ctx, kept, last, "key.imported")
	}
	if err != nil {
		return Key{}, fmt.Errorf("import the %s key %s: %w", algorithm, key.ID, err)
	}
	return key, nil
}

func blank(text []byte) bool {
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// Withdraw takes a key out of the published set at once, for a private key that
// may be known to others. Every token it signed is refused: here and by the
// cabinet through the revocation list, within seconds; elsewhere as soon as the
// verifiers fetch the set again, MaxAge at the latest. When it was the active
// key, a fresh one takes over immediately; verifiers that refetch on an unknown
// kid do not notice. It returns ErrUnknown for a key that is not kept.
func (r *Ring) Withdraw(ctx context.Context, kid string) error {
	found, err := r.find(ctx, kid)
	if err != nil {
		return err
	}
	var successor held
	if found.Status == Active {
		if successor, err = r.make(ctx, found.Algorithm); err != nil {
			return err
		}
	}
	if err := r.replace(ctx, found, successor); err != nil {
		r.discard(ctx, successor)
		return fmt.Errorf("withdraw the key %s: %w", kid, err)
	}
	r.announce(ctx)
	withdrawn := r.holding(kid)
	err = r.reload(ctx)
	r.discard(ctx, withdrawn)
	return err
}

// forged is for how long tokens of a withdrawn key are refused: longer than any
// verifier of ours keeps a key set that it cannot renew.
const forged = 24 * time.Hour

// replace deletes one key, and puts successor in its place when it has an id.
func (r *Ring) replace(ctx context.Context, withdrawn Info, successor held) error {
	return r.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if successor.ID != "" {
			sequence, err := r.lastSequence(ctx, withdrawn.Algorithm)
			if err != nil {
				return err
			}
			if err := r.insert(ctx, successor, sequence+1, storage.Of(r.deps.Now())); err != nil {
				return err
			}
		}
		if _, err := r.deps.DB.Exec(ctx, `DELETE FROM signing_keys WHERE kid = $1`, withdrawn.ID); err != nil {
			return err
		}
		_, err := r.deps.DB.Exec(ctx, `INSERT INTO withdrawn_keys (kid, withdrawn_at) VALUES ($1, $2) ON CONFLICT (kid) DO NOTHING`,
			withdrawn.ID, storage.Of(r.deps.Now()))
		if err != nil {
			return err
		}
		if r.deps.Revocations != nil {
			entry := revocation.Entry{Kind: revocation.KindSigningKey, Key: withdrawn.ID, Until: storage.Of(r.deps.Now().Add(forged))}
			if err := r.deps.Revocations.Revoke(ctx, entry); err != nil {
				return err
			}
		}
		return r.record(ctx, "key.withdrawn", withdrawn.ID, withdrawn.Algorithm)
	})
}

func (r *Ring) find(ctx context.Context, kid string) (Info, error) {
	infos, err := r.List(ctx)
	if err != nil {
		return Info{}, err
	}
	for _, info := range infos {
		if info.ID == kid {
			return info, nil
		}
	}
	return Info{}, fmt.Errorf("%w: %s", ErrUnknown, kid)
}

// holding is the key as this ring holds it; the zero value when it does not.
func (r *Ring) holding(kid string) held {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.records {
		if rec.key.ID == kid {
			return rec.key
		}
	}
	return held{}
}

// makeMissing makes the first key of every algorithm that has none, all at one
// time since RSA keys take long. Nodes that start together make one set: the
// first row of an algorithm wins, the others load it.
func (r *Ring) makeMissing(ctx context.Context) error {
	group, ctx2 := errgroup.WithContext(ctx)
	for _, algorithm := range Algorithms() {
		if _, ok := r.current().active[algorithm]; ok {
			continue
		}
		group.Go(func() error { return r.makeFirst(ctx2, algorithm) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return r.reload(ctx)
}

func (r *Ring) makeFirst(ctx context.Context, algorithm string) error {
	key, err := r.make(ctx, algorithm)
	if err != nil {
		return err
	}
	err = r.insert(ctx, key, 1, storage.Of(r.deps.Now()))
	if err != nil {
		r.discard(ctx, key)
	}
	if err != nil && !errors.Is(err, storage.ErrExists) {
		return fmt.Errorf("keep the first %s key: %w", algorithm, err)
	}
	return nil
}

func (r *Ring) lastSequence(ctx context.Context, algorithm string) (int64, error) {
	var sequence int64
	err := r.deps.DB.Get(ctx, &sequence,
		`SELECT COALESCE(MAX(sequence), 0) FROM signing_keys WHERE algorithm = $1`, algorithm)
	return sequence, err
}

func (r *Ring) record(ctx context.Context, action, kid, algorithm string) error {
	return r.deps.Journal.Append(ctx, journal.Entry{
		Action: action, Object: kid, Outcome: "success",
		Details: map[string]string{"algorithm": algorithm},
	})
}
