package signaturetest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"sync"
	"testing"
	"time"

	"propusk/signature"
	"propusk/signature/pki"
)

// Authority is a trusted root of the test's own, and the verifier that trusts
// it. It is safe for concurrent use.
type Authority struct {
	Certificate *x509.Certificate
	Store       *signature.Store
	Revocations *signature.Revocations
	Verifier    *signature.Local

	key     *ecdsa.PrivateKey
	now     func() time.Time
	mutex   sync.Mutex
	serial  int64
	lists   int64
	revoked []x509.RevocationListEntry
}

// New makes an authority that has been accredited always, with a fresh, empty
// revocation list, at the time that now tells.
func New(t testing.TB, now func() time.Time) *Authority {
	t.Helper()
	key := newECKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"RU"}, CommonName: "Тестовый УЦ"},
		NotBefore: now().AddDate(-5, 0, 0), NotAfter: now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return newAuthority(t, now, key, create(t, template, template, &key.PublicKey, key))
}

// Expired is New whose root expired a day ago.
func Expired(t testing.TB, now func() time.Time) *Authority {
	t.Helper()
	key := newECKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"RU"}, CommonName: "Истёкший УЦ"},
		NotBefore: now().AddDate(-5, 0, 0), NotAfter: now().AddDate(0, 0, -1),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return newAuthority(t, now, key, create(t, template, template, &key.PublicKey, key))
}

func newAuthority(t testing.TB, now func() time.Time, key *ecdsa.PrivateKey, root *x509.Certificate) *Authority {
	t.Helper()
	a := &Authority{Certificate: root, Store: signature.NewStore(), key: key, now: now, serial: 100}
	a.Accredit(t)
	a.Revocations = signature.NewRevocations(signature.RevocationDeps{Trust: a.Store, Now: now})
	a.Revoke(t)
	var err error
	a.Verifier, err = signature.NewLocal(signature.Deps{Trust: a.Store, Revocations: a.Revocations, Now: now})
	must(t, err)
	return a
}

// Accredit says when the authority was accredited; without an interval, always.
func (a *Authority) Accredit(t testing.TB, intervals ...signature.Interval) {
	t.Helper()
	stored, err := json.Marshal(map[string]any{"authorities": []signature.Authority{{
		ID: "1999900000021", Name: a.Certificate.Subject.CommonName, Source: "test",
		Certificates: [][]byte{a.Certificate.Raw}, Accreditation: intervals, Hierarchy: len(intervals) == 0,
	}}})
	must(t, err)
	must(t, a.Store.Load(bytes.NewReader(stored)))
}

// Revoke publishes the next revocation list, with these holders' certificates
// on it from now on.
func (a *Authority) Revoke(t testing.TB, holders ...Holder) {
	t.Helper()
	list, fault := pki.ParseCRL(a.List(t, holders...))
	if fault != nil {
		t.Fatal(fault)
	}
	a.Revocations.Add(list)
}

// List makes the next revocation list, in DER, without publishing it.
func (a *Authority) List(t testing.TB, holders ...Holder) []byte {
	t.Helper()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	now := a.now()
	for _, h := range holders {
		a.revoked = append(a.revoked, x509.RevocationListEntry{
			SerialNumber: h.Certificate.SerialNumber, RevocationTime: now.Add(-time.Minute), ReasonCode: 1,
		})
	}
	a.lists++
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(a.lists), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.AddDate(1, 0, 0),
		RevokedCertificateEntries: a.revoked,
	}, a.Certificate, a.key)
	must(t, err)
	return der
}

// Holder is a certificate with its key.
type Holder struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// Issue makes a qualified-like certificate of a P-256 key for the subject; each
// change spoils the template.
func (a *Authority) Issue(t testing.TB, subject signature.Subject, changes ...func(*x509.Certificate)) Holder {
	t.Helper()
	return a.issue(t, newECKey(t), subject, changes)
}

// IssueRSA is Issue with an RSA key of 2048 bits.
func (a *Authority) IssueRSA(t testing.TB, subject signature.Subject, changes ...func(*x509.Certificate)) Holder {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	return a.issue(t, key, subject, changes)
}

// Reissue makes another certificate of the same key.
func (a *Authority) Reissue(t testing.TB, h Holder, subject signature.Subject, changes ...func(*x509.Certificate)) Holder {
	t.Helper()
	return a.issue(t, h.Key, subject, changes)
}

func (a *Authority) issue(t testing.TB, key crypto.Signer, subject signature.Subject, changes []func(*x509.Certificate)) Holder {
	t.Helper()
	a.mutex.Lock()
	a.serial++
	serial := a.serial
	a.mutex.Unlock()
	class, err := x509.OIDFromInts([]uint64{1, 2, 643, 100, 113, 1})
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{Country: []string{"RU"}, CommonName: subject.CommonName, ExtraNames: Attributes(subject)},
		NotBefore:    a.now().AddDate(0, -1, 0), NotAfter: a.now().AddDate(1, 0, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection},
		Policies:    []x509.OID{class},
	}
	for _, change := range changes {
		change(template)
	}
	return Holder{create(t, template, a.Certificate, key.Public(), a.key), key}
}

// Attributes are the subject's attributes but for country and common name.
func Attributes(s signature.Subject) []pkix.AttributeTypeAndValue {
	var list []pkix.AttributeTypeAndValue
	add := func(value string, oid ...int) {
		if value != "" {
			list = append(list, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier(oid), Value: value})
		}
	}
	add(s.LastName, 2, 5, 4, 4)
	add(s.GivenNames, 2, 5, 4, 42)
	add(s.Organisation, 2, 5, 4, 10)
	add(s.SNILS, 1, 2, 643, 100, 3)
	add(s.INN, 1, 2, 643, 3, 131, 1, 1)
	add(s.INNLE, 1, 2, 643, 100, 4)
	add(s.OGRN, 1, 2, 643, 100, 1)
	add(s.OGRNIP, 1, 2, 643, 100, 5)
	return list
}

func create(t testing.TB, template, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	must(t, err)
	c, err := x509.ParseCertificate(der)
	must(t, err)
	return c
}

func newECKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
