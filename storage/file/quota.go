package file

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"propusk/storage"
)

// bounds are how many bytes an organisation may have, and how many of them that
// nobody has kept; 0 bounds nothing.
type bounds struct{ quota, unkept int64 }

// Used is how many bytes an organisation has, loose ones too.
func (s *Store) Used(ctx context.Context, organisationID string) (int64, error) {
	var bytes int64
	err := s.DB.Get(ctx, &bytes, `SELECT bytes FROM file_usage WHERE organisation_id = $1`, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("file: bytes of an organisation: %w", err)
	}
	return bytes, nil
}

// room refuses more bytes, on top of what is counted, than the organisation may have.
func (s *Store) room(ctx context.Context, organisationID string, more int64, most bounds) error {
	if most.quota <= 0 {
		return nil
	}
	used, err := s.Used(ctx, organisationID)
	if err == nil && used+more > most.quota {
		err = ErrQuota
	}
	return err
}

// roomUnkept refuses more bytes than may wait for somebody who keeps them. A file
// that was kept once and let go is loose since a later moment than it came.
func (s *Store) roomUnkept(ctx context.Context, organisationID string, more int64, most bounds) error {
	var unkept int64
	err := s.DB.Get(ctx, &unkept, `SELECT COALESCE(SUM(size), 0) FROM files
		WHERE organisation_id = $1 AND loose_at > 0 AND loose_at = created_at`, organisationID)
	if err != nil {
		return fmt.Errorf("file: bytes that nobody keeps: %w", err)
	}
	if unkept+more > most.unkept {
		return fmt.Errorf("%w: %d bytes came in and were not kept", ErrQuota, unkept)
	}
	return nil
}

// count adds to the bytes of an organisation, or takes from them, and locks them until
// the transaction ends.
func (s *Store) count(ctx context.Context, organisationID string, bytes int64) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO file_usage (organisation_id, bytes) VALUES ($1, $2)
		ON CONFLICT (organisation_id) DO UPDATE SET bytes = file_usage.bytes + EXCLUDED.bytes`, organisationID, bytes)
	if err != nil {
		return fmt.Errorf("file: count bytes: %w", err)
	}
	return nil
}

// Discard removes loose files of the organisation with their bytes, at once: uploads
// that are refused after they were saved. What somebody keeps stays. Call it outside
// of a transaction.
func (s *Store) Discard(ctx context.Context, organisationID string, ids ...string) error {
	for _, id := range ids {
		gone, err := s.forget(ctx, `DELETE FROM files WHERE id = $1 AND organisation_id = $2 AND loose_at > 0
			RETURNING id, organisation_id, size`, id, organisationID)
		if err != nil {
			return fmt.Errorf("file: discard: %w", err)
		}
		for _, one := range gone {
			if err := s.Blob.Delete(ctx, blobKey(one.ID)); err != nil {
				return fmt.Errorf("file: discard: %w", err)
			}
		}
	}
	return nil
}

// forget runs a statement that removes records and answers them, and counts them off.
func (s *Store) forget(ctx context.Context, query string, args ...any) (gone []File, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		gone = nil
		if err := s.DB.Select(ctx, &gone, query, args...); err != nil {
			return err
		}
		less := map[string]int64{}
		for _, f := range gone {
			less[f.OrganisationID] -= f.Size
		}
		for _, id := range slices.Sorted(maps.Keys(less)) { // in one order: two sweeps do not wait for each other
			if err := s.count(ctx, id, less[id]); err != nil {
				return err
			}
		}
		return nil
	})
	return gone, err
}
