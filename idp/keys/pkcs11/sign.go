//go:build pkcs11

package pkcs11

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"github.com/miekg/pkcs11"
)

// signer is one private key in the token.
type signer struct {
	token     *token
	algorithm string
	name      []byte
	public    crypto.PublicKey

	mu     sync.RWMutex
	handle pkcs11.ObjectHandle // for as long as the library stays initialised and the token in its place
}

// Public implements crypto.Signer.
func (s *signer) Public() crypto.PublicKey { return s.public }

// patience is how long a signature waits for one of the sessions.
const patience = 5 * time.Second

// digestInfo precedes a SHA-256 digest in RSASSA-PKCS1-v1_5 (RFC 8017 §9.2).
var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// Sign implements crypto.Signer: a SHA-256 digest for ES256, RS256 and PS256, the
// message itself for EdDSA. The random source is the token's own.
func (s *signer) Sign(_ io.Reader, input []byte, opts crypto.SignerOpts) ([]byte, error) {
	mechanism, input, err := s.mechanism(input, opts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var signature []byte
	err = s.token.with(ctx, func(session pkcs11.SessionHandle) error {
		signature, err = s.sign(session, mechanism, input)
		if lost(err) { // the handle may have outlived its token
			s.forget()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sign in the token: %w", err)
	}
	if s.algorithm != "ES256" {
		return signature, nil
	}
	return ecdsaASN1(signature)
}

func (s *signer) mechanism(input []byte, opts crypto.SignerOpts) (*pkcs11.Mechanism, []byte, error) {
	hash := opts.HashFunc()
	pss, isPSS := opts.(*rsa.PSSOptions)
	switch {
	case s.algorithm == "EdDSA" && hash == 0:
		return pkcs11.NewMechanism(ckmEdDSA, nil), input, nil
	case hash != crypto.SHA256 || len(input) != hash.Size():
		return nil, nil, errors.New("pkcs11: only SHA-256 digests are signed")
	case s.algorithm == "ES256":
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), input, nil
	case s.algorithm == "RS256" && !isPSS:
		return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), append(digestInfo[:len(digestInfo):len(digestInfo)], input...), nil
	case s.algorithm == "PS256" && isPSS && pss.SaltLength == rsa.PSSSaltLengthEqualsHash:
		parameters := pkcs11.NewPSSParams(pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256, uint(hash.Size()))
		return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, parameters), input, nil
	}
	return nil, nil, fmt.Errorf("pkcs11: the key is for %s alone", s.algorithm)
}

func (s *signer) sign(session pkcs11.SessionHandle, mechanism *pkcs11.Mechanism, input []byte) ([]byte, error) {
	handle, err := s.find(session)
	if err != nil {
		return nil, err
	}
	if err := s.token.lib.SignInit(session, []*pkcs11.Mechanism{mechanism}, handle); err != nil {
		return nil, err
	}
	return s.token.lib.Sign(session, input)
}

// find is the handle of the private key; after a loss it is looked for again, and
// the key looked at as closely as the first time.
func (s *signer) find(session pkcs11.SessionHandle) (pkcs11.ObjectHandle, error) {
	s.mu.RLock()
	handle := s.handle
	s.mu.RUnlock()
	if handle != 0 {
		return handle, nil
	}
	k, err := kindOf(s.algorithm)
	if err != nil {
		return 0, err
	}
	if handle, err = s.token.object(session, pkcs11.CKO_PRIVATE_KEY, k.keyType, s.name); err != nil {
		return 0, err
	}
	if err := s.token.inescapable(session, handle); err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.handle = handle
	s.mu.Unlock()
	return handle, nil
}

func (s *signer) forget() {
	s.mu.Lock()
	s.handle = 0
	s.mu.Unlock()
}

// ecdsaASN1 makes of r and s side by side (PKCS #11 2.40 §2.3.6) what
// crypto.Signer returns: a SEQUENCE of two INTEGERs (RFC 3279 §2.2.3).
func ecdsaASN1(signature []byte) ([]byte, error) {
	if len(signature) != 64 {
		return nil, fmt.Errorf("pkcs11: a signature of %d bytes is not one of P-256", len(signature))
	}
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]),
	})
}
