package gost

import (
	"errors"
	"math/big"
	"slices"
)

// Errors of NewPublicKey, for errors.Is.
var (
	ErrLength   = errors.New("gost: public key has the wrong length")
	ErrOffCurve = errors.New("gost: public key is not a point of its curve's subgroup")
)

// PublicKey is a key for checking GOST R 34.10-2012 signatures. It is immutable
// and safe for concurrent use.
type PublicKey struct {
	set *ParameterSet
	q   point // with z = 1
}

// NewPublicKey reads the octets of RFC 9215 §4.3: x and then y, each little-endian
// and of the key's length. The point must lie on the curve and in the subgroup
// of the base point; the error is ErrLength or ErrOffCurve.
func NewPublicKey(set *ParameterSet, raw []byte) (*PublicKey, error) {
	size := set.Bits / 8
	if len(raw) != 2*size {
		return nil, ErrLength
	}
	x, y := littleEndian(raw[:size]), littleEndian(raw[size:])
	if !set.onCurve(x, y) {
		return nil, ErrOffCurve
	}
	q := set.arithmetic().affine(x, y)
	if !set.inSubgroup(q) {
		return nil, ErrOffCurve
	}
	return &PublicKey{set: set, q: q}, nil
}

// Bits returns the key length, 256 or 512.
func (k *PublicKey) Bits() int { return k.set.Bits }

// ParameterSet returns the curve of the key.
func (k *PublicKey) ParameterSet() *ParameterSet { return k.set }

// Equal reports whether both are the same point of the same curve.
func (k *PublicKey) Equal(other *PublicKey) bool {
	return k.set == other.set && k.q == other.q
}

// Verify reports whether signature is one of digest by the key, RFC 7091 §6.2.
// The digest is the output of GOST R 34.11-2012 of the key's length. The signature
// is s and then r, big-endian, as certificates and CMS hold it (RFC 9215 §2).
func (k *PublicKey) Verify(digest, signature []byte) bool {
	size := k.set.Bits / 8
	if len(digest) != size || len(signature) != 2*size {
		return false
	}
	s, r := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return k.verify(littleEndian(digest), r, s)
}

// verify is the procedure on integers: alpha is the digest as a number.
func (k *PublicKey) verify(alpha, r, s *big.Int) bool {
	q := k.set.q
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(q) >= 0 || s.Cmp(q) >= 0 {
		return false
	}
	e := new(big.Int).Mod(alpha, q)
	if e.Sign() == 0 {
		e.SetInt64(1)
	}
	v := new(big.Int).ModInverse(e, q)
	z1 := new(big.Int).Mul(s, v)
	z2 := new(big.Int).Mul(r, v)
	z2.Neg(z2)
	x, finite := k.set.arithmetic().combine(z1.Mod(z1, q), z2.Mod(z2, q), k.q)
	return finite && x.Mod(x, q).Cmp(r) == 0
}

func littleEndian(p []byte) *big.Int {
	reversed := slices.Clone(p)
	slices.Reverse(reversed)
	return new(big.Int).SetBytes(reversed)
}
