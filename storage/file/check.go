package file

import (
	"context"
	"errors"
	"fmt"
	"io"

	"propusk/storage"
)

// Report is what a Check found.
type Report struct {
	Checked int // files whose every byte was read
	Damaged int // of those, changed or missing
	Known   int // files that are known to be damaged, altogether
	Orphans int // blobs without a record that are old enough to be swept
}

// Check is the scheduled look at the files: it reads every byte of those whose
// last look is older than Deps.Recheck, and counts the blobs that have no record.
// What is found wrong is told as Open tells it. A second one at the same time
// does some work twice and nothing wrong.
//
// The error means that the look was not finished; the Report says how far it got.
func (s *Store) Check(ctx context.Context) (Report, error) {
	var report Report
	if err := s.own(ctx); err != nil {
		return report, err
	}
	started := s.Now()
	before := storage.Of(started.Add(-s.Recheck))
	for {
		due, err := s.due(ctx, before)
		if err != nil {
			return report, fmt.Errorf("file: check: %w", err)
		}
		if len(due) == 0 {
			break
		}
		for _, f := range due {
			if err := s.checkOne(ctx, f, &report); err != nil {
				return report, fmt.Errorf("file: check: %w", err)
			}
		}
	}
	err := s.eachOrphan(ctx, started.Add(-s.Loose), func(string) error {
		report.Orphans++
		return nil
	})
	if err == nil {
		err = s.DB.Get(ctx, &report.Known, `SELECT COUNT(*) FROM files WHERE damaged_at > 0`)
	}
	if err != nil {
		return report, fmt.Errorf("file: check: %w", err)
	}
	s.metrics.damagedNow.Set(float64(report.Known))
	return report, nil
}

// due are the files to look at next, the longest unseen first.
func (s *Store) due(ctx context.Context, before storage.Time) ([]File, error) {
	var files []File
	err := s.DB.Select(ctx, &files, `
		SELECT `+columns+` FROM files WHERE checked_at < $1 ORDER BY checked_at, id LIMIT $2`, before, sweepBatch)
	return files, err
}

// checkOne reads a file from end to end. The blob store's being away is the only
// error; a file that was removed meanwhile is none.
func (s *Store) checkOne(ctx context.Context, f File, report *Report) error {
	err := s.readAll(ctx, f)
	switch {
	case errors.Is(err, ErrDamaged):
		if _, err := s.Get(ctx, f.OrganisationID, f.ID); errors.Is(err, storage.ErrNotFound) {
			return nil // swept between the query and the reading
		}
		report.Damaged++
		_, err = s.DB.Exec(ctx, `UPDATE files SET checked_at = $1 WHERE id = $2`, s.time(), f.ID)
	case err == nil:
		err = s.whole(ctx, f)
	}
	if err != nil {
		return err
	}
	report.Checked++
	s.metrics.checkedAll.Inc()
	return nil
}

func (s *Store) readAll(ctx context.Context, f File) error {
	r, err := s.open(ctx, f)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}
