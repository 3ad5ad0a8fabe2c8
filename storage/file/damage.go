package file

import (
	"context"
	"fmt"

	"propusk/storage/journal"
)

// damaged marks a file whose bytes are not what was saved and tells everybody who
// should know: its organisation's journal, the metrics, the operators' log. Only
// the first to find it tells. how is "missing" or "changed".
func (s *Store) damaged(ctx context.Context, f File, how string) error {
	ctx = context.WithoutCancel(ctx) // the reader may have left
	told := false
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		told = false
		n, err := s.DB.Exec(ctx, `UPDATE files SET damaged_at = $1, checked_at = $1 WHERE id = $2 AND damaged_at = 0`, s.time(), f.ID)
		if err != nil || n == 0 {
			return err
		}
		told = true
		for _, fn := range s.alarms {
			if err := fn(ctx, f); err != nil {
				return err
			}
		}
		return s.journal(ctx, f, "file.damaged", how)
	})
	if err != nil {
		return fmt.Errorf("file: mark as damaged: %w", err)
	}
	if told {
		s.metrics.damagedAll.Inc()
		s.Log.ErrorContext(ctx, "a file is damaged: restore it from a backup of the blob store", "file", f.ID,
			"key", blobKey(f.ID), "organisation", f.OrganisationID, "how", how)
	}
	return nil
}

// whole notes that every byte was seen to be right, and tells the journal of a
// file that was damaged and has been restored.
func (s *Store) whole(ctx context.Context, f File) error {
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE files SET checked_at = $1, damaged_at = 0 WHERE id = $2`, s.time(), f.ID)
		if err != nil || n == 0 || f.Whole() {
			return err
		}
		return s.journal(ctx, f, "file.restored", "whole")
	})
	if err != nil {
		return fmt.Errorf("file: mark as whole: %w", err)
	}
	return nil
}

func (s *Store) journal(ctx context.Context, f File, action, how string) error {
	owners, err := s.Owners(ctx, f.ID)
	if err != nil {
		return err
	}
	details := map[string]string{"name": f.Name, "sha256": f.SHA256, "found": how}
	if len(owners) > 0 {
		details["owner"] = owners[0]
	}
	return s.Journal.Append(ctx, journal.Entry{
		Organisation: f.OrganisationID, Action: action, Object: f.ID, Outcome: "success", Details: details,
	})
}
