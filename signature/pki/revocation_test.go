package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// issuerAndLeaf is an authority, one of its certificates, and their keys.
type issuerAndLeaf struct {
	keys
	chain        []*x509.Certificate
	issuer, leaf *Certificate
}

func newIssuer(t testing.TB) issuerAndLeaf {
	t.Helper()
	i := issuerAndLeaf{keys: newKeys(t)}
	i.chain = i.keys.chain(t, []spec{
		{Name: "root", CA: true, PathLen: -1, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign},
		{Name: "leaf", PathLen: -1, KeyUsage: x509.KeyUsageDigitalSignature, Curve: 1},
	})
	i.issuer, i.leaf = mustParse(t, i.chain[0].Raw), mustParse(t, i.chain[1].Raw)
	return i
}

func mustParse(t testing.TB, der []byte) *Certificate {
	t.Helper()
	c, fault := ParseCertificate(der)
	if fault != nil {
		t.Fatal(fault)
	}
	return c
}

func (i issuerAndLeaf) list(t testing.TB, signer crypto.Signer, change func(*x509.RevocationList)) []byte {
	t.Helper()
	template := &x509.RevocationList{
		Number: big.NewInt(7), ThisUpdate: noon, NextUpdate: noon.Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{
			{SerialNumber: i.leaf.Serial, RevocationTime: noon.Add(-time.Hour), ReasonCode: 4},
		},
	}
	if change != nil {
		change(template)
	}
	issuer := *i.chain[0]
	if signer != i.p256 {
		issuer.PublicKey = signer.Public()
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, &issuer, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func extension(critical bool, value []byte, oid ...int) pkix.Extension {
	return pkix.Extension{Id: oid, Critical: critical, Value: value}
}

func TestRevocationList(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	list, fault := ParseCRL(i.list(t, i.p256, nil))
	if fault != nil {
		t.Fatal(fault)
	}
	if fault := list.Verify(i.issuer); fault != nil {
		t.Fatal(fault)
	}
	entry, listed := list.Lookup(i.leaf.Serial)
	if !listed || entry.Reason != 4 || !entry.At.Equal(noon.Add(-time.Hour)) {
		t.Errorf("entry %+v %v", entry, listed)
	}
	if _, listed := list.Lookup(big.NewInt(999)); listed {
		t.Error("a certificate that is not in the list is found there")
	}
	if list.Len() != 1 || list.Number.Int64() != 7 || !list.NextUpdate.Equal(noon.Add(time.Hour)) || !list.Covers(i.leaf) {
		t.Errorf("list %+v", list)
	}
}

func TestRevocationListAttacks(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	invalidity, err := asn1.MarshalWithParams(noon.Add(-48*time.Hour), "generalized")
	if err != nil {
		t.Fatal(err)
	}
	point := func(content ...byte) pkix.Extension {
		return extension(true, append([]byte{0x30, byte(len(content))}, content...), 2, 5, 29, 28)
	}
	for name, c := range map[string]struct {
		signer crypto.Signer
		change func(*x509.RevocationList)
		want   Code
	}{
		"signed by a stranger": {i.stranger, nil, CRLForged},
		"a delta list": {i.p256, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(true, []byte{2, 1, 1}, 2, 5, 29, 27)}
		}, CRLDelta},
		"an unknown critical extension": {i.p256, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(true, []byte{5, 0}, 1, 2, 3)}
		}, CRLScope},
		"an unknown critical extension of an entry": {i.p256, func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{extension(true, []byte{5, 0}, 2, 5, 29, 29)}
		}, CRLScope},
		"indirect":     {i.p256, func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{point(0x84, 1, 0xff)} }, CRLScope},
		"some reasons": {i.p256, func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{point(0x83, 2, 7, 0x80)} }, CRLScope},
		"attributes":   {i.p256, func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{point(0x85, 1, 0xff)} }, CRLScope},
		"a field of nobody": {i.p256, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{point(0x89, 1, 0xff)}
		}, CRLMalformed},
	} {
		list, fault := ParseCRL(i.list(t, c.signer, c.change))
		if fault == nil {
			fault = list.Verify(i.issuer)
		}
		if fault == nil || fault.Code != c.want {
			t.Errorf("%s: got %v, want %s", name, fault, c.want)
		}
	}
	good := i.list(t, i.p256, nil)
	if _, fault := ParseCRL(append(slices.Clone(good), 0)); fault == nil || fault.Code != TrailingBytes {
		t.Errorf("trailing byte: got %v", fault)
	}
	for name, der := range map[string][]byte{"empty": nil, "half": good[:len(good)/2], "no list": {0x30, 0}} {
		if _, fault := ParseCRL(der); fault == nil || fault.Code != CRLMalformed {
			t.Errorf("%s: got %v", name, fault)
		}
	}
	list, _ := ParseCRL(good)
	if fault := list.Verify(i.leaf); fault == nil || fault.Code != CRLForged {
		t.Errorf("another issuer: got %v", fault)
	}
	early, fault := ParseCRL(i.list(t, i.p256, func(l *x509.RevocationList) {
		l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{extension(false, invalidity, 2, 5, 29, 24)}
	}))
	if fault != nil {
		t.Fatal(fault)
	}
	if entry, _ := early.Lookup(i.leaf.Serial); !entry.At.Equal(noon.Add(-48 * time.Hour)) {
		t.Errorf("the invalidity date is not heeded: %s", entry.At)
	}
}

