package registry

import (
	"context"
	"fmt"
	"time"

	"propusk/cabinet/authority"
	"propusk/storage"
	"propusk/storage/journal"
)

// Deps is what the store works with. Everything is required.
type Deps struct {
	DB      *storage.DB
	Journal *journal.Journal // who imported what
	Now     func() time.Time
}

// Store is the imported register. It implements authority.Registry.
type Store struct{ Deps }

var _ authority.Registry = (*Store)(nil)

// New returns the store.
func New(deps Deps) *Store { return &Store{deps} }

// Find implements authority.Registry. An ИНН that several records have (an
// organisation that is no more and another, a sole proprietor who began anew) names
// the latest, an existing one before those that ended.
func (s *Store) Find(ctx context.Context, number string) (authority.Record, error) {
	var rows []storage.JSON[authority.Record]
	err := s.DB.Select(ctx, &rows, `SELECT record FROM registry_records WHERE ogrn = $1`, number)
	if err == nil && len(rows) == 0 {
		err = s.DB.Select(ctx, &rows, `SELECT record FROM registry_records WHERE inn = $1 ORDER BY extract_date DESC, ogrn DESC LIMIT 20`, number)
	}
	if err != nil {
		return authority.Record{}, fmt.Errorf("registry: find: %w", err)
	}
	for _, row := range rows {
		if row.V.Active() {
			return row.V, nil
		}
	}
	if len(rows) == 0 {
		return authority.Record{}, fmt.Errorf("registry: find: %w", storage.ErrNotFound)
	}
	return rows[0].V, nil
}

// Count is how many records there are.
func (s *Store) Count(ctx context.Context) (n int64, err error) {
	if err := s.DB.Get(ctx, &n, `SELECT COUNT(*) FROM registry_records`); err != nil {
		return 0, fmt.Errorf("registry: count: %w", err)
	}
	return n, nil
}

// File is an imported file as operators see it.
type File struct {
	Digest    string       `json:"sha256" db:"digest"`
	Name      string       `json:"name" db:"name"`
	Done      int64        `json:"records" db:"done"`
	Faults    int64        `json:"faults" db:"faults"`
	Finished  bool         `json:"finished" db:"finished"`
	ChangedAt storage.Time `json:"changed_at" db:"changed_at"`
}

// Files lists the imported files, the latest first, at most limit.
func (s *Store) Files(ctx context.Context, limit int) ([]File, error) {
	var files []File
	err := s.DB.Select(ctx, &files, `SELECT digest, name, done, faults, finished, changed_at FROM registry_files ORDER BY changed_at DESC, digest LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("registry: files: %w", err)
	}
	return files, nil
}

// put stores a record unless there is one of a newer extract.
func (s *Store) put(ctx context.Context, r authority.Record, now storage.Time) (stored bool, err error) {
	n, err := s.DB.Exec(ctx, `
		INSERT INTO registry_records (ogrn, inn, extract_date, record, imported_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (ogrn) DO UPDATE SET inn = excluded.inn, extract_date = excluded.extract_date, record = excluded.record, imported_at = excluded.imported_at
		WHERE registry_records.extract_date <= excluded.extract_date`,
		r.OGRN, r.INN, string(r.ExtractDate), storage.JSON[authority.Record]{V: r}, now)
	return n > 0, err
}
