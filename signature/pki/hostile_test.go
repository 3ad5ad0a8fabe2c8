package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// Whoever stands on the way of a list can put another in its place, and it is read
// before its signature is: what costs a square of its length is bounded.
func TestWhatAStrangerWritesIntoAListIsBounded(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	many := func(n int) (all []pkix.Extension) {
		for k := range n {
			all = append(all, extension(false, []byte{5, 0}, 1, 2, 3, k))
		}
		return all
	}
	read := func(change func(*x509.RevocationList)) *Fault {
		_, fault := ParseCRL(i.list(t, i.p256, change))
		return fault
	}
	// The library writes two of its own: the key identifier and the number.
	if fault := read(func(l *x509.RevocationList) { l.ExtraExtensions = many(maxExtensions - 2) }); fault != nil {
		t.Error("as many extensions as may be:", fault)
	}
	if fault := read(func(l *x509.RevocationList) { l.ExtraExtensions = many(maxExtensions - 1) }); fault == nil || fault.Code != CRLMalformed {
		t.Error("one extension more:", fault)
	}
	if fault := read(func(l *x509.RevocationList) {
		l.RevokedCertificateEntries[0].ExtraExtensions = many(maxExtensions + 1)
	}); fault == nil || fault.Code != CRLMalformed {
		t.Error("extensions of an entry:", fault)
	}
	if fault := read(func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{extension(false, []byte{5, 0}, slices.Repeat([]int{1}, maxOID+2)...)}
	}); fault == nil || fault.Code != CRLMalformed {
		t.Error("an identifier without end:", fault)
	}
}

// A list is indexed when it is asked, and what it says does not depend on that.
func TestAListNamesTheEarlierOfTwoEntries(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	list, fault := ParseCRL(i.list(t, i.p256, func(l *x509.RevocationList) {
		again := l.RevokedCertificateEntries[0]
		again.RevocationTime = noon.Add(-3 * time.Hour)
		last := again
		last.RevocationTime = noon.Add(-2 * time.Hour)
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, again, last)
	}))
	if fault != nil {
		t.Fatal(fault)
	}
	entry, found := list.Lookup(i.leaf.Serial)
	if !found || !entry.At.Equal(noon.Add(-3*time.Hour)) || entry.Reason != 4 || list.Len() != 3 {
		t.Errorf("%+v %v, %d entries", entry, found, list.Len())
	}
}

// RFC 5280 §5.2.5 in DER: a flag whose octet is neither 00 nor FF is not a "no".
// A sloppy authority's "indirect" would make its list one about everybody.
func TestAFlagOfAListThatIsNotDERRefusesIt(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for name, value := range map[string][]byte{
		"indirect":     {0x30, 3, 0x84, 1, 0x01},
		"users alone":  {0x30, 3, 0x81, 1, 0x7f},
		"two octets":   {0x30, 4, 0x84, 2, 0xff, 0xff},
		"no octet":     {0x30, 2, 0x84, 0},
		"unknown flag": {0x30, 3, 0x86, 1, 0xff},
	} {
		_, fault := ParseCRL(i.list(t, i.p256, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(true, value, 2, 5, 29, 28)}
		}))
		if fault == nil || fault.Code != CRLMalformed {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

// X.690 §11.7 and §11.8: two readers must not find two times in one encoding.
func TestTimesAreInUTCWithSeconds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"260601120000Z": true, "20260601120000Z": true,
		"2606011200Z": false, "260601120000+0300": false, "260601120000": false, "": false, "Z": false,
		"20260601120000.5Z": false, "20260601120000+0300": false, "2606O1120000Z": false, "202606011200Z ": false,
	} {
		der := append([]byte{0x17, byte(len(text))}, text...)
		if got := CheckDER(der) == nil; got != want {
			t.Errorf("%q in a certificate: taken %t", text, got)
		}
		in := cryptobyte.String(der)
		if _, got := readTime(&in); got != (want && len(text) == 13) {
			t.Errorf("%q in a list: taken %t", text, got)
		}
	}
}

// A certificate comes with a stranger's signature: what is compared with all that
// stood before it is bounded.
func TestPoliciesOfACertificateAreBounded(t *testing.T) {
	t.Parallel()
	policies := func(n int) cryptobyte.String {
		var all [][]byte
		for k := range n {
			oid, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 3, k})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, oid)
		}
		b := cryptobyte.NewBuilder(nil)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, oid := range all {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(oid) })
			}
		})
		return b.BytesOrPanic()
	}
	if !new(Extensions).parsePolicies(policies(maxPolicies)) || new(Extensions).parsePolicies(policies(maxPolicies+1)) {
		t.Errorf("not %d", maxPolicies)
	}
}

// RFC 6960 §4.4: what a responder marks as critical and we do not understand could
// change what it says; and two answers for one certificate say nothing.
func TestAnAnswerWithMoreThanIsUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	check := OCSPCheck{Certificate: i.leaf, Issuer: i.issuer, At: noon, MaxAge: time.Hour}
	for critical, want := range map[bool]Code{true: OCSPMalformed, false: ""} {
		response, fault := ParseOCSP(i.answer(t, i.chain[0], i.p256, func(r *ocsp.Response) {
			r.ExtraExtensions = []pkix.Extension{extension(critical, []byte{5, 0}, 1, 2, 3)}
		}))
		if fault != nil {
			t.Fatal(fault)
		}
		if _, fault := response.Check(check); fault == nil && want != "" || fault != nil && fault.Code != want {
			t.Errorf("critical %t: %v", critical, fault)
		}
	}
	response, fault := ParseOCSP(i.answer(t, i.chain[0], i.p256, nil))
	if fault != nil {
		t.Fatal(fault)
	}
	revoked := response.singles[0]
	revoked.Status = OCSPRevoked
	response.singles = append(response.singles, revoked)
	if _, fault := response.Check(check); fault == nil || fault.Code != OCSPMalformed {
		t.Errorf("good and revoked at once: %v", fault)
	}
}
