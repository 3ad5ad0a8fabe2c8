package pki

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"propusk/signature/gost"
)

// Digest is a hash function that may stand in a signature.
type Digest int

// The digests allowed.
const (
	SHA256 Digest = iota + 1
	SHA384
	SHA512
	Streebog256
	Streebog512
)

var digestNames = map[Digest]string{
	SHA256: "SHA-256", SHA384: "SHA-384", SHA512: "SHA-512",
	Streebog256: "GOST R 34.11-2012 (256)", Streebog512: "GOST R 34.11-2012 (512)",
}

// String returns the usual name.
func (d Digest) String() string { return digestNames[d] }

// New starts a computation.
func (d Digest) New() hash.Hash {
	switch d {
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	case Streebog256:
		return gost.New256()
	default:
		return gost.New512()
	}
}

// Sum returns the digest of message.
func (d Digest) Sum(message []byte) []byte {
	h := d.New()
	h.Write(message)
	return h.Sum(nil)
}

func (d Digest) crypto() crypto.Hash {
	return map[Digest]crypto.Hash{SHA256: crypto.SHA256, SHA384: crypto.SHA384, SHA512: crypto.SHA512}[d]
}

// Kind is what a key is: what it signs with decides everything else.
type Kind int

// The kinds allowed (requirements A23.9).
const (
	RSA Kind = iota + 1
	EC
	GOST256
	GOST512
)

// Russian reports whether the kind is of the GOST family. A path does not mix
// the families.
func (k Kind) Russian() bool { return k == GOST256 || k == GOST512 }

// SignatureAlgorithm is a key kind and the digest that it signs.
type SignatureAlgorithm struct {
	Kind   Kind
	Digest Digest
}

// Object identifiers in dotted form.
const (
	oidRSA        = "1.2.840.113549.1.1.1"
	oidECKey      = "1.2.840.10045.2.1"
	oidGOST256Key = "1.2.643.7.1.1.1.1"
	oidGOST512Key = "1.2.643.7.1.1.1.2"
)

var signatureAlgorithms = map[string]SignatureAlgorithm{
	"1.2.840.113549.1.1.11": {RSA, SHA256},
	"1.2.840.113549.1.1.12": {RSA, SHA384},
	"1.2.840.113549.1.1.13": {RSA, SHA512},
	"1.2.840.10045.4.3.2":   {EC, SHA256},
	"1.2.840.10045.4.3.3":   {EC, SHA384},
	"1.2.840.10045.4.3.4":   {EC, SHA512},
	"1.2.643.7.1.1.3.2":     {GOST256, Streebog256},
	"1.2.643.7.1.1.3.3":     {GOST512, Streebog512},
}

var digests = map[string]Digest{
	"2.16.840.1.101.3.4.2.1": SHA256,
	"2.16.840.1.101.3.4.2.2": SHA384,
	"2.16.840.1.101.3.4.2.3": SHA512,
	"1.2.643.7.1.1.2.2":      Streebog256,
	"1.2.643.7.1.1.2.3":      Streebog512,
}

// refused names the algorithms that people really present and that are refused
// each with its own message (requirements A23.9); all others are AlgorithmRefused.
var refused = map[string]Code{
	"1.2.643.2.2.3":        GOST2001Refused, // GOST R 34.11-94 with GOST R 34.10-2001
	"1.2.643.2.2.4":        GOST2001Refused, // GOST R 34.11-94 with GOST R 34.10-94
	"1.2.643.2.2.19":       GOST2001Refused, // key GOST R 34.10-2001
	"1.2.643.2.2.20":       GOST2001Refused, // key GOST R 34.10-94
	"1.2.643.2.2.9":        GOST94Refused,
	"1.3.14.3.2.26":        SHA1Refused,
	"1.3.14.3.2.29":        SHA1Refused,
	"1.2.840.113549.1.1.5": SHA1Refused,
	"1.2.840.10045.4.1":    SHA1Refused,
	"1.2.840.113549.2.5":   MD5Refused,
	"1.2.840.113549.1.1.4": MD5Refused,
	"1.2.840.113549.1.1.2": MD5Refused,
	"1.2.840.113549.2.2":   MD5Refused,
}

// AlgorithmIdentifier is the structure of RFC 5280 §4.1.1.2: the identifier in
// dotted form and the encoded parameters, empty when absent.
type AlgorithmIdentifier struct {
	OID        string
	Parameters []byte
}

// ReadAlgorithmIdentifier reads one and reports whether it was there.
func ReadAlgorithmIdentifier(in *cryptobyte.String) (a AlgorithmIdentifier, ok bool) {
	content, ok := readSequence(in)
	if !ok {
		return a, false
	}
	if a.OID, ok = readOID(&content); !ok {
		return a, false
	}
	a.Parameters = content
	if content.Empty() {
		return a, true
	}
	var parameters cryptobyte.String
	return a, content.ReadAnyASN1(&parameters, new(casn1.Tag)) && content.Empty()
}

// plain reports whether the parameters are absent or NULL. RFC 4055 wants NULL
// for RSA, RFC 5758 and RFC 9215 want none, and signing programs write either.
func (a AlgorithmIdentifier) plain() bool {
	return len(a.Parameters) == 0 || string(a.Parameters) == "\x05\x00"
}

func (a AlgorithmIdentifier) refusal() *Fault {
	code, known := refused[a.OID]
	if !known {
		code = AlgorithmRefused
	}
	return Faultf(code, "algorithm %s", a.OID)
}

// Digest returns the hash function that the identifier names.
func (a AlgorithmIdentifier) Digest() (Digest, *Fault) {
	digest, ok := digests[a.OID]
	if !ok || !a.plain() {
		return 0, a.refusal()
	}
	return digest, nil
}

// Signature returns the algorithm of a signature in a certificate, revocation
// list or OCSP answer. RSASSA-PSS is not on the list: no Russian authority issues
// it, and its parameters are a language of their own.
func (a AlgorithmIdentifier) Signature() (SignatureAlgorithm, *Fault) {
	algorithm, ok := signatureAlgorithms[a.OID]
	if !ok || !a.plain() {
		return SignatureAlgorithm{}, a.refusal()
	}
	return algorithm, nil
}

// MessageSignature returns the algorithm of a CMS signature whose digest stands
// beside it. There the identifier may also name the key alone: rsaEncryption
// (RFC 3370 §3.2) and the two GOST keys.
func (a AlgorithmIdentifier) MessageSignature(digest Digest) (SignatureAlgorithm, *Fault) {
	kind, bare := map[string]Kind{oidRSA: RSA, oidGOST256Key: GOST256, oidGOST512Key: GOST512}[a.OID]
	if bare && (a.plain() || kind.Russian()) {
		return SignatureAlgorithm{kind, digest}, nil
	}
	algorithm, fault := a.Signature()
	if fault == nil && algorithm.Digest != digest {
		return algorithm, Faultf(AlgorithmRefused, "signature %s beside digest %s", a.OID, digest)
	}
	return algorithm, fault
}
