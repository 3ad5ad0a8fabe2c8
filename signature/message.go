package signature

import (
	"bytes"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"propusk/signature/pki"
)

// Bounds of a signature file.
const (
	// MaxSignature is the largest detached signature in bytes.
	MaxSignature = 64 << 10
	// MaxCertificates is how many certificates it may carry.
	MaxCertificates = 16
)

const (
	oidData       = "1.2.840.113549.1.7.1"
	oidSignedData = "1.2.840.113549.1.7.2"
)

// message is a CMS SignedData (RFC 5652 §5) that keeps to the profile. Nothing in
// it is verified yet.
type message struct {
	digest           pki.Digest
	algorithm        pki.SignatureAlgorithm
	attributes       attributes
	signedAttributes []byte // as they were signed: a SET
	value            []byte // the signature
	certificates     []*pki.Certificate

	signerIssuer, signerSerial []byte // the signer identifier: issuer and serial,
	signerKeyID                []byte // or key identifier
}

var (
	context0  = casn1.Tag(0).ContextSpecific()
	explicit0 = context0.Constructed()
	explicit1 = casn1.Tag(1).ContextSpecific().Constructed()
)

// parseMessage reads a detached signature by exactly one signer.
func parseMessage(der []byte) (*message, *Fault) {
	switch {
	case len(der) == 0:
		return nil, faultf(Empty, "no bytes")
	case len(der) > MaxSignature:
		return nil, faultf(TooLarge, "%d bytes", len(der))
	}
	if fault := pki.CheckDER(der); fault != nil {
		return nil, fault
	}
	in := cryptobyte.String(bytes.Clone(der))
	body, fault := openSignedData(in)
	if fault != nil {
		return nil, fault
	}
	m := new(message)
	return m, m.parse(body)
}

// openSignedData unwraps ContentInfo, RFC 5652 §3.
func openSignedData(in cryptobyte.String) (cryptobyte.String, *Fault) {
	var info, wrapped, body cryptobyte.String
	if !in.ReadASN1(&info, casn1.SEQUENCE) {
		return nil, faultf(pki.Malformed, "ContentInfo")
	}
	kind, ok := readOID(&info)
	switch {
	case !ok:
		return nil, faultf(pki.Malformed, "ContentInfo")
	case kind != oidSignedData:
		return nil, faultf(NotSignedData, "content type %s", kind)
	case !info.ReadASN1(&wrapped, explicit0) || !info.Empty() ||
		!wrapped.ReadASN1(&body, casn1.SEQUENCE) || !wrapped.Empty():
		return nil, faultf(pki.Malformed, "SignedData")
	}
	return body, nil
}

// parse reads SignedData, RFC 5652 §5.1.
func (m *message) parse(in cryptobyte.String) *Fault {
	var version int
	var algorithms, content, signers cryptobyte.String
	if !in.ReadASN1Integer(&version) || version != 1 && version != 3 ||
		!in.ReadASN1(&algorithms, casn1.SET) || !in.ReadASN1(&content, casn1.SEQUENCE) {
		return faultf(pki.Malformed, "SignedData")
	}
	if fault := detached(content); fault != nil {
		return fault
	}
	if fault := m.parseCertificates(&in); fault != nil {
		return fault
	}
	// Revocation lists that came along are not read: evidence of innocence is not
	// taken from the accused.
	if !in.SkipOptionalASN1(explicit1) || !in.ReadASN1(&signers, casn1.SET) || !in.Empty() {
		return faultf(pki.Malformed, "SignedData")
	}
	var signer cryptobyte.String
	switch {
	case signers.Empty():
		return faultf(SignersNone, "no SignerInfo")
	case !signers.ReadASN1(&signer, casn1.SEQUENCE):
		return faultf(pki.Malformed, "SignerInfo")
	case !signers.Empty():
		return faultf(SignersSeveral, "more than one SignerInfo")
	}
	return m.parseSigner(signer, algorithms)
}

// detached checks EncapsulatedContentInfo: plain data, and not inside.
func detached(in cryptobyte.String) *Fault {
	kind, ok := readOID(&in)
	switch {
	case !ok:
		return faultf(pki.Malformed, "EncapsulatedContentInfo")
	case !in.Empty():
		return faultf(ContentAttached, "eContent is present")
	case kind != oidData:
		return faultf(ContentTypeNotData, "content type %s", kind)
	}
	return nil
}

func (m *message) parseCertificates(in *cryptobyte.String) *Fault {
	var set cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&set, &present, explicit0) {
		return faultf(pki.Malformed, "certificates")
	}
	var raws [][]byte
	for !set.Empty() {
		var raw cryptobyte.String
		if !set.ReadASN1Element(&raw, casn1.SEQUENCE) {
			return faultf(pki.Malformed, "attribute certificates and other forms are not read")
		}
		raws = append(raws, raw)
	}
	if len(raws) > MaxCertificates {
		return faultf(CertificatesTooMany, "%d", len(raws))
	}
	for _, raw := range raws {
		certificate, fault := pki.ParseCertificate(raw)
		if fault != nil {
			return fault
		}
		m.certificates = append(m.certificates, certificate)
	}
	return nil
}

