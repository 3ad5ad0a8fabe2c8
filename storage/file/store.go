package file

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/journal"
)

// Deps are what a Store stands on. Everything is required but Scan, Unscanned,
// Metrics and the durations.
type Deps struct {
	DB      *storage.DB
	Blob    storage.Blob
	Sealer  *storage.Sealer
	Journal *journal.Journal
	Now     func() time.Time
	Log     *slog.Logger
	// Scan looks for viruses; nil: nobody does.
	Scan Scanner
	// Unscanned takes files while the scanner is away. DANGER: what comes in then
	// is never scanned later.
	Unscanned bool
	// Loose is how long a file that nobody keeps, and a blob without a record, is
	// left in peace; 0 is 24 hours.
	Loose time.Duration
	// Recheck is how old the last look at a file's bytes may be before Check reads
	// them again; 0 is 7 days.
	Recheck time.Duration
	// Quota bounds the bytes of one organisation, and Unkept those among them that came
	// in and nobody has kept: uploads that were refused later, or broke off. 0 bounds
	// neither. Save refuses by them, SaveOurs does not.
	Quota, Unkept int64
	Metrics       prometheus.Registerer
}

// Store keeps files of organisations. It is safe for use by many goroutines and
// many nodes over one database and one Blob.
type Store struct {
	Deps
	metrics *metrics
	watches []func(ctx context.Context, owner string, f File) error
	alarms  []func(ctx context.Context, f File) error
}

// New checks the dependencies once. It touches neither database nor blobs.
func New(deps Deps) (*Store, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Blob": deps.Blob == nil, "Sealer": deps.Sealer == nil, "Journal": deps.Journal == nil,
		"Now": deps.Now == nil, "Log": deps.Log == nil,
	} {
		if missing {
			return nil, errors.New("file: " + name + " is required")
		}
	}
	if deps.Loose <= 0 {
		deps.Loose = 24 * time.Hour
	}
	if deps.Recheck <= 0 {
		deps.Recheck = 7 * 24 * time.Hour
	}
	m, err := newMetrics(deps.Metrics)
	if err != nil {
		return nil, fmt.Errorf("file: metrics: %w", err)
	}
	return &Store{Deps: deps, metrics: m}, nil
}

// Watch has fn told of every file that gets an owner, in the transaction of Keep,
// which an error of fn rolls back. Call it before the store is used.
func (s *Store) Watch(fn func(ctx context.Context, owner string, f File) error) {
	s.watches = append(s.watches, fn)
}

// Alarm has fn told of every file that is found damaged, in the transaction that
// marks it, once for each time. Call it before the store is used.
func (s *Store) Alarm(fn func(ctx context.Context, f File) error) {
	s.alarms = append(s.alarms, fn)
}

func (s *Store) time() storage.Time { return storage.Of(s.Now()) }

// blobKey is where a file's bytes are. The last two digits of an id are random, so
// that the folders fill evenly.
func blobKey(id string) string { return "files/" + id[len(id)-2:] + "/" + id }

