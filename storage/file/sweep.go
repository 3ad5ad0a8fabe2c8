package file

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"propusk/storage"
)

// Swept is what a Sweep removed.
type Swept struct {
	Loose   int // records that nobody kept, with their bytes
	Orphans int // bytes without a record
}

// sweepBatch is how many rows are looked at in one statement.
const sweepBatch = 200

// Sweep removes what has been nobody's for longer than Deps.Loose: loose files,
// and blobs without a record, which a crash or a rollback left. ErrElsewhere, and
// nothing is removed, when the blob store belongs to another database.
func (s *Store) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	if err := s.own(ctx); err != nil {
		return swept, err
	}
	before := s.Now().Add(-s.Loose)
	err := s.sweepLoose(ctx, storage.Of(before), &swept)
	if err == nil {
		err = s.plausible(ctx, before)
	}
	if err == nil {
		err = s.eachOrphan(ctx, before, func(key string) error {
			swept.Orphans++
			return s.Blob.Delete(ctx, key)
		})
	}
	s.metrics.swept.WithLabelValues("loose").Add(float64(swept.Loose))
	s.metrics.swept.WithLabelValues("orphan").Add(float64(swept.Orphans))
	if err != nil {
		return swept, fmt.Errorf("file: sweep: %w", err)
	}
	if err := s.Blob.Tidy(ctx, before); err != nil {
		return swept, fmt.Errorf("file: sweep: %w", err)
	}
	return swept, nil
}

// sweepLoose removes loose records first and their bytes after the commit: a crash
// between leaves bytes without a record, never the other way round.
func (s *Store) sweepLoose(ctx context.Context, before storage.Time, swept *Swept) error {
	for {
		gone, err := s.forget(ctx, `
			DELETE FROM files WHERE id IN (SELECT id FROM files WHERE loose_at > 0 AND loose_at < $1 ORDER BY loose_at LIMIT $2)
				AND loose_at > 0 AND loose_at < $1
			RETURNING id, organisation_id, size`, before, sweepBatch)
		if err != nil || len(gone) == 0 {
			return err
		}
		swept.Loose += len(gone)
		for _, f := range gone {
			if err := s.Blob.Delete(ctx, blobKey(f.ID)); err != nil {
				return err
			}
		}
	}
}

// A crash leaves a file or two without a record. Where most files have none, it is
// the records that are missing: an old backup of the database, most likely.
const (
	orphansFew   = 1000
	orphansShare = 2 // of so many files one
)

// ErrOrphans: too many files have no record for a crash to have left them. Nothing
// is removed.
var ErrOrphans = errors.New("file: most files have no record; is the database an old backup?")

// plausible counts before anything is removed.
func (s *Store) plausible(ctx context.Context, before time.Time) error {
	files, orphans := 0, 0
	err := s.eachOrphan(ctx, before, func(string) error { orphans++; return nil })
	if err != nil || orphans <= orphansFew {
		return err
	}
	if err := s.DB.Get(ctx, &files, `SELECT COUNT(*) FROM files`); err != nil {
		return err
	}
	if orphans > (files+orphans)/orphansShare {
		return ErrOrphans
	}
	return nil
}

// eachOrphan calls fn for every blob that was put before the time and has no
// record.
func (s *Store) eachOrphan(ctx context.Context, before time.Time, fn func(key string) error) error {
	var batch []string
	flush := func() error {
		keys := batch
		batch = nil
		return s.withoutRecord(ctx, keys, fn)
	}
	err := s.Blob.Each(ctx, func(key string, _ int64, modified time.Time) error {
		if !strings.HasPrefix(key, "files/") || !modified.Before(before) {
			return nil
		}
		if batch = append(batch, key); len(batch) < sweepBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// withoutRecord calls fn for those of the keys whose file is not in the database.
func (s *Store) withoutRecord(ctx context.Context, keys []string, fn func(key string) error) error {
	if len(keys) == 0 {
		return nil
	}
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = path.Base(key)
	}
	var known []string
	if err := s.DB.Select(ctx, &known, `SELECT id FROM files WHERE id IN (`+placeholders(len(args))+`)`, args...); err != nil {
		return err
	}
	has := make(map[string]bool, len(known))
	for _, id := range known {
		has[blobKey(id)] = true
	}
	for _, key := range keys {
		if has[key] {
			continue
		}
		if err := fn(key); err != nil {
			return err
		}
	}
	return nil
}

// placeholders is $1, $2 … $n.
func placeholders(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String()
}

// markKey is the blob by which a store says whose it is.
const markKey = "propusk-store"

// own sees that the blob store belongs to this database, and takes one that
// belongs to nobody. A database that is pointed at the files of another one by
// mistake would find no record of any of them and sweep them all.
func (s *Store) own(ctx context.Context) error {
	mark, err := s.mark(ctx)
	if err != nil {
		return fmt.Errorf("file: whose the blob store is: %w", err)
	}
	there, err := s.readMark(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		if _, err = s.Blob.Put(ctx, markKey, strings.NewReader(mark)); err == nil {
			there, err = s.readMark(ctx)
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("file: whose the blob store is: %w", err)
	case there != mark:
		return ErrElsewhere
	}
	return nil
}

// mark is this database's, made when there is none.
func (s *Store) mark(ctx context.Context) (mark string, err error) {
	_, err = s.DB.Exec(ctx, `INSERT INTO file_store (id, mark) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`, rand.Text())
	if err == nil {
		err = s.DB.Get(ctx, &mark, `SELECT mark FROM file_store WHERE id = 1`)
	}
	return mark, err
}

func (s *Store) readMark(ctx context.Context) (string, error) {
	r, err := s.Blob.Open(ctx, markKey)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(r, 256))
	return string(text), err
}
