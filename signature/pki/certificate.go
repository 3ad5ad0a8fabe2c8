package pki

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxCertificate bounds one certificate in bytes; real ones have two to four
// thousand.
const maxCertificate = 32 << 10

// Certificate is a parsed X.509 version 3 certificate. It is immutable.
type Certificate struct {
	Raw        []byte // the whole certificate
	RawTBS     []byte // what the issuer signed
	RawSubject []byte
	RawIssuer  []byte
	RawSPKI    []byte

	Serial    *big.Int
	Subject   Name
	Issuer    Name
	NotBefore time.Time
	NotAfter  time.Time

	Extensions

	algorithm AlgorithmIdentifier
	signature []byte
	key       func() (*Key, *Fault)
}

// Key returns the public key, or why it may not count. It is parsed at first use,
// since checking that a point is in its subgroup costs time.
func (c *Certificate) Key() (*Key, *Fault) { return c.key() }

// Fingerprint returns the SHA-256 of the certificate in hexadecimal.
func (c *Certificate) Fingerprint() string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// SerialHex returns the serial number in hexadecimal, as signing programs show it.
func (c *Certificate) SerialHex() string { return hex.EncodeToString(c.Serial.Bytes()) }

// SelfIssued reports whether subject and issuer are one name.
func (c *Certificate) SelfIssued() bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// Equal reports whether both are the same bytes.
func (c *Certificate) Equal(other *Certificate) bool { return bytes.Equal(c.Raw, other.Raw) }

// ValidAt reports whether t is within the validity period, both ends included
// (RFC 5280 §4.1.2.5).
func (c *Certificate) ValidAt(t time.Time) bool {
	return !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// ParseCertificate reads exactly one certificate in DER. It says nothing about
// its key, its issuer or its time. The fault's code is NotDER, TrailingBytes or
// CertificateMalformed.
func ParseCertificate(der []byte) (*Certificate, *Fault) {
	if len(der) > maxCertificate {
		return nil, Faultf(CertificateMalformed, "%d bytes", len(der))
	}
	if fault := CheckDER(der); fault != nil {
		return nil, fault
	}
	c := &Certificate{Raw: bytes.Clone(der)}
	body, fault := c.open()
	if fault != nil {
		return nil, fault
	}
	if fault := c.parseTBS(body); fault != nil {
		return nil, fault
	}
	c.key = sync.OnceValues(func() (*Key, *Fault) { return ParseKey(c.RawSPKI) })
	return c, nil
}

// open reads the outer structure and returns the content of the signed part.
func (c *Certificate) open() (body cryptobyte.String, fault *Fault) {
	in := cryptobyte.String(c.Raw)
	outer, ok := readSequence(&in)
	var tbs cryptobyte.String
	if !ok || !outer.ReadASN1Element(&tbs, casn1.SEQUENCE) {
		return nil, Faultf(CertificateMalformed, "outer structure")
	}
	c.RawTBS = tbs
	if c.algorithm, ok = ReadAlgorithmIdentifier(&outer); !ok {
		return nil, Faultf(CertificateMalformed, "signature algorithm")
	}
	if !outer.ReadASN1BitStringAsBytes(&c.signature) || !outer.Empty() {
		return nil, Faultf(CertificateMalformed, "signature")
	}
	body, _ = readSequence(&tbs)
	return body, nil
}

func (c *Certificate) parseTBS(in cryptobyte.String) *Fault {
	var version int
	if !in.ReadOptionalASN1Integer(&version, casn1.Tag(0).ContextSpecific().Constructed(), 0) || version != 2 {
		return Faultf(CertificateMalformed, "version is not 3")
	}
	c.Serial = new(big.Int)
	if !in.ReadASN1Integer(c.Serial) || c.Serial.Sign() <= 0 || c.Serial.BitLen() > 160 {
		return Faultf(CertificateMalformed, "serial number")
	}
	inner, ok := ReadAlgorithmIdentifier(&in)
	if !ok || inner.OID != c.algorithm.OID || !bytes.Equal(inner.Parameters, c.algorithm.Parameters) {
		return Faultf(CertificateMalformed, "signature algorithm differs inside and outside")
	}
	if !readElement(&in, &c.RawIssuer) || !c.readValidity(&in) ||
		!readElement(&in, &c.RawSubject) || !readElement(&in, &c.RawSPKI) {
		return Faultf(CertificateMalformed, "issuer, validity, subject or key")
	}
	var fault *Fault
	if c.Issuer, fault = ParseName(c.RawIssuer); fault != nil {
		return fault
	}
	if c.Subject, fault = ParseName(c.RawSubject); fault != nil {
		return fault
	}
	if len(c.Issuer) == 0 {
		return Faultf(CertificateMalformed, "issuer has no name")
	}
	return c.parseExtensions(in)
}

func (c *Certificate) readValidity(in *cryptobyte.String) bool {
	body, ok := readSequence(in)
	if !ok {
		return false
	}
	if c.NotBefore, ok = readTime(&body); !ok {
		return false
	}
	c.NotAfter, ok = readTime(&body)
	return ok && body.Empty() && !c.NotAfter.Before(c.NotBefore)
}

// parseExtensions reads what follows the key. Unique identifiers (version 2)
// are refused: nobody may issue them (RFC 5280 §4.1.2.8).
func (c *Certificate) parseExtensions(in cryptobyte.String) *Fault {
	var wrapped cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&wrapped, &present, casn1.Tag(3).ContextSpecific().Constructed()) || !in.Empty() {
		return Faultf(CertificateMalformed, "unexpected field")
	}
	if !present {
		return nil
	}
	list, ok := readSequence(&wrapped)
	if !ok || !wrapped.Empty() || list.Empty() {
		return Faultf(CertificateMalformed, "extensions")
	}
	return eachExtension(list, CertificateMalformed, c.parse)
}

func readElement(in *cryptobyte.String, out *[]byte) bool {
	var element cryptobyte.String
	ok := in.ReadASN1Element(&element, casn1.SEQUENCE)
	*out = element
	return ok
}

// CheckSignature verifies that issuer's key signed the certificate.
func (c *Certificate) CheckSignature(issuer *Certificate) *Fault {
	key, fault := issuer.Key()
	if fault != nil {
		return fault
	}
	algorithm, fault := c.algorithm.Signature()
	if fault != nil {
		return fault
	}
	return key.Verify(algorithm, c.RawTBS, c.signature)
}

// Russian reports whether key or signature are of the GOST family, without
// parsing either: whether they will be dear to check.
func (c *Certificate) Russian() bool {
	return russianArc(c.algorithm.OID) || russianArc(c.keyAlgorithm())
}

func russianArc(oid string) bool { return strings.HasPrefix(oid, "1.2.643.") }

func (c *Certificate) keyAlgorithm() string {
	in := cryptobyte.String(c.RawSPKI)
	body, ok := readSequence(&in)
	if !ok {
		return ""
	}
	algorithm, _ := ReadAlgorithmIdentifier(&body)
	return algorithm.OID
}
