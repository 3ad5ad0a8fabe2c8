package client

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"propusk/storage"
)

// Authentic reports whether secret is one of the live ones. Machine secrets
// have 256 random bits, so a plain SHA-256 is enough and a slow hash would only
// let strangers keep the processor busy; the comparison takes one time whatever
// the secret, how many hashes there are included. One whose term is over is none.
func (c *Client) Authentic(secret string, now storage.Time) bool {
	presented := hashSecret(secret)
	match := 0
	for i := range maxSecrets {
		hash := noSecret
		if c != nil && i < len(c.SecretHashes) && !c.SecretTerms[c.SecretHashes[i]].Over(now) {
			hash = c.SecretHashes[i]
		}
		match |= subtle.ConstantTimeCompare([]byte(presented), []byte(hash))
	}
	return match == 1
}

// maxSecrets is how many secrets of a client are live at one time.
const maxSecrets = 2

// noSecret is the hash that no secret has: it is not hex.
var noSecret = strings.Repeat("-", 2*sha256.Size)

func hashSecret(secret string) string {
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:])
}

func newSecret() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(random)
}