// A list of users says nothing about authorities, and one of a distribution point
// nothing about certificates of another.
func TestRevocationListScope(t *testing.T) {
	t.Parallel()
	user, authority := &Certificate{}, &Certificate{Extensions: Extensions{IsCA: true}}
	pointed := &Certificate{Extensions: Extensions{CRLNames: []string{"http://a/1.crl"}}}
	for name, c := range map[string]struct {
		scope       scope
		certificate *Certificate
		want        bool
	}{
		"everyone":            {scope{}, user, true},
		"users, a user":       {scope{userOnly: true}, user, true},
		"users, an authority": {scope{userOnly: true}, authority, false},
		"authorities, a user": {scope{caOnly: true}, user, false},
		"authorities, one":    {scope{caOnly: true}, authority, true},
		"its point":           {scope{named: true, names: []string{"http://a/1.crl"}}, pointed, true},
		"another point":       {scope{named: true, names: []string{"http://a/2.crl"}}, pointed, false},
		"a point, no name":    {scope{named: true, names: []string{"http://a/1.crl"}}, user, false},
		"a point of no name":  {scope{named: true}, pointed, false},
	} {
		if got := (&CRL{scope: c.scope}).Covers(c.certificate); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// responder is a certificate that may answer, unless it is changed.
func (i issuerAndLeaf) responder(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(50), Subject: pkix.Name{CommonName: "responder"},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{extension(false, []byte{5, 0}, 1, 3, 6, 1, 5, 5, 7, 48, 1, 5)},
	}
	signer := crypto.Signer(i.p256)
	if change != nil {
		change(template)
	}
	parent := *i.chain[0]
	if template.Issuer.CommonName == "stranger" {
		signer = i.stranger
		parent.PublicKey = i.stranger.Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (i issuerAndLeaf) answer(t testing.TB, responder *x509.Certificate, key crypto.Signer, change func(*ocsp.Response)) []byte {
	t.Helper()
	template := ocsp.Response{
		Status: ocsp.Good, SerialNumber: i.leaf.Serial, ThisUpdate: noon.Add(-time.Minute), NextUpdate: noon.Add(time.Hour),
	}
	if responder != i.chain[0] {
		template.Certificate = responder
	}
	if change != nil {
		change(&template)
	}
	der, err := ocsp.CreateResponse(i.chain[0], responder, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestOCSPAttacks(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	key := i.p384
	good := i.responder(t, key, nil)
	for name, c := range map[string]struct {
		responder *x509.Certificate
		key       crypto.Signer
		change    func(*ocsp.Response)
		want      Code
	}{
		"a responder":         {good, key, nil, ""},
		"the issuer itself":   {i.chain[0], i.p256, nil, ""},
		"no entitlement":      {i.responder(t, key, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), key, nil, OCSPSigner},
		"another entitlement": {i.responder(t, key, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), key, nil, OCSPSigner},
		"may not sign":        {i.responder(t, key, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), key, nil, OCSPSigner},
		"without nocheck":     {i.responder(t, key, func(c *x509.Certificate) { c.ExtraExtensions = nil }), key, nil, OCSPSigner},
		"expired":             {i.responder(t, key, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Minute) }), key, nil, OCSPSigner},
		"unknown critical extension": {i.responder(t, key, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, extension(true, []byte{5, 0}, 1, 2, 3))
		}), key, nil, OCSPSigner},
		"of a look-alike authority": {i.responder(t, key, func(c *x509.Certificate) { c.Issuer.CommonName = "stranger" }), key, nil, OCSPSigner},
		"not enclosed":              {good, key, func(r *ocsp.Response) { r.Certificate = nil }, OCSPSigner},
		"about another certificate": {good, key, func(r *ocsp.Response) { r.SerialNumber = big.NewInt(4711) }, OCSPOther},
		"old": {good, key, func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = noon.Add(-48*time.Hour), noon.Add(-24*time.Hour)
		}, OCSPStale},
		"from the future": {good, key, func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = noon.Add(time.Hour), noon.Add(2*time.Hour)
		}, OCSPStale},
		"names no end, too old": {good, key, func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = noon.Add(-time.Hour), time.Time{} }, OCSPStale},
		"names no end, recent":  {good, key, func(r *ocsp.Response) { r.NextUpdate = time.Time{} }, ""},
	} {
		response, fault := ParseOCSP(i.answer(t, c.responder, c.key, c.change))
		if fault == nil {
			_, fault = response.Check(OCSPCheck{Certificate: i.leaf, Issuer: i.issuer, At: noon, Skew: time.Minute, MaxAge: 10 * time.Minute})
		}
		if fault == nil && c.want != "" || fault != nil && fault.Code != c.want {
			t.Errorf("%s: got %v, want %q", name, fault, c.want)
		}
	}
	signed := i.answer(t, good, key, nil)
	at := bytes.Index(signed, i.leaf.Serial.Bytes()) // any byte of the signed part will do
	for _, place := range []int{at, 60, 100} {
		spoiled := slices.Clone(signed)
		spoiled[place] ^= 1
		response, fault := ParseOCSP(spoiled)
		if fault == nil {
			_, fault = response.Check(OCSPCheck{Certificate: i.leaf, Issuer: i.issuer, At: noon})
		}
		if fault == nil {
			t.Errorf("byte %d changed and accepted", place)
		}
	}
}

