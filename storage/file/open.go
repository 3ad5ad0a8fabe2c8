package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"propusk/storage"
)

// Open returns an organisation's file and its bytes, from the beginning; Seek goes
// elsewhere at little cost. ctx must last as long as the reading.
//
// Every byte that Read gives has been held against what was saved. A Read that
// finds them changed, cut off or gone returns ErrDamaged, as does Open; a reading
// from the beginning to the end is held against the digest as well. What is
// damaged is marked, and told to the journal, the metrics and the log.
//
// storage.ErrNotFound when the organisation has no such file.
func (s *Store) Open(ctx context.Context, organisationID, id string) (File, io.ReadSeekCloser, error) {
	f, err := s.Get(ctx, organisationID, id)
	if err != nil {
		return File{}, nil, err
	}
	r, err := s.open(ctx, f)
	if err != nil {
		return f, nil, err
	}
	return f, r, nil
}

// Read returns the whole of a file that is no larger than limit bytes; ErrTooLarge
// otherwise. It is for files that are to be parsed or verified.
func (s *Store) Read(ctx context.Context, organisationID, id string, limit int64) (File, []byte, error) {
	f, err := s.Get(ctx, organisationID, id)
	if err != nil {
		return File{}, nil, err
	}
	if f.Size > limit {
		return f, nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, f.Size, limit)
	}
	r, err := s.open(ctx, f)
	if err != nil {
		return f, nil, err
	}
	defer func() { _ = r.Close() }() // it was only read
	var content bytes.Buffer
	content.Grow(int(f.Size) + bytes.MinRead) // to its end: there the digest is looked at
	if _, err := content.ReadFrom(r); err != nil {
		return f, nil, err
	}
	return f, content.Bytes(), nil
}

// open begins to read the bytes of a record that the caller has chosen.
func (s *Store) open(ctx context.Context, f File) (io.ReadSeekCloser, error) {
	aead, err := newCipher(s.Sealer, f.ID)
	if err != nil {
		return nil, err
	}
	sealed, err := s.Blob.Open(ctx, blobKey(f.ID))
	if errors.Is(err, storage.ErrNotFound) {
		err = fmt.Errorf("%w: the bytes are gone", ErrDamaged)
		return nil, errors.Join(err, s.damaged(ctx, f, "missing"))
	}
	if err != nil {
		return nil, fmt.Errorf("file: open: %w", err)
	}
	return &reading{opening: newOpening(aead, sealed, f.Size), store: s, ctx: ctx, file: f, digest: sha256.New()}, nil
}

// reading is an opening that holds a whole reading against the digest and tells
// of damage, once.
type reading struct {
	*opening
	store  *Store
	ctx    context.Context
	file   File
	digest hash.Hash // nil once the reading is not from the beginning
	told   bool
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.opening.Read(p)
	if r.digest != nil {
		r.digest.Write(p[:n])
		if errors.Is(err, io.EOF) && hex.EncodeToString(r.digest.Sum(nil)) != r.file.SHA256 {
			err = fmt.Errorf("%w: another digest", ErrDamaged)
		}
	}
	if errors.Is(err, ErrDamaged) && !r.told {
		r.told = true
		err = errors.Join(err, r.store.damaged(r.ctx, r.file, "changed"))
	}
	return n, err
}

// Seek starts the digest anew at the beginning and gives it up elsewhere, as
// http.ServeContent does when it asks for the size.
func (r *reading) Seek(offset int64, whence int) (int64, error) {
	before := r.at
	at, err := r.opening.Seek(offset, whence)
	switch {
	case err != nil || at == before:
	case at == 0:
		r.digest = sha256.New()
	default:
		r.digest = nil
	}
	return at, err
}
