package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"

	"github.com/go-jose/go-jose/v4"
)

// verified reports whether the signature is one of the input by the key with the
// algorithm (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1). A key of another kind than the
// algorithm's verifies nothing (RFC 8725 §3.1).
func verified(algorithm string, key crypto.PublicKey, input string, signature []byte) bool {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if algorithm != string(jose.ES256) || key.Curve != elliptic.P256() {
			return false
		}
		var room [maxDER]byte
		der, ok := joined(room[:0], signature)
		digest := sha256.Sum256([]byte(input))
		return ok && ecdsa.VerifyASN1(key, digest[:], der)
	case *rsa.PublicKey:
		digest := sha256.Sum256([]byte(input))
		switch jose.SignatureAlgorithm(algorithm) {
		case jose.PS256: // the salt is as long as the hash (RFC 7518 §3.5)
			return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		case jose.RS256:
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		}
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA) && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(input), signature)
	}
	return false
}

// An ES256 signature is two integers of 32 bytes, one after the other (RFC 7518 §3.4);
// in ASN.1, which crypto/ecdsa reads, each may have a byte of zero before it.
const (
	half   = 32
	maxDER = 2 + 2*(2+1+half)
)

// joined appends an ES256 signature in ASN.1 DER.
func joined(der, signature []byte) ([]byte, bool) {
	if len(signature) != 2*half {
		return nil, false
	}
	der = append(der, 0x30, 0) // SEQUENCE, its length below
	for _, integer := range [][]byte{signature[:half], signature[half:]} {
		for len(integer) > 0 && integer[0] == 0 {
			integer = integer[1:]
		}
		if len(integer) == 0 { // neither r nor s can be zero (FIPS 186-5 §6.4.2)
			return nil, false
		}
		positive := integer[0] < 0x80
		der = append(der, 0x02, byte(len(integer)))
		if !positive {
			der[len(der)-1]++
			der = append(der, 0)
		}
		der = append(der, integer...)
	}
	der[1] = byte(len(der) - 2)
	return der, true
}
