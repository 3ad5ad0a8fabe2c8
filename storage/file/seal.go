package file

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"propusk/storage"
)

// The bytes of a file are encrypted as a stream of chunks (the STREAM
// construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a version byte,
// then each chunk by AES-256-GCM with the nonce counter (11 bytes, big endian) ‖
// last (1 byte). A chunk that is changed, moved, repeated or cut off does not open,
// wherever the reading begins.
//
// The key belongs to the file's id alone (Sealer.Key), and bytes are written under
// an id once; so no nonce comes twice under a key.
const (
	sealVersion = 1
	chunkSize   = 64 << 10 // bytes of plaintext
	sealedChunk = chunkSize + 16
)

func newCipher(sealer *storage.Sealer, id string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(sealer.Key("file/" + id))
	if err != nil {
		return nil, fmt.Errorf("file: cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("file: cipher: %w", err)
	}
	return aead, nil
}

// sealedSize is how large a file of so many bytes is in the blob store.
func sealedSize(size int64) int64 { return 1 + size + chunks(size)*(sealedChunk-chunkSize) }

// chunks is their number; even nothing has one, which says that it is the last.
func chunks(size int64) int64 { return max(1, (size+chunkSize-1)/chunkSize) }

func nonce(n int64, last bool) []byte {
	var b [12]byte
	binary.BigEndian.PutUint64(b[3:11], uint64(n))
	if last {
		b[11] = 1
	}
	return b[:]
}

// sealing encrypts size bytes of plain as they are read.
type sealing struct {
	aead   cipher.AEAD
	plain  io.Reader
	left   int64 // of plain
	n      int64
	chunk  []byte // plaintext buffer
	room   []byte // for one chunk, encrypted
	sealed []byte // what is not handed out yet
	done   bool
}

func newSealing(aead cipher.AEAD, plain io.Reader, size int64) *sealing {
	return &sealing{aead: aead, plain: plain, left: size, chunk: make([]byte, chunkSize), sealed: []byte{sealVersion}}
}

func (s *sealing) Read(p []byte) (int, error) {
	if len(s.sealed) == 0 {
		if s.done {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.sealed)
	s.sealed = s.sealed[n:]
	return n, nil
}

func (s *sealing) next() error {
	chunk := s.chunk[:min(s.left, chunkSize)]
	if _, err := io.ReadFull(s.plain, chunk); err != nil {
		return fmt.Errorf("file: encrypt: %w", err)
	}
	s.left -= int64(len(chunk))
	s.done = s.left == 0
	s.room = s.aead.Seal(s.room[:0], nonce(s.n, s.done), chunk, nil)
	s.sealed = s.room
	s.n++
	return nil
}

// opening decrypts a file of a known size, from anywhere in it.
type opening struct {
	aead   cipher.AEAD
	sealed io.ReadSeekCloser
	size   int64 // of the plaintext
	at     int64 // where the next Read begins
	have   int64 // which chunk plain is, -1 for none
	there  int64 // which chunk sealed stands before, -1 for elsewhere
	plain  []byte
	buffer []byte
}

func newOpening(aead cipher.AEAD, sealed io.ReadSeekCloser, size int64) *opening {
	return &opening{aead: aead, sealed: sealed, size: size, have: -1, there: -1, buffer: make([]byte, sealedChunk)}
}

func (o *opening) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if n := o.at / chunkSize; n != o.have {
		if err := o.load(n); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain[o.at%chunkSize:])
	o.at += int64(n)
	return n, nil
}

// load decrypts chunk n. Bytes that are not those that were written are ErrDamaged;
// that the store does not answer is its own error.
func (o *opening) load(n int64) error {
	o.have = -1
	if err := o.approach(n); err != nil {
		return err
	}
	last := n == chunks(o.size)-1
	length := int64(sealedChunk)
	if last {
		length = o.size - n*chunkSize + (sealedChunk - chunkSize)
	}
	sealed := o.buffer[:length]
	o.there = -1
	if _, err := io.ReadFull(o.sealed, sealed); err != nil {
		return damagedAtEnd(err)
	}
	plain, err := o.aead.Open(sealed[:0], nonce(n, last), sealed, nil)
	if err != nil {
		return fmt.Errorf("%w: chunk %d does not open", ErrDamaged, n)
	}
	o.plain, o.have, o.there = plain, n, n+1
	return nil
}

// approach brings the sealed stream before chunk n; at the beginning it reads the
// version.
func (o *opening) approach(n int64) error {
	if o.there == n {
		return nil
	}
	if _, err := o.sealed.Seek(0, io.SeekStart); err != nil {
		return damagedAtEnd(err)
	}
	var version [1]byte
	if _, err := io.ReadFull(o.sealed, version[:]); err != nil {
		return damagedAtEnd(err)
	}
	if version[0] != sealVersion {
		return fmt.Errorf("%w: version %d", ErrDamaged, version[0])
	}
	if n == 0 {
		return nil
	}
	if _, err := o.sealed.Seek(1+n*sealedChunk, io.SeekStart); err != nil {
		return damagedAtEnd(err)
	}
	return nil
}

func damagedAtEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: cut off", ErrDamaged)
	}
	return fmt.Errorf("file: read: %w", err)
}

func (o *opening) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("file: seek before the beginning")
	}
	o.at = offset
	return offset, nil
}

func (o *opening) Close() error { return o.sealed.Close() }
