package desk

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"math/big"
)

// seedSize is what a key is made from, in bytes: 128 bits more than the order of
// P-256.
const seedSize = 48

// keyOf is the P-256 key of some secret bytes: d = 1 + seed mod (n-1), so that d is
// in [1, n-1] (FIPS 186-5 A.2.1).
func keyOf(seed []byte) (*ecdsa.PrivateKey, error) {
	if len(seed) < seedSize {
		return nil, errors.New("the seed of a key must have 48 bytes")
	}
	one := big.NewInt(1)
	most := new(big.Int).Sub(elliptic.P256().Params().N, one)
	scalar := new(big.Int).SetBytes(seed)
	scalar.Mod(scalar, most).Add(scalar, one)
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar.FillBytes(make([]byte, 32)))
}
