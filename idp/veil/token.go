package veil

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"propusk/storage"
)

// Tokens seals opaque access tokens: "po_" and BASE64URL(nonce ‖ ciphertext ‖ tag) of
// XChaCha20-Poly1305 over the claims, under a key from the master key. The nonce has
// 192 random bits, so that no number of tokens under one key is too large.
//
// Why sealed and not a row: a client-credentials token would cost a write, and each
// first use on each node a read, where now neither asks anybody. What ends a token
// early is the list of revocations, as with signed tokens.
type Tokens struct{ aead cipher.AEAD }

// tokenPrefix tells an opaque token from a JWT, which begins with "ey".
const tokenPrefix = "po_"

// maxToken bounds an opaque token, in bytes: as long as what fits in a header.
const maxToken = 8 << 10

// ErrToken: the token is none that was sealed here, or was changed since.
var ErrToken = errors.New("veil: not an opaque token of this server")

// NewTokens derives the key from the master key.
func NewTokens(sealer *storage.Sealer) *Tokens {
	aead, err := chacha20poly1305.NewX(sealer.Key("opaque access tokens"))
	if err != nil {
		panic(err) // only for keys of another length
	}
	return &Tokens{aead}
}

// Opaque reports whether a token is an opaque one by its form.
func Opaque(token string) bool { return strings.HasPrefix(token, tokenPrefix) }

// Seal makes a token of claims.
func (t *Tokens) Seal(claims []byte) string {
	sealed := make([]byte, t.aead.NonceSize(), t.aead.NonceSize()+len(claims)+t.aead.Overhead())
	_, _ = rand.Read(sealed) // never fails (crypto/rand)
	sealed = t.aead.Seal(sealed, sealed, claims, []byte(tokenPrefix))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns the claims of a token: ErrToken. A token has one spelling only.
func (t *Tokens) Open(token string) ([]byte, error) {
	raw, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) > maxToken || strings.ContainsAny(raw, "\r\n") {
		return nil, ErrToken
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(raw)
	if err != nil || len(sealed) < t.aead.NonceSize() {
		return nil, ErrToken
	}
	nonce, box := sealed[:t.aead.NonceSize()], sealed[t.aead.NonceSize():]
	claims, err := t.aead.Open(nil, nonce, box, []byte(tokenPrefix))
	if err != nil {
		return nil, ErrToken
	}
	return claims, nil
}
