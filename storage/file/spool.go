package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of an incoming file is held in memory, in bytes; a
// larger one goes to a temporary file that has no name any more.
const spoolMemory = 1 << 20

// spool is a file that has come in whole and is not judged yet: formats such as
// ZIP can only be told from their end.
type spool struct {
	memory []byte
	disk   *os.File
	whole  *bytes.Reader // it was in memory before
	size   int64
	sha256 string
}

// fill reads r to its end, at most limit bytes.
func fill(ctx context.Context, r io.Reader, limit int64) (*spool, error) {
	if whole, ok := r.(*bytes.Reader); ok && int64(whole.Len()) == whole.Size() {
		return filled(ctx, whole, limit)
	}
	digest := sha256.New()
	r = io.TeeReader(io.LimitReader(ending{ctx, r}, limit+1), digest)
	memory, err := io.ReadAll(io.LimitReader(r, spoolMemory+1))
	if err != nil {
		return nil, fmt.Errorf("file: receive: %w", err)
	}
	s := &spool{memory: memory, size: int64(len(memory))}
	if s.size > spoolMemory && s.size <= limit {
		if err := s.overflow(r); err != nil {
			s.close()
			return nil, fmt.Errorf("file: receive: %w", err)
		}
	}
	switch {
	case s.size > limit:
		s.close()
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	case s.size == 0:
		return nil, ErrEmpty
	}
	s.sha256 = hex.EncodeToString(digest.Sum(nil))
	return s, nil
}

// filled is fill for what the caller has in memory already, whatever its size: it is
// neither copied nor put on disk. The caller must leave the bytes as they are.
func filled(ctx context.Context, whole *bytes.Reader, limit int64) (*spool, error) {
	switch size := whole.Size(); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("file: receive: %w", ctx.Err())
	case size > limit:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	case size == 0:
		return nil, ErrEmpty
	}
	digest := sha256.New()
	if _, err := whole.WriteTo(digest); err != nil {
		return nil, fmt.Errorf("file: receive: %w", err)
	}
	return &spool{whole: whole, size: whole.Size(), sha256: hex.EncodeToString(digest.Sum(nil))}, nil
}

// overflow moves what is in memory to disk and the rest after it.
func (s *spool) overflow(rest io.Reader) (err error) {
	if s.disk, err = os.CreateTemp("", "propusk-file-"); err != nil {
		return err
	}
	if err = os.Remove(s.disk.Name()); err != nil { // it lives as long as it is open
		return err
	}
	if s.size, err = io.Copy(s.disk, io.MultiReader(bytes.NewReader(s.memory), rest)); err != nil {
		return err
	}
	s.memory = nil
	return nil
}

func (s *spool) reader() io.ReaderAt {
	switch {
	case s.disk != nil:
		return s.disk
	case s.whole != nil:
		return s.whole
	}
	return bytes.NewReader(s.memory)
}

func (s *spool) close() {
	if s.disk != nil {
		_ = s.disk.Close() // it is gone either way
	}
}

// ending is a reader that ends with its context and tells a sender who left from
// a file that is over.
type ending struct {
	ctx context.Context
	r   io.Reader
}

func (e ending) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && e.ctx.Err() != nil {
		err = e.ctx.Err()
	}
	return n, err
}
