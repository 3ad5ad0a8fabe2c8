package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"propusk/storage"
	"propusk/storage/journal"
)

// Rotate makes the algorithm's next key. It is published at once, signs after
// Deps.Publish, and its predecessor stays published for Deps.Overlap more. Two
// rotations at one time leave one new key: the second returns ErrExists.
func (r *Ring) Rotate(ctx context.Context, algorithm string) (Key, error) {
	key, err := generate(algorithm)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %s", ErrUnknown, algorithm)
	}
	err = r.deps.DB.Tx(ctx, func(ctx context.Context) error {
		sequence, err := r.lastSequence(ctx, algorithm)
		if err != nil {
			return err
		}
		if err := r.insert(ctx, key, sequence+1, r.deps.Now().Add(r.deps.Publish)); err != nil {
			return err
		}
		return r.record(ctx, "key.rotated", key.ID, algorithm)
	})
	if err != nil {
		return Key{}, fmt.Errorf("rotate the %s key: %w", algorithm, err)
	}
	r.announce(ctx)
	return key, r.reload(ctx)
}

// Withdraw takes a key out of the published set at once, for a private key that
// may be known to others: every token it signed stops verifying as soon as the
// verifiers fetch the set again, MaxAge at the latest. When it was the active
// key, a fresh one takes over immediately; verifiers that refetch on an unknown
// kid do not notice. It returns ErrUnknown for a key that is not kept.
func (r *Ring) Withdraw(ctx context.Context, kid string) error {
	info, err := r.find(ctx, kid)
	if err != nil {
		return err
	}
	successor, err := generate(info.Algorithm)
	if err != nil {
		return err
	}
	err = r.deps.DB.Tx(ctx, func(ctx context.Context) error {
		sequence, err := r.lastSequence(ctx, info.Algorithm)
		if err != nil {
			return err
		}
		if info.Status == Active {
			if err := r.insert(ctx, successor, sequence+1, r.deps.Now()); err != nil {
				return err
			}
		}
		if _, err := r.deps.DB.Exec(ctx, `DELETE FROM signing_keys WHERE kid = $1`, kid); err != nil {
			return err
		}
		return r.record(ctx, "key.withdrawn", kid, info.Algorithm)
	})
	if err != nil {
		return fmt.Errorf("withdraw the key %s: %w", kid, err)
	}
	r.announce(ctx)
	return r.reload(ctx)
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

// makeMissing makes the first key of every algorithm that has none, all at one
// time since RSA keys take long. Nodes that start together make one set: the
// first row of an algorithm wins, the others load it.
func (r *Ring) makeMissing(ctx context.Context) error {
	group, ctx2 := errgroup.WithContext(ctx)
	for _, algorithm := range Algorithms() {
		if _, ok := r.current().active[algorithm]; ok {
			continue
		}
		group.Go(func() error {
			key, err := generate(algorithm)
			if err != nil {
				return err
			}
			if err := r.insert(ctx2, key, 1, r.deps.Now()); err != nil && !errors.Is(err, storage.ErrExists) {
				return fmt.Errorf("keep the first %s key: %w", algorithm, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return r.reload(ctx)
}

func (r *Ring) lastSequence(ctx context.Context, algorithm string) (int64, error) {
	var sequence int64
	err := r.deps.DB.Get(ctx, &sequence,
		`SELECT COALESCE(MAX(sequence), 0) FROM signing_keys WHERE algorithm = $1`, algorithm)
	return sequence, err
}

func (r *Ring) insert(ctx context.Context, key Key, sequence int64, activates time.Time) error {
	der, err := key.marshal()
	if err != nil {
		return err
	}
	_, err = r.deps.DB.Exec(ctx,
		`INSERT INTO signing_keys (kid, algorithm, sequence, sealed, created_at, activates_at)
		 VALUES ($1, $2, $3, $4, $5, $6)`,
		key.ID, key.Algorithm, sequence, r.deps.Sealer.Seal(der, sealContext(key.ID)),
		storage.Of(r.deps.Now()), storage.Of(activates))
	return err
}

// sealContext binds a sealed key to its id, so that rows cannot be swapped.
func sealContext(kid string) string { return "signing key " + kid }

func (r *Ring) record(ctx context.Context, action, kid, algorithm string) error {
	return r.deps.Journal.Append(ctx, journal.Entry{
		Action: action, Object: kid, Outcome: "success",
		Details: map[string]string{"algorithm": algorithm},
	})
}
