package httpsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// The algorithms of the profile (RFC 9421 §3.3.4, §3.3.6).
const (
	algEd25519 = "ed25519"
	algP256    = "ecdsa-p256-sha256"
)

// ErrKey: not a key that this profile takes.
var ErrKey = errors.New("httpsig: the key must be Ed25519 or ECDSA P-256")

// Public is a key that signatures are verified by.
type Public struct {
	ID  string // base64url of the SHA-256 of the SubjectPublicKeyInfo
	alg string
	key crypto.PublicKey
	der []byte
}

// NewPublic takes an Ed25519 or an ECDSA P-256 key.
func NewPublic(key crypto.PublicKey) (Public, error) {
	p := Public{key: key}
	switch key := key.(type) {
	case ed25519.PublicKey:
		p.alg = algEd25519
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return Public{}, ErrKey
		}
		p.alg = algP256
	default:
		return Public{}, ErrKey
	}
	var err error
	if p.der, err = x509.MarshalPKIXPublicKey(key); err != nil {
		return Public{}, fmt.Errorf("httpsig: public key: %w", err)
	}
	sum := sha256.Sum256(p.der)
	p.ID = base64.RawURLEncoding.EncodeToString(sum[:])
	return p, nil
}

// ParsePublic reads a SubjectPublicKeyInfo as PEM or as base64 in one line.
func ParsePublic(text string) (Public, error) {
	text = strings.TrimSpace(text)
	var der []byte
	if block, rest := pem.Decode([]byte(text)); block != nil {
		if block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
			return Public{}, fmt.Errorf("httpsig: the PEM must hold one PUBLIC KEY and nothing else")
		}
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(text); err != nil {
			return Public{}, fmt.Errorf("httpsig: a public key is PEM or base64 of its SubjectPublicKeyInfo")
		}
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return Public{}, fmt.Errorf("httpsig: read the public key: %w", err)
	}
	return NewPublic(key)
}

// String is the SubjectPublicKeyInfo in base64, one line.
func (p Public) String() string { return base64.StdEncoding.EncodeToString(p.der) }

// PEM is the SubjectPublicKeyInfo in its armour.
func (p Public) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.der})
}

// verify reports whether signature is the key's over base.
func (p Public) verify(base, signature []byte) bool {
	switch key := p.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, base, signature)
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		digest := sha256.Sum256(base)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(key, digest[:], r, s)
	}
	return false
}

// Signer signs with a private key.
type Signer struct {
	Public
	private crypto.Signer
}

// NewSigner takes an Ed25519 or an ECDSA P-256 key.
func NewSigner(key crypto.Signer) (*Signer, error) {
	public, err := NewPublic(key.Public())
	if err != nil {
		return nil, err
	}
	switch key.(type) {
	case ed25519.PrivateKey, *ecdsa.PrivateKey:
		return &Signer{Public: public, private: key}, nil
	}
	return nil, ErrKey
}

// FromSeed is the Ed25519 signer of a secret of 32 bytes.
func FromSeed(seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("httpsig: a seed has %d bytes", ed25519.SeedSize)
	}
	return NewSigner(ed25519.NewKeyFromSeed(seed))
}

// ParseSigner reads a private key in PKCS #8, as PEM.
func ParseSigner(text []byte) (*Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("httpsig: a private key is PEM of PKCS #8 (openssl genpkey -algorithm ed25519)")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("httpsig: read the private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, ErrKey
	}
	return NewSigner(signer)
}

// sign makes the key's signature over base.
func (s *Signer) sign(base []byte) ([]byte, error) {
	if key, ok := s.private.(*ecdsa.PrivateKey); ok {
		digest := sha256.Sum256(base)
		r, v, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, fmt.Errorf("httpsig: sign: %w", err)
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		v.FillBytes(out[32:])
		return out, nil
	}
	out, err := s.private.Sign(nil, base, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("httpsig: sign: %w", err)
	}
	return out, nil
}
