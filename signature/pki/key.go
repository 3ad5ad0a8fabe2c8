package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"propusk/signature/gost"
)

// Bounds of RSA keys. The upper one keeps a hostile key from costing time.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// Key is a public key that is allowed to count: long enough, on an allowed
// curve, of an allowed algorithm. It is immutable.
type Key struct {
	Kind Kind
	Bits int

	rsa  *rsa.PublicKey
	ec   *ecdsa.PublicKey
	gost *gost.PublicKey
	id   [sha256.Size]byte // of the SubjectPublicKeyInfo
}

// ParseKey reads a SubjectPublicKeyInfo and refuses every key that requirements
// A23.9 do: RSA below 2048 bits, curves other than the NIST ones from P-256 up,
// explicit curve parameters, points off the curve, GOST R 34.10-2001.
func ParseKey(spki []byte) (*Key, *Fault) {
	in := cryptobyte.String(spki)
	body, ok := readSequence(&in)
	if !ok || !in.Empty() {
		return nil, Faultf(KeyMalformed, "SubjectPublicKeyInfo")
	}
	algorithm, ok := ReadAlgorithmIdentifier(&body)
	var raw []byte
	if !ok || !body.ReadASN1BitStringAsBytes(&raw) || !body.Empty() {
		return nil, Faultf(KeyMalformed, "SubjectPublicKeyInfo")
	}
	var key *Key
	var fault *Fault
	switch algorithm.OID {
	case oidRSA:
		key, fault = parseRSA(algorithm, raw)
	case oidECKey:
		key, fault = parseEC(algorithm, raw)
	case oidGOST256Key:
		key, fault = parseGOST(algorithm, raw, GOST256)
	case oidGOST512Key:
		key, fault = parseGOST(algorithm, raw, GOST512)
	default:
		return nil, algorithm.refusal()
	}
	if fault != nil {
		return nil, fault
	}
	key.id = sha256.Sum256(spki)
	return key, nil
}

func parseRSA(algorithm AlgorithmIdentifier, raw []byte) (*Key, *Fault) {
	in := cryptobyte.String(raw)
	body, ok := readSequence(&in)
	modulus, exponent := new(big.Int), new(big.Int)
	if !ok || !in.Empty() || !body.ReadASN1Integer(modulus) || !body.ReadASN1Integer(exponent) ||
		!body.Empty() || !algorithm.plain() || modulus.Sign() <= 0 || modulus.Bit(0) == 0 {
		return nil, Faultf(KeyMalformed, "RSAPublicKey")
	}
	bits := modulus.BitLen()
	switch {
	case bits < minRSABits:
		return nil, Faultf(RSATooShort, "%d bits", bits)
	case bits > maxRSABits:
		return nil, Faultf(KeyMalformed, "RSA key of %d bits", bits)
	case exponent.Cmp(big.NewInt(65537)) < 0 || exponent.BitLen() > 31 || exponent.Bit(0) == 0:
		return nil, Faultf(RSAExponent, "public exponent %s", exponent)
	}
	return &Key{Kind: RSA, Bits: bits, rsa: &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}}, nil
}

// The curves of "ECDSA P-256 and above".
var curves = map[string]elliptic.Curve{
	"1.2.840.10045.3.1.7": elliptic.P256(),
	"1.3.132.0.34":        elliptic.P384(),
	"1.3.132.0.35":        elliptic.P521(),
}

