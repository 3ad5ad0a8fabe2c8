package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"propusk/signature/pki"
)

// noon is the time that the tests with their own authority happen at.
var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// testAuthority is a root of our own with one certified person, so that a test can
// make every wrong thing that OpenSSL refuses to make.
type testAuthority struct {
	root    *x509.Certificate
	rootKey *ecdsa.PrivateKey
	leaf    *x509.Certificate
	leafKey *ecdsa.PrivateKey
	number  int64
}

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t testing.TB) *testAuthority {
	t.Helper()
	a := &testAuthority{rootKey: newKey(t, elliptic.P256()), leafKey: newKey(t, elliptic.P256())}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"},
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	a.root = a.create(t, template, template, &a.rootKey.PublicKey, a.rootKey)
	a.leaf = a.issue(t, &a.leafKey.PublicKey, nil)
	return a
}

// numbered is a subject attribute of the Russian arc.
func numbered(oid asn1.ObjectIdentifier, value any) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: value}
}

var (
	attributeINN   = asn1.ObjectIdentifier{1, 2, 643, 3, 131, 1, 1}
	attributeSNILS = asn1.ObjectIdentifier{1, 2, 643, 100, 3}
)

// issue makes a qualified certificate; change spoils the template.
func (a *testAuthority) issue(t testing.TB, key crypto.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	a.number++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(100 + a.number),
		Subject: pkix.Name{CommonName: "Иванов Иван", ExtraNames: []pkix.AttributeTypeAndValue{
			numbered(attributeSNILS, "99000000153"), numbered(attributeINN, "990000000115"),
		}},
		NotBefore: noon.AddDate(0, -1, 0), NotAfter: noon.AddDate(1, 0, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:       []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		PolicyIdentifiers: []asn1.ObjectIdentifier{{1, 2, 643, 100, 113, 1}},
		SubjectKeyId:      []byte{byte(a.number), 2, 3, 4},
	}
	template.Policies = []x509.OID{mustOID(t, 1, 2, 643, 100, 113, 1)}
	if change != nil {
		change(template)
	}
	return a.create(t, template, a.root, key, a.rootKey)
}

func mustOID(t testing.TB, parts ...uint64) x509.OID {
	t.Helper()
	oid, err := x509.OIDFromInts(parts)
	if err != nil {
		t.Fatal(err)
	}
	return oid
}

func (a *testAuthority) create(t testing.TB, template, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// list makes a revocation list with the serial numbers given.
func (a *testAuthority) list(t testing.TB, number int64, made time.Time, serials ...*big.Int) []byte {
	t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: made, NextUpdate: made.Add(24 * time.Hour)}
	for _, serial := range serials {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: serial, RevocationTime: made.Add(-time.Hour), ReasonCode: 1})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.root, a.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// verifier trusts the root and holds a fresh, empty list.
func (a *testAuthority) verifier(t testing.TB, change func(*Deps)) *Local {
	t.Helper()
	store := NewStore()
	root := parse(t, a.root.Raw)
	if err := store.trust([]found{{root, "test"}}, new(Report)); err != nil {
		t.Fatal(err)
	}
	revocations := NewRevocations(RevocationDeps{Trust: store, Now: atNoon})
	list, fault := pki.ParseCRL(a.list(t, 1, noon.Add(-time.Hour)))
	if fault != nil {
		t.Fatal(fault)
	}
	revocations.Add(list)
	deps := Deps{Trust: store, Revocations: revocations, Now: atNoon}
	if change != nil {
		change(&deps)
	}
	local, err := NewLocal(deps)
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func parse(t testing.TB, der []byte) *pki.Certificate {
	t.Helper()
	c, fault := pki.ParseCertificate(der)
	if fault != nil {
		t.Fatal(fault)
	}
	return c
}

// signing describes a CMS to be made. Its zero fields are filled in so that the
// result is right; a test spoils one of them.
type signing struct {
	content      []byte
	key          crypto.Signer
	certificate  *x509.Certificate
	certificates [][]byte // enclosed; the signer's by default
	hash         crypto.Hash

	contentType    asn1.ObjectIdentifier // of EncapsulatedContentInfo
	digest         []byte                // AlgorithmIdentifier
	listedDigest   []byte                // AlgorithmIdentifier in digestAlgorithms
	algorithm      []byte                // AlgorithmIdentifier
	attributes     [][]byte              // encoded attributes
	noAttributes   bool
	unsorted       bool
	signed         []byte // what is signed instead of the attributes
	signerVersion  int64
	signerID       []byte
	signers        int    // how many times the SignerInfo is repeated
	beforeSigners  []byte // raw, between certificates and signers
	afterSignature []byte // raw, the unsigned attributes
}

var (
	oidOfData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidOfSigned      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidsOfAttributes = map[string]asn1.ObjectIdentifier{
		"contentType":          {1, 2, 840, 113549, 1, 9, 3},
		"messageDigest":        {1, 2, 840, 113549, 1, 9, 4},
		"signingTime":          {1, 2, 840, 113549, 1, 9, 5},
		"signingCertificateV2": {1, 2, 840, 113549, 1, 9, 16, 2, 47},
	}
)

func (a *testAuthority) signing() *signing {
	return &signing{
		content: []byte("challenge"), key: a.leafKey, certificate: a.leaf, hash: crypto.SHA256,
		contentType: oidOfData, digest: algorithmIdentifier(2, 16, 840, 1, 101, 3, 4, 2, 1),
		algorithm: algorithmIdentifier(1, 2, 840, 10045, 4, 3, 2), signerVersion: 1, signers: 1,
	}
}

func algorithmIdentifier(oid ...int) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
	})
}

