package file

import (
	"context"
	"errors"
	"fmt"
	"io"

	"propusk/storage"
)

// Save reads a file of an organisation to its end, judges it, and keeps it loose:
// whoever wants it says so by Keep within Deps.Loose. name is only a name; what
// the file is, its content says.
//
// It returns ErrTooLarge (limit is in bytes), ErrEmpty, a *KindError, an
// *InfectedError, ErrUnscanned, ErrQuota, or the error of r. Call it before a
// transaction: reading and scanning take as long as the sender pleases. Inside one it
// works, and a rollback leaves the bytes to Sweep.
func (s *Store) Save(ctx context.Context, organisationID, name string, kinds Kinds, limit int64, r io.Reader) (File, error) {
	return s.save(ctx, organisationID, name, kinds, limit, r, bounds{s.Quota, s.Unkept})
}

// SaveOurs is Save for what the house itself makes for an organisation or receives
// for it from a state body: that comes whether or not there is room in its quota, and
// is counted.
func (s *Store) SaveOurs(ctx context.Context, organisationID, name string, kinds Kinds, limit int64, r io.Reader) (File, error) {
	return s.save(ctx, organisationID, name, kinds, limit, r, bounds{})
}

func (s *Store) save(ctx context.Context, organisationID, name string, kinds Kinds, limit int64, r io.Reader, most bounds) (File, error) {
	if err := s.room(ctx, organisationID, 1, most); err != nil { // before a byte is read
		s.metrics.refused(err)
		return File{}, err
	}
	spooled, err := fill(ctx, r, limit)
	if err != nil {
		s.metrics.refused(err)
		return File{}, err
	}
	defer spooled.close()
	kind, err := s.judge(ctx, spooled, kinds)
	if err == nil {
		err = s.room(ctx, organisationID, spooled.size, most)
	}
	if err != nil {
		s.metrics.refused(err)
		return File{}, err
	}
	f := File{
		ID: storage.NewID(), OrganisationID: organisationID, Name: cleanName(name, kind), MediaType: kind.MediaType(),
		Size: spooled.size, SHA256: spooled.sha256, CreatedAt: s.time(), CheckedAt: s.time(),
	}
	if err := s.put(ctx, f, spooled); err != nil {
		return File{}, err
	}
	if err := s.enter(ctx, f, most); err != nil {
		s.metrics.refused(err)
		// What has no record must not wait for Sweep: whoever is refused would fill the store.
		return File{}, errors.Join(err, s.Blob.Delete(context.WithoutCancel(ctx), blobKey(f.ID)))
	}
	s.metrics.saved(f)
	return f, nil
}

// enter writes the record of a file, if there is room for it.
func (s *Store) enter(ctx context.Context, f File, most bounds) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.count(ctx, f.OrganisationID, f.Size); err != nil { // and locks: of two at once the second sees the first
			return err
		}
		if err := s.room(ctx, f.OrganisationID, 0, most); err != nil {
			return err
		}
		if most.unkept > 0 {
			if err := s.roomUnkept(ctx, f.OrganisationID, f.Size, most); err != nil {
				return err
			}
		}
		_, err := s.DB.Exec(ctx, `
			INSERT INTO files (id, organisation_id, name, media_type, size, sha256, owners, loose_at, created_at, checked_at, damaged_at)
			VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7, $7, 0)`,
			f.ID, f.OrganisationID, f.Name, f.MediaType, f.Size, f.SHA256, f.CreatedAt)
		if err != nil {
			return fmt.Errorf("file: record: %w", err)
		}
		return nil
	})
}

// judge says what the bytes are, or why they are not taken.
func (s *Store) judge(ctx context.Context, spooled *spool, kinds Kinds) (Kinds, error) {
	if kinds == Part {
		return Part, nil
	}
	kind, found := sniff(spooled.reader(), spooled.size)
	if kind == 0 || !kinds.Has(kind) {
		return 0, &KindError{Found: found, Wanted: kinds}
	}
	return kind, s.scan(ctx, spooled)
}

// scan asks the scanner, if there is one.
func (s *Store) scan(ctx context.Context, spooled *spool) error {
	if s.Scan == nil {
		return nil
	}
	virus, err := s.Scan.Scan(ctx, io.NewSectionReader(spooled.reader(), 0, spooled.size))
	switch {
	case virus != "":
		s.Log.WarnContext(ctx, "a file was refused as infected", "virus", virus, "sha256", spooled.sha256)
		return &InfectedError{virus}
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("file: scan: %w", ctx.Err())
	}
	s.metrics.unscanned()
	s.Log.ErrorContext(ctx, "the virus scanner does not answer", "error", err, "taken", s.Unscanned)
	if s.Unscanned {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnscanned, err)
}

func (s *Store) put(ctx context.Context, f File, spooled *spool) error {
	aead, err := newCipher(s.Sealer, f.ID)
	if err != nil {
		return err
	}
	plain := io.NewSectionReader(spooled.reader(), 0, f.Size)
	n, err := s.Blob.Put(ctx, blobKey(f.ID), newSealing(aead, plain, f.Size))
	if err == nil && n != sealedSize(f.Size) {
		err = errors.New("the blob store kept another number of bytes")
	}
	if err != nil {
		return fmt.Errorf("file: keep the bytes: %w", err)
	}
	return nil
}