// Get returns the record of an organisation's file; storage.ErrNotFound when it
// has none of that id.
func (s *Store) Get(ctx context.Context, organisationID, id string) (File, error) {
	var f File
	err := s.DB.Get(ctx, &f, `SELECT `+columns+` FROM files WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return File{}, fmt.Errorf("file: get: %w", err)
	}
	return f, nil
}

// Owned returns the files that owner keeps, in the order of their coming.
func (s *Store) Owned(ctx context.Context, owner string) ([]File, error) {
	var files []File
	err := s.DB.Select(ctx, &files, `
		SELECT f.id, f.organisation_id, f.name, f.media_type, f.size, f.sha256, f.created_at, f.checked_at, f.damaged_at
		FROM file_owners o JOIN files f ON f.id = o.file_id WHERE o.owner = $1 ORDER BY f.id`, owner)
	if err != nil {
		return nil, fmt.Errorf("file: files of an owner: %w", err)
	}
	return files, nil
}

// Owners returns who keeps a file, sorted; none when it is loose or unknown.
func (s *Store) Owners(ctx context.Context, id string) ([]string, error) {
	var owners []string
	err := s.DB.Select(ctx, &owners, `SELECT owner FROM file_owners WHERE file_id = $1 ORDER BY owner`, id)
	if err != nil {
		return nil, fmt.Errorf("file: owners of a file: %w", err)
	}
	return owners, nil
}

// Others returns who else keeps files that owner keeps, sorted.
func (s *Store) Others(ctx context.Context, owner string) ([]string, error) {
	var others []string
	err := s.DB.Select(ctx, &others, `
		SELECT DISTINCT o.owner FROM file_owners mine JOIN file_owners o ON o.file_id = mine.file_id
		WHERE mine.owner = $1 AND o.owner <> $1 ORDER BY o.owner`, owner)
	if err != nil {
		return nil, fmt.Errorf("file: other owners: %w", err)
	}
	return others, nil
}

// Keep makes owner, a word such as "filing/<id>", keep files of the organisation,
// in the transaction of ctx. Several owners may keep one file; keeping twice is
// keeping once. storage.ErrNotFound when one of the files is not there, or is
// another organisation's; then none is kept.
func (s *Store) Keep(ctx context.Context, organisationID, owner string, fileIDs ...string) error {
	if owner == "" {
		return errors.New("file: keep: an owner is required")
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		for _, id := range fileIDs {
			if err := s.keep(ctx, organisationID, owner, id); err != nil {
				return fmt.Errorf("file: keep: %w", err)
			}
		}
		return nil
	})
}

// keep locks the record first, so that Sweep either sees the owner or has taken
// the file before.
func (s *Store) keep(ctx context.Context, organisationID, owner, id string) error {
	n, err := s.DB.Exec(ctx, `UPDATE files SET owners = owners + 1, loose_at = 0 WHERE id = $1 AND organisation_id = $2`,
		id, organisationID)
	if err == nil && n == 0 {
		return storage.ErrNotFound
	}
	if err != nil {
		return err
	}
	n, err = s.DB.Exec(ctx, `INSERT INTO file_owners (owner, file_id) VALUES ($1, $2) ON CONFLICT (owner, file_id) DO NOTHING`,
		owner, id)
	switch {
	case err != nil:
		return err
	case n == 0: // kept by it already
		_, err = s.DB.Exec(ctx, `UPDATE files SET owners = owners - 1 WHERE id = $1`, id)
		return err
	}
	return s.tell(ctx, organisationID, owner, id)
}

func (s *Store) tell(ctx context.Context, organisationID, owner, id string) error {
	if len(s.watches) == 0 {
		return nil
	}
	f, err := s.Get(ctx, organisationID, id)
	if err != nil {
		return err
	}
	for _, fn := range s.watches {
		if err := fn(ctx, owner, f); err != nil {
			return err
		}
	}
	return nil
}

// Release ends owner's keeping of the files, or of all its files when none is
// named, in the transaction of ctx. A file that nobody keeps then is loose.
func (s *Store) Release(ctx context.Context, owner string, fileIDs ...string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if len(fileIDs) == 0 {
			err := s.DB.Select(ctx, &fileIDs, `SELECT file_id FROM file_owners WHERE owner = $1 ORDER BY file_id`, owner)
			if err != nil {
				return fmt.Errorf("file: release: %w", err)
			}
		}
		for _, id := range fileIDs {
			if err := s.release(ctx, owner, id); err != nil {
				return fmt.Errorf("file: release: %w", err)
			}
		}
		return nil
	})
}

func (s *Store) release(ctx context.Context, owner, id string) error {
	n, err := s.DB.Exec(ctx, `DELETE FROM file_owners WHERE owner = $1 AND file_id = $2`, owner, id)
	if err != nil || n == 0 {
		return err
	}
	_, err = s.DB.Exec(ctx, `
		UPDATE files SET owners = owners - 1, loose_at = CASE WHEN owners = 1 THEN CAST($1 AS BIGINT) ELSE 0 END WHERE id = $2`,
		s.time(), id)
	return err
}
