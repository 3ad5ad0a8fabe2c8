package pki

import (
	"bytes"
	"crypto/sha1" // a name for a certificate in OCSP, not a proof of anything
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	oidOCSPBasic = "1.3.6.1.5.5.7.48.1.1"
	oidOCSPNonce = "1.3.6.1.5.5.7.48.1.2"
	oidSHA1      = "1.3.14.3.2.26"
)

// OCSPStatusValue is what a responder says of a certificate.
type OCSPStatusValue int

// The answers of RFC 6960 §2.2.
const (
	OCSPGood OCSPStatusValue = iota
	OCSPRevoked
	OCSPUnknown
)

// OCSPResponse is a parsed basic answer. Nothing is verified before Check.
type OCSPResponse struct {
	ProducedAt time.Time
	Nonce      []byte

	tbs           []byte
	responderName []byte // one of the two
	responderKey  []byte
	algorithm     AlgorithmIdentifier
	signature     []byte
	certificates  []*Certificate
	singles       []OCSPSingle
	unknown       []string
}

// OCSPSingle is the answer for one certificate.
type OCSPSingle struct {
	Status     OCSPStatusValue
	RevokedAt  time.Time
	Reason     int
	ThisUpdate time.Time
	NextUpdate time.Time // zero when the responder always has newer information

	hash              AlgorithmIdentifier
	nameHash, keyHash []byte
	serial            *big.Int
	unknown           string // a critical extension, if there is one
}

// certID is the CertID of RFC 6960 §4.1.1 with SHA-1, the only hash that every
// responder must know (RFC 5019 §2.1.1). The answer is signed as a whole, and a
// second certificate of the same issuer name, key and serial cannot be.
func certID(certificate, issuer *Certificate) (nameHash, keyHash []byte) {
	name := sha1.Sum(issuer.RawSubject)
	key := sha1.Sum(publicKeyBits(issuer))
	return name[:], key[:]
}

// publicKeyBits is the content of the BIT STRING of the key.
func publicKeyBits(c *Certificate) []byte {
	in := cryptobyte.String(c.RawSPKI)
	body, _ := readSequence(&in)
	ReadAlgorithmIdentifier(&body)
	var bits []byte
	body.ReadASN1BitStringAsBytes(&bits)
	return bits
}

// OCSPRequest encodes a question about one certificate with a nonce, RFC 6960
// §4.1 and RFC 8954.
func OCSPRequest(certificate, issuer *Certificate, nonce []byte) []byte {
	nameHash, keyHash := certID(certificate, issuer)
	b := cryptobyte.NewBuilder(nil)
	sequence := func(b *cryptobyte.Builder, fill func(*cryptobyte.Builder)) { b.AddASN1(casn1.SEQUENCE, fill) }
	sequence(b, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						sequence(b, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier([]int{1, 3, 14, 3, 2, 26})
							b.AddASN1NULL()
						})
						b.AddASN1OctetString(nameHash)
						b.AddASN1OctetString(keyHash)
						b.AddASN1BigInt(certificate.Serial)
					})
				})
			})
			b.AddASN1(casn1.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier([]int{1, 3, 6, 1, 5, 5, 7, 48, 1, 2})
						b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
					})
				})
			})
		})
	})
	return b.BytesOrPanic()
}

// OCSPCheck is what an answer is held against.
type OCSPCheck struct {
	Certificate, Issuer *Certificate
	At                  time.Time
	// Skew is how far the responder's clock may be ahead.
	Skew time.Duration
	// MaxAge bounds an answer without nextUpdate; zero refuses those.
	MaxAge time.Duration
	// Nonce is what was asked with; nil for an answer that was not asked for now.
	Nonce []byte
	// NonceOptional accepts an answer without a nonce. A wrong one is always refused.
	NonceOptional bool
}

// Check verifies the answer's signature, who gave it, its time and its nonce, and
// returns what it says of the certificate.
func (r *OCSPResponse) Check(check OCSPCheck) (OCSPSingle, *Fault) {
	if len(r.unknown) > 0 {
		return OCSPSingle{}, Faultf(OCSPMalformed, "critical extension %s", r.unknown[0])
	}
	if check.Nonce != nil && !bytes.Equal(r.Nonce, check.Nonce) && (r.Nonce != nil || !check.NonceOptional) {
		return OCSPSingle{}, Faultf(OCSPNonce, "the answer is not to this question")
	}
	if fault := r.checkSigner(check); fault != nil {
		return OCSPSingle{}, fault
	}
	single, fault := r.about(check.Certificate, check.Issuer)
	if fault != nil {
		return OCSPSingle{}, fault
	}
	return single, single.checkTime(check)
}

