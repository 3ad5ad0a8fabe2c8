package signature

import (
	"bytes"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"propusk/signature/pki"
)

// The signed attributes that are read. Others may be there and say nothing here.
const (
	oidContentType          = "1.2.840.113549.1.9.3"
	oidMessageDigest        = "1.2.840.113549.1.9.4"
	oidSigningTime          = "1.2.840.113549.1.9.5"
	oidSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47"
)

// maxAttributes bounds the signed attributes; signing programs write four to six.
const maxAttributes = 32

// attributes are the signed attributes of the profile.
type attributes struct {
	messageDigest      []byte
	signingTime        time.Time
	signingCertificate certificateID
}

// certificateID is the first ESSCertIDv2 of signingCertificateV2, RFC 5035 §4:
// the one certificate that the signature is bound to.
type certificateID struct {
	digest pki.Digest
	hash   []byte
	issuer []byte // raw Name, nil when the certificate is given by hash alone
	serial []byte
}

func (id certificateID) names(c *pki.Certificate) bool {
	if !bytes.Equal(id.digest.Sum(c.Raw), id.hash) {
		return false
	}
	return id.issuer == nil || bytes.Equal(id.issuer, c.RawIssuer) && bytes.Equal(unsigned(id.serial), c.Serial.Bytes())
}

// parse reads signedAttrs. Every type occurs once; the three of CAdES-BES must
// be there with exactly one value; the set is in DER order, because its bytes are
// what was signed.
func (a *attributes) parse(set cryptobyte.String) *Fault {
	if !pki.SortedSet(set) {
		return faultf(AttributesUnsorted, "signedAttrs is not in DER order")
	}
	seen := map[string]bool{}
	for !set.Empty() {
		kind, value, fault := readAttribute(&set)
		if fault != nil {
			return fault
		}
		if seen[kind] || len(seen) == maxAttributes {
			return faultf(AttributeRepeated, "attribute %s", kind)
		}
		seen[kind] = true
		if fault := a.set(kind, value); fault != nil {
			return fault
		}
	}
	for _, required := range []struct {
		kind string
		code Code
	}{
		{oidContentType, ContentTypeMissing},
		{oidMessageDigest, MessageDigestMissing},
		{oidSigningCertificateV2, SigningCertificateMissing},
	} {
		if !seen[required.kind] {
			return faultf(required.code, "attribute %s", required.kind)
		}
	}
	return nil
}

// readAttribute returns the type and the content of the value set.
func readAttribute(in *cryptobyte.String) (kind string, values cryptobyte.String, fault *Fault) {
	var body cryptobyte.String
	if !in.ReadASN1(&body, casn1.SEQUENCE) {
		return "", nil, faultf(AttributeMalformed, "attribute")
	}
	kind, ok := readOID(&body)
	if !ok || !body.ReadASN1(&values, casn1.SET) || !body.Empty() || values.Empty() {
		return "", nil, faultf(AttributeMalformed, "attribute %s", kind)
	}
	return kind, values, nil
}

// set reads one attribute. Reading must use the whole value: a second value in
// the set is refused like any other remainder.
func (a *attributes) set(kind string, value cryptobyte.String) *Fault {
	var ok bool
	switch kind {
	case oidContentType:
		var content string
		content, ok = readOID(&value)
		if ok && content != oidData {
			return faultf(ContentTypeNotData, "contentType %s", content)
		}
	case oidMessageDigest:
		ok = value.ReadASN1Bytes(&a.messageDigest, casn1.OCTET_STRING)
	case oidSigningTime:
		if value.PeekASN1Tag(casn1.UTCTime) {
			ok = value.ReadASN1UTCTime(&a.signingTime)
		} else {
			ok = value.ReadASN1GeneralizedTime(&a.signingTime)
		}
	case oidSigningCertificateV2:
		return a.signingCertificate.parse(value)
	default:
		return nil
	}
	if !ok {
		return faultf(AttributeMalformed, "attribute %s", kind)
	}
	if !value.Empty() {
		return faultf(AttributeRepeated, "attribute %s has several values", kind)
	}
	return nil
}

// parse reads SigningCertificateV2. The identifiers after the first name the
// issuers; the path builder finds those itself.
func (id *certificateID) parse(value cryptobyte.String) *Fault {
	malformed := faultf(AttributeMalformed, "signingCertificateV2")
	var body, list, first cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1(&list, casn1.SEQUENCE) ||
		!list.ReadASN1(&first, casn1.SEQUENCE) {
		return malformed
	}
	if !value.Empty() {
		return faultf(AttributeRepeated, "signingCertificateV2 has several values")
	}
	id.digest = pki.SHA256 // the default of RFC 5035
	if first.PeekASN1Tag(casn1.SEQUENCE) {
		algorithm, ok := pki.ReadAlgorithmIdentifier(&first)
		if !ok {
			return malformed
		}
		var fault *Fault
		if id.digest, fault = algorithm.Digest(); fault != nil {
			return fault
		}
	}
	if !first.ReadASN1Bytes(&id.hash, casn1.OCTET_STRING) {
		return malformed
	}
	if first.Empty() {
		return nil
	}
	if !id.parseIssuerSerial(first) {
		return malformed
	}
	return nil
}

// parseIssuerSerial reads IssuerSerial: GeneralNames with one directory name, and
// the serial number.
func (id *certificateID) parseIssuerSerial(in cryptobyte.String) bool {
	var body, names, directory, name, serial cryptobyte.String
	if !in.ReadASN1(&body, casn1.SEQUENCE) || !in.Empty() || !body.ReadASN1(&names, casn1.SEQUENCE) ||
		!body.ReadASN1(&serial, casn1.INTEGER) || !body.Empty() {
		return false
	}
	if !names.ReadASN1(&directory, casn1.Tag(4).ContextSpecific().Constructed()) || !names.Empty() ||
		!directory.ReadASN1Element(&name, casn1.SEQUENCE) || !directory.Empty() {
		return false
	}
	id.issuer, id.serial = name, serial
	return true
}

func readOID(in *cryptobyte.String) (string, bool) {
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&oid) {
		return "", false
	}
	return oid.String(), true
}