func TestOCSPNonce(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	nonce := []byte{4, 4, 1, 2, 3, 4}
	with, fault := ParseOCSP(i.answer(t, i.chain[0], i.p256, func(r *ocsp.Response) {
		r.ExtraExtensions = nil
	}))
	if fault != nil {
		t.Fatal(fault)
	}
	check := OCSPCheck{Certificate: i.leaf, Issuer: i.issuer, At: noon, MaxAge: time.Hour, Nonce: nonce}
	if _, fault := with.Check(check); fault == nil || fault.Code != OCSPNonce {
		t.Errorf("no nonce: got %v", fault)
	}
	check.NonceOptional = true
	if _, fault := with.Check(check); fault != nil {
		t.Errorf("no nonce where it is optional: %v", fault)
	}
	with.Nonce = []byte{9}
	if _, fault := with.Check(check); fault == nil || fault.Code != OCSPNonce {
		t.Errorf("a wrong nonce where it is optional: got %v", fault)
	}
}

// What we ask is what the standard library's reader understands, and what a
// responder refuses or garbles is told apart from a bad answer.
func TestOCSPRequest(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	request, err := ocsp.ParseRequest(OCSPRequest(i.leaf, i.issuer, []byte{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	want, err := ocsp.CreateRequest(i.chain[1], i.chain[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ocsp.ParseRequest(want)
	if err != nil {
		t.Fatal(err)
	}
	if request.SerialNumber.Cmp(i.leaf.Serial) != 0 || !bytes.Equal(request.IssuerKeyHash, plain.IssuerKeyHash) ||
		!bytes.Equal(request.IssuerNameHash, plain.IssuerNameHash) {
		t.Errorf("got %+v, want %+v", request, plain)
	}
	if _, fault := ParseOCSP(ocsp.TryLaterErrorResponse); fault == nil || fault.Code != OCSPStatus {
		t.Errorf("try later: got %v", fault)
	}
	for name, der := range map[string][]byte{
		"nothing": nil, "large": make([]byte, maxOCSP+1), "no bytes": {0x30, 3, 10, 1, 0}, "no status": {0x30, 0},
	} {
		if _, fault := ParseOCSP(der); fault == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// nonced signs an answer with a nonce by hand: the library's writer has no place
// for one.
func (i issuerAndLeaf) nonced(t testing.TB, nonce []byte) []byte {
	t.Helper()
	sequence := func(b *cryptobyte.Builder, fill func(*cryptobyte.Builder)) { b.AddASN1(casn1.SEQUENCE, fill) }
	time := func(b *cryptobyte.Builder, at time.Time) { b.AddASN1GeneralizedTime(at) }
	nameHash, keyHash := certID(i.leaf, i.issuer)
	tbs := cryptobyte.NewBuilder(nil)
	sequence(tbs, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(i.issuer.RawSubject) })
		time(b, noon)
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier([]int{1, 3, 14, 3, 2, 26}) })
					b.AddASN1OctetString(nameHash)
					b.AddASN1OctetString(keyHash)
					b.AddASN1BigInt(i.leaf.Serial)
				})
				b.AddASN1(casn1.Tag(0).ContextSpecific(), func(*cryptobyte.Builder) {})
				time(b, noon)
			})
		})
		b.AddASN1(casn1.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier([]int{1, 3, 6, 1, 5, 5, 7, 48, 1, 2})
					b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
				})
			})
		})
	})
	signed := tbs.BytesOrPanic()
	digest := SHA256.Sum(signed)
	value, err := i.p256.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	basic := cryptobyte.NewBuilder(nil)
	sequence(basic, func(b *cryptobyte.Builder) {
		b.AddBytes(signed)
		sequence(b, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier([]int{1, 2, 840, 10045, 4, 3, 2}) })
		b.AddASN1BitString(value)
	})
	answer := cryptobyte.NewBuilder(nil)
	sequence(answer, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier([]int{1, 3, 6, 1, 5, 5, 7, 48, 1, 1})
				b.AddASN1OctetString(basic.BytesOrPanic())
			})
		})
	})
	return answer.BytesOrPanic()
}

func TestOCSPAnswerWithItsNonce(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	response, fault := ParseOCSP(i.nonced(t, []byte{1, 2, 3, 4}))
	if fault != nil {
		t.Fatal(fault)
	}
	check := OCSPCheck{Certificate: i.leaf, Issuer: i.issuer, At: noon, MaxAge: time.Hour, Nonce: []byte{1, 2, 3, 4}}
	if single, fault := response.Check(check); fault != nil || single.Status != OCSPGood {
		t.Errorf("got %+v %v", single, fault)
	}
	check.Nonce = []byte{1, 2, 3, 5}
	if _, fault := response.Check(check); fault == nil || fault.Code != OCSPNonce {
		t.Errorf("another nonce: got %v", fault)
	}
}