// about finds the one answer for the certificate. Of two that differ nobody could
// say which counts.
func (r *OCSPResponse) about(certificate, issuer *Certificate) (single OCSPSingle, fault *Fault) {
	found := 0
	for _, s := range r.singles {
		if s.about(certificate, issuer) {
			single = s
			found++
		}
	}
	switch {
	case found == 0:
		return OCSPSingle{}, Faultf(OCSPOther, "the answer is about another certificate")
	case found > 1:
		return OCSPSingle{}, Faultf(OCSPMalformed, "%d answers for one certificate", found)
	case single.unknown != "":
		return OCSPSingle{}, Faultf(OCSPMalformed, "critical extension %s", single.unknown)
	}
	return single, nil
}

func (s OCSPSingle) about(certificate, issuer *Certificate) bool {
	nameHash, keyHash := certID(certificate, issuer)
	return s.hash.OID == oidSHA1 && bytes.Equal(s.nameHash, nameHash) &&
		bytes.Equal(s.keyHash, keyHash) && s.serial.Cmp(certificate.Serial) == 0
}

func (s OCSPSingle) checkTime(check OCSPCheck) *Fault {
	switch {
	case s.ThisUpdate.After(check.At.Add(check.Skew)):
		return Faultf(OCSPStale, "the answer is from the future")
	case s.NextUpdate.IsZero() && s.ThisUpdate.Before(check.At.Add(-check.MaxAge)):
		return Faultf(OCSPStale, "the answer of %s names no end", s.ThisUpdate.Format(time.RFC3339))
	case !s.NextUpdate.IsZero() && !s.NextUpdate.After(check.At):
		return Faultf(OCSPStale, "the answer held until %s", s.NextUpdate.Format(time.RFC3339))
	}
	return nil
}

// checkSigner: the answer is signed by the issuer, or by a responder that the
// issuer itself named by OCSPSigning (RFC 6960 §4.2.2.2). A leaf of the same
// authority without it is nobody, though its signature is good.
func (r *OCSPResponse) checkSigner(check OCSPCheck) *Fault {
	signer, fault := r.signer(check)
	if fault != nil {
		return fault
	}
	algorithm, fault := r.algorithm.Signature()
	if fault != nil {
		return fault
	}
	key, fault := signer.Key()
	if fault != nil {
		return fault
	}
	if fault := key.Verify(algorithm, r.tbs, r.signature); fault != nil {
		return Faultf(OCSPForged, "the answer is not signed by %s", signer.Subject)
	}
	return nil
}

func (r *OCSPResponse) signer(check OCSPCheck) (*Certificate, *Fault) {
	if r.isResponder(check.Issuer) {
		return check.Issuer, nil
	}
	for _, c := range r.certificates {
		if r.isResponder(c) {
			return c, delegated(c, check)
		}
	}
	return nil, Faultf(OCSPSigner, "the responder is unknown")
}

func (r *OCSPResponse) isResponder(c *Certificate) bool {
	if r.responderName != nil {
		return bytes.Equal(r.responderName, c.RawSubject)
	}
	hash := sha1.Sum(publicKeyBits(c))
	return bytes.Equal(r.responderKey, hash[:])
}

// delegated checks a responder's own certificate. It must say ocsp-nocheck: who
// answers for revocation cannot be asked about its own.
func delegated(c *Certificate, check OCSPCheck) *Fault {
	switch {
	case !slices.Contains(c.ExtendedKeyUsages, OCSPSigning):
		return Faultf(OCSPSigner, "%s is not entitled to answer", c.Subject)
	case c.HasKeyUsage && !c.Has(DigitalSignature):
		return Faultf(OCSPSigner, "%s may not sign", c.Subject)
	case !c.OCSPNoCheck:
		return Faultf(OCSPSigner, "%s is without ocsp-nocheck", c.Subject)
	case len(c.unknownCritical) > 0:
		return Faultf(OCSPSigner, "%s has the unknown critical extension %s", c.Subject, c.unknownCritical[0])
	case !c.ValidAt(check.At):
		return Faultf(OCSPSigner, "%s is not valid now", c.Subject)
	case !bytes.Equal(c.RawIssuer, check.Issuer.RawSubject):
		return Faultf(OCSPSigner, "%s is of another authority", c.Subject)
	}
	fault := c.CheckSignature(check.Issuer)
	if fault != nil && fault.Code == SignatureWrong {
		return Faultf(OCSPSigner, "%s is not of this authority", c.Subject)
	}
	return fault
}