func build(fill func(*cryptobyte.Builder)) []byte {
	b := cryptobyte.NewBuilder(nil)
	fill(b)
	return b.BytesOrPanic()
}

func wrap(tag casn1.Tag, parts ...[]byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
	})
}

func attribute(name string, values ...[]byte) []byte {
	return wrap(casn1.SEQUENCE, encodedOID(oidsOfAttributes[name]), wrap(casn1.SET, values...))
}

func encodedOID(oid asn1.ObjectIdentifier) []byte {
	return build(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
}

// standard are the three attributes of the profile.
func (s *signing) standard() map[string][]byte {
	h := s.hash.New()
	h.Write(s.content)
	certificate := sha256.Sum256(s.certificate.Raw)
	return map[string][]byte{
		"contentType":   encodedOID(oidOfData),
		"messageDigest": wrap(casn1.OCTET_STRING, h.Sum(nil)),
		"signingCertificateV2": wrap(casn1.SEQUENCE, wrap(casn1.SEQUENCE, wrap(casn1.SEQUENCE,
			wrap(casn1.OCTET_STRING, certificate[:])))),
	}
}

// without returns the standard attributes but one, which is replaced.
func (s *signing) without(name string, instead ...[]byte) [][]byte {
	attributes := slices.Clone(instead)
	for other, value := range s.standard() {
		if other != name {
			attributes = append(attributes, attribute(other, value))
		}
	}
	return attributes
}

func (s *signing) issuerAndSerial() []byte {
	return wrap(casn1.SEQUENCE, s.certificate.RawIssuer,
		build(func(b *cryptobyte.Builder) { b.AddASN1BigInt(s.certificate.SerialNumber) }))
}

// make encodes and signs.
func (s *signing) make(t testing.TB) []byte {
	t.Helper()
	if s.attributes == nil {
		s.attributes = s.without("")
	}
	slices.SortFunc(s.attributes, bytes.Compare)
	if s.unsorted {
		slices.Reverse(s.attributes)
	}
	if s.signed == nil {
		s.signed = wrap(casn1.SET, s.attributes...)
	}
	h := s.hash.New()
	h.Write(s.signed)
	value, err := s.key.Sign(rand.Reader, h.Sum(nil), s.hash)
	if err != nil {
		t.Fatal(err)
	}
	if s.signerID == nil {
		s.signerID = s.issuerAndSerial()
	}
	if s.certificates == nil {
		s.certificates = [][]byte{s.certificate.Raw}
	}
	if s.listedDigest == nil {
		s.listedDigest = s.digest
	}
	version := build(func(b *cryptobyte.Builder) { b.AddASN1Int64(s.signerVersion) })
	var attributes []byte
	if !s.noAttributes {
		attributes = wrap(0xa0, s.attributes...)
	}
	signer := wrap(casn1.SEQUENCE, version, s.signerID, s.digest, attributes, s.algorithm,
		wrap(casn1.OCTET_STRING, value), s.afterSignature)
	return wrap(casn1.SEQUENCE, encodedOID(oidOfSigned), wrap(0xa0, wrap(casn1.SEQUENCE,
		[]byte{2, 1, 1}, wrap(casn1.SET, s.listedDigest), wrap(casn1.SEQUENCE, encodedOID(s.contentType)),
		wrap(0xa0, s.certificates...), s.beforeSigners, wrap(casn1.SET, slices.Repeat(signer, s.signers)))))
}
