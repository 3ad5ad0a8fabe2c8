package possession

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms returns the JWS algorithms that a client may sign with: asymmetric
// all of them, so that a public key cannot be taken for a shared secret (RFC 8725
// §3.1), and "none" is not among them.
func Algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA, jose.RS256}
}

// The bounds of RSA keys, in bits: RFC 7518 §3.3 asks for the lower one, and a
// key above the upper one only keeps the processor busy.
const leastRSA, mostRSA = 2048, 4096

// errKey is wrapped by what CheckKey says.
var errKey = errors.New("possession: the key does not fit")

// CheckKey refuses a public key that is not one for the algorithm: of another
// family or curve, too small or too large, private or symmetric.
func CheckKey(algorithm jose.SignatureAlgorithm, key any) error {
	if !slices.Contains(Algorithms(), algorithm) {
		return fmt.Errorf("%w: the algorithm is not accepted", errKey)
	}
	if slices.Contains(algorithmsOf(key), algorithm) {
		return nil
	}
	return fmt.Errorf("%w: a %T does not verify %s here", errKey, key, algorithm)
}

// algorithmsOf tells what a public key can verify.
func algorithmsOf(key any) []jose.SignatureAlgorithm {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return []jose.SignatureAlgorithm{jose.ES256}
		}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits >= leastRSA && bits <= mostRSA {
			return []jose.SignatureAlgorithm{jose.PS256, jose.RS256}
		}
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return nil
}

// Usable reports whether any accepted algorithm verifies with the key.
func Usable(key any) bool { return len(algorithmsOf(key)) > 0 }