// parseSigner reads SignerInfo, RFC 5652 §5.3. The algorithms are judged before
// the attributes, so that a signature by a refused algorithm is told so.
func (m *message) parseSigner(in, algorithms cryptobyte.String) *Fault {
	if fault := m.parseSignerID(&in); fault != nil {
		return fault
	}
	digest, ok := pki.ReadAlgorithmIdentifier(&in)
	if !ok {
		return faultf(pki.Malformed, "digest algorithm")
	}
	var present bool
	var signed, unsigned cryptobyte.String
	if !in.ReadOptionalASN1(&signed, &present, explicit0) {
		return faultf(pki.Malformed, "signed attributes")
	}
	signature, ok := pki.ReadAlgorithmIdentifier(&in)
	if !ok || !in.ReadASN1Bytes(&m.value, casn1.OCTET_STRING) ||
		!in.ReadOptionalASN1(&unsigned, nil, explicit1) || !in.Empty() {
		return faultf(pki.Malformed, "SignerInfo")
	}
	if fault := m.setAlgorithms(signature, digest, algorithms); fault != nil {
		return fault
	}
	if !present || signed.Empty() {
		return faultf(SignedAttributesMissing, "signedAttrs is absent")
	}
	m.signedAttributes = asSet(signed)
	return m.attributes.parse(signed)
}

// setAlgorithms judges the identifiers; digestAlgorithms of SignedData must be the
// signer's one and no other.
func (m *message) setAlgorithms(signature, digest pki.AlgorithmIdentifier, all cryptobyte.String) *Fault {
	if _, fault := signature.MessageSignature(0); fault != nil && fault.Code != pki.AlgorithmRefused {
		return fault
	}
	var fault *Fault
	if m.digest, fault = digest.Digest(); fault != nil {
		return fault
	}
	if m.algorithm, fault = signature.MessageSignature(m.digest); fault != nil {
		return fault
	}
	listed, ok := pki.ReadAlgorithmIdentifier(&all)
	if !ok || !all.Empty() || listed.OID != digest.OID {
		return faultf(DigestAlgorithmsDiffer, "digestAlgorithms is not the signer's one")
	}
	return nil
}

// parseSignerID reads the version and the SignerIdentifier, which fix each other:
// version 1 is issuer and serial, version 3 a key identifier.
func (m *message) parseSignerID(in *cryptobyte.String) *Fault {
	var version int
	if !in.ReadASN1Integer(&version) {
		return faultf(pki.Malformed, "SignerInfo")
	}
	if in.PeekASN1Tag(context0) {
		if version != 3 || !in.ReadASN1Bytes(&m.signerKeyID, context0) || len(m.signerKeyID) == 0 {
			return faultf(pki.Malformed, "signer identifier")
		}
		return nil
	}
	var body, issuer, serial cryptobyte.String
	if version != 1 || !in.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1Element(&issuer, casn1.SEQUENCE) ||
		!body.ReadASN1(&serial, casn1.INTEGER) || !body.Empty() {
		return faultf(pki.Malformed, "signer identifier")
	}
	m.signerIssuer, m.signerSerial = issuer, serial
	return nil
}

// names reports whether the signer identifier is that of the certificate.
func (m *message) names(c *pki.Certificate) bool {
	if m.signerKeyID != nil {
		return bytes.Equal(m.signerKeyID, c.SubjectKeyID)
	}
	return bytes.Equal(m.signerIssuer, c.RawIssuer) && bytes.Equal(unsigned(m.signerSerial), c.Serial.Bytes())
}

// unsigned drops the sign octet of a positive INTEGER. A negative one, which would
// have the octets of another number, is nobody's serial number: nil.
func unsigned(integer []byte) []byte {
	if len(integer) > 0 && integer[0] >= 0x80 {
		return nil
	}
	if len(integer) > 1 && integer[0] == 0 {
		return integer[1:]
	}
	return integer
}

// asSet writes the attributes as they were hashed: with the tag of SET in the
// place of the implicit [0] (RFC 5652 §5.4).
func asSet(content []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	return b.BytesOrPanic()
}

// signer returns the certificate that signingCertificateV2 names.
func (m *message) signer() (*pki.Certificate, *Fault) {
	if len(m.certificates) == 0 {
		return nil, faultf(SignerCertificateMissing, "no certificates")
	}
	for _, c := range m.certificates {
		if m.attributes.signingCertificate.names(c) {
			return c, nil
		}
	}
	return nil, faultf(SigningCertificateMismatch, "none of the certificates has the hash that was signed")
}

// signingTime is the time that the signer claims, or zero.
func (m *message) signingTime() time.Time { return m.attributes.signingTime }