func parseEC(algorithm AlgorithmIdentifier, raw []byte) (*Key, *Fault) {
	parameters := cryptobyte.String(algorithm.Parameters)
	if parameters.PeekASN1Tag(casn1.SEQUENCE) {
		return nil, Faultf(CurveExplicit, "curve given by its numbers, not by name")
	}
	name, ok := readOID(&parameters)
	if !ok || !parameters.Empty() {
		return nil, Faultf(KeyMalformed, "curve name")
	}
	curve, ok := curves[name]
	if !ok {
		return nil, Faultf(CurveRefused, "curve %s", name)
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(raw) != 1+2*size || raw[0] != 4 {
		return nil, Faultf(KeyMalformed, "point not in uncompressed form")
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, raw)
	if err != nil {
		return nil, Faultf(KeyOffCurve, "point is not on %s", curve.Params().Name)
	}
	return &Key{Kind: EC, Bits: curve.Params().BitSize, ec: key}, nil
}

// parseGOST reads the parameters and the key of RFC 9215 §4.
func parseGOST(algorithm AlgorithmIdentifier, raw []byte, kind Kind) (*Key, *Fault) {
	digest := map[Kind]Digest{GOST256: Streebog256, GOST512: Streebog512}[kind]
	parameters := cryptobyte.String(algorithm.Parameters)
	body, ok := readSequence(&parameters)
	if !ok || !parameters.Empty() {
		return nil, Faultf(KeyMalformed, "GOST parameters")
	}
	name, ok := readOID(&body)
	if !ok {
		return nil, Faultf(KeyMalformed, "GOST parameters")
	}
	set, known := gost.Parameters(name)
	if !known || (set.Bits == 512) != (kind == GOST512) {
		return nil, Faultf(CurveRefused, "parameter set %s", name)
	}
	if body.PeekASN1Tag(casn1.OBJECT_IDENTIFIER) {
		if name, ok = readOID(&body); !ok || digests[name] != digest {
			return nil, Faultf(AlgorithmFamily, "digest %s with a GOST R 34.10-2012 key", name)
		}
	}
	in := cryptobyte.String(raw)
	var octets cryptobyte.String
	if !body.Empty() || !in.ReadASN1(&octets, casn1.OCTET_STRING) || !in.Empty() {
		return nil, Faultf(KeyMalformed, "GOST public key")
	}
	key, err := gost.NewPublicKey(set, octets)
	switch {
	case errors.Is(err, gost.ErrOffCurve):
		return nil, Faultf(KeyOffCurve, "point is not on %s", set.Name)
	case err != nil:
		return nil, Faultf(KeyMalformed, "GOST public key")
	}
	return &Key{Kind: kind, Bits: set.Bits, gost: key}, nil
}

// Digest returns the one digest that a person's signature by this key may use:
// it follows from the key, so that nobody can choose a weaker one.
func (k *Key) Digest() Digest {
	switch {
	case k.Kind == GOST256:
		return Streebog256
	case k.Kind == GOST512:
		return Streebog512
	case k.Kind == EC && k.Bits == 384:
		return SHA384
	case k.Kind == EC && k.Bits > 384:
		return SHA512
	default:
		return SHA256
	}
}

// Verify checks a signature over message. The fault is AlgorithmFamily when the
// algorithm is not one for this key, SignatureWrong when it does not match.
func (k *Key) Verify(algorithm SignatureAlgorithm, message, signature []byte) *Fault {
	if algorithm.Kind != k.Kind {
		return Faultf(AlgorithmFamily, "the signature's algorithm is not one for the key")
	}
	digest := algorithm.Digest.Sum(message)
	valid := false
	switch k.Kind {
	case RSA:
		valid = algorithm.Digest.crypto() != 0 &&
			rsa.VerifyPKCS1v15(k.rsa, algorithm.Digest.crypto(), digest, signature) == nil
	case EC:
		valid = ecdsa.VerifyASN1(k.ec, digest, signature)
	default:
		valid = k.gost.Verify(digest, signature)
	}
	if !valid {
		return Faultf(SignatureWrong, "the signature does not match")
	}
	return nil
}

// Equal reports whether both are the same key in the same encoding.
func (k *Key) Equal(other *Key) bool { return bytes.Equal(k.id[:], other.id[:]) }

// String names the algorithm for a person.
func (k *Key) String() string {
	switch k.Kind {
	case GOST256:
		return "ГОСТ Р 34.10-2012 (256)"
	case GOST512:
		return "ГОСТ Р 34.10-2012 (512)"
	case EC:
		return "ECDSA P-" + strconv.Itoa(k.Bits)
	default:
		return "RSA-" + strconv.Itoa(k.Bits)
	}
}
