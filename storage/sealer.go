package storage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Sealer encrypts the secrets that the database keeps, under a master key that
// is not in the database. From the master key it derives (HKDF-SHA256, RFC 5869)
// one key for sealing and one for each label of Key, so none of them helps to
// guess another.
//
// Sealed bytes: version (1 byte, now 1), nonce (12, random), ciphertext and tag
// of AES-256-GCM. Random nonces allow about 2^32 sealings under one master key.
type Sealer struct {
	master []byte
	aead   cipher.AEAD
}

// ErrSeal: the bytes were not sealed under this master key and context, or were
// changed since.
var ErrSeal = errors.New("storage: cannot open what was sealed")

const sealVersion = 1

// NewSealer takes the master key, 32 bytes from a cryptographic source.
func NewSealer(master []byte) (*Sealer, error) {
	if len(master) != 32 {
		return nil, fmt.Errorf("storage: the master key must be 32 bytes, not %d", len(master))
	}
	s := &Sealer{master: append([]byte{}, master...)}
	block, err := aes.NewCipher(s.derive("propusk seal 1"))
	if err != nil {
		return nil, fmt.Errorf("storage: sealer: %w", err)
	}
	if s.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("storage: sealer: %w", err)
	}
	return s, nil
}

// Seal encrypts plain for context, which says what it is and whose ("totp/" and
// the person's id). Only Open with the same context opens it, so a row's secret
// cannot be moved to another row.
func (s *Sealer) Seal(plain []byte, context string) []byte {
	sealed := make([]byte, 1, 1+len(plain)+s.aead.Overhead())
	sealed[0] = sealVersion
	return s.aead.Seal(sealed, nil, plain, []byte(context))
}

// Open decrypts what Seal made, or returns ErrSeal.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, ErrSeal
	}
	plain, err := s.aead.Open(nil, nil, sealed[1:], []byte(context))
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

// Key returns 32 bytes that belong to label alone, the same each time.
func (s *Sealer) Key(label string) []byte { return s.derive("propusk key 1 " + label) }

func (s *Sealer) derive(info string) []byte {
	key, err := hkdf.Key(sha256.New, s.master, nil, info, 32)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	return key
}
