package signaturetest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidECDSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// Sign makes a detached CAdES-BES signature over content, in DER: SHA-256, with
// the three signed attributes of the profile and the holder's certificate.
func (h Holder) Sign(t testing.TB, content []byte) []byte {
	t.Helper()
	attributes := h.attributes(content)
	digest := sha256.Sum256(wrap(casn1.SET, attributes...))
	value, err := h.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	must(t, err)
	sha := wrap(casn1.SEQUENCE, object(oidSHA256))
	signer := wrap(casn1.SEQUENCE, integer(1), h.issuerAndSerial(), sha,
		wrap(casn1.Tag(0).ContextSpecific().Constructed(), attributes...), h.algorithm(), wrap(casn1.OCTET_STRING, value))
	body := wrap(casn1.SEQUENCE, integer(1), wrap(casn1.SET, sha), wrap(casn1.SEQUENCE, object(oidData)),
		wrap(casn1.Tag(0).ContextSpecific().Constructed(), h.Certificate.Raw), wrap(casn1.SET, signer))
	return wrap(casn1.SEQUENCE, object(oidSignedData), wrap(casn1.Tag(0).ContextSpecific().Constructed(), body))
}

// attributes are the signed ones, in DER order.
func (h Holder) attributes(content []byte) [][]byte {
	digest, certificate := sha256.Sum256(content), sha256.Sum256(h.Certificate.Raw)
	attribute := func(oid asn1.ObjectIdentifier, value []byte) []byte {
		return wrap(casn1.SEQUENCE, object(oid), wrap(casn1.SET, value))
	}
	list := [][]byte{
		attribute(oidContentType, object(oidData)),
		attribute(oidMessageDigest, wrap(casn1.OCTET_STRING, digest[:])),
		attribute(oidSigningCert, wrap(casn1.SEQUENCE, wrap(casn1.SEQUENCE, wrap(casn1.SEQUENCE,
			wrap(casn1.OCTET_STRING, certificate[:]))))),
	}
	slices.SortFunc(list, bytes.Compare)
	return list
}

func (h Holder) issuerAndSerial() []byte {
	return wrap(casn1.SEQUENCE, h.Certificate.RawIssuer,
		build(func(b *cryptobyte.Builder) { b.AddASN1BigInt(h.Certificate.SerialNumber) }))
}

func (h Holder) algorithm() []byte {
	if _, ec := h.Key.(*ecdsa.PrivateKey); ec {
		return wrap(casn1.SEQUENCE, object(oidECDSASHA256))
	}
	return wrap(casn1.SEQUENCE, object(oidRSA), []byte{5, 0})
}

func wrap(tag casn1.Tag, parts ...[]byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
	})
}

func object(oid asn1.ObjectIdentifier) []byte {
	return build(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
}

func integer(n int64) []byte {
	return build(func(b *cryptobyte.Builder) { b.AddASN1Int64(n) })
}

func build(fill func(*cryptobyte.Builder)) []byte {
	b := cryptobyte.NewBuilder(nil)
	fill(b)
	return b.BytesOrPanic()
}
